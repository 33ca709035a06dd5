/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_SYS_CONNECTIONS_PARTS_H
#define LC_SYS_CONNECTIONS_PARTS_H

/* What connections.c (what is asked for) and connections_look.c (how a look is made) share. */

#include "sys/connections.h"
#include "sys/connections_table.h"

enum stage {
    STAGE_NONE,      /* no look is under way */
    STAGE_LISTENERS, /* all that listen, */
    STAGE_SEARCH,    /* and which of them our processes hold; */
    STAGE_OTHERS,    /* where they hold none, what listens on something else than TCP, */
    STAGE_OTHERS_SEARCH,
    STAGE_SOCKETS, /* then all on those ports */
};

/* What a look has counted so far, or at its end. */
struct result {
    struct lc_connections_count count;
    struct lc_connections_listed listed[LC_CONNECTIONS_LISTED_MAX];
    size_t listed_count;
};

struct lc_connections {
    unsigned idle_msec;
    bool only_connections;
    uint16_t *own_ports;
    size_t own_port_count;
    struct lc_filter filter;

    enum lc_connections_source source;
    char why[LC_CONNECTIONS_WHY_MAX];
    int diag_fd;
    bool proven; /* a dump has come to its end */
    uint32_t sequence;
    struct lc_table table;

    int epoll_fd, ready_fd; /* ready_fd is always readable, and in epoll_fd while we look */
    void *buffer;           /* while we look or watch */

    enum stage stage;
    size_t pass;
    bool asked; /* in this pass */
    int error;  /* of a callback */
    struct lc_listeners next, listeners;
    bool find, finding; /* `next` is asked for; the ports of `listeners` are not found yet */
    bool ports_known;
    struct result looking, looked;

    enum lc_arrivals_source arrivals_source;
    struct lc_watch watch;            /* holds the arrivals of either source */
    uint64_t opens_before, opens_own; /* PassiveOpens, and those of them to come that are ours */
};

uint64_t lc_connections_now_usec(void);

/* Opens the best source there is. */
void lc_connections_open_source(struct lc_connections *self);
/* PassiveOpens, from now on. Where the groups work they are not used, but are there should the first
 * dump fail. */
void lc_connections_use_opens(struct lc_connections *self);

/* The buffer is there while we look or watch. 0 or -ENOMEM. */
int lc_connections_take_buffer(struct lc_connections *self);
void lc_connections_leave_buffer(struct lc_connections *self);

/* Goes on with the look until then. 1: it has ended; 0: it has not, or there is none; -errno: it has
 * failed, and is over. */
int lc_connections_look_on(struct lc_connections *self, uint64_t until_usec);
/* Ends it, whole or not. */
void lc_connections_end_look(struct lc_connections *self);

#endif
