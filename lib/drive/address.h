/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_DRIVE_ADDRESS_H
#define LC_DRIVE_ADDRESS_H

/* Listen addresses as people write them:
 *
 *     :9909             every address: IPv6 and IPv4 through one socket
 *     127.0.0.1:9909    one IPv4 address
 *     [::1]:9909        one IPv6 address; [::] is IPv6 alone, so that 0.0.0.0 may stand beside it
 *     unix:/run/x.sock  a socket file
 *
 * Numeric only: a name would have to be looked up, and that can block. */

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

struct lc_address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un local;
    };
    socklen_t length;
    bool everywhere; /* ":PORT" */
};

/* 0; -EINVAL where `text` is no such address; -ENAMETOOLONG where the path does not fit (unix(7)). */
int lc_address_parse(const char *text, struct lc_address *ret);

#endif
