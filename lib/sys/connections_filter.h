/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_SYS_CONNECTIONS_FILTER_H
#define LC_SYS_CONNECTIONS_FILTER_H

/* Which sockets count: those of the application's ports, without what spares the application no
 * harm. Left out are our own checks, peers that the user names (the kubelet's probes), and listeners
 * on a loopback address that were found, not named: they serve the pod itself. A loopback peer of
 * any other listener counts: that is how a mesh's proxy hands requests in. */

#include "sys/connections_diag.h"
#include "sys/connections_listeners.h"

enum { LC_FILTER_CHECKS = 64 };

struct lc_filter {
    uint16_t ports[LC_DIAG_PORTS_MAX]; /* ascending */
    size_t port_count;
    bool named;

    struct lc_listener *local; /* loopback listeners on ports that others are counted on */
    size_t local_count;

    struct lc_cidr *ignored;
    size_t ignored_count;

    struct {
        uint8_t address[LC_ADDRESS_SIZE];
        uint16_t port;
    } checks[LC_FILTER_CHECKS]; /* the last of ours, seen from the application */
    size_t next_check;
};

/* Copies all. 0, -ENOMEM, or -E2BIG beyond LC_DIAG_PORTS_MAX. */
int lc_filter_init(struct lc_filter *self, const uint16_t *ports, size_t port_count,
                   const struct lc_cidr *ignored, size_t ignored_count);
void lc_filter_deinit(struct lc_filter *self);

/* Takes the ports of those that are held, but `own`, in place of the ones before; those that were
 * named stay. 0, -ENOMEM or -E2BIG. */
int lc_filter_find_ports(struct lc_filter *self, const struct lc_listeners *listeners,
                         const uint16_t *own, size_t own_count);

/* One of our connections, by its own end. */
void lc_filter_add_check(struct lc_filter *self, const uint8_t address[static LC_ADDRESS_SIZE],
                         uint16_t port);

/* Of a connection or a listening socket. */
bool lc_filter_takes(const struct lc_filter *self, const struct lc_connection *socket);

#endif
