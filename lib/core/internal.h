/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_CORE_INTERNAL_H
#define LC_CORE_INTERNAL_H

/*
 * What the core's own files share: questions about a lifecycle, answered without changing it.
 *
 * A set of lanes is a bit mask, bit i for lane i. Spans of time are added and taken away so that
 * LC_NEVER stays LC_NEVER and nothing wraps round: a grace period may be infinite.
 */

#include "core/lifecycle.h"

static inline lc_msec lc_after(lc_msec time, lc_msec span)
{
    return span > LC_NEVER - time ? LC_NEVER : time + span;
}

static inline lc_msec lc_before(lc_msec time, lc_msec span)
{
    if (time == LC_NEVER)
        return LC_NEVER;
    return span > time ? 0 : time - span;
}

static inline lc_msec lc_earlier(lc_msec a, lc_msec b)
{
    return a < b ? a : b;
}

static inline lc_msec lc_later(lc_msec a, lc_msec b)
{
    return a > b ? a : b;
}

static inline uint32_t lc_bit(size_t lane)
{
    return UINT32_C(1) << lane;
}

static inline bool lc_has(uint32_t set, size_t lane)
{
    return set >> lane & 1;
}

/* lifecycle.c */

/* T0: the shutdown begins. */
void lc_begin(struct lc_lifecycle *self, enum lc_cause cause, const struct lc_event *event,
              lc_msec at, struct lc_actions *ret);

/* It is taken back, as if it had not begun; not for one that is committed. */
void lc_take_back(struct lc_lifecycle *self, lc_msec at, struct lc_actions *ret);

/* sidecar.c */

void lc_prestop(struct lc_lifecycle *self, const struct lc_event *event, lc_msec at,
                struct lc_actions *ret);

/* The other hook has not come. */
void lc_stay_unpaired(struct lc_lifecycle *self, lc_msec at, struct lc_actions *ret);

/* The stop signal of a sidecar. */
void lc_end_sidecar(struct lc_lifecycle *self, lc_msec at, struct lc_actions *ret);

/* policy.c */

/* What `stages` stages still to come are left with, at the least. */
lc_msec lc_reserve(const struct lc_policy *policy, unsigned stages);

/* For each lane the longest chain of lanes of `counted` beneath it, itself left out; returns the
 * longest of all, with the lane itself: the stages in which `counted` can be stopped. */
unsigned lc_stages(const struct lc_lifecycle *self, uint32_t counted,
                   unsigned ret_beneath[LC_LANES_MAX]);

/* lanes.c */

uint32_t lc_lanes_live(const struct lc_lifecycle *self);    /* started and not gone */
uint32_t lc_lanes_unasked(const struct lc_lifecycle *self); /* live, and no signal sent yet */
uint32_t lc_lanes_serving(const struct lc_lifecycle *self); /* unasked, and they serve */

/* Not closed: what they need must not be stopped yet. A lane that is gone is closed when its
 * postStop hooks are; one that was never started has nothing to close. */
uint32_t lc_lanes_open(const struct lc_lifecycle *self);

/* Those whose hooks and stop wait for the end of the window: while a lane serves, that lane and
 * whatever it needs. */
uint32_t lc_lanes_deferred(const struct lc_lifecycle *self);

/* Waiting, and all that it needs is ready, or was a one-shot that ended with 0. */
bool lc_lane_startable(const struct lc_lifecycle *self, size_t lane);

/* A hook of this kind runs, or is still to be run. */
bool lc_hooks_pending(const struct lc_lifecycle *self, size_t lane, enum lc_hook_kind kind);

/* What DRAINING waits for: preStop hooks, then what is in flight. */
bool lc_drain_hooks_pending(const struct lc_lifecycle *self);
bool lc_drain_waits(const struct lc_lifecycle *self);

/* Everything that makes lastcall ready, as far as the lanes go. */
bool lc_lanes_fit(const struct lc_lifecycle *self);

/* timers.c */

enum lc_timer_kind {
    LC_TIMER_PAIR,      /* the other hook of a sidecar has not come */
    LC_TIMER_HOOK,      /* the lane's running hook has used up its time */
    LC_TIMER_POST_STOP, /* the lane's postStop hooks must let the lanes beneath have theirs */
    LC_TIMER_WINDOW,    /* the window is over */
    LC_TIMER_DRAIN,     /* whatever is still in flight is waited for no longer */
    LC_TIMER_CUT,       /* no time for waits is left: the stages need the rest */
    LC_TIMER_LAST_CALL, /* the lane is asked although what needs it has survived SIGKILL */
    LC_TIMER_DEADLINE,  /* everything is forced */
    LC_TIMER_STOP,      /* the lane has used up its stop timeout, or its stage's time */
    LC_TIMER_LEFTOVERS, /* the leftover descendants are forced */
    LC_TIMER_END,       /* the margin is used up: exit, whatever is left */
};

struct lc_timer {
    lc_msec at; /* LC_NEVER: no timer */
    enum lc_timer_kind kind;
    uint8_t lane;
    enum lc_hook_kind hook;
};

/* The timer that is due first; of several due at once the one that counts first. */
struct lc_timer lc_timer_first(const struct lc_lifecycle *self);

lc_msec lc_window_end(const struct lc_lifecycle *self);

/* When the waits must be over, so that each stage still to come keeps its stop reserve. */
lc_msec lc_cut(const struct lc_lifecycle *self);

/* When a lane must be gone, its postStop hooks too, with the longest chain `beneath` it. LC_NEVER:
 * no deadline is armed. */
lc_msec lc_stage_end(const struct lc_lifecycle *self, unsigned beneath);

/* acts.c: what a step does to lanes, hooks and phase, and the action that tells of it */

void lc_set_ready(struct lc_lifecycle *self, bool ready, lc_msec at, struct lc_actions *ret);

/* The one place that writes a phase; readiness goes off where the phase asks for it. */
void lc_enter_phase(struct lc_lifecycle *self, enum lc_phase phase, lc_msec at,
                    struct lc_actions *ret);

void lc_start(struct lc_lifecycle *self, size_t lane, lc_msec at, struct lc_actions *ret);
void lc_ask(struct lc_lifecycle *self, size_t lane, lc_msec at, struct lc_actions *ret);
void lc_force(struct lc_lifecycle *self, size_t lane, lc_msec at, struct lc_actions *ret);

/* The next hook of this kind, if there is one and none runs. */
void lc_start_hook(struct lc_lifecycle *self, size_t lane, enum lc_hook_kind kind, lc_msec at,
                   struct lc_actions *ret);

/* Gives up the hook that runs; the next one gets its turn. */
void lc_give_up_hook(struct lc_lifecycle *self, size_t lane, enum lc_hook_kind kind, lc_msec at,
                     struct lc_actions *ret);

/* Gives up the lane's hooks of one kind for good, those that have not begun too. */
void lc_abandon_hooks(struct lc_lifecycle *self, size_t lane, enum lc_hook_kind kind, lc_msec at,
                      struct lc_actions *ret);

/* No window, no preStop hook, no drain any more. */
void lc_skip_waits(struct lc_lifecycle *self, lc_msec at, struct lc_actions *ret);

/* The same, and no postStop hook. */
void lc_skip_all_hooks(struct lc_lifecycle *self, lc_msec at, struct lc_actions *ret);

/* SIGKILL to whatever is left: at the deadline, or because a second signal wants it so. */
void lc_force_all(struct lc_lifecycle *self, lc_msec at, struct lc_actions *ret);

/* LC_ACTION_RELEASE, where it is owed and there is nothing to wait for. */
void lc_release(struct lc_lifecycle *self, lc_msec at, struct lc_actions *ret);

void lc_force_leftovers(struct lc_lifecycle *self, lc_msec at, struct lc_actions *ret);

/* All lanes are closed, or given up: the leftover descendants are ended. */
void lc_enter_exited(struct lc_lifecycle *self, lc_msec at, struct lc_actions *ret);

/* LC_ACTION_EXIT: the last action of all. */
void lc_finish(struct lc_lifecycle *self, lc_msec at, struct lc_actions *ret);

#endif
