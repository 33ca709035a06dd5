/* SPDX-License-Identifier: Apache-2.0 */
#include "internal.h"

/* The end of the budget: the deadline, or where it would be if the stop signal came in time. */
static lc_msec budget_end(const struct lc_lifecycle *self)
{
    if (self->committed)
        return self->deadline;
    return lc_before(lc_after(self->t0, self->policy.grace), self->policy.margin);
}

lc_msec lc_window_end(const struct lc_lifecycle *self)
{
    const struct lc_policy *policy = &self->policy;
    lc_msec end = lc_after(self->t0, policy->window_min);

    if (self->last_arrival != LC_NEVER)
        end = lc_later(end, lc_after(self->last_arrival, policy->window_quiet));
    return lc_earlier(end, lc_after(self->t0, policy->window_max));
}

lc_msec lc_cut(const struct lc_lifecycle *self)
{
    unsigned beneath[LC_LANES_MAX];
    unsigned stages = lc_stages(self, lc_lanes_unasked(self), beneath);

    return lc_before(budget_end(self), lc_reserve(&self->policy, stages));
}

lc_msec lc_stage_end(const struct lc_lifecycle *self, unsigned beneath)
{
    if (!self->committed)
        return LC_NEVER;
    return lc_before(self->deadline, lc_reserve(&self->policy, beneath));
}

/* Timers are offered in the order in which they count when several are due at once. */
static void offer(struct lc_timer *first, lc_msec at, enum lc_timer_kind kind, size_t lane,
                  enum lc_hook_kind hook)
{
    if (at < first->at)
        *first = (struct lc_timer){.at = at, .kind = kind, .lane = (uint8_t)lane, .hook = hook};
}

static void offer_hooks(const struct lc_lifecycle *self, const unsigned beneath[],
                        struct lc_timer *first)
{
    for (size_t i = 0; i < self->policy.lanes; i++) {
        const struct lc_lane *lane = &self->lane[i];

        if (lane->hook_running[LC_HOOK_PRE_STOP])
            offer(first, lane->hook_due[LC_HOOK_PRE_STOP], LC_TIMER_HOOK, i, LC_HOOK_PRE_STOP);
        if (lane->hook_running[LC_HOOK_POST_STOP]) {
            offer(first, lane->hook_due[LC_HOOK_POST_STOP], LC_TIMER_HOOK, i, LC_HOOK_POST_STOP);
            offer(first, lc_stage_end(self, beneath[i]), LC_TIMER_POST_STOP, i, LC_HOOK_POST_STOP);
        }
    }
}

static bool pre_stop_running(const struct lc_lifecycle *self)
{
    for (size_t i = 0; i < self->policy.lanes; i++) {
        if (self->lane[i].hook_running[LC_HOOK_PRE_STOP])
            return true;
    }
    return false;
}

static void offer_waits(const struct lc_lifecycle *self, struct lc_timer *first)
{
    bool waiting = self->phase == LC_PHASE_PROPAGATING || self->phase == LC_PHASE_DRAINING;

    if (self->phase == LC_PHASE_PROPAGATING)
        offer(first, lc_window_end(self), LC_TIMER_WINDOW, 0, LC_HOOK_PRE_STOP);
    if (self->phase == LC_PHASE_DRAINING && self->drain_since != LC_NEVER && lc_drain_waits(self))
        offer(first, lc_after(self->drain_since, self->policy.drain_timeout), LC_TIMER_DRAIN, 0,
              LC_HOOK_PRE_STOP);
    if (waiting || pre_stop_running(self))
        offer(first, lc_cut(self), LC_TIMER_CUT, 0, LC_HOOK_PRE_STOP);
}

/*
 * A process in uninterruptible sleep survives SIGKILL, and what it needs would go unasked until
 * the deadline. So when half of a stage's reserve is gone and only such lanes stand in the way,
 * the stage is asked: a database must not crash because its client hangs on a dead disk.
 */
static void offer_last_calls(const struct lc_lifecycle *self, const unsigned beneath[],
                             struct lc_timer *first)
{
    uint32_t unasked = lc_lanes_unasked(self);
    uint32_t open = lc_lanes_open(self);

    for (size_t i = 0; i < self->policy.lanes; i++) {
        uint32_t in_the_way = self->above[i] & open;

        if (!lc_has(unasked, i) || in_the_way == 0)
            continue;
        for (size_t other = 0; other < self->policy.lanes; other++) {
            if (self->lane[other].state == LC_LANE_FORCED)
                in_the_way &= ~(UINT32_C(1) << other);
        }
        lc_msec stage_end = lc_stage_end(self, beneath[i]);
        if (in_the_way == 0)
            offer(first, lc_before(stage_end, self->policy.stop_reserve / 2), LC_TIMER_LAST_CALL, i,
                  LC_HOOK_PRE_STOP);
    }
}

static void offer_stops(const struct lc_lifecycle *self, const unsigned beneath[],
                        struct lc_timer *first)
{
    for (size_t i = 0; i < self->policy.lanes; i++) {
        if (self->lane[i].state != LC_LANE_ASKED)
            continue;
        lc_msec own = lc_after(self->lane[i].asked_at, self->policy.lane[i].stop_timeout);
        lc_msec stage_end = lc_stage_end(self, beneath[i]);
        offer(first, lc_earlier(own, stage_end), LC_TIMER_STOP, i, LC_HOOK_PRE_STOP);
    }
}

static void offer_ends(const struct lc_lifecycle *self, struct lc_timer *first)
{
    if (self->phase == LC_PHASE_EXITED && !self->leftovers_forced) {
        lc_msec own = lc_after(self->leftovers_asked_at, self->policy.leftover_timeout);
        offer(first, lc_earlier(own, self->deadline), LC_TIMER_LEFTOVERS, 0, LC_HOOK_PRE_STOP);
    }
    /* Where the deadline had to be put off, the end goes with it. */
    offer(first, lc_after(self->deadline, self->policy.margin), LC_TIMER_END, 0, LC_HOOK_PRE_STOP);
}

struct lc_timer lc_timer_first(const struct lc_lifecycle *self)
{
    struct lc_timer first = {.at = LC_NEVER};
    unsigned beneath[LC_LANES_MAX];

    if (self->done)
        return first;
    (void)lc_stages(self, lc_lanes_unasked(self), beneath);
    offer_hooks(self, beneath, &first);
    if (self->t0 != LC_NEVER)
        offer_waits(self, &first);
    if (self->committed && self->phase < LC_PHASE_KILLING) {
        offer_last_calls(self, beneath, &first);
        offer(&first, self->deadline, LC_TIMER_DEADLINE, 0, LC_HOOK_PRE_STOP);
        offer_stops(self, beneath, &first);
    } else if (self->committed) {
        offer_ends(self, &first);
    }
    return first;
}

lc_msec lc_lifecycle_next(const struct lc_lifecycle *self)
{
    return lc_timer_first(self).at;
}

/* When the last of the preStop hooks would be given up, each taking all of its time. */
static lc_msec hooks_end(const struct lc_lifecycle *self)
{
    lc_msec last = self->now;

    for (size_t i = 0; i < self->policy.lanes; i++) {
        const struct lc_lane *lane = &self->lane[i];
        size_t next = lane->next_hook[LC_HOOK_PRE_STOP];
        lc_msec end = self->now;

        if (!lc_has(lc_lanes_unasked(self), i))
            continue;
        if (lane->hook_running[LC_HOOK_PRE_STOP]) {
            end = lane->hook_due[LC_HOOK_PRE_STOP];
            next++;
        }
        for (; next < self->policy.lane[i].hooks[LC_HOOK_PRE_STOP]; next++)
            end = lc_after(end, self->policy.lane[i].hook_timeout[LC_HOOK_PRE_STOP][next]);
        last = lc_later(last, end);
    }
    return last;
}

lc_msec lc_lifecycle_phase_end(const struct lc_lifecycle *self)
{
    lc_msec end = LC_NEVER;

    if (self->phase == LC_PHASE_PROPAGATING) {
        end = lc_window_end(self);
    } else if (self->phase == LC_PHASE_DRAINING) {
        end = self->drain_since == LC_NEVER ? hooks_end(self) : self->drain_since;
        if (lc_drain_waits(self))
            end = lc_after(end, self->policy.drain_timeout);
    } else {
        return LC_NEVER;
    }
    return lc_earlier(end, lc_cut(self));
}
