/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_SYS_CONNECTIONS_WATCH_H
#define LC_SYS_CONNECTIONS_WATCH_H

/* Arrivals, counted and not sampled. Of a socket that lives, looks tell; of one that has ended
 * between two looks, the kernel's multicast groups do (sock_diag_broadcast_destroy() in
 * net/core/sock_diag.c), with its addresses, its cookie and its last tcp_info. They are joined
 * first; then one look remembers all that is there, and from then on an unknown cookie is new.
 *
 * Anybody may join. It succeeds without tcp_diag in the kernel, too, and then nothing ever comes:
 * only a dump that worked shows that the groups do. */

#include "sys/connections_filter.h"
#include "sys/connections_seen.h"

struct lc_arrivals {
    uint64_t connections; /* new ones */
    uint64_t data;        /* older ones with data from the peer since the look before */
    uint64_t lost;        /* times that the count went wrong: the kernel dropped messages, or we had
                             no room to remember. Take each for an arrival */
};

struct lc_watch {
    int fd; /* -1: not watching */
    const struct lc_filter *filter;
    bool only_connections; /* data on older ones is not counted */
    uint64_t began_msec;
    bool remembering; /* until a whole look has been made: what it lists is not new */
    bool baseline;    /* that look is this one */
    struct lc_seen seen;
    struct lc_arrivals arrivals;
};

/* Joins. `filter` stays the caller's. `receive_bytes`: room for messages that wait, as far as
 * net.core.rmem_max allows. 0 or -errno. */
int lc_watch_begin(struct lc_watch *self, const struct lc_filter *filter, bool only_connections,
                   int receive_bytes, uint64_t now_msec);
void lc_watch_end(struct lc_watch *self);

/* A look: it begins, has listed a socket that the filter takes, has ended with all of them. */
void lc_watch_look_begins(struct lc_watch *self);
void lc_watch_listed(struct lc_watch *self, const struct lc_connection *socket);
void lc_watch_look_ended(struct lc_watch *self);

/* Reads one message of the groups into `buffer` (LC_DIAG_BUFFER). False: there is none. */
bool lc_watch_read(struct lc_watch *self, void *buffer, uint64_t now_msec);

#endif
