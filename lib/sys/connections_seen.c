/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/connections_seen.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

enum { SLOTS_MIN = 1024 };

struct lc_seen_slot {
    uint64_t cookie; /* 0: free; no socket has it (net/core/sock_diag.c) */
    uint32_t bytes, segments;
};

void lc_seen_deinit(struct lc_seen *self)
{
    free(self->slots);
    *self = (struct lc_seen){.slots = NULL};
}

/* Its slot, or the free one where it belongs: there is always one, a quarter is left free. Cookies
 * are consecutive numbers; the factor (2^64 divided by the golden ratio) spreads them. */
static struct lc_seen_slot *find(const struct lc_seen *self, uint64_t cookie)
{
    size_t mask = self->size - 1, at = (cookie * UINT64_C(0x9e3779b97f4a7c15)) >> 32 & mask;

    while (self->slots[at].cookie != 0 && self->slots[at].cookie != cookie)
        at = (at + 1) & mask;
    return &self->slots[at];
}

static int grow(struct lc_seen *self)
{
    struct lc_seen larger = {.size = self->size ? self->size * 2 : SLOTS_MIN, .used = self->used};

    if (larger.size > LC_SEEN_SLOTS_MAX)
        return -ENOSPC;
    larger.slots = calloc(larger.size, sizeof *larger.slots);
    if (!larger.slots)
        return -ENOMEM;
    for (size_t i = 0; i < self->size; i++)
        if (self->slots[i].cookie != 0)
            *find(&larger, self->slots[i].cookie) = self->slots[i];
    free(self->slots);
    *self = larger;
    return 0;
}

static int add(struct lc_seen *self, uint64_t cookie, uint32_t bytes, uint32_t segments)
{
    if (self->used >= self->size / 4 * 3) {
        int r = grow(self);

        if (r < 0)
            return r;
    }
    *find(self, cookie) = (struct lc_seen_slot){cookie, bytes, segments};
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
    struct lc_seen_slot *slot = self->size ? find(self, cookie) : NULL;
    bool grown;

    if (!slot || slot->cookie != cookie)
        return add(self, cookie, bytes, segments);
    if (!is_later(bytes, slot->bytes))
        return LC_SEEN_OLD;
    grown = is_later(segments, slot->segments);
    slot->bytes = bytes;
    slot->segments = segments;
    return grown ? LC_SEEN_GROWN : LC_SEEN_OLD;
}
