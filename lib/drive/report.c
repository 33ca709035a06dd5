/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/report.h"

#include "base/json.h"
#include "base/signal_name.h"

static void add_cause(struct lc_json *json, const struct lc_lifecycle *lifecycle,
                      const char *const names[])
{
    char signal[LC_SIGNAL_NAME_MAX];

    lc_json_string(json, "cause", lc_cause_name(lifecycle->cause));
    if (lifecycle->stop_signal)
        lc_json_string(json, "signal", lc_signal_format(lifecycle->stop_signal, signal));
    if (lifecycle->fan_out)
        lc_json_string(json, "process", names[lifecycle->cause_lane]);
}

/* The shutdown's phases, each with its time so far. */
static void add_phases(struct lc_json *json, const struct lc_lifecycle *lifecycle, lc_msec now)
{
    lc_json_object_begin(json, "phases");
    for (unsigned i = LC_PHASE_PROPAGATING; i <= lifecycle->phase; i++) {
        lc_msec elapsed = lc_lifecycle_phase_time(lifecycle, (enum lc_phase)i, now);

        if (elapsed != LC_NEVER)
            lc_json_seconds(json, lc_phase_name((enum lc_phase)i), elapsed);
    }
    lc_json_end(json);
}

static void add_killed(struct lc_json *json, const struct lc_report *self,
                       const struct lc_lifecycle *lifecycle, const char *const names[])
{
    lc_json_array_begin(json, "killed");
    for (size_t i = 0; i < lifecycle->policy.lanes; i++)
        if (lifecycle->lane[i].forced)
            lc_json_string(json, NULL, names[i]);
    if (self->leftovers_killed)
        lc_json_string(json, NULL, "leftover processes");
    lc_json_end(json);
}

/* What matters most comes first: what does not fit is left out. */
size_t lc_report_format(const struct lc_report *self, const struct lc_lifecycle *lifecycle,
                        const char *const names[], int exit_code, lc_msec now,
                        char buf[static LC_REPORT_MAX])
{
    struct lc_json json;

    lc_json_init(&json, buf, LC_REPORT_MAX);
    lc_json_object_begin(&json, NULL);
    lc_json_string(&json, "lastcall", LC_VERSION);
    add_cause(&json, lifecycle, names);
    lc_json_string(&json, "phase", lc_phase_name(lifecycle->phase));
    lc_json_seconds(&json, "t", now > lifecycle->t0 ? now - lifecycle->t0 : 0);
    if (exit_code >= 0) {
        lc_json_int(&json, "exitCode", exit_code);
        lc_json_string(&json, "outcome", lc_outcome_name(lc_lifecycle_outcome(lifecycle)));
    }
    if (self->in_flight >= 0)
        lc_json_int(&json, "inFlight", self->in_flight);
    if (self->cut >= 0)
        lc_json_int(&json, "cut", self->cut);
    add_killed(&json, self, lifecycle, names);
    add_phases(&json, lifecycle, now);
    lc_json_end(&json);
    return lc_json_finish(&json);
}
