/* SPDX-License-Identifier: Apache-2.0 */
#include "core/internal.h"

/*
 * A step is: the event changes what is known, settle() draws the conclusions that need no time to
 * pass, then each timer due by now fires at the time it was due, and settle() again.
 *
 * Nothing here remembers what is to be done next. Each conclusion is drawn afresh from what is
 * known, so that no order of events can leave one undone.
 */

static void start_lanes(struct lc_lifecycle *self, lc_msec at, struct lc_actions *ret)
{
    bool all_up = true;

    for (size_t i = 0; i < self->policy.lanes; i++) {
        const struct lc_lane *lane = &self->lane[i];

        if (lc_lane_startable(self, i))
            lc_start(self, i, at, ret);
        all_up = all_up && (lane->state == LC_LANE_READY || lane->state == LC_LANE_GONE);
    }
    if (all_up)
        lc_enter_phase(self, LC_PHASE_RUNNING, at, ret);
}

/* The earliest phase of a shutdown that has something left to do. */
static enum lc_phase phase_due(const struct lc_lifecycle *self)
{
    if (self->committed && lc_lanes_open(self) == 0)
        return LC_PHASE_EXITED;
    if (!self->window_over && lc_lanes_serving(self))
        return LC_PHASE_PROPAGATING;
    if (lc_drain_hooks_pending(self) || lc_drain_waits(self))
        return LC_PHASE_DRAINING;
    return self->committed ? LC_PHASE_STOPPING : LC_PHASE_DRAINED;
}

/* A hook that would have no time is not begun: after a step that came late, or when a lane had to
 * be forced for the sake of those beneath it. */
static void skip_late_hooks(struct lc_lifecycle *self, lc_msec at)
{
    unsigned beneath[LC_LANES_MAX];
    bool cut = at >= lc_cut(self);

    (void)lc_stages(self, lc_lanes_unasked(self), beneath);
    for (size_t i = 0; i < self->policy.lanes; i++) {
        struct lc_lane *lane = &self->lane[i];
        bool post_cut = lane->state == LC_LANE_GONE && at >= lc_stage_end(self, beneath[i]);

        if (cut && !lane->hook_running[LC_HOOK_PRE_STOP])
            lane->next_hook[LC_HOOK_PRE_STOP] = LC_HOOKS_MAX;
        if (post_cut && !lane->hook_running[LC_HOOK_POST_STOP])
            lane->next_hook[LC_HOOK_POST_STOP] = LC_HOOKS_MAX;
    }
}

static void move_on(struct lc_lifecycle *self, lc_msec at, struct lc_actions *ret)
{
    enum lc_phase phase = phase_due(self);

    if (phase > self->phase) {
        if (phase == LC_PHASE_EXITED)
            lc_enter_exited(self, at, ret);
        else
            lc_enter_phase(self, phase, at, ret);
    }
    if (self->phase == LC_PHASE_DRAINING && self->drain_since == LC_NEVER &&
        !lc_drain_hooks_pending(self))
        self->drain_since = at;
}

static void start_hooks(struct lc_lifecycle *self, lc_msec at, struct lc_actions *ret)
{
    uint32_t deferred = self->phase < LC_PHASE_DRAINING ? lc_lanes_deferred(self) : 0;
    uint32_t to_hook = self->t0 == LC_NEVER ? 0 : lc_lanes_unasked(self) & ~deferred;

    for (size_t i = 0; i < self->policy.lanes; i++) {
        if (lc_has(to_hook, i))
            lc_start_hook(self, i, LC_HOOK_PRE_STOP, at, ret);
        if (self->lane[i].state == LC_LANE_GONE)
            lc_start_hook(self, i, LC_HOOK_POST_STOP, at, ret);
    }
}

static void ask_lanes(struct lc_lifecycle *self, lc_msec at, struct lc_actions *ret)
{
    uint32_t open = lc_lanes_open(self);
    uint32_t unasked = lc_lanes_unasked(self);
    uint32_t deferred = self->phase < LC_PHASE_STOPPING ? lc_lanes_deferred(self) : 0;

    for (size_t i = 0; i < self->policy.lanes; i++) {
        bool its_turn = !lc_has(deferred, i) && !(self->above[i] & open) &&
                        !lc_hooks_pending(self, i, LC_HOOK_PRE_STOP);

        if (lc_has(unasked, i) && (its_turn || self->hurried))
            lc_ask(self, i, at, ret);
    }
}

/* Draws every conclusion that needs no time to pass. */
static void settle(struct lc_lifecycle *self, lc_msec at, struct lc_actions *ret)
{
    if (self->t0 != LC_NEVER) {
        skip_late_hooks(self, at);
        move_on(self, at, ret);
    } else if (self->phase == LC_PHASE_STARTING) {
        start_lanes(self, at, ret);
    }
    start_hooks(self, at, ret);
    if (self->committed)
        ask_lanes(self, at, ret);
    if (!lc_lanes_fit(self))
        lc_set_ready(self, false, at, ret);
    else if (self->phase == LC_PHASE_RUNNING)
        lc_set_ready(self, true, at, ret);
    lc_release(self, at, ret);
}

void lc_begin(struct lc_lifecycle *self, enum lc_cause cause, const struct lc_event *event,
              lc_msec at, struct lc_actions *ret)
{
    /* Before anything else: with every millisecond more of it new guests are sent to us. */
    if (self->policy.readiness == LC_READINESS_FLIP)
        lc_set_ready(self, false, at, ret);
    self->cause = cause;
    self->t0 = at;
    self->no_listener = event->no_listener;
    self->window_over = lc_window_end(self) <= at;
    self->drain_over = !self->policy.drain || self->policy.drain_timeout == 0;
    /* While starting nobody has been sent to us yet: there is nobody to wait for. */
    if (self->phase == LC_PHASE_STARTING || lc_cut(self) <= at)
        lc_skip_waits(self, at, ret);
}

/*
 * The lanes will be stopped, and the deadline is armed.
 *
 * Where a drain began the shutdown the time since T0 counts: the platform's grace runs during a
 * preStop hook too. But however late the stop signal comes, each stage gets its reserve: the
 * kubelet leaves a container 2 s at the least when its hook has used up the grace
 * (minimumGracePeriodInSeconds in pkg/kubelet/kuberuntime/kuberuntime_container.go), and nobody is
 * to be killed unasked. A signal later than the whole grace has nothing to do with that T0:
 * somebody drained by hand, hours ago perhaps.
 */
static void commit(struct lc_lifecycle *self, lc_msec at, struct lc_actions *ret)
{
    const struct lc_policy *policy = &self->policy;
    unsigned beneath[LC_LANES_MAX];
    unsigned stages = lc_stages(self, lc_lanes_unasked(self), beneath);

    if (at >= lc_after(self->t0, policy->grace)) {
        self->t0 = at;
        lc_skip_waits(self, at, ret);
    }
    self->committed = true;
    self->unpaired = LC_UNPAIRED_NONE;
    self->deadline = lc_later(lc_before(lc_after(self->t0, policy->grace), policy->margin),
                              lc_after(at, lc_reserve(policy, stages)));
}

static void on_stop(struct lc_lifecycle *self, const struct lc_event *event, lc_msec at,
                    struct lc_actions *ret)
{
    bool first = self->stop_signal == 0;
    uint8_t answer = first ? LC_SECOND_IGNORE : self->policy.second[event->signal];

    if (first)
        self->stop_signal = event->signal;
    if (self->t0 == LC_NEVER) {
        lc_begin(self, LC_CAUSE_SIGNAL, event, at, ret);
        self->cause_signal = event->signal;
    }
    if (!self->committed)
        commit(self, at, ret);
    if (self->policy.sidecar) {
        lc_end_sidecar(self, at, ret);
    } else if (answer == LC_SECOND_KILL) {
        self->killed = true;
        if (self->phase == LC_PHASE_EXITED)
            lc_force_leftovers(self, at, ret);
        else
            lc_force_all(self, at, ret);
    } else if (event->hurry || answer == LC_SECOND_HURRY) {
        self->hurried = true;
        lc_skip_all_hooks(self, at, ret);
    }
}

void lc_take_back(struct lc_lifecycle *self, lc_msec at, struct lc_actions *ret)
{
    lc_skip_waits(self, at, ret);
    for (size_t i = 0; i < self->policy.lanes; i++)
        self->lane[i].next_hook[LC_HOOK_PRE_STOP] = 0;
    self->cause = LC_CAUSE_NONE;
    self->t0 = LC_NEVER;
    self->unpaired = LC_UNPAIRED_NONE;
    self->last_arrival = LC_NEVER;
    self->held_up = 0;
    self->drain_since = LC_NEVER;
    bool was_running = self->entered[LC_PHASE_RUNNING] != LC_NEVER;
    lc_enter_phase(self, was_running ? LC_PHASE_RUNNING : LC_PHASE_STARTING, at, ret);
    for (size_t i = LC_PHASE_PROPAGATING; i < LC_PHASE_COUNT; i++)
        self->entered[i] = LC_NEVER;
}

/* Whatever a sidecar's hooks may say further: it is meant. */
static void on_drain(struct lc_lifecycle *self, const struct lc_event *event, lc_msec at,
                     struct lc_actions *ret)
{
    self->asked = true;
    self->unpaired = LC_UNPAIRED_NONE;
    if (self->t0 == LC_NEVER)
        lc_begin(self, LC_CAUSE_DRAIN, event, at, ret);
}

/* Nothing runs, and nothing that waits can ever start. */
static bool nobody_left(const struct lc_lifecycle *self)
{
    for (size_t i = 0; i < self->policy.lanes; i++) {
        if (lc_lane_startable(self, i))
            return false;
    }
    return lc_lanes_live(self) == 0;
}

static void on_lane_gone(struct lc_lifecycle *self, const struct lc_event *event, lc_msec at,
                         struct lc_actions *ret)
{
    struct lc_lane *lane = &self->lane[event->lane];

    if (!lc_has(lc_lanes_live(self), event->lane))
        return;
    lane->state = LC_LANE_GONE;
    lane->code = event->code;
    lc_abandon_hooks(self, event->lane, LC_HOOK_PRE_STOP, at, ret);
    if (self->committed || !(self->policy.lane[event->lane].essential || nobody_left(self)))
        return;
    if (self->t0 == LC_NEVER)
        lc_begin(self, LC_CAUSE_LANE, event, at, ret);
    self->fan_out = true;
    self->cause_lane = event->lane;
    commit(self, at, ret);
}

/* It runs, but nobody is to be sent to it, and waiting for endpoints helps nobody: no window. In a
 * shutdown its stop signal is on the way already, and nothing is checked any more, as with the
 * kubelet once a pod is deleted (doProbe() in pkg/kubelet/prober/worker.go). */
static void on_lane_failed(struct lc_lifecycle *self, const struct lc_event *event, lc_msec at,
                           struct lc_actions *ret)
{
    if (self->t0 != LC_NEVER || !self->policy.lane[event->lane].essential ||
        !lc_has(lc_lanes_live(self), event->lane))
        return;
    lc_set_ready(self, false, at, ret);
    lc_begin(self, LC_CAUSE_CHECK, event, at, ret);
    self->window_over = true;
    self->lane[event->lane].failed = true;
    self->fan_out = true;
    self->cause_lane = event->lane;
    commit(self, at, ret);
}

static void on_lane_ready(struct lc_lifecycle *self, const struct lc_event *event)
{
    if (self->lane[event->lane].state == LC_LANE_STARTING)
        self->lane[event->lane].state = LC_LANE_READY;
}

static void on_lane_unready(struct lc_lifecycle *self, const struct lc_event *event, lc_msec at,
                            struct lc_actions *ret)
{
    if (self->lane[event->lane].state == LC_LANE_READY)
        self->lane[event->lane].state = LC_LANE_STARTING;
    else if (lc_has(lc_lanes_live(self), event->lane))
        lc_set_ready(self, false, at, ret);
}

static void on_hook_done(struct lc_lifecycle *self, const struct lc_event *event)
{
    struct lc_lane *lane = &self->lane[event->lane];

    if (!lane->hook_running[event->hook] || lane->next_hook[event->hook] != event->hook_index)
        return;
    lane->hook_running[event->hook] = false;
    lane->next_hook[event->hook]++;
}

static void on_leftovers(struct lc_lifecycle *self, const struct lc_event *event, lc_msec at,
                         struct lc_actions *ret)
{
    if (self->phase != LC_PHASE_EXITED)
        return;
    self->leftovers = event->count;
    if (event->count == 0)
        lc_finish(self, at, ret);
}

static void on_arrival(struct lc_lifecycle *self, lc_msec at)
{
    if (self->phase == LC_PHASE_PROPAGATING)
        self->last_arrival = at;
}

/* A node that has no time for us has none either for those who are to tell our clients, and perhaps
 * none for the clients: its silence says nothing. */
static void on_held_up(struct lc_lifecycle *self, const struct lc_event *event, lc_msec at)
{
    if (self->phase != LC_PHASE_PROPAGATING)
        return;
    self->held_up = lc_earlier(self->held_up + event->count, lc_before(at, self->t0));
    if (self->last_arrival != LC_NEVER)
        self->last_arrival = lc_earlier(self->last_arrival + event->count, at);
}

/* What was in flight before the hooks had their say may not be the last of it. */
static void on_in_flight(struct lc_lifecycle *self, const struct lc_event *event)
{
    if (self->drain_since != LC_NEVER && event->count == 0)
        self->drain_over = true;
}

static bool in_bounds(const struct lc_lifecycle *self, const struct lc_event *event)
{
    switch (event->kind) {
    case LC_EVENT_LANE_READY:
    case LC_EVENT_LANE_UNREADY:
    case LC_EVENT_LANE_FAILED:
    case LC_EVENT_LANE_GONE:
        return event->lane < self->policy.lanes;
    case LC_EVENT_HOOK_DONE:
        return event->lane < self->policy.lanes && (unsigned)event->hook < LC_HOOK_KIND_COUNT;
    case LC_EVENT_STOP:
        return event->signal > 0 && event->signal <= LC_SIGNALS_MAX;
    case LC_EVENT_PRESTOP_CONTAINER:
    case LC_EVENT_PRESTOP_POD:
        return self->policy.sidecar;
    case LC_EVENT_TICK:
    case LC_EVENT_DRAIN:
    case LC_EVENT_UNDO:
    case LC_EVENT_ARRIVAL:
    case LC_EVENT_HELD_UP:
    case LC_EVENT_INFLIGHT:
    case LC_EVENT_LEFTOVERS:
    case LC_EVENT_COUNT:
        break;
    }
    return true;
}

static void take_in(struct lc_lifecycle *self, const struct lc_event *event, lc_msec at,
                    struct lc_actions *ret)
{
    if (!in_bounds(self, event))
        return;
    switch (event->kind) {
    case LC_EVENT_LANE_READY:
        on_lane_ready(self, event);
        break;
    case LC_EVENT_LANE_UNREADY:
        on_lane_unready(self, event, at, ret);
        break;
    case LC_EVENT_LANE_FAILED:
        on_lane_failed(self, event, at, ret);
        break;
    case LC_EVENT_LANE_GONE:
        on_lane_gone(self, event, at, ret);
        break;
    case LC_EVENT_STOP:
        on_stop(self, event, at, ret);
        break;
    case LC_EVENT_DRAIN:
        on_drain(self, event, at, ret);
        break;
    case LC_EVENT_PRESTOP_CONTAINER:
    case LC_EVENT_PRESTOP_POD:
        lc_prestop(self, event, at, ret);
        break;
    case LC_EVENT_UNDO:
        if (self->t0 != LC_NEVER && !self->committed)
            lc_take_back(self, at, ret);
        break;
    case LC_EVENT_ARRIVAL:
        on_arrival(self, at);
        break;
    case LC_EVENT_HELD_UP:
        on_held_up(self, event, at);
        break;
    case LC_EVENT_INFLIGHT:
        on_in_flight(self, event);
        break;
    case LC_EVENT_HOOK_DONE:
        on_hook_done(self, event);
        break;
    case LC_EVENT_LEFTOVERS:
        on_leftovers(self, event, at, ret);
        break;
    case LC_EVENT_TICK:
    case LC_EVENT_COUNT:
        break;
    }
}

static void fire(struct lc_lifecycle *self, const struct lc_timer *timer, struct lc_actions *ret)
{
    switch (timer->kind) {
    case LC_TIMER_PAIR:
        lc_stay_unpaired(self, timer->at, ret);
        break;
    case LC_TIMER_HOOK:
        lc_give_up_hook(self, timer->lane, timer->hook, timer->at, ret);
        break;
    case LC_TIMER_POST_STOP:
        lc_abandon_hooks(self, timer->lane, LC_HOOK_POST_STOP, timer->at, ret);
        break;
    case LC_TIMER_WINDOW:
        self->window_over = true;
        break;
    case LC_TIMER_DRAIN:
        self->drain_over = true;
        break;
    case LC_TIMER_CUT:
        lc_skip_waits(self, timer->at, ret);
        break;
    case LC_TIMER_LAST_CALL:
        lc_ask(self, timer->lane, timer->at, ret);
        break;
    case LC_TIMER_DEADLINE:
        lc_force_all(self, timer->at, ret);
        break;
    case LC_TIMER_STOP:
        lc_force(self, timer->lane, timer->at, ret);
        break;
    case LC_TIMER_LEFTOVERS:
        lc_force_leftovers(self, timer->at, ret);
        break;
    case LC_TIMER_END:
        lc_finish(self, timer->at, ret);
        break;
    }
}

void lc_lifecycle_step(struct lc_lifecycle *self, lc_msec now, const struct lc_event *event,
                       struct lc_actions *ret)
{
    ret->count = 0;
    if (self->done)
        return;
    self->now = lc_later(self->now, now);
    take_in(self, event, self->now, ret);
    if (!self->done)
        settle(self, self->now, ret);

    for (;;) {
        struct lc_timer timer = lc_timer_first(self);

        if (timer.at > self->now || timer.at == LC_NEVER)
            break;
        fire(self, &timer, ret);
        if (!self->done)
            settle(self, timer.at, ret);
    }
}
