/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_SYS_PORTS_H
#define LC_SYS_PORTS_H

/* Which TCP ports listen in our network namespace, over NETLINK_SOCK_DIAG, else from /proc/net/tcp and
 * /proc/net/tcp6. */

#include <stddef.h>
#include <stdint.h>

/* The first of `ports` on which nothing listens; 0: all of them listen; -errno: cannot be told. */
int lc_ports_missing(const uint16_t *ports, size_t count);

#endif
