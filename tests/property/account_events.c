/* SPDX-License-Identifier: Apache-2.0 */
#include "account.h"

static void begin(struct oracle *self, const struct lc_event *event)
{
    self->t0 = self->now;
    self->no_listener = event->no_listener;
    self->cold = self->phase == LC_PHASE_STARTING;
}

static void commit(struct oracle *self, const struct lc_policy *policy)
{
    if (self->now >= account_plus(self->t0, policy->grace)) {
        self->t0 = self->now;
        self->cold = true;
    }
    lc_msec in_time = account_minus(account_plus(self->t0, policy->grace), policy->margin);
    lc_msec in_any_case =
        account_plus(self->now, policy->stop_reserve * account_stages(self, policy));
    self->committed = true;
    self->unpaired = LC_UNPAIRED_NONE;
    self->deadline = in_time > in_any_case ? in_time : in_any_case;
}

static void see_stop(struct oracle *self, const struct lc_policy *policy,
                     const struct lc_event *event)
{
    if (event->signal == 0 || event->signal > LC_SIGNALS_MAX)
        return;
    uint8_t answer = self->stop_signal ? policy->second[event->signal] : LC_SECOND_IGNORE;
    if (!self->stop_signal)
        self->stop_signal = event->signal;
    if (self->t0 == LC_NEVER)
        begin(self, event);
    if (!self->committed)
        commit(self, policy);
    for (size_t i = 0; i < policy->lanes && policy->sidecar; i++)
        self->lane[i].gone = self->lane[i].closed = self->lane[i].started;
    if (answer == LC_SECOND_KILL)
        self->killed = true;
    else if (answer == LC_SECOND_HURRY || event->hurry)
        self->hurried = true;
}

static bool somebody_left(const struct oracle *self, const struct lc_policy *policy)
{
    for (size_t i = 0; i < policy->lanes; i++) {
        if (account_live(self, i) || (!self->lane[i].started && account_satisfied(self, policy, i)))
            return true;
    }
    return false;
}

static void see_gone(struct oracle *self, const struct lc_policy *policy,
                     const struct lc_event *event)
{
    struct oracle_lane *lane = &self->lane[event->lane];

    if (!account_live(self, event->lane))
        return;
    lane->gone = true;
    lane->code = event->code;
    lane->closed = policy->lane[event->lane].hooks[LC_HOOK_POST_STOP] == 0;
    if (self->committed || (!policy->lane[event->lane].essential && somebody_left(self, policy)))
        return;
    if (self->t0 == LC_NEVER)
        begin(self, event);
    self->fan_out = true;
    self->failed_lane = event->lane;
    commit(self, policy);
}

static void see_failed(struct oracle *self, const struct lc_policy *policy,
                       const struct lc_event *event)
{
    if (self->t0 != LC_NEVER || !policy->lane[event->lane].essential ||
        !account_live(self, event->lane))
        return;
    begin(self, event);
    self->fan_out = self->check_failed = true;
    self->failed_lane = event->lane;
    commit(self, policy);
}

static void see_hook_done(struct oracle *self, const struct lc_policy *policy,
                          const struct lc_event *event)
{
    const struct oracle_lane *lane = &self->lane[event->lane];

    if ((unsigned)event->hook >= LC_HOOK_KIND_COUNT || !lane->hook_running[event->hook] ||
        event->hook_index != lane->next_hook[event->hook])
        return;
    account_end_hook(self, policy, event->lane, event->hook);
}

bool account_pre_stop_hooks_left(const struct oracle *self, const struct lc_policy *policy)
{
    if (self->may_skip)
        return false;
    for (size_t i = 0; i < policy->lanes; i++) {
        const struct oracle_lane *lane = &self->lane[i];
        bool counts = !self->committed || account_deferred(self, policy, i);
        if (counts && account_unasked(self, i) &&
            lane->next_hook[LC_HOOK_PRE_STOP] < policy->lane[i].hooks[LC_HOOK_PRE_STOP])
            return true;
    }
    return false;
}

bool account_is_alone(const struct oracle *self, const struct lc_policy *policy, lc_msec at)
{
    return self->unpaired == LC_UNPAIRED_CONTAINER &&
           at >= account_plus(self->unpaired_at, policy->pair_time);
}

void account_take_back(struct oracle *self)
{
    self->t0 = self->last_arrival = self->draining_at = LC_NEVER;
    self->held_up = 0;
    self->cold = self->drained = self->may_skip = false;
    self->unpaired = LC_UNPAIRED_NONE;
}

bool account_holds(const struct oracle *self)
{
    return self->unpaired == LC_UNPAIRED_POD ||
           (self->t0 != LC_NEVER && self->phase < LC_PHASE_DRAINED);
}

static void see_prestop(struct oracle *self, const struct lc_policy *policy,
                        const struct lc_event *event)
{
    bool pod = event->kind == LC_EVENT_PRESTOP_POD;
    enum lc_unpaired hook = pod ? LC_UNPAIRED_POD : LC_UNPAIRED_CONTAINER;
    enum lc_unpaired other = pod ? LC_UNPAIRED_CONTAINER : LC_UNPAIRED_POD;
    bool undecided = self->t0 == LC_NEVER || self->unpaired == LC_UNPAIRED_CONTAINER;

    if (!policy->sidecar)
        return;
    self->waits = true;
    if (!undecided)
        return;
    if (self->t0 == LC_NEVER && !pod)
        begin(self, event);
    if (self->unpaired == other) {
        self->unpaired = LC_UNPAIRED_NONE;
    } else {
        self->unpaired = hook;
        self->unpaired_at = self->now;
    }
}

bool account_is_undo(const struct oracle *self, const struct lc_event *event)
{
    return event->kind == LC_EVENT_UNDO && self->t0 != LC_NEVER && !self->committed;
}

static void see_lane(struct oracle *self, const struct lc_policy *policy,
                     const struct lc_event *event)
{
    if (event->lane >= policy->lanes)
        return;
    if (event->kind == LC_EVENT_LANE_GONE)
        see_gone(self, policy, event);
    else if (event->kind == LC_EVENT_LANE_FAILED)
        see_failed(self, policy, event);
    else if (event->kind == LC_EVENT_HOOK_DONE)
        see_hook_done(self, policy, event);
    else if (account_live(self, event->lane))
        self->lane[event->lane].ready = event->kind == LC_EVENT_LANE_READY;
}

static lc_msec earlier(lc_msec a, lc_msec b)
{
    return a < b ? a : b;
}

static void see_held_up(struct oracle *self, lc_msec time)
{
    self->held_up = earlier(self->held_up + time, self->now - self->t0);
    if (self->last_arrival != LC_NEVER)
        self->last_arrival = earlier(self->last_arrival + time, self->now);
}

void account_see(struct oracle *self, const struct lc_policy *policy, const struct lc_event *event)
{
    switch (event->kind) {
    case LC_EVENT_LANE_READY:
    case LC_EVENT_LANE_UNREADY:
    case LC_EVENT_LANE_FAILED:
    case LC_EVENT_LANE_GONE:
    case LC_EVENT_HOOK_DONE:
        see_lane(self, policy, event);
        break;
    case LC_EVENT_STOP:
        see_stop(self, policy, event);
        break;
    case LC_EVENT_PRESTOP_CONTAINER:
    case LC_EVENT_PRESTOP_POD:
        see_prestop(self, policy, event);
        break;
    case LC_EVENT_DRAIN:
        self->waits = true;
        self->unpaired = LC_UNPAIRED_NONE;
        if (self->t0 == LC_NEVER)
            begin(self, event);
        break;
    case LC_EVENT_ARRIVAL:
        if (self->phase == LC_PHASE_PROPAGATING)
            self->last_arrival = self->now;
        break;
    case LC_EVENT_HELD_UP:
        if (self->phase == LC_PHASE_PROPAGATING)
            see_held_up(self, event->count);
        break;
    case LC_EVENT_INFLIGHT:
        if (self->phase == LC_PHASE_DRAINING && event->count == 0 &&
            !account_pre_stop_hooks_left(self, policy))
            self->drained = true;
        break;
    case LC_EVENT_UNDO:
        if (account_is_undo(self, event))
            account_take_back(self);
        break;
    case LC_EVENT_TICK:
    case LC_EVENT_LEFTOVERS:
    case LC_EVENT_COUNT:
    default:
        break;
    }
}
