/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lifecycle.h"

#include <assert.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* A value from outside may be none of the enum's. */
#define NAME(names, value) ((size_t)(value) < LENGTH(names) ? (names)[value] : "unknown")

const char *lc_phase_name(enum lc_phase phase)
{
    static const char *const names[] = {
        [LC_PHASE_STARTING] = "starting",       [LC_PHASE_RUNNING] = "running",
        [LC_PHASE_PROPAGATING] = "propagating", [LC_PHASE_DRAINING] = "draining",
        [LC_PHASE_DRAINED] = "drained",         [LC_PHASE_STOPPING] = "stopping",
        [LC_PHASE_KILLING] = "killing",         [LC_PHASE_EXITED] = "exited",
    };
    static_assert(LENGTH(names) == LC_PHASE_COUNT, "a name for each");
    return NAME(names, phase);
}

const char *lc_readiness_name(enum lc_readiness readiness)
{
    static const char *const names[] = {
        [LC_READINESS_FLIP] = "flip",
        [LC_READINESS_AFTER_WINDOW] = "after-window",
        [LC_READINESS_HOLD] = "hold",
    };
    static_assert(LENGTH(names) == LC_READINESS_COUNT, "a name for each");
    return NAME(names, readiness);
}

const char *lc_second_name(enum lc_second second)
{
    static const char *const names[] = {
        [LC_SECOND_IGNORE] = "ignore",
        [LC_SECOND_HURRY] = "hurry",
        [LC_SECOND_KILL] = "kill",
    };
    static_assert(LENGTH(names) == LC_SECOND_COUNT, "a name for each");
    return NAME(names, second);
}

const char *lc_event_name(enum lc_event_kind kind)
{
    static const char *const names[] = {
        [LC_EVENT_TICK] = "tick",
        [LC_EVENT_LANE_READY] = "lane-ready",
        [LC_EVENT_LANE_UNREADY] = "lane-unready",
        [LC_EVENT_LANE_FAILED] = "lane-failed",
        [LC_EVENT_LANE_GONE] = "lane-gone",
        [LC_EVENT_STOP] = "stop",
        [LC_EVENT_DRAIN] = "drain",
        [LC_EVENT_PRESTOP_CONTAINER] = "prestop-container",
        [LC_EVENT_PRESTOP_POD] = "prestop-pod",
        [LC_EVENT_UNDO] = "undo",
        [LC_EVENT_ARRIVAL] = "arrival",
        [LC_EVENT_HELD_UP] = "held-up",
        [LC_EVENT_INFLIGHT] = "inflight",
        [LC_EVENT_HOOK_DONE] = "hook-done",
        [LC_EVENT_LEFTOVERS] = "leftovers",
    };
    static_assert(LENGTH(names) == LC_EVENT_COUNT, "a name for each");
    return NAME(names, kind);
}

const char *lc_action_name(enum lc_action_kind kind)
{
    static const char *const names[] = {
        [LC_ACTION_PHASE] = "phase",
        [LC_ACTION_READY_ON] = "ready-on",
        [LC_ACTION_READY_OFF] = "ready-off",
        [LC_ACTION_LANE_START] = "lane-start",
        [LC_ACTION_LANE_ASK] = "lane-ask",
        [LC_ACTION_LANE_FORCE] = "lane-force",
        [LC_ACTION_HOOK_START] = "hook-start",
        [LC_ACTION_HOOK_KILL] = "hook-kill",
        [LC_ACTION_LEFTOVERS_ASK] = "leftovers-ask",
        [LC_ACTION_LEFTOVERS_FORCE] = "leftovers-force",
        [LC_ACTION_RELEASE] = "release",
        [LC_ACTION_EXIT] = "exit",
    };
    static_assert(LENGTH(names) == LC_ACTION_COUNT, "a name for each");
    return NAME(names, kind);
}

const char *lc_lane_state_name(enum lc_lane_state state)
{
    static const char *const names[] = {
        [LC_LANE_WAITING] = "waiting", [LC_LANE_STARTING] = "starting", [LC_LANE_READY] = "ready",
        [LC_LANE_ASKED] = "asked",     [LC_LANE_FORCED] = "forced",     [LC_LANE_GONE] = "gone",
    };
    static_assert(LENGTH(names) == LC_LANE_COUNT, "a name for each");
    return NAME(names, state);
}

const char *lc_hook_kind_name(enum lc_hook_kind kind)
{
    static const char *const names[] = {
        [LC_HOOK_PRE_STOP] = "preStop",
        [LC_HOOK_POST_STOP] = "postStop",
    };
    static_assert(LENGTH(names) == LC_HOOK_KIND_COUNT, "a name for each");
    return NAME(names, kind);
}

const char *lc_cause_name(enum lc_cause cause)
{
    static const char *const names[] = {
        [LC_CAUSE_NONE] = "none", [LC_CAUSE_SIGNAL] = "signal", [LC_CAUSE_DRAIN] = "drain",
        [LC_CAUSE_LANE] = "lane", [LC_CAUSE_CHECK] = "check",
    };
    static_assert(LENGTH(names) == LC_CAUSE_COUNT, "a name for each");
    return NAME(names, cause);
}

const char *lc_outcome_name(enum lc_outcome outcome)
{
    static const char *const names[] = {
        [LC_OUTCOME_STOPPED] = "stopped",
        [LC_OUTCOME_FORCED] = "forced",
        [LC_OUTCOME_CRASHED] = "crashed",
    };
    static_assert(LENGTH(names) == LC_OUTCOME_COUNT, "a name for each");
    return NAME(names, outcome);
}
