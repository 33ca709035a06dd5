/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_DRIVE_PROBES_H
#define LC_DRIVE_PROBES_H

/*
 * What the listener answers: a pure function of the lifecycle's state and the processes' views.
 *
 *     /livez /healthz   200 while lastcall answers and no liveness check has failed; a shutdown
 *                       changes nothing
 *     /readyz           200 while readiness is on
 *     /startupz         200 once every process was ready
 *     /                 a page that shows it live (drive/page.h)
 *     /status           JSON
 *     /metrics          Prometheus' text format
 *
 * Bodies are those of the Kubernetes API server (apiserver/pkg/server/healthz/healthz.go): "ok", or
 * with `?verbose` and on every failure a line a check; `?exclude=NAME` leaves a check out, as often
 * as it is given. Two differences: a failure is 503, not 500, and says its reason: whoever can reach
 * the port may read it, and it is all that `kubectl describe` will show.
 */

#include "config/config.h"
#include "drive/hooks.h"
#include "drive/http.h"
#include "sys/connections.h"

#include <sys/types.h>

enum { LC_PROBES_BODY_MAX = 16384 }; /* what does not fit is left out */

/* A check of the application. */
struct lc_probe_check {
    const char *name; /* "web/readiness"; NULL: there is none */
    bool ok;          /* it passes, as far as it was decided */
    const char *why;  /* where it does not */
};

/* What the lifecycle does not know of a process. */
struct lc_probe_process {
    const char *name;
    pid_t pid;       /* 0: none runs */
    int exit_code;   /* -1: it has not ended */
    const char *why; /* it runs and is not ready: what is missing; NULL: not known */
    lc_msec started_at, killed_at, ended_at; /* LC_NEVER: not yet */
    bool up; /* it runs, and its ports listen: its checks say the rest */
    struct lc_probe_check check[LC_CHECK_KIND_COUNT];
};

struct lc_probes {
    const struct lc_lifecycle *lifecycle;
    const struct lc_probe_process *process; /* by lane, `lifecycle->policy.lanes` of them */
    const struct lc_hooks *hooks;           /* how they went; for /status */
    lc_msec (*now)(void *userdata);
    /* Before /readyz, /startupz and /status: brings lifecycle and processes up to date. */
    void (*refresh)(void *userdata);
    /* For /status: the application's connections now; NULL: not known. */
    const struct lc_connections_count *(*connected)(void *userdata);
    /* The text of /metrics, valid until the next call; returns its length. */
    size_t (*metrics)(void *userdata, const char **ret);
    void *userdata;                /* of them all */
    char body[LC_PROBES_BODY_MAX]; /* of the last answer */
};

/* An lc_http_route; `userdata` is a struct lc_probes. */
void lc_probes_route(void *userdata, const struct lc_http_request *request,
                     struct lc_http_response *ret);

#endif
