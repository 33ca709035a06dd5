/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_DRIVE_METRICS_H
#define LC_DRIVE_METRICS_H

/*
 * What is counted, and /metrics: Prometheus' text format, version 0.0.4. A fixed table of plain
 * numbers, so that counting allocates nothing and cannot fail. Names and labels follow Prometheus'
 * conventions (prometheus.io/docs/practices/naming): base units, `_total` for counters.
 */

#include "core/lifecycle.h"
#include "sys/connections.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum lc_signal_action {
    LC_SIGNAL_ACTION_STOP,
    LC_SIGNAL_ACTION_IGNORE,
    LC_SIGNAL_ACTION_HURRY,
    LC_SIGNAL_ACTION_KILL,
    LC_SIGNAL_ACTION_FORWARD,
    LC_SIGNAL_ACTION_RELOAD,
    LC_SIGNAL_ACTION_COUNT,
};

enum lc_reaped_kind {
    LC_REAPED_PROCESS,
    LC_REAPED_HOOK,
    LC_REAPED_CHECK,
    LC_REAPED_ORPHAN,
    LC_REAPED_KIND_COUNT,
};

enum {
    LC_METRICS_BUCKETS = 12, /* finite ones */
    LC_METRICS_PATHS = 11,   /* the last stands for all that are not served */
    LC_METRICS_CODES = 8,    /* all that lastcall answers */
    LC_METRICS_TEXT_MAX = 32 * 1024,
};

struct lc_histogram {
    uint64_t bucket[LC_METRICS_BUCKETS + 1]; /* not cumulative; the last: beyond all bounds */
    uint64_t sum_msec;
};

/* Those that outlive the container where there is a stateDir stand first: see state.h. */
struct lc_metrics {
    struct lc_histogram phase[LC_PHASE_COUNT];
    uint64_t shutdowns[LC_OUTCOME_COUNT];
    uint64_t signals[LC_SIGNALS_MAX + 1][LC_SIGNAL_ACTION_COUNT];
    uint64_t reaped[LC_REAPED_KIND_COUNT];
    uint64_t requests[LC_METRICS_PATHS][LC_METRICS_CODES];
};

/* The state at the time of a scrape. */
struct lc_metrics_view {
    const struct lc_lifecycle *lifecycle;
    const char *const *names;                     /* of the lanes */
    const bool *up;                               /* by lane: its process runs */
    const struct lc_connections_count *connected; /* NULL: not known */
};

void lc_metrics_phase(struct lc_metrics *self, enum lc_phase phase, lc_msec elapsed);
void lc_metrics_signal(struct lc_metrics *self, int number, enum lc_signal_action action);
void lc_metrics_request(struct lc_metrics *self, const char *path, int status);

/* "stop", "ignore", …; "process", … */
const char *lc_signal_action_name(enum lc_signal_action action);
const char *lc_reaped_kind_name(enum lc_reaped_kind kind);

/* The text into `buf`; a family that does not fit is left out whole. Returns the length. */
size_t lc_metrics_text(const struct lc_metrics *self, const struct lc_metrics_view *view, char *buf,
                       size_t size);

#endif
