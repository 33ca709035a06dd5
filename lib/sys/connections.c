/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/connections.h"

#include "base/cleanup.h"
#include "sys/connections_parts.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

enum { WATCH_BYTES = 4 << 20, WATCH_BATCH = 64 };

uint64_t lc_connections_now_usec(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/*
 * Life.
 */

/* A pipe that nobody can write to is readable for ever, and cannot be refused as an eventfd can. */
static int open_descriptors(struct lc_connections *self)
{
    int pipe[2];

    self->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (self->epoll_fd < 0 || pipe2(pipe, O_CLOEXEC) < 0)
        return -errno;
    close(pipe[1]);
    self->ready_fd = pipe[0];
    return 0;
}

static int copy_rules(struct lc_connections *self, const struct lc_connections_rules *rules)
{
    self->idle_msec = rules->idle_msec;
    self->only_connections = rules->only_connections;
    if (rules->own_port_count > 0) {
        self->own_ports = reallocarray(NULL, rules->own_port_count, sizeof *self->own_ports);
        if (!self->own_ports)
            return -ENOMEM;
        memcpy(self->own_ports, rules->own_ports, rules->own_port_count * sizeof *self->own_ports);
        self->own_port_count = rules->own_port_count;
    }
    return lc_filter_init(&self->filter, rules->ports, rules->port_count, rules->ignored,
                          rules->ignored_count);
}

int lc_connections_new(struct lc_connections **ret, const struct lc_connections_rules *rules)
{
    struct lc_connections *self = calloc(1, sizeof *self);
    int r;

    *ret = NULL;
    if (!self)
        return -ENOMEM;
    self->epoll_fd = self->ready_fd = self->diag_fd = self->table.fd = self->watch.fd = -1;
    r = copy_rules(self, rules);
    self->ports_known = self->filter.named;
    if (r == 0)
        r = open_descriptors(self);
    if (r < 0) {
        lc_connections_free(self);
        return r;
    }
    lc_connections_open_source(self);
    *ret = self;
    return 0;
}

void lc_connections_free(struct lc_connections *self)
{
    if (!self)
        return;
    lc_watch_end(&self->watch);
    lc_table_close(&self->table);
    lc_listeners_deinit(&self->listeners);
    lc_listeners_deinit(&self->next);
    lc_filter_deinit(&self->filter);
    lc_cleanup_fd(&self->diag_fd);
    lc_cleanup_fd(&self->ready_fd);
    lc_cleanup_fd(&self->epoll_fd);
    free(self->own_ports);
    free(self->buffer);
    free(self);
}

/*
 * Arrivals.
 */

void lc_connections_use_opens(struct lc_connections *self)
{
    lc_watch_end(&self->watch);
    self->watch.arrivals = (struct lc_arrivals){.lost = 0};
    self->opens_own = 0;
    self->arrivals_source =
        lc_table_opens(&self->opens_before) < 0 ? LC_ARRIVALS_NONE : LC_ARRIVALS_OPENS;
}

/* Our own among them may be counted by the kernel before we hear of them, or after. */
static int count_opens(struct lc_connections *self)
{
    uint64_t opens, news, own;
    int r = lc_table_opens(&opens);

    if (r < 0)
        return r;
    news = opens - self->opens_before;
    own = news < self->opens_own ? news : self->opens_own;
    self->opens_before = opens;
    self->opens_own -= own;
    self->watch.arrivals.connections += news - own;
    return 0;
}

int lc_connections_watch(struct lc_connections *self)
{
    struct epoll_event event = {.events = EPOLLIN};

    if (self->stage != STAGE_NONE)
        lc_connections_end_look(self);
    lc_connections_use_opens(self);
    if (self->source == LC_CONNECTIONS_NETLINK && lc_connections_take_buffer(self) == 0 &&
        lc_watch_begin(&self->watch, &self->filter, self->only_connections, WATCH_BYTES,
                       lc_connections_now_usec() / 1000) == 0) {
        if (epoll_ctl(self->epoll_fd, EPOLL_CTL_ADD, self->watch.fd, &event) == 0)
            self->arrivals_source = LC_ARRIVALS_GROUPS;
        else
            lc_watch_end(&self->watch);
    }
    return self->arrivals_source == LC_ARRIVALS_NONE ? -ENODATA : lc_connections_look(self);
}

void lc_connections_unwatch(struct lc_connections *self)
{
    lc_watch_end(&self->watch);
    self->arrivals_source = LC_ARRIVALS_NONE;
    lc_connections_leave_buffer(self);
}

const struct lc_arrivals *lc_connections_arrivals(const struct lc_connections *self)
{
    return &self->watch.arrivals;
}

void lc_connections_add_check(struct lc_connections *self,
                              const uint8_t address[static LC_ADDRESS_SIZE], uint16_t port)
{
    lc_filter_add_check(&self->filter, address, port);
}

void lc_connections_add_accepted(struct lc_connections *self)
{
    self->opens_own++;
}

int lc_connections_step(struct lc_connections *self)
{
    const struct lc_arrivals before = self->watch.arrivals, *after = &self->watch.arrivals;
    uint64_t now = lc_connections_now_usec();
    int looked, news = 0;

    for (int i = 0; i < WATCH_BATCH; i++)
        if (!lc_watch_read(&self->watch, self->buffer, now / 1000))
            break;
    looked = lc_connections_look_on(self, now + LC_CONNECTIONS_SLICE_USEC);
    if (looked == 1 && self->arrivals_source == LC_ARRIVALS_OPENS && count_opens(self) < 0) {
        self->arrivals_source = LC_ARRIVALS_NONE;
        looked = -ENODATA;
    }
    if (looked < 0)
        return looked;
    if (looked)
        news |= LC_CONNECTIONS_LOOKED;
    if (after->connections != before.connections || after->data != before.data ||
        after->lost != before.lost)
        news |= LC_CONNECTIONS_ARRIVED;
    return news;
}

/*
 * What is asked for.
 */

int lc_connections_fd(const struct lc_connections *self)
{
    return self->epoll_fd;
}

int lc_connections_find(struct lc_connections *self, const pid_t *pids, size_t count)
{
    int r;

    if (self->filter.named)
        return 0;
    r = lc_listeners_begin(&self->next, pids, count);
    self->find = r == 0;
    return r;
}

const struct lc_connections_count *lc_connections_count(const struct lc_connections *self)
{
    return &self->looked.count;
}

const struct lc_connections_listed *lc_connections_listed(const struct lc_connections *self,
                                                          size_t *ret_count)
{
    *ret_count = self->looked.listed_count;
    return self->looked.listed;
}

const uint16_t *lc_connections_ports(const struct lc_connections *self, size_t *ret_count)
{
    *ret_count = self->filter.port_count;
    return self->filter.ports;
}

enum lc_connections_source lc_connections_source(const struct lc_connections *self,
                                                 const char **ret_why)
{
    if (ret_why)
        *ret_why = self->why;
    return self->source;
}

enum lc_arrivals_source lc_connections_arrivals_source(const struct lc_connections *self)
{
    return self->arrivals_source;
}

const char *lc_connections_source_name(enum lc_connections_source source)
{
    static const char *const names[] = {
        [LC_CONNECTIONS_NONE] = "none",
        [LC_CONNECTIONS_PROC] = "proc",
        [LC_CONNECTIONS_NETLINK] = "netlink",
    };

    static_assert(sizeof names / sizeof names[0] == LC_CONNECTIONS_SOURCE_COUNT,
                  "a source without a name");
    return names[source];
}
