/* SPDX-License-Identifier: Apache-2.0 */
#include "oracle.h"

#include "account.h"

#include <string.h>

#define HOLDS(condition, sentence) \
    do {                           \
        if (!(condition))          \
            return sentence;       \
    } while (0)

void oracle_init(struct oracle *self, lc_msec now)
{
    memset(self, 0, sizeof(*self));
    self->now = self->phase_at = now;
    self->t0 = self->deadline = self->last_arrival = self->draining_at = LC_NEVER;
}

/* Actions */

static lc_msec window_end(const struct oracle *self, const struct lc_policy *policy)
{
    lc_msec min = account_plus(account_plus(self->t0, policy->window_min), self->held_up),
            max = account_plus(self->t0, policy->window_max);
    lc_msec quiet =
        self->last_arrival == LC_NEVER ? 0 : account_plus(self->last_arrival, policy->window_quiet);
    lc_msec end = min > quiet ? min : quiet;
    return end < max ? end : max;
}

/* The waits that come before `phase`, which is about to begin, have been sat out. */
static const char *waits_over(const struct oracle *self, const struct lc_policy *policy,
                              const struct lc_action *action)
{
    lc_msec at = action->at;

    if (self->may_skip || !account_serving(self, policy) || action->phase == LC_PHASE_EXITED)
        return NULL;
    HOLDS(self->check_failed || at >= account_plus(self->t0, policy->window_min),
          "the window lasted less than min");
    HOLDS(self->check_failed || self->late || at >= window_end(self, policy),
          "the window ended while arrivals came");
    if (action->phase == LC_PHASE_DRAINING || !policy->drain || policy->drain_timeout == 0)
        return NULL;
    HOLDS(self->draining_at != LC_NEVER, "the drain was left out");
    HOLDS(self->drained || at >= account_plus(self->draining_at, policy->drain_timeout),
          "the drain ended while something was in flight");
    HOLDS(!account_pre_stop_hooks_left(self, policy), "the drain ended before the hooks did");
    return NULL;
}

/* Only a container is restarted: the shutdown has never been, and the lanes start anew. */
static void see_restart(struct oracle *self, const struct lc_policy *policy)
{
    account_take_back(self);
    for (size_t i = 0; i < policy->lanes; i++) {
        self->lane[i].next_hook[LC_HOOK_PRE_STOP] = 0;
        self->to_restart |= (uint32_t)account_live(self, i) << i;
    }
}

static const char *check_start(struct oracle *self, const struct lc_policy *policy,
                               const struct lc_action *action)
{
    struct oracle_lane *lane = &self->lane[action->lane];
    bool again = self->to_restart >> action->lane & 1;

    HOLDS(self->t0 == LC_NEVER, "something was started in a shutdown");
    HOLDS(again || !lane->started, "a lane was started twice");
    HOLDS(again || account_satisfied(self, policy, action->lane),
          "a lane was started before what it needs");
    self->to_restart &= ~(UINT32_C(1) << action->lane);
    lane->started = true;
    lane->ready = false;
    return NULL;
}

static const char *check_release(struct oracle *self)
{
    HOLDS(self->waits, "nobody was there to be released");
    HOLDS(!account_holds(self), "released while there was something to wait for");
    self->waits = false;
    return NULL;
}

static const char *check_phase(struct oracle *self, const struct lc_policy *policy,
                               const struct lc_event *event, const struct lc_action *action)
{
    const char *wrong = NULL;
    bool alone = account_is_alone(self, policy, action->at) && action->phase <= LC_PHASE_RUNNING;
    bool undo = alone || (event->kind == LC_EVENT_UNDO && action->phase <= LC_PHASE_RUNNING &&
                          self->phase > LC_PHASE_RUNNING);

    HOLDS(action->from == self->phase, "a phase began from another than the last");
    HOLDS(action->phase > self->phase || undo, "a phase came back");
    HOLDS(action->at >= self->phase_at, "a phase ended before it began");
    if (alone)
        see_restart(self, policy);
    if (action->phase == LC_PHASE_RUNNING)
        self->ran = true;
    else if (action->phase > LC_PHASE_RUNNING)
        HOLDS(self->t0 != LC_NEVER, "a shutdown without a trigger");
    if (action->phase == LC_PHASE_DRAINED)
        HOLDS(!self->committed, "drained after the stop signal");
    else if (action->phase > LC_PHASE_DRAINED)
        HOLDS(self->committed, "stopping without a stop signal");
    if (action->phase == LC_PHASE_EXITED)
        HOLDS(account_all_closed(self, policy) ||
                  action->at >= account_plus(self->deadline, policy->margin),
              "exited before everything had ended");
    if (action->phase > LC_PHASE_PROPAGATING)
        wrong = waits_over(self, policy, action);
    if (action->phase == LC_PHASE_DRAINING)
        self->draining_at = action->at;
    self->phase = action->phase;
    self->phase_at = action->at;
    return wrong;
}

static const char *check_ask(struct oracle *self, const struct lc_policy *policy,
                             const struct lc_action *action)
{
    size_t lane = action->lane;

    HOLDS(self->committed, "a lane was asked without a stop signal");
    HOLDS(account_live(self, lane), "a lane that does not run was asked");
    HOLDS(account_unasked(self, lane), "a lane was asked twice");
    HOLDS(!self->killed, "a lane was asked that is to be killed");
    HOLDS(!self->lane[lane].hook_running[LC_HOOK_PRE_STOP] &&
              (self->may_skip || self->lane[lane].next_hook[LC_HOOK_PRE_STOP] >=
                                     policy->lane[lane].hooks[LC_HOOK_PRE_STOP]),
          "a lane was asked before its hooks were done");
    HOLDS(self->phase >= LC_PHASE_STOPPING || !account_deferred(self, policy, lane),
          "a lane was asked before the waits were over");
    for (size_t i = 0; i < policy->lanes && !self->hurried; i++) {
        if (!account_needs(policy, i, lane) || account_closed(self, i))
            continue;
        bool survives = self->lane[i].forced &&
                        action->at >= account_minus(account_stage_end(self, policy, lane),
                                                    policy->stop_reserve);
        HOLDS(survives || action->at >= self->deadline,
              "a lane was asked before what needs it had ended");
    }
    self->lane[lane].asked = true;
    self->lane[lane].asked_at = action->at;
    return NULL;
}

static const char *check_force(struct oracle *self, const struct lc_policy *policy,
                               const struct lc_action *action)
{
    struct oracle_lane *lane = &self->lane[action->lane];
    lc_msec own = policy->lane[action->lane].stop_timeout;

    HOLDS(account_live(self, action->lane), "a lane that has ended was forced");
    HOLDS(!lane->forced, "a lane was forced twice");
    HOLDS(lane->asked || self->killed, "a lane was killed unasked");
    HOLDS(self->killed || action->at >= self->deadline ||
              action->at >= account_plus(lane->asked_at, own) ||
              action->at >= account_stage_end(self, policy, action->lane),
          "a lane was forced before its time");
    if (!self->late && !self->killed && !self->hurried && own >= policy->stop_reserve)
        HOLDS(action->at >= account_plus(lane->asked_at, policy->stop_reserve / 2),
              "a lane was forced without any time");
    lane->forced = true;
    return NULL;
}

static const char *check_hook_start(struct oracle *self, const struct lc_policy *policy,
                                    const struct lc_action *action)
{
    struct oracle_lane *lane = &self->lane[action->lane];
    enum lc_hook_kind kind = action->hook;

    HOLDS(!lane->hook_running[kind], "two hooks of a lane ran at once");
    HOLDS(action->hook_index == lane->next_hook[kind], "hooks ran out of order");
    HOLDS(action->hook_index < policy->lane[action->lane].hooks[kind], "a hook that there is not");
    HOLDS(!self->hurried && !self->killed, "a hook began in a hurry");
    HOLDS(!self->committed || action->at < self->deadline, "a hook began after the deadline");
    if (kind == LC_HOOK_PRE_STOP) {
        HOLDS(self->t0 != LC_NEVER && !self->cold, "a preStop hook has no business now");
        HOLDS(account_unasked(self, action->lane), "a preStop hook ran after the stop");
        HOLDS(self->phase >= LC_PHASE_DRAINING || !account_deferred(self, policy, action->lane),
              "a preStop hook ran in the window");
    } else {
        HOLDS(lane->gone, "a postStop hook ran before the end");
    }
    lane->hook_running[kind] = true;
    lane->hook_due[kind] =
        account_plus(action->at, policy->lane[action->lane].hook_timeout[kind][action->hook_index]);
    return NULL;
}

static const char *check_hook_kill(struct oracle *self, const struct lc_policy *policy,
                                   const struct lc_action *action)
{
    const struct oracle_lane *lane = &self->lane[action->lane];

    HOLDS(lane->hook_running[action->hook], "a hook was killed that does not run");
    HOLDS(action->hook_index == lane->next_hook[action->hook], "another hook was killed");
    account_end_hook(self, policy, action->lane, action->hook);
    return NULL;
}

static uint8_t exit_code(const struct oracle *self, const struct lc_policy *policy)
{
    const struct oracle_lane *main_lane = &self->lane[policy->main_lane];
    uint8_t code = main_lane->gone ? main_lane->code : 0;

    if (code == 0 && self->fan_out)
        code = self->lane[self->failed_lane].code;
    if (code == 0 && self->check_failed)
        code = 1;
    if (code == 0 && !main_lane->started && self->stop_signal)
        return (uint8_t)(128 + self->stop_signal);
    for (size_t i = 0; i < policy->lanes && code == 0; i++) {
        if (self->lane[i].forced)
            code = 137;
    }
    return code;
}

static const char *check_end(struct oracle *self, const struct lc_policy *policy,
                             const struct lc_event *event, const struct lc_action *action)
{
    HOLDS(self->phase == LC_PHASE_EXITED, "the leftovers' turn before the lanes were gone");
    if (action->kind == LC_ACTION_LEFTOVERS_ASK) {
        HOLDS(!self->leftovers_asked && !self->leftovers_forced, "leftovers were asked twice");
        HOLDS(!self->killed && action->at < self->deadline, "leftovers were asked too late");
        self->leftovers_asked = true;
        self->leftovers_at = action->at;
    } else if (action->kind == LC_ACTION_LEFTOVERS_FORCE) {
        HOLDS(!self->leftovers_forced, "leftovers were forced twice");
        HOLDS(self->killed || action->at >= self->deadline ||
                  action->at >= account_plus(self->leftovers_at, policy->leftover_timeout),
              "leftovers were forced before their time");
        self->leftovers_forced = true;
    } else {
        HOLDS((event->kind == LC_EVENT_LEFTOVERS && event->count == 0) ||
                  (event->kind == LC_EVENT_STOP && policy->sidecar) ||
                  action->at >= account_plus(self->deadline, policy->margin),
              "exit while there were leftovers");
        HOLDS(self->leftovers_asked || self->leftovers_forced, "leftovers were left out");
        self->exited = true;
    }
    return NULL;
}

static const char *check_ready(struct oracle *self, const struct lc_action *action)
{
    bool on = action->kind == LC_ACTION_READY_ON;

    HOLDS(self->ready != on, "readiness was switched to what it was");
    if (on)
        HOLDS(self->phase == LC_PHASE_RUNNING && self->t0 == LC_NEVER, "readiness came back");
    self->ready = on;
    return NULL;
}

static const char *check_action(struct oracle *self, const struct lc_policy *policy,
                                const struct lc_event *event, const struct lc_action *action)
{
    HOLDS(!self->exited, "something happened after the exit");
    HOLDS(action->at <= self->now, "an action of the future");
    HOLDS(action->lane < policy->lanes, "a lane that there is not");
    account_note_time(self, policy, action->at);
    switch (action->kind) {
    case LC_ACTION_PHASE:
        return check_phase(self, policy, event, action);
    case LC_ACTION_READY_ON:
    case LC_ACTION_READY_OFF:
        return check_ready(self, action);
    case LC_ACTION_LANE_START:
        return check_start(self, policy, action);
    case LC_ACTION_LANE_ASK:
        return check_ask(self, policy, action);
    case LC_ACTION_LANE_FORCE:
        return check_force(self, policy, action);
    case LC_ACTION_HOOK_START:
        return check_hook_start(self, policy, action);
    case LC_ACTION_HOOK_KILL:
        return check_hook_kill(self, policy, action);
    case LC_ACTION_RELEASE:
        return check_release(self);
    case LC_ACTION_LEFTOVERS_ASK:
    case LC_ACTION_LEFTOVERS_FORCE:
    case LC_ACTION_EXIT:
        return check_end(self, policy, event, action);
    case LC_ACTION_COUNT:
    default:
        return "no action at all";
    }
}

/* What must be true when a step is over */

static const char *check_readiness(const struct oracle *self, const struct lc_policy *policy)
{
    if (self->t0 == LC_NEVER) {
        HOLDS(self->ready == (self->phase == LC_PHASE_RUNNING && account_fit(self, policy)),
              "readiness is not what the lanes make of it");
        return NULL;
    }
    if (policy->readiness == LC_READINESS_FLIP || self->check_failed)
        HOLDS(!self->ready, "ready in a shutdown");
    else if (policy->readiness == LC_READINESS_AFTER_WINDOW)
        HOLDS(!self->ready || self->phase == LC_PHASE_PROPAGATING, "ready after the window");
    else
        HOLDS(!self->ready || self->phase < LC_PHASE_EXITED, "ready at the exit");
    return NULL;
}

/* Nothing is left undone: no order of events leads to where it waits for nobody. */
static const char *check_progress(const struct oracle *self, const struct lc_policy *policy,
                                  size_t i)
{
    const struct oracle_lane *lane = &self->lane[i];
    bool in_the_way = lane->hook_running[LC_HOOK_PRE_STOP];

    for (size_t kind = 0; kind < LC_HOOK_KIND_COUNT; kind++)
        HOLDS(!lane->hook_running[kind] || lane->hook_due[kind] > self->now,
              "a hook had more than its time");
    HOLDS(!lane->gone || lane->closed || lane->hook_running[LC_HOOK_POST_STOP],
          "a postStop hook was left out");
    if (self->t0 == LC_NEVER) {
        HOLDS(!lane->hook_running[LC_HOOK_PRE_STOP], "a preStop hook runs without a shutdown");
        HOLDS(self->phase != LC_PHASE_STARTING || lane->started ||
                  !account_satisfied(self, policy, i),
              "a lane was not started");
        return NULL;
    }
    if (account_unasked(self, i) && !self->may_skip &&
        (self->phase >= LC_PHASE_DRAINING || !account_deferred(self, policy, i)))
        HOLDS(lane->hook_running[LC_HOOK_PRE_STOP] ||
                  lane->next_hook[LC_HOOK_PRE_STOP] >= policy->lane[i].hooks[LC_HOOK_PRE_STOP],
              "a preStop hook was left out");
    for (size_t upper = 0; upper < policy->lanes; upper++)
        in_the_way |= account_needs(policy, upper, i) && !account_closed(self, upper);
    if (self->committed && account_unasked(self, i))
        HOLDS(in_the_way || (self->phase < LC_PHASE_STOPPING && account_deferred(self, policy, i)),
              "a lane was not asked");
    return NULL;
}

static const char *check_times(const struct oracle *self, const struct lc_policy *policy)
{
    bool any_live = false;

    bool waits = self->phase == LC_PHASE_PROPAGATING || self->phase == LC_PHASE_DRAINING;
    HOLDS(!waits || !(self->cold || self->hurried || self->killed), "a wait in a hurry");
    HOLDS(!waits || self->now < account_cut(self, policy), "a wait at the stop reserve's expense");
    HOLDS(self->phase != LC_PHASE_PROPAGATING ||
              (account_serving(self, policy) && !self->check_failed &&
               self->now < window_end(self, policy)),
          "a window for nobody, or beyond its end");
    if (!self->committed)
        return NULL;
    for (size_t i = 0; i < policy->lanes; i++) {
        any_live |= account_live(self, i);
        HOLDS(self->now < self->deadline || !account_live(self, i) || self->lane[i].forced,
              "alive and not killed after the deadline");
        HOLDS(!self->killed || !account_live(self, i) || self->lane[i].forced,
              "not killed at once");
        HOLDS(!self->hurried || !account_unasked(self, i), "not asked in a hurry");
    }
    HOLDS(self->phase != LC_PHASE_KILLING || any_live, "killing nobody");
    HOLDS(self->phase == LC_PHASE_KILLING || self->now < self->deadline || !any_live ||
              self->exited,
          "alive after the deadline, but not killing");
    HOLDS((self->phase == LC_PHASE_EXITED) == (account_all_closed(self, policy) || self->exited),
          "exited is when everything has ended");
    HOLDS(self->exited || self->now < account_plus(self->deadline, policy->margin),
          "no exit at the end");
    return NULL;
}

/* No hook waits for nothing, or for one that will not come. */
static const char *check_hooks_answered(const struct oracle *self, const struct lc_policy *policy)
{
    HOLDS(self->unpaired == LC_UNPAIRED_NONE ||
              self->now < account_plus(self->unpaired_at, policy->pair_time),
          "a container that only restarts leaves a shutdown behind");
    HOLDS(self->to_restart == 0, "a container's restart was not followed");
    HOLDS(!policy->sidecar || self->stop_signal == 0 || self->exited,
          "a sidecar outlived its stop signal");
    HOLDS(!self->waits || account_holds(self), "nobody was released");
    return NULL;
}

static const char *check_account(const struct oracle *self, const struct lc_lifecycle *after)
{
    static struct lc_actions actions;
    struct lc_lifecycle copy = *after;
    const struct lc_event tick = {.kind = LC_EVENT_TICK};
    lc_msec next = lc_lifecycle_next(after);

    HOLDS(after->phase == self->phase && after->entered[self->phase] == self->phase_at,
          "the phase is another than was said");
    HOLDS(after->ready == self->ready, "readiness is another than was said");
    HOLDS(after->t0 == self->t0, "T0 is another");
    HOLDS(!self->committed || after->deadline == self->deadline, "the deadline is another");
    HOLDS(after->done == self->exited, "the exit was not said");
    HOLDS(!self->exited || lc_lifecycle_exit_code(after) == exit_code(self, &after->policy),
          "another exit code");
    HOLDS(next > self->now, "a timer that was due did not fire");
    HOLDS(!self->exited || next == LC_NEVER, "a timer after the exit");
    HOLDS(!self->committed || self->exited || self->deadline == LC_NEVER ||
              next <= self->deadline || next <= account_plus(self->deadline, after->policy.margin),
          "nothing will wake it before its end");
    lc_lifecycle_step(&copy, next == LC_NEVER ? account_plus(self->now, 1) : next - 1, &tick,
                      &actions);
    HOLDS(actions.count == 0, "something happened while nothing was due");
    return NULL;
}

const char *oracle_step(struct oracle *self, const struct lc_policy *policy, lc_msec wanted,
                        lc_msec now, const struct lc_event *event, const struct lc_actions *actions,
                        const struct lc_lifecycle *after)
{
    const char *wrong = NULL;
    bool was_ready = self->ready, was_running = self->t0 == LC_NEVER,
         undo = account_is_undo(self, event);

    if (self->exited) {
        HOLDS(actions->count == 0, "something happened after the exit");
        return NULL;
    }
    HOLDS(actions->count < LC_ACTIONS_MAX, "more actions than there is room for");
    self->now = now > self->now ? now : self->now;
    self->late = self->late || self->now > wanted;
    account_see(self, policy, event);
    account_note_time(self, policy, self->now);
    if (was_running && self->t0 != LC_NEVER && was_ready && policy->readiness == LC_READINESS_FLIP)
        HOLDS(actions->count > 0 && actions->list[0].kind == LC_ACTION_READY_OFF,
              "readiness did not go off before anything else");
    for (size_t i = 0; i < actions->count && !wrong; i++)
        wrong = check_action(self, policy, event, &actions->list[i]);
    for (size_t i = 0; i < policy->lanes && undo; i++)
        self->lane[i].next_hook[LC_HOOK_PRE_STOP] = 0;
    if (!wrong)
        account_note_time(self, policy, self->now);
    for (size_t i = 0; i < policy->lanes && !wrong && !self->exited; i++)
        wrong = check_progress(self, policy, i);
    if (!wrong)
        wrong = check_readiness(self, policy);
    if (!wrong)
        wrong = check_times(self, policy);
    if (!wrong)
        wrong = check_hooks_answered(self, policy);
    if (!wrong)
        wrong = check_account(self, after);
    return wrong;
}
