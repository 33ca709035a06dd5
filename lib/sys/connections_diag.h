/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_SYS_CONNECTIONS_DIAG_H
#define LC_SYS_CONNECTIONS_DIAG_H

/* The kernel's TCP sockets over NETLINK_SOCK_DIAG (sock_diag(7), net/ipv4/inet_diag.c). Anybody may
 * ask about those of his own network namespace.
 *
 * A dump is made while it is read: sendmsg(2) fills the first piece, each recvmsg(2) the next one of
 * up to 32 KiB, some 80 sockets (netlink_dump() in net/netlink/af_netlink.c). So none of these calls
 * ever waits, and how long a dump holds the caller is the caller's to say; but sockets that are not
 * asked for, those of other network namespaces included, are gone through at 0.1 us each until a
 * piece is full. */

#include "sys/connections_class.h"

#include <stddef.h>

enum {
    LC_DIAG_BUFFER = 32 * 1024, /* the kernel makes no larger pieces */
    LC_DIAG_PORTS_MAX = 1024,   /* at 20 bytes of filter each; its jumps reach 64 KiB */
};

typedef void lc_connection_found(void *userdata, const struct lc_connection *found);

/* A descriptor, the caller's to close, or -errno: no AF_NETLINK here, or no NETLINK_SOCK_DIAG. */
int lc_diag_open(void);

/* Asks for the sockets in one of `states` (bits 1 << enum lc_tcp_state) and with a local port among
 * `ports`, which the kernel sorts out; no ports: any. IPv4 and IPv6. 0 or -errno. */
int lc_diag_ask(int fd, uint32_t sequence, uint32_t states, const uint16_t *ports,
                size_t port_count);

/* Reads one message of `fd` into `buffer` (LC_DIAG_BUFFER) and calls `found` for each socket in it.
 * 1: the dump `sequence` has ended; 0: more to come; -EAGAIN: nothing to read; -errno: the kernel's
 * answer (-ENOENT: it lacks tcp_diag), or -ENOBUFS: it has dropped messages for want of room. */
int lc_diag_read(int fd, uint32_t sequence, void *buffer, lc_connection_found *found,
                 void *userdata);

/* The same for bytes that were read. Never reads beyond `size`, whatever is in there. */
int lc_diag_parse(const void *bytes, size_t size, uint32_t sequence, lc_connection_found *found,
                  void *userdata);

#endif
