/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_SYS_CONNECTIONS_SEEN_H
#define LC_SYS_CONNECTIONS_SEEN_H

/* The sockets that were seen, by cookie, and how much each had received. A hash table with open
 * addresses that only grows, to 4 MiB at the most: nothing is taken out, since a dump may still list
 * a socket of whose end we have heard already. */

#include <stddef.h>
#include <stdint.h>

enum {
    LC_SEEN_SLOTS_MAX = 1 << 18,             /* of 16 bytes */
    LC_SEEN_MAX = LC_SEEN_SLOTS_MAX / 4 * 3, /* sockets */
};

enum lc_seen_news { LC_SEEN_OLD, LC_SEEN_NEW, LC_SEEN_GROWN };

struct lc_seen {
    struct lc_seen_slot *slots;
    size_t size, used;
};

/* Enough for {0} to be an empty set. */
void lc_seen_deinit(struct lc_seen *self);

/* An enum lc_seen_news; -ENOMEM or -ENOSPC: not known, and could not be remembered. Both numbers may
 * come round. A FIN adds 1 to `bytes`, but none to `segments`: data is what adds to both. */
int lc_seen_note(struct lc_seen *self, uint64_t cookie, uint32_t bytes, uint32_t segments);

#endif
