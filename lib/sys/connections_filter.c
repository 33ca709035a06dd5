/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/connections_filter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int by_number(const void *a, const void *b)
{
    const uint16_t *left = a, *right = b;

    return *left - *right;
}

static bool has_port(const struct lc_filter *self, uint16_t port)
{
    return bsearch(&port, self->ports, self->port_count, sizeof port, by_number);
}

static int add_port(struct lc_filter *self, uint16_t port)
{
    size_t at = self->port_count;

    if (has_port(self, port))
        return 0;
    if (self->port_count == LC_DIAG_PORTS_MAX)
        return -E2BIG;
    for (; at > 0 && self->ports[at - 1] > port; at--)
        self->ports[at] = self->ports[at - 1];
    self->ports[at] = port;
    self->port_count++;
    return 0;
}

int lc_filter_init(struct lc_filter *self, const uint16_t *ports, size_t port_count,
                   const struct lc_cidr *ignored, size_t ignored_count)
{
    int r = 0;

    *self = (struct lc_filter){.named = port_count > 0};
    for (size_t i = 0; i < port_count && r == 0; i++)
        r = add_port(self, ports[i]);
    if (r < 0 || ignored_count == 0)
        return r;
    self->ignored = reallocarray(NULL, ignored_count, sizeof *ignored);
    if (!self->ignored)
        return -ENOMEM;
    memcpy(self->ignored, ignored, ignored_count * sizeof *ignored);
    self->ignored_count = ignored_count;
    return 0;
}

void lc_filter_deinit(struct lc_filter *self)
{
    free(self->local);
    free(self->ignored);
}

/* A connection to it has its address exactly, so that it is told from the wildcard's on that port. */
static int set_aside_local(struct lc_filter *self, const struct lc_listeners *listeners)
{
    free(self->local);
    self->local_count = 0;
    self->local = listeners->count ? calloc(listeners->count, sizeof *self->local) : NULL;
    if (listeners->count && !self->local)
        return -ENOMEM;
    for (size_t i = 0; i < listeners->count; i++) {
        const struct lc_listener *one = &listeners->list[i];

        if (lc_address_is_loopback(one->address) && has_port(self, one->port))
            self->local[self->local_count++] = *one;
    }
    return 0;
}

static bool is_among(uint16_t port, const uint16_t *ports, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (ports[i] == port)
            return true;
    return false;
}

int lc_filter_find_ports(struct lc_filter *self, const struct lc_listeners *listeners,
                         const uint16_t *own, size_t own_count)
{
    if (self->named)
        return 0;
    self->port_count = 0;
    for (size_t i = 0; i < listeners->count; i++) {
        const struct lc_listener *one = &listeners->list[i];
        int r;

        if (!one->held || lc_address_is_loopback(one->address) ||
            is_among(one->port, own, own_count))
            continue;
        r = add_port(self, one->port);
        if (r < 0)
            return r;
    }
    return set_aside_local(self, listeners);
}

void lc_filter_add_check(struct lc_filter *self, const uint8_t address[static LC_ADDRESS_SIZE],
                         uint16_t port)
{
    size_t at = self->next_check++ % LC_FILTER_CHECKS;

    memcpy(self->checks[at].address, address, LC_ADDRESS_SIZE);
    self->checks[at].port = port;
}

static bool is_check(const struct lc_filter *self, const struct lc_connection *socket)
{
    size_t count = self->next_check < LC_FILTER_CHECKS ? self->next_check : LC_FILTER_CHECKS;

    for (size_t i = 0; i < count; i++)
        if (self->checks[i].port == socket->peer_port &&
            memcmp(self->checks[i].address, socket->peer, LC_ADDRESS_SIZE) == 0)
            return true;
    return false;
}

static bool is_local(const struct lc_filter *self, const struct lc_connection *socket)
{
    for (size_t i = 0; i < self->local_count; i++)
        if (self->local[i].port == socket->local_port &&
            memcmp(self->local[i].address, socket->local, LC_ADDRESS_SIZE) == 0)
            return true;
    return false;
}

bool lc_filter_takes(const struct lc_filter *self, const struct lc_connection *socket)
{
    if (!has_port(self, socket->local_port) || is_local(self, socket))
        return false;
    if (socket->state == LC_TCP_LISTEN)
        return true;
    for (size_t i = 0; i < self->ignored_count; i++)
        if (lc_cidr_holds(&self->ignored[i], socket->peer))
            return false;
    return socket->peer_port != 0 && !is_check(self, socket);
}
