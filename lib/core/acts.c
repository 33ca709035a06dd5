/* SPDX-License-Identifier: Apache-2.0 */
#include "core/internal.h"

static void emit(struct lc_actions *ret, struct lc_action action)
{
    if (ret->count < LC_ACTIONS_MAX)
        ret->list[ret->count++] = action;
}

void lc_set_ready(struct lc_lifecycle *self, bool ready, lc_msec at, struct lc_actions *ret)
{
    if (self->ready == ready)
        return;
    self->ready = ready;
    emit(ret,
         (struct lc_action){.kind = ready ? LC_ACTION_READY_ON : LC_ACTION_READY_OFF, .at = at});
}

void lc_enter_phase(struct lc_lifecycle *self, enum lc_phase phase, lc_msec at,
                    struct lc_actions *ret)
{
    static const enum lc_phase ready_until[LC_READINESS_COUNT] = {
        [LC_READINESS_FLIP] = LC_PHASE_RUNNING,
        [LC_READINESS_AFTER_WINDOW] = LC_PHASE_PROPAGATING,
        [LC_READINESS_HOLD] = LC_PHASE_KILLING,
    };
    enum lc_phase from = self->phase;

    if (phase > ready_until[self->policy.readiness])
        lc_set_ready(self, false, at, ret);
    /* A step that came late may have entered `from` at the event's time, which is now, and then
     * find a timer that was due before. Phases do not end before they begin. */
    lc_msec since = self->entered[from];
    at = lc_later(at, since);
    self->phase = phase;
    self->entered[phase] = at;
    emit(ret, (struct lc_action){
                  .kind = LC_ACTION_PHASE, .phase = phase, .from = from, .since = since, .at = at});
}

void lc_start(struct lc_lifecycle *self, size_t lane, lc_msec at, struct lc_actions *ret)
{
    self->lane[lane].state = LC_LANE_STARTING;
    self->lane[lane].started = true;
    emit(ret, (struct lc_action){.kind = LC_ACTION_LANE_START, .lane = (uint8_t)lane, .at = at});
}

void lc_ask(struct lc_lifecycle *self, size_t lane, lc_msec at, struct lc_actions *ret)
{
    self->lane[lane].state = LC_LANE_ASKED;
    self->lane[lane].asked_at = at;
    emit(ret, (struct lc_action){.kind = LC_ACTION_LANE_ASK, .lane = (uint8_t)lane, .at = at});
}

void lc_force(struct lc_lifecycle *self, size_t lane, lc_msec at, struct lc_actions *ret)
{
    self->lane[lane].state = LC_LANE_FORCED;
    self->lane[lane].forced = true;
    emit(ret, (struct lc_action){.kind = LC_ACTION_LANE_FORCE, .lane = (uint8_t)lane, .at = at});
}

void lc_start_hook(struct lc_lifecycle *self, size_t lane, enum lc_hook_kind kind, lc_msec at,
                   struct lc_actions *ret)
{
    struct lc_lane *it = &self->lane[lane];
    uint8_t index = it->next_hook[kind];

    if (it->hook_running[kind] || index >= self->policy.lane[lane].hooks[kind])
        return;
    it->hook_running[kind] = true;
    it->hook_due[kind] = lc_after(at, self->policy.lane[lane].hook_timeout[kind][index]);
    emit(ret, (struct lc_action){.kind = LC_ACTION_HOOK_START,
                                 .lane = (uint8_t)lane,
                                 .hook = kind,
                                 .hook_index = index,
                                 .at = at});
}

void lc_give_up_hook(struct lc_lifecycle *self, size_t lane, enum lc_hook_kind kind, lc_msec at,
                     struct lc_actions *ret)
{
    struct lc_lane *it = &self->lane[lane];

    emit(ret, (struct lc_action){.kind = LC_ACTION_HOOK_KILL,
                                 .lane = (uint8_t)lane,
                                 .hook = kind,
                                 .hook_index = it->next_hook[kind],
                                 .at = at});
    it->hook_running[kind] = false;
    it->next_hook[kind]++;
}

void lc_abandon_hooks(struct lc_lifecycle *self, size_t lane, enum lc_hook_kind kind, lc_msec at,
                      struct lc_actions *ret)
{
    if (self->lane[lane].hook_running[kind])
        lc_give_up_hook(self, lane, kind, at, ret);
    self->lane[lane].next_hook[kind] = LC_HOOKS_MAX;
}

void lc_skip_waits(struct lc_lifecycle *self, lc_msec at, struct lc_actions *ret)
{
    self->window_over = true;
    self->drain_over = true;
    for (size_t i = 0; i < self->policy.lanes; i++)
        lc_abandon_hooks(self, i, LC_HOOK_PRE_STOP, at, ret);
}

void lc_skip_all_hooks(struct lc_lifecycle *self, lc_msec at, struct lc_actions *ret)
{
    lc_skip_waits(self, at, ret);
    for (size_t i = 0; i < self->policy.lanes; i++)
        lc_abandon_hooks(self, i, LC_HOOK_POST_STOP, at, ret);
}

void lc_force_all(struct lc_lifecycle *self, lc_msec at, struct lc_actions *ret)
{
    uint32_t live = lc_lanes_live(self);

    if (live && self->phase != LC_PHASE_KILLING)
        lc_enter_phase(self, LC_PHASE_KILLING, at, ret);
    lc_skip_all_hooks(self, at, ret);
    uint32_t unasked = lc_lanes_unasked(self);
    for (size_t i = 0; i < self->policy.lanes; i++) {
        /* Only a step that came very late finds a lane unasked at the deadline. */
        if (lc_has(unasked, i) && !self->killed)
            lc_ask(self, i, at, ret);
        if (lc_has(live, i) && self->lane[i].state != LC_LANE_FORCED)
            lc_force(self, i, at, ret);
    }
}

void lc_release(struct lc_lifecycle *self, lc_msec at, struct lc_actions *ret)
{
    bool drains = self->t0 != LC_NEVER && self->phase < LC_PHASE_DRAINED;

    if (!self->asked || drains || self->unpaired == LC_UNPAIRED_POD)
        return;
    self->asked = false;
    emit(ret, (struct lc_action){.kind = LC_ACTION_RELEASE, .at = at});
}

void lc_force_leftovers(struct lc_lifecycle *self, lc_msec at, struct lc_actions *ret)
{
    if (self->leftovers_forced)
        return;
    self->leftovers_forced = true;
    emit(ret, (struct lc_action){.kind = LC_ACTION_LEFTOVERS_FORCE, .at = at});
}

void lc_enter_exited(struct lc_lifecycle *self, lc_msec at, struct lc_actions *ret)
{
    lc_enter_phase(self, LC_PHASE_EXITED, at, ret);
    self->leftovers_asked_at = at;
    if (self->killed || at >= self->deadline)
        lc_force_leftovers(self, at, ret);
    else
        emit(ret, (struct lc_action){.kind = LC_ACTION_LEFTOVERS_ASK, .at = at});
}

void lc_finish(struct lc_lifecycle *self, lc_msec at, struct lc_actions *ret)
{
    if (self->phase != LC_PHASE_EXITED)
        lc_enter_exited(self, at, ret);
    lc_release(self, at, ret);
    self->done = true;
    emit(ret, (struct lc_action){.kind = LC_ACTION_EXIT, .at = at});
}
