/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/probes.h"

#include "drive/page.h"
#include "drive/probes_parts.h"

#include <string.h>

enum { HTTP_OK = 200, HTTP_UNAVAILABLE = 503 };

static struct lc_check check(const char *name, bool ok, const char *why)
{
    return (struct lc_check){.name = name, .ok = ok, .why = ok ? NULL : why};
}

static const char *why_not_ready(const struct lc_probes *self, size_t lane)
{
    switch (self->lifecycle->lane[lane].state) {
    case LC_LANE_WAITING:
        return "not started";
    case LC_LANE_STARTING:
        return self->process[lane].why ? self->process[lane].why : "starting";
    case LC_LANE_ASKED:
        return "stopping";
    case LC_LANE_FORCED:
        return "killed";
    case LC_LANE_GONE:
        return "ended";
    case LC_LANE_READY:
    case LC_LANE_COUNT:
        break;
    }
    return "not ready";
}

/* A process that is done and well, and that nobody is sent to, is missed by nobody. */
static bool is_fit(const struct lc_lifecycle *lifecycle, const struct lc_probe_process *process,
                   size_t lane)
{
    const struct lc_lane *it = &lifecycle->lane[lane];

    return it->state == LC_LANE_READY || (it->state == LC_LANE_STARTING && process->up) ||
           (it->state == LC_LANE_GONE && it->code == 0 && !lifecycle->policy.lane[lane].serves);
}

/* Of each process whether it is up; all pass where `all`. */
static void add_processes(const struct lc_probes *self, bool all, struct lc_checks *ret)
{
    for (size_t i = 0; i < self->lifecycle->policy.lanes; i++)
        ret->list[ret->count++] =
            check(self->process[i].name, all || is_fit(self->lifecycle, &self->process[i], i),
                  why_not_ready(self, i));
}

void lc_probes_add_checks(const struct lc_probes *self, enum lc_check_kind kind, bool all,
                          struct lc_checks *ret)
{
    for (size_t i = 0; i < self->lifecycle->policy.lanes; i++) {
        const struct lc_probe_check *it = &self->process[i].check[kind];

        if (it->name)
            ret->list[ret->count++] = check(it->name, all || it->ok, it->why);
    }
}

static void livez(const struct lc_probes *self, struct lc_checks *ret)
{
    ret->list[ret->count++] = check("ping", true, NULL);
    lc_probes_add_checks(self, LC_CHECK_LIVENESS, false, ret);
}

void lc_probes_readyz(const struct lc_probes *self, struct lc_checks *ret)
{
    const struct lc_lifecycle *lifecycle = self->lifecycle;
    bool down = lifecycle->t0 != LC_NEVER && !lifecycle->ready;

    ret->count = 0;
    add_processes(self, lifecycle->ready, ret);
    lc_probes_add_checks(self, LC_CHECK_STARTUP, lifecycle->ready, ret);
    lc_probes_add_checks(self, LC_CHECK_READINESS, lifecycle->ready, ret);
    ret->list[ret->count++] = check("shutdown", !down, lc_phase_name(lifecycle->phase));
}

static void startupz(const struct lc_probes *self, struct lc_checks *ret)
{
    bool started = self->lifecycle->entered[LC_PHASE_RUNNING] != LC_NEVER;

    add_processes(self, started, ret);
    lc_probes_add_checks(self, LC_CHECK_STARTUP, started, ret);
}

static void answer_checks(struct lc_probes *self, const char *name, const struct lc_checks *checks,
                          const char *query, struct lc_http_response *ret)
{
    bool passed;

    ret->length = lc_checks_text(checks, name, query, self->body, sizeof(self->body), &passed);
    ret->status = passed ? HTTP_OK : HTTP_UNAVAILABLE;
}

static void answer_status(struct lc_probes *self, struct lc_http_response *ret)
{
    ret->status = HTTP_OK;
    ret->content_type = "application/json";
    ret->length = lc_probes_status(self, self->body, sizeof(self->body));
}

static void answer_metrics(struct lc_probes *self, struct lc_http_response *ret)
{
    ret->status = HTTP_OK;
    ret->content_type = "text/plain; version=0.0.4; charset=utf-8";
    ret->length = self->metrics(self->userdata, &ret->body);
}

static void answer_page(struct lc_probes *self, struct lc_http_response *ret)
{
    (void)self;
    ret->status = HTTP_OK;
    ret->content_type = "text/html; charset=utf-8";
    ret->encoding = "gzip";
    ret->policy = lc_page_policy;
    ret->body = (const char *)lc_page;
    ret->length = lc_page_length;
}

void lc_probes_route(void *userdata, const struct lc_http_request *request,
                     struct lc_http_response *ret)
{
    static const struct {
        const char *path;
        bool fresh; /* needs the current state */
        void (*checks)(const struct lc_probes *self, struct lc_checks *ret);
        void (*answer)(struct lc_probes *self, struct lc_http_response *ret);
    } routes[] = {
        {"/livez", false, livez, NULL},
        {"/healthz", false, livez, NULL},
        {"/readyz", true, lc_probes_readyz, NULL},
        {"/startupz", true, startupz, NULL},
        {"/", false, NULL, answer_page},
        {"/status", true, NULL, answer_status},
        {"/metrics", true, NULL, answer_metrics},
    };
    struct lc_probes *self = userdata;

    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        struct lc_checks checks = {0};

        if (strcmp(request->path, routes[i].path) != 0)
            continue;
        if (routes[i].fresh)
            self->refresh(self->userdata);
        ret->body = self->body;
        if (routes[i].answer) {
            routes[i].answer(self, ret);
        } else {
            routes[i].checks(self, &checks);
            answer_checks(self, routes[i].path + 1, &checks, request->query, ret);
        }
        return;
    }
}
