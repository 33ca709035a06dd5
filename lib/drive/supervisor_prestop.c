/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/clock.h"
#include "drive/supervisor_parts.h"

#include <stdio.h>
#include <string.h>

/*
 * /prestop, which a preStop hook asks and which is answered when the container may be stopped.
 *
 * The kubelet ignores the status, has no timeout of its own and reads the body to its end
 * (runHTTPHandler() and discardHTTPRespBody() in pkg/kubelet/lifecycle/handlers.go); it asks again
 * after a restart of its own.
 */

enum {
    STATUS_OK = 200,
    STATUS_BAD = 400,
    STATUS_FORBIDDEN = 403,
    STATUS_FULL = 503,
    NAME_MAX_LENGTH = 63, /* a container's name is a DNS label, RFC 1123 */
};

static void answer(struct lc_http_response *ret, int status, const char *text)
{
    ret->status = status;
    ret->body = text;
    ret->length = strlen(text);
}

/* How long it takes tells nothing of the token but what the asker knows: the length he gave. */
static bool is_token(const char *given, const char *token)
{
    size_t length = strlen(token), given_length = given ? strlen(given) : 0;
    volatile unsigned char differs = given_length != length;

    for (size_t i = 0; i < given_length; i++)
        differs |= (unsigned char)(given[i] ^ token[i < length ? i : 0]);
    return !differs;
}

static bool names_container(const char *query)
{
    static const char key[] = "container=";
    const char *name = query + strlen(key);
    size_t length;

    if (strncmp(query, key, strlen(key)) != 0)
        return false;
    length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return length && length <= NAME_MAX_LENGTH && !name[length];
}

/* What the hook tells; LC_EVENT_COUNT: nothing that could be meant. Without a sidecar it is our own
 * container's: what is asked for is a drain, and a stop signal follows. */
static enum lc_event_kind meaning(bool sidecar, const char *query)
{
    if (names_container(query))
        return sidecar ? LC_EVENT_PRESTOP_CONTAINER : LC_EVENT_DRAIN;
    if (sidecar)
        return strcmp(query, "pod") == 0 ? LC_EVENT_PRESTOP_POD : LC_EVENT_COUNT;
    return *query ? LC_EVENT_COUNT : LC_EVENT_DRAIN;
}

static const char *verdict(const struct lc_lifecycle *lifecycle)
{
    return lifecycle->t0 == LC_NEVER ? "no shutdown\n" : "drained\n";
}

static bool is_refused(struct lc_supervisor *self, const struct lc_http_request *request,
                       struct lc_http_response *ret)
{
    const char *token = self->config->prestop_token;

    if (token && !is_token(request->token, token))
        answer(ret, STATUS_FORBIDDEN, "another token in the header Lastcall-Token, or none\n");
    else if (meaning(self->config->sidecar, request->query) != LC_EVENT_COUNT)
        return false;
    else
        answer(ret, STATUS_BAD,
               self->config->sidecar ? "accepted: /prestop?container=NAME, /prestop?pod\n"
                                     : "accepted: /prestop, /prestop?container=NAME\n");
    if (!self->prestop_refused)
        lc_log(self->log, LC_LOG_WARN, "prestop refused", LC_INT("code", ret->status),
               LC_STR("query", request->query), LC_STR("why", ret->body),
               LC_T(lc_supervisor_elapsed(self)));
    self->prestop_refused = true;
    return true;
}

/* The kubelet was restarted, or called it again for another reason. A table that is full, as nobody's
 * is whose hooks all wait, takes it for a hook that is new. */
static bool is_repeat(struct lc_supervisor *self, const char *query)
{
    struct lc_prestop_asked *asked = &self->prestop_asked;

    if (self->engine.lifecycle.unpaired == LC_UNPAIRED_NONE)
        asked->count = 0;
    for (unsigned i = 0; i < asked->count; i++)
        if (!strcmp(asked->query[i], query))
            return true;
    if (asked->count < LC_HTTP_HELD_MAX)
        snprintf(asked->query[asked->count++], LC_HTTP_HELD_QUERY_MAX, "%s", query);
    return false;
}

/* It may be its container alone that is restarted: within the pair's time, which each hook begins. */
static void expect_restart(struct lc_supervisor *self)
{
    const struct lc_lifecycle *lifecycle = &self->engine.lifecycle;

    if (lifecycle->unpaired != LC_UNPAIRED_CONTAINER)
        return;
    for (unsigned lane = 0; lane < lifecycle->policy.lanes; lane++)
        lc_readiness_watch_expect(&self->watch[lane], lifecycle->policy.pair_time);
}

static void prestop(struct lc_supervisor *self, const struct lc_http_request *request,
                    struct lc_http_response *ret)
{
    const struct lc_lifecycle *lifecycle = &self->engine.lifecycle;
    const struct lc_connections_count *seen = NULL;
    struct lc_event event;

    if (is_refused(self, request, ret))
        return;
    event = (struct lc_event){.kind = meaning(self->config->sidecar, request->query)};
    if (lifecycle->t0 == LC_NEVER && event.kind != LC_EVENT_PRESTOP_POD)
        seen = lc_traffic_glance(&self->traffic);
    lc_log(self->log, LC_LOG_INFO, "prestop", LC_STR("query", request->query),
           LC_COUNT("in_flight", lc_supervisor_in_flight(seen)), LC_T(lc_supervisor_elapsed(self)));
    /* It has the time that is left to the first one, though the client of that one may have gone. */
    if (!is_repeat(self, request->query)) {
        lc_supervisor_begin(self, event, seen);
        expect_restart(self);
    }
    ret->hold = lifecycle->asked;
    if (ret->hold)
        answer(ret, STATUS_FULL, "too many wait already\n");
    else
        answer(ret, STATUS_OK, verdict(lifecycle));
}

void lc_supervisor_release(struct lc_supervisor *self)
{
    struct lc_http_response ret = {.content_type = "text/plain; charset=utf-8"};
    unsigned held = self->http ? lc_http_held(self->http) : 0;

    if (!held)
        return;
    answer(&ret, STATUS_OK, verdict(&self->engine.lifecycle));
    lc_log(self->log, LC_LOG_INFO, "prestop answered", LC_INT("count", held),
           LC_STR("with", self->engine.lifecycle.t0 == LC_NEVER ? "no shutdown" : "drained"),
           LC_T(lc_supervisor_elapsed(self)));
    lc_http_release(self->http, &ret);
}

void lc_supervisor_route(void *userdata, const struct lc_http_request *request,
                         struct lc_http_response *ret)
{
    struct lc_probes *probes = userdata;
    struct lc_supervisor *self = probes->userdata;

    if (self->config->prestop && strcmp(request->path, "/prestop") == 0)
        prestop(self, request, ret);
    else
        lc_probes_route(probes, request, ret);
}
