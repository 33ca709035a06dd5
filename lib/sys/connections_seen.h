/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_SYS_CONNECTIONS_SEEN_H
#define LC_SYS_CONNECTIONS_SEEN_H

/* The sockets that were seen, by cookie, and how much each had received. Nothing is taken out, since
 * a dump may still list a socket of whose end we have heard already.
 *
 * Hash tables with open addresses, each twice as large as the one before, the last of which takes
 * what is new. Nothing is moved when one is full: with 100,000 sockets that took 4 ms at a time. */

#include <stddef.h>
#include <stdint.h>

enum {
    LC_SEEN_FIRST_SLOTS = 1024, /* of 16 bytes */
    LC_SEEN_LEVELS = 8,         /* 4 MiB all together */
    LC_SEEN_MAX = LC_SEEN_FIRST_SLOTS / 4 * 3 * ((1 << LC_SEEN_LEVELS) - 1), /* sockets: 195,840 */
};

enum lc_seen_news { LC_SEEN_OLD, LC_SEEN_NEW, LC_SEEN_GROWN };

struct lc_seen {
    struct lc_seen_slot *levels[LC_SEEN_LEVELS];
    size_t level_count;
    size_t used; /* of the last */
};

/* Enough for {0} to be an empty set, which it is again afterwards. */
void lc_seen_deinit(struct lc_seen *self);

/* `cookie` is not 0. An enum lc_seen_news; -ENOMEM or -ENOSPC: not known, and could not be
 * remembered. Both numbers may come round. A FIN adds 1 to `bytes`, but none to `segments`: data is what adds to both. */
int lc_seen_note(struct lc_seen *self, uint64_t cookie, uint32_t bytes, uint32_t segments);

#endif
