/* SPDX-License-Identifier: Apache-2.0 */
#include "core/internal.h"

static bool is_live(const struct lc_lifecycle *self, size_t lane)
{
    enum lc_lane_state state = self->lane[lane].state;

    return state != LC_LANE_WAITING && state != LC_LANE_GONE;
}

static bool is_unasked(const struct lc_lifecycle *self, size_t lane)
{
    enum lc_lane_state state = self->lane[lane].state;

    return state == LC_LANE_STARTING || state == LC_LANE_READY;
}

uint32_t lc_lanes_live(const struct lc_lifecycle *self)
{
    uint32_t set = 0;

    for (size_t i = 0; i < self->policy.lanes; i++)
        set |= is_live(self, i) ? lc_bit(i) : 0;
    return set;
}

uint32_t lc_lanes_unasked(const struct lc_lifecycle *self)
{
    uint32_t set = 0;

    for (size_t i = 0; i < self->policy.lanes; i++)
        set |= is_unasked(self, i) ? lc_bit(i) : 0;
    return set;
}

uint32_t lc_lanes_serving(const struct lc_lifecycle *self)
{
    uint32_t set = 0;

    for (size_t i = 0; i < self->policy.lanes; i++)
        set |= self->policy.lane[i].serves && is_unasked(self, i) ? lc_bit(i) : 0;
    return set & ~self->no_listener;
}

uint32_t lc_lanes_open(const struct lc_lifecycle *self)
{
    uint32_t set = lc_lanes_live(self);

    for (size_t i = 0; i < self->policy.lanes; i++) {
        if (self->lane[i].state == LC_LANE_GONE && lc_hooks_pending(self, i, LC_HOOK_POST_STOP))
            set |= lc_bit(i);
    }
    return set;
}

uint32_t lc_lanes_deferred(const struct lc_lifecycle *self)
{
    uint32_t serving = lc_lanes_serving(self);
    uint32_t set = serving;

    for (size_t i = 0; i < self->policy.lanes; i++)
        set |= self->above[i] & serving ? lc_bit(i) : 0;
    return set;
}

bool lc_lane_startable(const struct lc_lifecycle *self, size_t lane)
{
    if (self->lane[lane].state != LC_LANE_WAITING)
        return false;
    for (size_t i = 0; i < self->policy.lanes; i++) {
        const struct lc_lane *other = &self->lane[i];
        bool one_shot = other->state == LC_LANE_GONE && other->code == 0;

        if (lc_has(self->policy.lane[lane].needs, i) && other->state != LC_LANE_READY && !one_shot)
            return false;
    }
    return true;
}

bool lc_hooks_pending(const struct lc_lifecycle *self, size_t lane, enum lc_hook_kind kind)
{
    const struct lc_lane *it = &self->lane[lane];

    return it->hook_running[kind] || it->next_hook[kind] < self->policy.lane[lane].hooks[kind];
}

bool lc_drain_hooks_pending(const struct lc_lifecycle *self)
{
    uint32_t counted = lc_lanes_unasked(self);

    /* A lane that serves nobody has its hooks and its stop side by side with those that do: it
     * holds nothing up. But /prestop answers only when all that comes before the stop is done. */
    if (self->committed && lc_lanes_serving(self))
        counted &= lc_lanes_deferred(self);
    for (size_t i = 0; i < self->policy.lanes; i++) {
        if (lc_has(counted, i) && lc_hooks_pending(self, i, LC_HOOK_PRE_STOP))
            return true;
    }
    return false;
}

bool lc_drain_waits(const struct lc_lifecycle *self)
{
    return !self->drain_over && lc_lanes_serving(self);
}

bool lc_lanes_fit(const struct lc_lifecycle *self)
{
    bool to_serve = false, served = false;

    for (size_t i = 0; i < self->policy.lanes; i++) {
        if (self->lane[i].state == LC_LANE_STARTING)
            return false;
        to_serve = to_serve || self->policy.lane[i].serves;
        served = served || (self->policy.lane[i].serves && is_live(self, i));
    }
    return served || !to_serve;
}
