/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/metrics.h"

#include "base/signal_name.h"
#include "drive/metrics_text.h"

#include <assert.h>
#include <string.h>

/* A phase may take a moment or a long grace: from the tick of a timer to the longest that platforms
 * give by default (ECS: 120 s at the most, Kubernetes: 30 s). Written as Prometheus 3 keeps a bound,
 * 5.0 and not 5.000, whatever it scraped: a query that names one finds it with any version. */
static const struct {
    unsigned msec;
    const char *seconds;
} bounds[LC_METRICS_BUCKETS] = {{5, "0.005"},    {10, "0.01"},    {50, "0.05"},
                                {100, "0.1"},    {500, "0.5"},    {1000, "1.0"},
                                {2500, "2.5"},   {5000, "5.0"},   {10000, "10.0"},
                                {15000, "15.0"}, {30000, "30.0"}, {120000, "120.0"}};

static const char *const paths[LC_METRICS_PATHS] = {"/livez",  "/healthz", "/readyz",  "/startupz",
                                                    "/status", "/metrics", "/prestop", "/drain",
                                                    "/undo",   "/",        "other"};

static const int codes[LC_METRICS_CODES] = {200, 202, 400, 403, 404, 405, 409, 503};

static const char *const action_names[] = {
    [LC_SIGNAL_ACTION_STOP] = "stop",       [LC_SIGNAL_ACTION_IGNORE] = "ignore",
    [LC_SIGNAL_ACTION_HURRY] = "hurry",     [LC_SIGNAL_ACTION_KILL] = "kill",
    [LC_SIGNAL_ACTION_FORWARD] = "forward", [LC_SIGNAL_ACTION_RELOAD] = "reload",
};
static_assert(sizeof(action_names) / sizeof(action_names[0]) == LC_SIGNAL_ACTION_COUNT,
              "a name each");

static const char *const kind_names[] = {
    [LC_REAPED_PROCESS] = "process",
    [LC_REAPED_HOOK] = "hook",
    [LC_REAPED_CHECK] = "check",
    [LC_REAPED_ORPHAN] = "orphan",
};
static_assert(sizeof(kind_names) / sizeof(kind_names[0]) == LC_REAPED_KIND_COUNT, "a name each");

const char *lc_signal_action_name(enum lc_signal_action action)
{
    return (unsigned)action < LC_SIGNAL_ACTION_COUNT ? action_names[action] : "?";
}

const char *lc_reaped_kind_name(enum lc_reaped_kind kind)
{
    return (unsigned)kind < LC_REAPED_KIND_COUNT ? kind_names[kind] : "?";
}

void lc_metrics_phase(struct lc_metrics *self, enum lc_phase phase, lc_msec elapsed)
{
    struct lc_histogram *histogram = &self->phase[phase];
    size_t i = 0;

    while (i < LC_METRICS_BUCKETS && elapsed > bounds[i].msec)
        i++;
    histogram->bucket[i]++;
    histogram->sum_msec += elapsed;
}

void lc_metrics_signal(struct lc_metrics *self, int number, enum lc_signal_action action)
{
    if (number > 0 && number <= LC_SIGNALS_MAX)
        self->signals[number][action]++;
}

/* A path of the client's own invention is no label: each would be a series for ever. */
void lc_metrics_request(struct lc_metrics *self, const char *path, int status)
{
    size_t p = 0, c = 0;

    while (p < LC_METRICS_PATHS - 1 && strcmp(paths[p], path) != 0)
        p++;
    while (c < LC_METRICS_CODES && codes[c] != status)
        c++;
    if (c < LC_METRICS_CODES)
        self->requests[p][c]++;
}

static uint64_t observations(const struct lc_histogram *histogram)
{
    uint64_t count = 0;

    for (size_t i = 0; i <= LC_METRICS_BUCKETS; i++)
        count += histogram->bucket[i];
    return count;
}

static void add_histogram(struct lc_text *text, const char *name, const char *phase,
                          const struct lc_histogram *histogram)
{
    uint64_t count = 0;

    for (size_t i = 0; i < LC_METRICS_BUCKETS; i++) {
        count += histogram->bucket[i];
        lc_text_add(text, "%s_bucket{phase=\"%s\",le=\"%s\"} %llu\n", name, phase,
                    bounds[i].seconds, (unsigned long long)count);
    }
    count = observations(histogram);
    lc_text_add(text, "%s_bucket{phase=\"%s\",le=\"+Inf\"} %llu\n", name, phase,
                (unsigned long long)count);
    lc_text_add(text, "%s_sum{phase=\"%s\"} %llu.%03llu\n", name, phase,
                (unsigned long long)histogram->sum_msec / 1000,
                (unsigned long long)histogram->sum_msec % 1000);
    lc_text_add(text, "%s_count{phase=\"%s\"} %llu\n", name, phase, (unsigned long long)count);
}

static void add_phases(const struct lc_metrics *self, struct lc_text *text)
{
    static const char name[] = "lastcall_shutdown_phase_duration_seconds";

    lc_text_family(text, name, "histogram", "How long each phase of a shutdown took.");
    for (unsigned phase = LC_PHASE_PROPAGATING; phase < LC_PHASE_EXITED; phase++)
        add_histogram(text, name, lc_phase_name((enum lc_phase)phase), &self->phase[phase]);
}

static void add_shutdowns(const struct lc_metrics *self, struct lc_text *text)
{
    lc_text_family(text, "lastcall_shutdowns_total", "counter", "Shutdowns by how they went.");
    for (unsigned i = 0; i < LC_OUTCOME_COUNT; i++)
        lc_text_add(text, "lastcall_shutdowns_total{outcome=\"%s\"} %llu\n",
                    lc_outcome_name((enum lc_outcome)i), (unsigned long long)self->shutdowns[i]);
}

static void add_state(const struct lc_metrics_view *view, struct lc_text *text)
{
    lc_text_family(text, "lastcall_phase", "gauge", "1 for the phase that lastcall is in.");
    for (unsigned i = 0; i < LC_PHASE_COUNT; i++)
        lc_text_add(text, "lastcall_phase{phase=\"%s\"} %d\n", lc_phase_name((enum lc_phase)i),
                    view->lifecycle->phase == i);
    lc_text_family(text, "lastcall_ready", "gauge", "1 while /readyz answers 200.");
    lc_text_add(text, "lastcall_ready %d\n", view->lifecycle->ready);
    lc_text_family(text, "lastcall_process_up", "gauge", "1 while the process runs.");
    for (size_t i = 0; i < view->lifecycle->policy.lanes; i++)
        lc_text_add(text, "lastcall_process_up{process=\"%s\"} %d\n", view->names[i], view->up[i]);
}

/* Only those that came: 64 signals with six actions each would be all zeros. */
static void add_signals(const struct lc_metrics *self, struct lc_text *text)
{
    char name[LC_SIGNAL_NAME_MAX];

    lc_text_family(text, "lastcall_signals_total", "counter",
                   "Signals by what became of them; those that never came are left out.");
    for (int number = 1; number <= LC_SIGNALS_MAX; number++)
        for (unsigned i = 0; i < LC_SIGNAL_ACTION_COUNT; i++)
            if (self->signals[number][i])
                lc_text_add(text, "lastcall_signals_total{signal=\"%s\",action=\"%s\"} %llu\n",
                            lc_signal_format(number, name), action_names[i],
                            (unsigned long long)self->signals[number][i]);
}

static void add_reaped(const struct lc_metrics *self, struct lc_text *text)
{
    lc_text_family(text, "lastcall_reaped_total", "counter", "Ended processes that were reaped.");
    for (unsigned i = 0; i < LC_REAPED_KIND_COUNT; i++)
        lc_text_add(text, "lastcall_reaped_total{kind=\"%s\"} %llu\n", kind_names[i],
                    (unsigned long long)self->reaped[i]);
}

static void add_requests(const struct lc_metrics *self, struct lc_text *text)
{
    lc_text_family(text, "lastcall_http_requests_total", "counter",
                   "Requests that lastcall answered, over its listeners and its control socket.");
    for (size_t p = 0; p < LC_METRICS_PATHS; p++)
        for (size_t c = 0; c < LC_METRICS_CODES; c++)
            if (self->requests[p][c])
                lc_text_add(text, "lastcall_http_requests_total{path=\"%s\",code=\"%d\"} %llu\n",
                            paths[p], codes[c], (unsigned long long)self->requests[p][c]);
}

static void add_connections(const struct lc_connections_count *count, struct lc_text *text)
{
    if (!count)
        return;
    lc_text_family(text, "lastcall_connections", "gauge",
                   "The application's TCP connections, as the kernel sees them.");
    lc_text_add(text, "lastcall_connections{state=\"idle\"} %u\n", count->open - count->in_flight);
    lc_text_add(text, "lastcall_connections{state=\"in_flight\"} %u\n", count->in_flight);
    lc_text_add(text, "lastcall_connections{state=\"waiting\"} %u\n", count->backlog);
}

size_t lc_metrics_text(const struct lc_metrics *self, const struct lc_metrics_view *view, char *buf,
                       size_t size)
{
    struct lc_text text = {.buf = buf, .size = size};

    add_state(view, &text);
    add_connections(view->connected, &text);
    add_phases(self, &text);
    add_shutdowns(self, &text);
    add_signals(self, &text);
    add_reaped(self, &text);
    add_requests(self, &text);
    lc_text_add_process(&text);
    return lc_text_end(&text);
}
