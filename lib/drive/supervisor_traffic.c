/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/clock.h"
#include "drive/supervisor_parts.h"

static void post(void *userdata, enum lc_event_kind kind, unsigned count)
{
    struct lc_supervisor *self = userdata;

    lc_engine_post(&self->engine, &(struct lc_event){.kind = kind, .count = count});
}

static lc_msec elapsed(void *userdata)
{
    return lc_supervisor_elapsed(userdata);
}

static void before_timer(void *userdata)
{
    struct lc_supervisor *self = userdata;

    lc_traffic_catch_up(&self->traffic);
}

/* Each is among the kernel's PassiveOpens, and no arrival of the application's. */
static void on_accepted(void *userdata)
{
    struct lc_probes *probes = userdata;
    struct lc_supervisor *self = probes->userdata;

    lc_traffic_own_accepted(&self->traffic);
}

int lc_supervisor_start_traffic(struct lc_supervisor *self)
{
    uint16_t own[LC_TRAFFIC_OWN_PORTS_MAX];
    size_t count = self->http ? lc_http_ports(self->http, own, LC_TRAFFIC_OWN_PORTS_MAX) : 0;
    int r = lc_traffic_init(&self->traffic, self->base, self->log, own, count, post, elapsed, self);

    lc_supervisor_forget_report(self);
    self->engine.before_timer = before_timer;
    if (self->http)
        lc_http_set_accepted(self->http, on_accepted);
    lc_traffic_configure(&self->traffic, self->config);
    return r;
}

int lc_supervisor_in_flight(const struct lc_connections_count *seen)
{
    return seen ? (int)seen->in_flight : -1;
}

/* The lanes that listen on nothing: all of them or none. */
static uint32_t deaf(struct lc_supervisor *self, const struct lc_connections_count *seen)
{
    const struct lc_policy *policy = &self->engine.lifecycle.policy;

    if (!seen || !seen->no_listener)
        return 0;
    if (policy->window_max > 0 || policy->drain)
        lc_log(self->log, LC_LOG_INFO, "nothing listens: no window, no drain",
               LC_T(lc_supervisor_elapsed(self)));
    return UINT32_MAX;
}

void lc_supervisor_begin(struct lc_supervisor *self, struct lc_event event,
                         const struct lc_connections_count *seen)
{
    if (self->engine.lifecycle.t0 == LC_NEVER) {
        self->report.in_flight = lc_supervisor_in_flight(seen);
        event.no_listener = deaf(self, seen);
    }
    lc_engine_post(&self->engine, &event);
}

/* Why the window was longer than it had to be. Where clients go on coming, somebody should hear that
 * it was too short, or that they hold connections straight to us. */
static void on_window_over(struct lc_supervisor *self)
{
    const struct lc_lifecycle *lifecycle = &self->engine.lifecycle;
    const struct lc_policy *policy = &lifecycle->policy;
    const struct lc_arrivals *arrivals;

    if (lifecycle->held_up)
        lc_log(self->log, LC_LOG_INFO, "held up in the window",
               LC_SECS("held_up", lifecycle->held_up), LC_T(lc_supervisor_elapsed(self)));
    if (!self->traffic.connections || lifecycle->last_arrival == LC_NEVER || lifecycle->hurried ||
        lifecycle->now < lifecycle->t0 + policy->window_max ||
        policy->window_max == policy->window_min)
        return;
    arrivals = lc_connections_arrivals(self->traffic.connections);
    lc_log(self->log, LC_LOG_WARN, "arrivals went on to the end of the window",
           LC_INT("connections", (int64_t)arrivals->connections),
           LC_INT("data", (int64_t)arrivals->data), LC_INT("lost", (int64_t)arrivals->lost),
           LC_T(lc_supervisor_elapsed(self)));
}

static void note_cut(struct lc_supervisor *self, const struct lc_connections_count *count,
                     const char *msg)
{
    char peers[512];

    if (!count)
        return;
    if (self->report.cut < (int)count->in_flight)
        self->report.cut = (int)count->in_flight;
    if (count->in_flight)
        lc_log(self->log, LC_LOG_WARN, msg, LC_INT("count", count->in_flight),
               LC_STR("peers", lc_traffic_peers(&self->traffic, peers, sizeof(peers))),
               LC_T(lc_supervisor_elapsed(self)));
}

void lc_supervisor_note_killed(struct lc_supervisor *self)
{
    note_cut(self, lc_traffic_glance(&self->traffic), "connections cut");
}

/* Where a look took longer than the signal's log line could wait for it. */
static void note_first_count(struct lc_supervisor *self)
{
    if (self->report.in_flight < 0)
        self->report.in_flight = self->traffic.first;
}

/* A drain that was given up: the look is at most 100 ms old. */
static void on_drain_over(struct lc_supervisor *self)
{
    if (self->engine.lifecycle.policy.drain)
        note_cut(self, lc_traffic_count(&self->traffic), "connections still in flight");
}

void lc_supervisor_follow_phase(struct lc_supervisor *self, const struct lc_action *action)
{
    enum lc_traffic_mode mode = LC_TRAFFIC_REST;
    bool undone = action->phase < action->from;

    if (action->phase == LC_PHASE_PROPAGATING)
        mode = LC_TRAFFIC_WINDOW;
    else if (action->phase == LC_PHASE_DRAINING && self->engine.lifecycle.policy.drain)
        mode = LC_TRAFFIC_DRAIN;
    note_first_count(self);
    if (action->from == LC_PHASE_PROPAGATING)
        on_window_over(self);
    if (action->from == LC_PHASE_DRAINING && !undone)
        on_drain_over(self);
    if (undone)
        lc_supervisor_forget_report(self);
    lc_traffic_set_mode(&self->traffic, mode);
}
