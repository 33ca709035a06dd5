/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/narrate.h"

#include <unistd.h>

lc_msec lc_narrate_elapsed(const struct lc_lifecycle *lifecycle, lc_msec now)
{
    return lifecycle->t0 == LC_NEVER ? LC_NEVER : now - lifecycle->t0;
}

void lc_narrate_start(struct lc_log *log, const struct lc_config *config)
{
    lc_log(log, LC_LOG_INFO, "lastcall", LC_STR("version", LC_VERSION), LC_INT("pid", getpid()),
           LC_STR("platform", lc_platform_name(config->platform)), LC_STR("why", config->why),
           LC_SECS("grace", config->grace), LC_SECS("margin", config->margin),
           LC_SECS("window", config->window.min), LC_SECS("window_max", config->window.max),
           LC_STR("config", config->file), LC_STR("mode", config->sidecar ? "sidecar" : NULL));
}

static void narrate_phase(struct lc_log *log, const struct lc_lifecycle *lifecycle,
                          const struct lc_action *action, lc_msec now)
{
    lc_log(log, LC_LOG_INFO, "phase", LC_STR("phase", lc_phase_name(action->from)),
           LC_STR("next", lc_phase_name(action->phase)),
           LC_SECS("elapsed", action->at - action->since),
           LC_T(lc_narrate_elapsed(lifecycle, now)));
}

void lc_narrate_action(struct lc_log *log, const struct lc_lifecycle *lifecycle,
                       const struct lc_action *action, lc_msec now)
{
    if (action->kind == LC_ACTION_READY_ON || action->kind == LC_ACTION_READY_OFF)
        lc_log(log, LC_LOG_INFO, "readiness", LC_BOOL("ready", action->kind == LC_ACTION_READY_ON),
               LC_T(lc_narrate_elapsed(lifecycle, now)));
    else if (action->kind == LC_ACTION_PHASE)
        narrate_phase(log, lifecycle, action, now);
}

void lc_narrate_exit(struct lc_log *log, const struct lc_lifecycle *lifecycle,
                     const struct lc_report *report, uint8_t code, lc_msec now)
{
    lc_log(log, LC_LOG_INFO, "exit", LC_INT("code", code),
           LC_STR("outcome", lc_outcome_name(lc_lifecycle_outcome(lifecycle))),
           LC_STR("cause", lc_cause_name(lifecycle->cause)),
           LC_COUNT("in_flight", report->in_flight), LC_COUNT("cut", report->cut),
           LC_T(lc_narrate_elapsed(lifecycle, now)));
}
