/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/probes_parts.h"

#include "base/json.h"
#include "base/signal_name.h"

static lc_msec since(lc_msec begin, lc_msec now)
{
    return begin < now ? now - begin : 0;
}

static void add_seconds(struct lc_json *json, const char *key, bool known, lc_msec msec)
{
    if (known)
        lc_json_seconds(json, key, msec);
    else
        lc_json_null(json, key);
}

/* How long ago that was; null: it has not been. */
static void add_ago(struct lc_json *json, const char *key, lc_msec at, lc_msec now)
{
    add_seconds(json, key, at != LC_NEVER, since(at, now));
}

/* An int, or null where it is below `least`. */
static void add_int(struct lc_json *json, const char *key, int value, int least)
{
    if (value >= least)
        lc_json_int(json, key, value);
    else
        lc_json_null(json, key);
}

static void add_cause(struct lc_json *json, const struct lc_probes *probes)
{
    const struct lc_lifecycle *lifecycle = probes->lifecycle;
    char name[LC_SIGNAL_NAME_MAX];

    if (lifecycle->cause == LC_CAUSE_NONE) {
        lc_json_null(json, "cause");
        return;
    }
    lc_json_object_begin(json, "cause");
    lc_json_string(json, "kind", lc_cause_name(lifecycle->cause));
    if (lifecycle->cause == LC_CAUSE_SIGNAL)
        lc_json_string(json, "signal", lc_signal_format(lifecycle->cause_signal, name));
    if (lifecycle->cause == LC_CAUSE_LANE || lifecycle->cause == LC_CAUSE_CHECK)
        lc_json_string(json, "process", probes->process[lifecycle->cause_lane].name);
    lc_json_end(json);
}

static void add_processes(struct lc_json *json, const struct lc_probes *probes, lc_msec now)
{
    lc_json_array_begin(json, "processes");
    for (size_t i = 0; i < probes->lifecycle->policy.lanes; i++) {
        const struct lc_probe_process *process = &probes->process[i];
        const struct lc_lane *lane = &probes->lifecycle->lane[i];

        lc_json_object_begin(json, NULL);
        lc_json_string(json, "name", process->name);
        add_int(json, "pid", process->pid, 1);
        lc_json_string(json, "state", lc_lane_state_name(lane->state));
        add_int(json, "exitCode", process->exit_code, 0);
        add_ago(json, "started", process->started_at, now);
        add_ago(json, "asked", lane->asked_at, now);
        add_ago(json, "killed", process->killed_at, now);
        add_ago(json, "ended", process->ended_at, now);
        lc_json_end(json);
    }
    lc_json_end(json);
}

static void add_checks(struct lc_json *json, const struct lc_probes *probes)
{
    struct lc_checks checks;

    lc_probes_readyz(probes, &checks);
    lc_probes_add_checks(probes, LC_CHECK_LIVENESS, false, &checks);
    lc_json_array_begin(json, "checks");
    for (size_t i = 0; i < checks.count; i++) {
        lc_json_object_begin(json, NULL);
        lc_json_string(json, "name", checks.list[i].name);
        lc_json_bool(json, "ok", checks.list[i].ok);
        if (!checks.list[i].ok)
            lc_json_string(json, "why", checks.list[i].why);
        lc_json_end(json);
    }
    lc_json_end(json);
}

/* The phases so far, each with its time up to the next one; the last goes on. */
static void add_phases(struct lc_json *json, const struct lc_lifecycle *lifecycle, lc_msec now)
{
    lc_json_array_begin(json, "phases");
    for (unsigned i = 0; i <= lifecycle->phase; i++) {
        lc_msec elapsed = lc_lifecycle_phase_time(lifecycle, (enum lc_phase)i, now);

        if (elapsed == LC_NEVER)
            continue;
        lc_json_object_begin(json, NULL);
        lc_json_string(json, "phase", lc_phase_name((enum lc_phase)i));
        lc_json_seconds(json, "elapsed", elapsed);
        lc_json_end(json);
    }
    lc_json_end(json);
}

static void add_connections(struct lc_json *json, const struct lc_connections_count *count)
{
    if (!count) {
        lc_json_null(json, "connections");
        return;
    }
    lc_json_object_begin(json, "connections");
    lc_json_int(json, "listeners", count->listeners);
    lc_json_int(json, "open", count->open);
    lc_json_int(json, "inFlight", count->in_flight);
    lc_json_int(json, "waiting", count->backlog);
    lc_json_end(json);
}

static const char *const hook_states[] = {
    [LC_HOOK_NOT_RUN] = "not run", [LC_HOOK_RUNNING] = "running",   [LC_HOOK_DONE] = "done",
    [LC_HOOK_FAILED] = "failed",   [LC_HOOK_GIVEN_UP] = "given up",
};
_Static_assert(sizeof(hook_states) / sizeof(hook_states[0]) == LC_HOOK_STATE_COUNT, "a name each");

static void add_hook(struct lc_json *json, const char *process, enum lc_hook_kind kind,
                     unsigned index, const struct lc_hook_record *record, lc_msec now)
{
    lc_json_object_begin(json, NULL);
    lc_json_string(json, "process", process);
    lc_json_string(json, "hook", lc_hook_kind_name(kind));
    lc_json_int(json, "index", index);
    lc_json_string(json, "state", hook_states[record->state]);
    add_ago(json, "started", record->started_at, now);
    add_ago(json, "ended", record->ended_at, now);
    lc_json_end(json);
}

/* Those that have run in this shutdown: an earlier one may have been taken back. */
static void add_hooks(struct lc_json *json, const struct lc_probes *probes, lc_msec now)
{
    const struct lc_lifecycle *lifecycle = probes->lifecycle;

    lc_json_array_begin(json, "hooks");
    for (unsigned lane = 0; lane < lifecycle->policy.lanes; lane++)
        for (unsigned kind = 0; kind < LC_HOOK_KIND_COUNT; kind++)
            for (unsigned i = 0; i < LC_HOOKS_MAX; i++) {
                const struct lc_hook_record *record = &probes->hooks->record[lane][kind][i];

                if (record->state != LC_HOOK_NOT_RUN && record->started_at >= lifecycle->t0)
                    add_hook(json, probes->process[lane].name, (enum lc_hook_kind)kind, i, record,
                             now);
            }
    lc_json_end(json);
}

size_t lc_probes_status(const struct lc_probes *self, char *body, size_t size)
{
    const struct lc_lifecycle *lifecycle = self->lifecycle;
    lc_msec now = self->now(self->userdata), deadline = lifecycle->deadline;
    lc_msec end = lc_lifecycle_phase_end(lifecycle);
    struct lc_json json;

    lc_json_init(&json, body, size);
    lc_json_object_begin(&json, NULL);
    lc_json_string(&json, "version", LC_VERSION);
    lc_json_string(&json, "phase", lc_phase_name(lifecycle->phase));
    lc_json_seconds(&json, "since", since(lifecycle->entered[lifecycle->phase], now));
    add_seconds(&json, "remaining", end != LC_NEVER, since(now, end));
    lc_json_bool(&json, "ready", lifecycle->ready);
    lc_json_string(&json, "readiness", lc_readiness_name(lifecycle->policy.readiness));
    add_cause(&json, self);
    add_seconds(&json, "elapsed", lifecycle->t0 != LC_NEVER, since(lifecycle->t0, now));
    add_seconds(&json, "deadline", deadline != LC_NEVER, since(now, deadline));
    lc_json_seconds(&json, "grace", lifecycle->policy.grace);
    lc_json_seconds(&json, "margin", lifecycle->policy.margin);
    add_processes(&json, self, now);
    add_checks(&json, self);
    add_phases(&json, lifecycle, now);
    add_connections(&json, self->connected(self->userdata));
    add_hooks(&json, self, now);
    lc_json_end(&json);
    return lc_json_finish(&json);
}
