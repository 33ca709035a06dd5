/* SPDX-License-Identifier: Apache-2.0 */
#include "base/duration.h"
#include "drive/clock.h"
#include "drive/supervisor_parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What lastcallctl asks of us, over the control socket alone:
 *
 *     POST /drain   202 it has begun, or is no longer one that a container's hook alone would take
 *                   back; 200 a shutdown is under way already
 *     POST /undo    202 it is taken back; 200 there is nothing to take back; 409 it is too late
 *
 * with a line that says so, for whoever asked. Both may be asked again and again. */

enum { HTTP_OK = 200, HTTP_ACCEPTED = 202, HTTP_CONFLICT = 409 };

__attribute__((__format__(__printf__, 4, 5))) static void answer(struct lc_supervisor *self,
                                                                 struct lc_http_response *ret,
                                                                 int status, const char *format,
                                                                 ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(self->probes.body, sizeof(self->probes.body), format, arguments);
    va_end(arguments);
    ret->status = status;
    ret->body = self->probes.body;
    ret->length = length > 0 ? (size_t)length : 0;
}

static void log_request(struct lc_supervisor *self, const struct lc_http_request *request,
                        const char *result, int in_flight)
{
    lc_log(self->log, LC_LOG_INFO, request->path + 1, LC_INT("sender", request->peer->pid),
           LC_INT("uid", request->peer->uid), LC_STR("result", result),
           LC_COUNT("in_flight", in_flight), LC_T(lc_supervisor_elapsed(self)));
}

static void drain(struct lc_supervisor *self, const struct lc_http_request *request,
                  struct lc_http_response *ret)
{
    const struct lc_lifecycle *lifecycle = &self->engine.lifecycle;
    const struct lc_connections_count *seen = NULL;
    bool under_way = lifecycle->t0 != LC_NEVER;
    char since[LC_DURATION_TEXT_MAX];

    if (under_way && lifecycle->unpaired == LC_UNPAIRED_NONE) {
        log_request(self, request, "under way already", -1);
        answer(self, ret, HTTP_OK, "%s already: the shutdown began %s ago\n",
               lc_phase_name(lifecycle->phase),
               lc_duration_format(lc_supervisor_elapsed(self), since));
        return;
    }
    if (!under_way)
        seen = lc_traffic_glance(&self->traffic);
    log_request(self, request, under_way ? "kept" : "begun", lc_supervisor_in_flight(seen));
    lc_supervisor_begin(self, (struct lc_event){.kind = LC_EVENT_DRAIN}, seen);
    answer(self, ret, HTTP_ACCEPTED, "%s\n", lc_phase_name(lifecycle->phase));
}

static void undo(struct lc_supervisor *self, const struct lc_http_request *request,
                 struct lc_http_response *ret)
{
    const struct lc_lifecycle *lifecycle = &self->engine.lifecycle;

    if (lifecycle->committed) {
        log_request(self, request, "too late", -1);
        answer(self, ret, HTTP_CONFLICT, "%s: %s\n", lc_phase_name(lifecycle->phase),
               lifecycle->stop_signal               ? "a stop signal has come"
               : lifecycle->cause == LC_CAUSE_CHECK ? "a check has failed"
                                                    : "a process has ended");
    } else if (lifecycle->t0 == LC_NEVER) {
        log_request(self, request, "nothing to take back", -1);
        answer(self, ret, HTTP_OK, "%s: nothing is being drained\n",
               lc_phase_name(lifecycle->phase));
    } else {
        log_request(self, request, "taken back", -1);
        lc_engine_post(&self->engine, &(struct lc_event){.kind = LC_EVENT_UNDO});
        answer(self, ret, HTTP_ACCEPTED, "%s\n", lc_phase_name(lifecycle->phase));
    }
}

static void route(void *userdata, const struct lc_http_request *request,
                  struct lc_http_response *ret)
{
    struct lc_probes *probes = userdata;

    if (!strcmp(request->path, "/drain"))
        drain(probes->userdata, request, ret);
    else if (!strcmp(request->path, "/undo"))
        undo(probes->userdata, request, ret);
}

void lc_supervisor_control_init(struct lc_supervisor *self)
{
    lc_http_set_control(self->http, route);
}
