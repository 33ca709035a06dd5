/* SPDX-License-Identifier: Apache-2.0 */
#include "core/internal.h"

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
    lc_msec end = lc_after(lc_after(self->t0, policy->window_min), self->held_up);

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
static void offer(struct lc_timer *first, struct lc_timer timer)
{
    if (timer.at < first->at)
        *first = timer;
}

lc_msec lc_lifecycle_pair_end(const struct lc_lifecycle *self)
{
    if (self->unpaired == LC_UNPAIRED_NONE)
        return LC_NEVER;
    return lc_after(self->unpaired_at, self->policy.pair_time);
}

static void offer_hooks(const struct lc_lifecycle *self, const unsigned beneath[],
                        struct lc_timer *first)
{
    for (size_t i = 0; i < self->policy.lanes; i++) {
        const struct lc_lane *lane = &self->lane[i];
        struct lc_timer timer = {.kind = LC_TIMER_HOOK, .lane = (uint8_t)i};

        for (size_t kind = 0; kind < LC_HOOK_KIND_COUNT; kind++) {
            timer.at = lane->hook_due[kind];
            timer.hook = (enum lc_hook_kind)kind;
            if (lane->hook_running[kind])
                offer(first, timer);
        }
        timer.at = lc_stage_end(self, beneath[i]);
        timer.kind = LC_TIMER_POST_STOP;
        if (lane->hook_running[LC_HOOK_POST_STOP])
            offer(first, timer);
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

static lc_msec drain_end(const struct lc_lifecycle *self)
{
    return lc_after(self->drain_since, self->policy.drain_timeout);
}

static void offer_waits(const struct lc_lifecycle *self, struct lc_timer *first)
{
    bool window = self->phase == LC_PHASE_PROPAGATING;
    bool drain = self->phase == LC_PHASE_DRAINING;

    if (window)
        offer(first, (struct lc_timer){.kind = LC_TIMER_WINDOW, .at = lc_window_end(self)});
    if (drain && lc_drain_waits(self))
        offer(first, (struct lc_timer){.kind = LC_TIMER_DRAIN, .at = drain_end(self)});
    if (window || drain || pre_stop_running(self))
        offer(first, (struct lc_timer){.kind = LC_TIMER_CUT, .at = lc_cut(self)});
}

/*
 * A process in uninterruptible sleep survives SIGKILL, and what it needs would go unasked until
 * the deadline. So when half of a stage's reserve is gone, the stage is asked whatever stands in
 * its way, which by then was forced: a database must not crash because its client hangs on a dead
 * disk.
 */
static void offer_last_calls(const struct lc_lifecycle *self, const unsigned beneath[],
                             struct lc_timer *first)
{
    uint32_t unasked = lc_lanes_unasked(self);

    for (size_t i = 0; i < self->policy.lanes; i++) {
        struct lc_timer timer = {.kind = LC_TIMER_LAST_CALL, .lane = (uint8_t)i};

        timer.at = lc_before(lc_stage_end(self, beneath[i]), self->policy.stop_reserve / 2);
        if (lc_has(unasked, i))
            offer(first, timer);
    }
}

static void offer_stops(const struct lc_lifecycle *self, const unsigned beneath[],
                        struct lc_timer *first)
{
    for (size_t i = 0; i < self->policy.lanes; i++) {
        const struct lc_lane *lane = &self->lane[i];
        lc_msec own = lc_after(lane->asked_at, self->policy.lane[i].stop_timeout);
        struct lc_timer timer = {.kind = LC_TIMER_STOP, .lane = (uint8_t)i};

        timer.at = lc_earlier(own, lc_stage_end(self, beneath[i]));
        if (lane->state == LC_LANE_ASKED)
            offer(first, timer);
    }
}

static void offer_ends(const struct lc_lifecycle *self, struct lc_timer *first)
{
    lc_msec own = lc_after(self->leftovers_asked_at, self->policy.leftover_timeout);
    lc_msec leftovers = lc_earlier(own, self->deadline);
    /* Where the deadline had to be put off, the end goes with it. */
    lc_msec end = lc_after(self->deadline, self->policy.margin);

    if (self->phase == LC_PHASE_EXITED && !self->leftovers_forced)
        offer(first, (struct lc_timer){.kind = LC_TIMER_LEFTOVERS, .at = leftovers});
    offer(first, (struct lc_timer){.kind = LC_TIMER_END, .at = end});
}

struct lc_timer lc_timer_first(const struct lc_lifecycle *self)
{
    struct lc_timer first = {.at = LC_NEVER};
    unsigned beneath[LC_LANES_MAX];

    if (self->done)
        return first;
    (void)lc_stages(self, lc_lanes_unasked(self), beneath);
    offer(&first, (struct lc_timer){.kind = LC_TIMER_PAIR, .at = lc_lifecycle_pair_end(self)});
    offer_hooks(self, beneath, &first);
    if (self->t0 != LC_NEVER)
        offer_waits(self, &first);
    if (self->committed && self->phase < LC_PHASE_KILLING) {
        offer_last_calls(self, beneath, &first);
        offer(&first, (struct lc_timer){.kind = LC_TIMER_DEADLINE, .at = self->deadline});
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
    if (self->phase == LC_PHASE_PROPAGATING)
        return lc_earlier(lc_window_end(self), lc_cut(self));
    if (self->phase != LC_PHASE_DRAINING)
        return LC_NEVER;
    lc_msec end = self->drain_since == LC_NEVER ? hooks_end(self) : self->drain_since;
    if (lc_drain_waits(self))
        end = lc_after(end, self->policy.drain_timeout);
    return lc_earlier(end, lc_cut(self));
}

lc_msec lc_lifecycle_phase_time(const struct lc_lifecycle *self, enum lc_phase phase, lc_msec now)
{
    lc_msec begin = self->entered[phase], end = now;

    if (begin == LC_NEVER)
        return LC_NEVER;
    for (unsigned next = self->phase; next > phase; next--)
        if (self->entered[next] != LC_NEVER)
            end = self->entered[next];
    return lc_before(end, begin);
}
