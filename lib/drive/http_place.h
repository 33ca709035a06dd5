/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_DRIVE_HTTP_PLACE_H
#define LC_DRIVE_HTTP_PLACE_H

/* Where a request goes, and where an answer sends it on to. */

#include "config/config.h"

enum { LC_PLACE_HOST_MAX = 256, LC_PLACE_PATH_MAX = 2048 };

struct lc_place {
    enum lc_scheme scheme;
    char host[LC_PLACE_HOST_MAX]; /* an IPv6 address has no brackets here */
    uint16_t port;
    char path[LC_PLACE_PATH_MAX]; /* with the query */
    bool absolute;                /* it was written as a whole URL */
};

/* The place that `location` means in an answer from `from` (RFC 3986, 5.2, but that "." and ".." in
 * a path are left to the server). 0 or -EBADMSG: no URL of HTTP, or too long. */
int lc_place_follow(const struct lc_place *from, const char *location, struct lc_place *ret);

#endif
