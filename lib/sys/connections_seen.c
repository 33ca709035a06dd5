/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/connections_seen.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

struct lc_seen_slot {
    uint64_t cookie; /* 0: free; no socket has it (net/core/sock_diag.c) */
    uint32_t bytes, segments;
};

void lc_seen_deinit(struct lc_seen *self)
{
    while (self->level_count > 0)
        free(self->levels[--self->level_count]);
    self->used = 0;
}

static size_t slots_of(size_t level)
{
    return (size_t)LC_SEEN_FIRST_SLOTS << level;
}

/* Its slot, or the free one where it belongs: there is always one, a quarter is left free. Cookies
 * are consecutive numbers; the factor (2^64 divided by the golden ratio) spreads them. */
static struct lc_seen_slot *find_in(const struct lc_seen *self, size_t level, uint64_t cookie)
{
    struct lc_seen_slot *slots = self->levels[level];
    size_t mask = slots_of(level) - 1;
    size_t at = (cookie * UINT64_C(0x9e3779b97f4a7c15)) >> 32 & mask;

    while (slots[at].cookie != 0 && slots[at].cookie != cookie)
        at = (at + 1) & mask;
    return &slots[at];
}

/* The largest level has most of them. */
static struct lc_seen_slot *find(const struct lc_seen *self, uint64_t cookie)
{
    for (size_t level = self->level_count; level-- > 0;) {
        struct lc_seen_slot *slot = find_in(self, level, cookie);

        if (slot->cookie == cookie)
            return slot;
    }
    return NULL;
}

static int add(struct lc_seen *self, uint64_t cookie, uint32_t bytes, uint32_t segments)
{
    size_t count = self->level_count;

    if (count == 0 || self->used == slots_of(count - 1) / 4 * 3) {
        if (count == LC_SEEN_LEVELS)
            return -ENOSPC;
        self->levels[count] = calloc(slots_of(count), sizeof(struct lc_seen_slot));
        if (!self->levels[count])
            return -ENOMEM;
        self->level_count = ++count;
        self->used = 0;
    }
    *find_in(self, count - 1, cookie) = (struct lc_seen_slot){cookie, bytes, segments};
    self->used++;
    return LC_SEEN_NEW;
}

static bool is_later(uint32_t number, uint32_t than)
{
    return (int32_t)(number - than) > 0;
}

/* The kernel counts a segment before its bytes (tcp_v4_rcv(), and the socket's backlog between the
 * two), so the number of segments is taken over only together with that of the bytes. */
int lc_seen_note(struct lc_seen *self, uint64_t cookie, uint32_t bytes, uint32_t segments)
{
    struct lc_seen_slot *slot = find(self, cookie);
    bool grown;

    if (!slot)
        return add(self, cookie, bytes, segments);
    if (!is_later(bytes, slot->bytes))
        return LC_SEEN_OLD;
    grown = is_later(segments, slot->segments);
    slot->bytes = bytes;
    slot->segments = segments;
    return grown ? LC_SEEN_GROWN : LC_SEEN_OLD;
}
