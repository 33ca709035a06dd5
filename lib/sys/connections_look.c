/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/connections_parts.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { LISTEN_STATES = 1 << LC_TCP_LISTEN };

/* All in which somebody may wait for something, and the listeners. FIN_WAIT2 is among them so that
 * the watch remembers it: its end will be told. */
static const uint32_t all_states =
    1 << LC_TCP_ESTABLISHED | 1 << LC_TCP_SYN_RECV | 1 << LC_TCP_FIN_WAIT1 | 1 << LC_TCP_FIN_WAIT2 |
    1 << LC_TCP_CLOSE_WAIT | 1 << LC_TCP_LAST_ACK | 1 << LC_TCP_CLOSING | LISTEN_STATES;

/*
 * The source.
 */

static int open_proc(void)
{
    struct lc_table table;
    int r = lc_table_open(&table, LC_TABLE_TCP);

    if (r < 0)
        r = lc_table_open(&table, LC_TABLE_TCP6);
    lc_table_close(&table);
    return r;
}

static void fall_back(struct lc_connections *self, int error)
{
    int r = open_proc();

    lc_cleanup_fd(&self->diag_fd);
    self->diag_fd = -1;
    self->source = r < 0 ? LC_CONNECTIONS_NONE : LC_CONNECTIONS_PROC;
    if (self->arrivals_source == LC_ARRIVALS_GROUPS)
        lc_connections_use_opens(self);
    snprintf(self->why, sizeof self->why, "NETLINK_SOCK_DIAG: %s%s%s", strerrordesc_np(-error),
             r < 0 ? "; /proc/net/tcp: " : "", r < 0 ? strerrordesc_np(-r) : "");
}

void lc_connections_open_source(struct lc_connections *self)
{
    self->diag_fd = lc_diag_open();
    self->source = LC_CONNECTIONS_NETLINK;
    if (self->diag_fd < 0)
        fall_back(self, self->diag_fd);
}

/*
 * A look.
 */

int lc_connections_take_buffer(struct lc_connections *self)
{
    if (!self->buffer)
        self->buffer = malloc(LC_DIAG_BUFFER);
    return self->buffer ? 0 : -ENOMEM;
}

void lc_connections_leave_buffer(struct lc_connections *self)
{
    if (self->stage != STAGE_NONE || self->arrivals_source == LC_ARRIVALS_GROUPS)
        return;
    free(self->buffer);
    self->buffer = NULL;
}

static void enter(struct lc_connections *self, enum stage stage)
{
    self->stage = stage;
    self->pass = 0;
    self->asked = false;
}

static void begin(struct lc_connections *self)
{
    self->looking = (struct result){.listed_count = 0};
    self->error = 0;
    lc_watch_look_begins(&self->watch);
    if (self->find) {
        lc_listeners_deinit(&self->listeners);
        self->listeners = self->next;
        self->next = (struct lc_listeners){.list = NULL};
        self->find = false;
        self->finding = true;
    }
    lc_listeners_rewind(&self->listeners);
    enter(self, self->finding ? STAGE_LISTENERS : STAGE_SOCKETS);
}

/* A dump that is not read to its end goes on for as long as its socket lives, so that gets closed. */
void lc_connections_end_look(struct lc_connections *self)
{
    bool broken = self->asked;

    epoll_ctl(self->epoll_fd, EPOLL_CTL_DEL, self->ready_fd, NULL);
    enter(self, STAGE_NONE);
    lc_table_close(&self->table);
    if (broken && self->source == LC_CONNECTIONS_NETLINK) {
        lc_cleanup_fd(&self->diag_fd);
        lc_connections_open_source(self);
    }
    lc_connections_leave_buffer(self);
}

int lc_connections_look(struct lc_connections *self)
{
    struct epoll_event event = {.events = EPOLLIN};

    if (self->source == LC_CONNECTIONS_NONE)
        return -ENODATA;
    if (self->stage != STAGE_NONE)
        return 0;
    if (lc_connections_take_buffer(self) < 0)
        return -ENOMEM;
    if (epoll_ctl(self->epoll_fd, EPOLL_CTL_ADD, self->ready_fd, &event) < 0)
        return -errno;
    begin(self);
    return 0;
}

static void on_listener(void *userdata, const struct lc_connection *found)
{
    struct lc_connections *self = userdata;

    if (found->state == LC_TCP_LISTEN && self->error == 0)
        self->error = lc_listeners_add(&self->listeners, found);
}

static void list(struct result *result, const struct lc_connection *socket,
                 enum lc_connection_class class)
{
    if (result->listed_count < LC_CONNECTIONS_LISTED_MAX)
        result->listed[result->listed_count++] = (struct lc_connections_listed){*socket, class};
}

static bool is_looked_at(unsigned state)
{
    return state < 32 && all_states >> state & 1;
}

static void on_socket(void *userdata, const struct lc_connection *found)
{
    struct lc_connections *self = userdata;
    struct lc_connections_count *count = &self->looking.count;
    enum lc_connection_class class;

    if (!is_looked_at(found->state) || !lc_filter_takes(&self->filter, found))
        return;
    if (found->state == LC_TCP_LISTEN) {
        count->listeners++;
        count->backlog += found->unread;
        return;
    }
    class = lc_connection_classify(found, self->idle_msec);
    count->by_class[class]++;
    count->open += class != LC_CONNECTION_ENDING;
    if (class >= LC_CONNECTION_WAITING) {
        count->in_flight++;
        list(&self->looking, found, class);
    }
    if (self->arrivals_source == LC_ARRIVALS_GROUPS)
        lc_watch_listed(&self->watch, found);
}

static bool reads_tables(const struct lc_connections *self)
{
    return self->source == LC_CONNECTIONS_PROC || self->stage == STAGE_OTHERS;
}

/* netlink lists all in one go, /proc has a file for each kind. */
static size_t pass_count(const struct lc_connections *self)
{
    if (!reads_tables(self))
        return 1;
    return self->stage == STAGE_OTHERS ? LC_TABLE_UNIX + 1 - LC_TABLE_UDP : LC_TABLE_TCP6 + 1;
}

static int ask(struct lc_connections *self)
{
    bool listeners = self->stage == STAGE_LISTENERS;
    size_t first = self->stage == STAGE_OTHERS ? LC_TABLE_UDP : LC_TABLE_TCP;

    if (reads_tables(self))
        return lc_table_open(&self->table, (enum lc_table_kind)(first + self->pass));
    return lc_diag_ask(self->diag_fd, ++self->sequence, listeners ? LISTEN_STATES : all_states,
                       self->filter.ports, listeners ? 0 : self->filter.port_count);
}

static int read_some(struct lc_connections *self)
{
    lc_connection_found *found = self->stage == STAGE_SOCKETS ? on_socket : on_listener;
    int r = reads_tables(self)
                ? lc_table_read(&self->table, self->buffer, found, self)
                : lc_diag_read(self->diag_fd, self->sequence, self->buffer, found, self);

    if (r == -EAGAIN)
        return -EPROTO; /* the kernel answers at once, or not at all */
    return r >= 0 && self->error < 0 ? self->error : r;
}

/* 1: that was all. */
static int ask_and_read(struct lc_connections *self)
{
    int r = 0;

    if (!self->asked) {
        r = ask(self);
        self->asked = r == 0;
    }
    if (r == 0)
        r = read_some(self);
    /* There is no IPv6 (ipv6.disable=1). */
    if (r == -ENOENT && self->pass > 0)
        r = 1;
    if (r <= 0)
        return r;
    self->proven = true;
    lc_table_close(&self->table);
    self->asked = false;
    return ++self->pass == pass_count(self);
}

static int leave_listeners(struct lc_connections *self, bool no_listener)
{
    self->looking.count.no_listener = no_listener;
    lc_listeners_deinit(&self->listeners);
    enter(self, STAGE_SOCKETS);
    return 0;
}

/* The search has ended: take what it found. */
static int find_ports(struct lc_connections *self)
{
    int r = lc_filter_find_ports(&self->filter, &self->listeners, self->own_ports,
                                 self->own_port_count);

    if (r < 0)
        return r;
    self->ports_known = self->filter.port_count > 0 || self->listeners.refused == 0;
    self->finding = false;
    if (self->listeners.held > 0 || self->listeners.refused > 0)
        return leave_listeners(self, false);
    lc_listeners_rewind(&self->listeners);
    enter(self, STAGE_OTHERS);
    return 0;
}

/* Whoever listens on nothing that we know of may do so on what cannot be read. */
static int list_others(struct lc_connections *self)
{
    int r = ask_and_read(self);

    if (r < 0) {
        self->error = 0;
        lc_table_close(&self->table);
        return leave_listeners(self, false);
    }
    if (r == 1)
        enter(self, STAGE_OTHERS_SEARCH);
    return 0;
}

static int search_others(struct lc_connections *self)
{
    const struct lc_listeners *others = &self->listeners;

    if (lc_listeners_search(&self->listeners))
        return 0;
    return leave_listeners(self, others->held == 0 && others->refused == 0);
}

/* 1: the look has ended, and is whole. */
static int advance(struct lc_connections *self)
{
    int r;

    if (self->stage == STAGE_SEARCH)
        return lc_listeners_search(&self->listeners) ? 0 : find_ports(self);
    if (self->stage == STAGE_OTHERS)
        return list_others(self);
    if (self->stage == STAGE_OTHERS_SEARCH)
        return search_others(self);
    if (self->stage == STAGE_SOCKETS && self->filter.port_count == 0)
        return 1;
    r = ask_and_read(self);
    if (r == 1 && self->stage == STAGE_LISTENERS) {
        enter(self, STAGE_SEARCH);
        return 0;
    }
    return r;
}

static void complete(struct lc_connections *self)
{
    lc_watch_look_ended(&self->watch);
    self->looking.count.ports_known = self->ports_known;
    self->looked = self->looking;
    lc_connections_end_look(self);
}

/* The first dump fails where the kernel has no tcp_diag. What has worked before is not given up for
 * one failure. */
static int recover(struct lc_connections *self, int error)
{
    if (self->source == LC_CONNECTIONS_NETLINK && !self->proven) {
        fall_back(self, error);
        if (self->source == LC_CONNECTIONS_PROC) {
            begin(self);
            return 0;
        }
    }
    lc_connections_end_look(self);
    return error;
}

/* 1: the look has ended. */
int lc_connections_look_on(struct lc_connections *self, uint64_t until_usec)
{
    while (self->stage != STAGE_NONE) {
        int r = advance(self);

        if (r < 0)
            r = recover(self, r);
        if (r == 1)
            complete(self);
        if (r != 0)
            return r;
        if (lc_connections_now_usec() >= until_usec)
            break;
    }
    return 0;
}
