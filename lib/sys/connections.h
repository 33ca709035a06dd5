/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_SYS_CONNECTIONS_H
#define LC_SYS_CONNECTIONS_H

/*
 * The TCP connections of the application, as the kernel sees them: how many there are, how many are
 * in flight (somebody waits for something), and what has newly arrived. No privilege is needed and
 * no help from the application; only our own network namespace is seen. UDP is not.
 *
 * Where it comes from, the first that works:
 *   netlink  NETLINK_SOCK_DIAG: sock_diag(7), linux/inet_diag.h, net/ipv4/inet_diag.c
 *   proc     /proc/net/tcp and tcp6, and PassiveOpens in /proc/net/snmp. Idle connections cannot be
 *            told from others and count as in flight; data on older ones is not seen as an arrival;
 *            arrivals are those of the whole network namespace
 *   none     nothing is counted
 *
 * A look is begun, and made in slices: nothing here waits, and no call takes longer than about
 * LC_CONNECTIONS_SLICE_USEC (but for what the kernel does in one system call). Between looks nothing
 * runs, and nothing is kept but three descriptors, unless arrivals are watched.
 *
 *     lc_connections_new(&connections, &rules);
 *     add lc_connections_fd(connections) to the event loop; whenever it is readable:
 *         news = lc_connections_step(connections);
 *         if (news > 0 && news & LC_CONNECTIONS_LOOKED) use lc_connections_count(connections);
 *     lc_connections_find(connections, pids, count);  where no ports are named: whose listeners?
 *     lc_connections_look(connections);               the in-flight count of the signal's log line
 *
 *     lc_connections_watch(connections);              the window: a look that remembers begins, too
 *     every 100 ms lc_connections_look(connections);
 *     whenever a step says LC_CONNECTIONS_ARRIVED: an arrival is now
 *     lc_connections_unwatch(connections);            the drain: looks alone, until none is in flight
 *
 * Errors are negative errno. One thread.
 */

#include "sys/connections_class.h"
#include "sys/connections_watch.h"

#include <sys/types.h>

enum {
    LC_CONNECTIONS_SLICE_USEC = 1000,
    LC_CONNECTIONS_LISTED_MAX = 16,
    LC_CONNECTIONS_WHY_MAX = 128,
};

enum lc_connections_source {
    LC_CONNECTIONS_NONE,
    LC_CONNECTIONS_PROC,
    LC_CONNECTIONS_NETLINK,
    LC_CONNECTIONS_SOURCE_COUNT
};

enum lc_arrivals_source {
    LC_ARRIVALS_NONE,
    LC_ARRIVALS_OPENS, /* PassiveOpens, at the end of each look */
    LC_ARRIVALS_GROUPS /* exactly; whenever there is one */
};

struct lc_connections_rules {
    const uint16_t *ports; /* the application's; none: found through lc_connections_find() */
    size_t port_count;
    const uint16_t *own_ports; /* our own listeners': never found */
    size_t own_port_count;
    const struct lc_cidr *ignored; /* peers that do not count: probes */
    size_t ignored_count;
    unsigned idle_msec;    /* a connection whose data moved less than this ago is in flight */
    bool only_connections; /* data on older connections is no arrival */
};

struct lc_connections_count {
    unsigned listeners; /* listening sockets */
    unsigned backlog;   /* connections in their queues that wait to be accepted; each is among the
                           `waiting` of `by_class` already, unless its peer is ignored */
    unsigned open;      /* connections, but those that are `ending` */
    unsigned in_flight;
    unsigned by_class[LC_CONNECTION_CLASS_COUNT];
    bool ports_known; /* false: none were named, and whose listeners they are could not be seen */
    bool no_listener; /* true: this look has looked for ports, and the processes hold no socket on
                         which anybody could come to them, not of UDP or unix(7) or on loopback
                         either */
};

struct lc_connections_listed {
    struct lc_connection socket;
    enum lc_connection_class class;
};

enum lc_connections_news {
    LC_CONNECTIONS_LOOKED = 1,  /* a look has ended: there is a new count */
    LC_CONNECTIONS_ARRIVED = 2, /* lc_arrivals have grown */
};

struct lc_connections;

/* Copies the rules. 0; -E2BIG: more than LC_DIAG_PORTS_MAX ports; -ENOMEM, -EMFILE and the like.
 * That no source works is no error. */
int lc_connections_new(struct lc_connections **ret, const struct lc_connections_rules *rules);
/* NULL is allowed. */
void lc_connections_free(struct lc_connections *self);

/* Readable (poll(2), level-triggered) when lc_connections_step() has something to do. Ours. */
int lc_connections_fd(const struct lc_connections *self);

/* The next look finds the ports anew: those on which one of `pids`, which are copied, listens. All
 * descendants, since in `sh -c` or under a prefork server it is not the process that was started.
 * Without effect where ports are named. 0 or -ENOMEM. */
int lc_connections_find(struct lc_connections *self, const pid_t *pids, size_t count);

/* Begins a look. 0, also where one is under way (that one goes on); -ENODATA: no source works. */
int lc_connections_look(struct lc_connections *self);

/* A slice of what there is to do. A bit set of enum lc_connections_news, or -errno: the look has
 * failed, and is over; another may be begun. While arrivals are watched, have a look at
 * lc_connections_arrivals_source() then. */
int lc_connections_step(struct lc_connections *self);

/* Of the last look that ended. Valid until the next step. */
const struct lc_connections_count *lc_connections_count(const struct lc_connections *self);
/* Some of those in flight in the last look, at most LC_CONNECTIONS_LISTED_MAX. */
const struct lc_connections_listed *lc_connections_listed(const struct lc_connections *self,
                                                          size_t *ret_count);
/* The ports that are counted, ascending. */
const uint16_t *lc_connections_ports(const struct lc_connections *self, size_t *ret_count);

/* Counts arrivals from now on, from 0, and begins a look, in place of one that is under way. Costs
 * at most 5 MiB, with 200,000 connections. 0; -ENODATA: arrivals cannot be counted here. */
int lc_connections_watch(struct lc_connections *self);
void lc_connections_unwatch(struct lc_connections *self);
/* Since lc_connections_watch(); stays there after lc_connections_unwatch(). */
const struct lc_arrivals *lc_connections_arrivals(const struct lc_connections *self);
/* How they are counted. None: we do not watch, or had to give it up. */
enum lc_arrivals_source lc_connections_arrivals_source(const struct lc_connections *self);

/* One of our own checks connects, from this address and port of ours: it does not count. */
void lc_connections_add_check(struct lc_connections *self,
                              const uint8_t address[static LC_ADDRESS_SIZE], uint16_t port);
/* Our own listener, or the application for a check of ours, has accepted a connection, which is among
 * the PassiveOpens. */
void lc_connections_add_accepted(struct lc_connections *self);

/* In use now; a later look may have to fall back. `ret_why` (may be NULL), for the log: why not a
 * better one, "" where there is none; valid until the next step. */
enum lc_connections_source lc_connections_source(const struct lc_connections *self,
                                                 const char **ret_why);
/* "none", "proc", "netlink" */
const char *lc_connections_source_name(enum lc_connections_source source);

#endif
