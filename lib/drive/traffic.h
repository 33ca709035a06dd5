/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_DRIVE_TRAFFIC_H
#define LC_DRIVE_TRAFFIC_H

/*
 * What the kernel's connection table says of the application, for the lifecycle: in the window
 * arrivals become LC_EVENT_ARRIVAL, and time in which we could not look LC_EVENT_HELD_UP; in the
 * drain what is in flight becomes LC_EVENT_INFLIGHT. Otherwise nothing runs unless somebody asks. See
 * sys/connections.h for what is counted and how.
 */

#include "base/log.h"
#include "config/config.h"
#include "sys/connections.h"

#include <event2/event.h>
#include <sys/socket.h>

enum {
    LC_TRAFFIC_LOOK_MSEC = 100, /* between looks, in window and drain */
    LC_TRAFFIC_LATE_MSEC = 200, /* without one for so long in the window, we were held up */
    LC_TRAFFIC_TELL_MSEC =
        1000, /* between lines of the log that say how it goes on, at the least */
    LC_TRAFFIC_OWN_PORTS_MAX = 16,
    LC_TRAFFIC_CHECKS = 16, /* so many of our own checks' connections may be open before a look */
    LC_TRAFFIC_GLANCE_USEC = 2000, /* a look that somebody waits for takes no longer */
    LC_TRAFFIC_RECENT_MSEC = 3000  /* the page asks once a second */
};

enum lc_traffic_mode {
    LC_TRAFFIC_REST,
    LC_TRAFFIC_WINDOW, /* arrivals are told as they come */
    LC_TRAFFIC_DRAIN,  /* what is in flight is told after each look; 0 where it cannot be known, for
                          nobody waits for what he cannot see */
};

/* `count`: of LC_EVENT_INFLIGHT and LC_EVENT_HELD_UP. */
typedef void lc_traffic_post(void *userdata, enum lc_event_kind kind, unsigned count);

/* The time since T0, for the log; LC_NEVER outside a shutdown. */
typedef lc_msec lc_traffic_elapsed(void *userdata);

struct lc_traffic {
    struct event_base *base;
    struct lc_log *log;
    const struct lc_config *config;
    uint16_t own_ports[LC_TRAFFIC_OWN_PORTS_MAX];
    size_t own_count;
    struct lc_traffic_check {
        uint8_t address[LC_ADDRESS_SIZE];
        uint16_t port;
    } checks[LC_TRAFFIC_CHECKS]; /* the last of them, for connections that are opened later */
    size_t check_count;
    struct lc_connections *connections; /* NULL: nobody has asked yet, or `error` */
    int error;
    struct event *readable, *timer;
    enum lc_traffic_mode mode;
    bool looked; /* a look has ended: there is a count */
    lc_msec looked_at;
    lc_msec woke_at; /* in the window: when we last had the processor */
    bool untold;     /* one has ended that the lifecycle does not know of yet */
    bool told; /* the log, in this shutdown, of where counts come from and what the first one was */
    lc_msec told_at;         /* the log, of the last count */
    unsigned told_in_flight; /* which was this */
    int first;               /* in flight at the first count; -1: not known */
    lc_traffic_post *post;
    lc_traffic_elapsed *elapsed;
    void *userdata; /* of both */
};

/* `own_ports`: those of our own listener, copied. 0 or -ENOMEM; that nothing can be counted is no
 * error, but told in the log when it matters. */
int lc_traffic_init(struct lc_traffic *self, struct event_base *base, struct lc_log *log,
                    const uint16_t *own_ports, size_t own_count, lc_traffic_post *post,
                    lc_traffic_elapsed *elapsed, void *userdata);
/* What counts, from now on; stays the caller's. To be called before the first look, and not while a
 * shutdown is under way. */
void lc_traffic_configure(struct lc_traffic *self, const struct lc_config *config);
void lc_traffic_deinit(struct lc_traffic *self);

/* A whole look, here and now, as far as it goes in LC_TRAFFIC_GLANCE_USEC of processor time. The
 * count; NULL: not known. */
const struct lc_connections_count *lc_traffic_glance(struct lc_traffic *self);
/* The same, or, where that is too short a time, the count of a look in the last
 * LC_TRAFFIC_RECENT_MSEC: one that was begun here goes on by itself. So whoever asks again is told. */
const struct lc_connections_count *lc_traffic_recent(struct lc_traffic *self);
/* The count of the last look; NULL: not known. */
const struct lc_connections_count *lc_traffic_count(const struct lc_traffic *self);

/* Tells of what has arrived up to now, before a timer of the lifecycle fires: a busy loop may not
 * have come round to it, and a window must not end on the strength of that. */
void lc_traffic_catch_up(struct lc_traffic *self);

/* Our own listener has accepted a connection. */
void lc_traffic_own_accepted(struct lc_traffic *self);

/* One of our own checks connects from this address, and (`made`) the application's kernel has taken
 * the connection. */
void lc_traffic_own_check(struct lc_traffic *self, const struct sockaddr *local, bool made);

void lc_traffic_set_mode(struct lc_traffic *self, enum lc_traffic_mode mode);

/* "10.1.2.3:4711, [fd00::7]:81 and 12 more": the peers of what is in flight. Returns `buf`. */
const char *lc_traffic_peers(const struct lc_traffic *self, char *buf, size_t size);

#endif
