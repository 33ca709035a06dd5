/* SPDX-License-Identifier: Apache-2.0 */
#include "plan_run.h"

#include "base/cleanup.h"
#include "base/duration.h"
#include "base/signal_name.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

enum {
    QUEUE_MAX = LC_LANES_MAX * (LC_HOOK_KIND_COUNT + 2) + 4,
    STEPS_MAX = 10000, /* a policy that has more has gone round in circles */
};

/* An event that will come. */
struct pending {
    lc_msec at;
    struct lc_event event;
};

struct run {
    const struct lc_config *config;
    enum lc_luck luck;
    struct lc_chart *chart;
    struct lc_lifecycle lifecycle;
    struct lc_actions actions;
    struct pending queue[QUEUE_MAX];
    size_t queued;

    size_t phase_row, ready_row, lane_row[LC_LANES_MAX];
    size_t hook_row[LC_LANES_MAX][LC_HOOK_KIND_COUNT];
    int64_t ready_off;                                 /* -1: it is on */
    int64_t asked[LC_LANES_MAX], forced[LC_LANES_MAX]; /* -1: not yet */
    int64_t hook_since[LC_LANES_MAX][LC_HOOK_KIND_COUNT];
};

static void post(struct run *self, lc_msec at, struct lc_event event)
{
    if (self->queued < QUEUE_MAX)
        self->queue[self->queued++] = (struct pending){at, event};
}

static const char *lane_name(const struct run *self, size_t lane)
{
    return self->config->process[lane].name;
}

static const char *stop_signal(const struct run *self, size_t lane, char buf[LC_SIGNAL_NAME_MAX])
{
    int number = self->config->process[lane].stop_signal;

    return lc_signal_format(number ? number : SIGTERM, buf);
}

/* What a hook is about, for people: "exec bin/say-goodbye". */
static void describe_hook(const struct lc_hook *hook, char *buf, size_t size)
{
    char time[LC_DURATION_TEXT_MAX], name[LC_SIGNAL_NAME_MAX];

    switch (hook->action) {
    case LC_HOOK_EXEC:
        snprintf(buf, size, "exec %s", hook->command[0]);
        break;
    case LC_HOOK_HTTP_GET:
        snprintf(buf, size, "httpGet :%u%s", hook->port, hook->path);
        break;
    case LC_HOOK_SIGNAL:
        snprintf(buf, size, "%s", lc_signal_format(hook->signal, name));
        break;
    case LC_HOOK_SLEEP:
        snprintf(buf, size, "sleep %s", lc_duration_format(hook->sleep, time));
        break;
    case LC_HOOK_ACTION_COUNT:
    default:
        buf[0] = '\0';
        break;
    }
}

static enum lc_tone tone_of(enum lc_phase phase)
{
    switch (phase) {
    case LC_PHASE_PROPAGATING:
        return LC_TONE_WINDOW;
    case LC_PHASE_DRAINING:
    case LC_PHASE_DRAINED:
        return LC_TONE_DRAIN;
    case LC_PHASE_STOPPING:
        return LC_TONE_STOPPING;
    case LC_PHASE_KILLING:
        return LC_TONE_KILLING;
    case LC_PHASE_EXITED:
        return LC_TONE_OFF;
    case LC_PHASE_STARTING:
    case LC_PHASE_RUNNING:
    case LC_PHASE_COUNT:
    default:
        return LC_TONE_SERVING;
    }
}

static void on_phase(struct run *self, const struct lc_action *action)
{
    static const char *const begins[LC_PHASE_COUNT] = {
        [LC_PHASE_PROPAGATING] = "the window begins: the application serves on",
        [LC_PHASE_DRAINING] = "the window is over: preStop hooks and the drain begin",
        [LC_PHASE_STOPPING] = "the stop begins",
        [LC_PHASE_KILLING] = "the deadline",
    };
    int64_t at = (int64_t)action->at;

    lc_chart_add_bar(self->chart, self->phase_row,
                     action->from == LC_PHASE_RUNNING ? self->chart->from : (int64_t)action->since,
                     at, tone_of(action->from), lc_phase_name(action->from));
    if (begins[action->phase])
        lc_chart_add_step(self->chart, at, "%s", begins[action->phase]);
}

static void on_ask(struct run *self, const struct lc_action *action)
{
    int64_t at = (int64_t)action->at;
    char name[LC_SIGNAL_NAME_MAX];
    struct lc_event gone = {.kind = LC_EVENT_LANE_GONE, .lane = action->lane};

    self->asked[action->lane] = at;
    lc_chart_add_step(self->chart, at, "%s to %s", stop_signal(self, action->lane, name),
                      lane_name(self, action->lane));
    if (self->luck == LC_LUCK_BEST)
        post(self, action->at, gone);
}

static void on_force(struct run *self, const struct lc_action *action)
{
    self->forced[action->lane] = (int64_t)action->at;
    lc_chart_add_step(self->chart, (int64_t)action->at, "SIGKILL to %s",
                      lane_name(self, action->lane));
    post(
        self, action->at,
        (struct lc_event){.kind = LC_EVENT_LANE_GONE, .lane = action->lane, .code = 128 + SIGKILL});
}

/* A sleep takes its time whatever the luck, a signal none; of the others nobody knows. */
static void on_hook_start(struct run *self, const struct lc_action *action)
{
    const struct lc_hook *hook =
        &self->config->process[action->lane].hooks[action->hook][action->hook_index];
    struct lc_event done = {.kind = LC_EVENT_HOOK_DONE,
                            .lane = action->lane,
                            .hook = action->hook,
                            .hook_index = action->hook_index};
    char text[LC_CHART_LABEL_MAX];

    describe_hook(hook, text, sizeof(text));
    lc_chart_add_step(self->chart, (int64_t)action->at, "%s[%u] of %s: %s",
                      lc_hook_kind_name(action->hook), action->hook_index,
                      lane_name(self, action->lane), text);
    self->hook_since[action->lane][action->hook] = (int64_t)action->at;
    if (hook->action == LC_HOOK_SLEEP)
        post(self, action->at + hook->sleep, done);
    else if (hook->action == LC_HOOK_SIGNAL || self->luck == LC_LUCK_BEST)
        post(self, action->at, done);
}

static void end_hook(struct run *self, uint8_t lane, enum lc_hook_kind kind, uint8_t index,
                     int64_t at)
{
    const struct lc_hook *hook = &self->config->process[lane].hooks[kind][index];
    char text[LC_CHART_LABEL_MAX];

    describe_hook(hook, text, sizeof(text));
    lc_chart_add_bar(self->chart, self->hook_row[lane][kind], self->hook_since[lane][kind], at,
                     LC_TONE_HOOK, text);
}

static void on_hook_kill(struct run *self, const struct lc_action *action)
{
    lc_chart_add_step(self->chart, (int64_t)action->at, "%s[%u] of %s is given up",
                      lc_hook_kind_name(action->hook), action->hook_index,
                      lane_name(self, action->lane));
    end_hook(self, action->lane, action->hook, action->hook_index, (int64_t)action->at);
}

static void on_leftovers(struct run *self, const struct lc_action *action)
{
    bool asked = action->kind == LC_ACTION_LEFTOVERS_ASK;
    uint32_t left = self->luck == LC_LUCK_WORST && asked ? 1 : 0;

    if (self->luck == LC_LUCK_WORST && !self->config->sidecar)
        lc_chart_add_step(self->chart, (int64_t)action->at, "%s to leftover descendants",
                          asked ? "SIGTERM" : "SIGKILL");
    post(self, action->at, (struct lc_event){.kind = LC_EVENT_LEFTOVERS, .count = left});
}

static void on_readiness(struct run *self, const struct lc_action *action)
{
    if (action->kind != LC_ACTION_READY_OFF || self->ready_off >= 0)
        return;
    self->ready_off = (int64_t)action->at;
    lc_chart_add_step(self->chart, self->ready_off, "readiness off");
}

static void on_exit_action(struct run *self, const struct lc_action *action)
{
    lc_chart_add_bar(self->chart, self->phase_row,
                     (int64_t)self->lifecycle.entered[LC_PHASE_EXITED], (int64_t)action->at,
                     LC_TONE_OFF, "exited");
    lc_chart_add_step(self->chart, (int64_t)action->at, "lastcall exits with %u",
                      lc_config_exit_code(self->config, lc_lifecycle_exit_code(&self->lifecycle),
                                          lc_lifecycle_outcome(&self->lifecycle)));
}

/* Of a sidecar: the kubelet goes on. The application's end, and after it the sidecar's own signal,
 * are as far away as its luck is bad. */
static void on_release(struct run *self, const struct lc_action *action)
{
    bool worst = self->luck == LC_LUCK_WORST;
    lc_msec end = worst ? self->config->grace : action->at;

    if (!self->config->sidecar)
        return;
    lc_chart_add_step(self->chart, (int64_t)action->at,
                      "the preStop hooks are answered: SIGTERM to the application, by the kubelet");
    for (size_t i = 0; i < self->config->process_count; i++) {
        self->asked[i] = (int64_t)action->at;
        self->forced[i] = worst ? (int64_t)end : -1;
    }
    post(self, end, (struct lc_event){.kind = LC_EVENT_STOP, .signal = SIGTERM});
}

static void act(struct run *self, const struct lc_action *action)
{
    switch (action->kind) {
    case LC_ACTION_PHASE:
        on_phase(self, action);
        break;
    case LC_ACTION_READY_ON:
    case LC_ACTION_READY_OFF:
        on_readiness(self, action);
        break;
    case LC_ACTION_LANE_ASK:
        on_ask(self, action);
        break;
    case LC_ACTION_LANE_FORCE:
        on_force(self, action);
        break;
    case LC_ACTION_HOOK_START:
        on_hook_start(self, action);
        break;
    case LC_ACTION_HOOK_KILL:
        on_hook_kill(self, action);
        break;
    case LC_ACTION_LEFTOVERS_ASK:
    case LC_ACTION_LEFTOVERS_FORCE:
        on_leftovers(self, action);
        break;
    case LC_ACTION_EXIT:
        on_exit_action(self, action);
        break;
    case LC_ACTION_RELEASE:
        on_release(self, action);
        break;
    case LC_ACTION_LANE_START: /* what goes before T0 is not told */
    case LC_ACTION_COUNT:
    default:
        break;
    }
}

/* A process's row: it serves, it was asked, it ended. */
static void end_lane(struct run *self, size_t lane, int64_t at)
{
    size_t row = self->lane_row[lane];
    int64_t asked = self->asked[lane] >= 0 ? self->asked[lane] : at;
    char name[LC_SIGNAL_NAME_MAX], time[LC_DURATION_TEXT_MAX], label[LC_CHART_LABEL_MAX];

    lc_chart_add_bar(self->chart, row, self->chart->from, asked, LC_TONE_SERVING,
                     self->lifecycle.policy.lane[lane].serves ? "serves" : "runs");
    if (at > asked) {
        snprintf(label, sizeof(label), "%s, has %s", stop_signal(self, lane, name),
                 lc_duration_format((uint64_t)(at - asked), time));
        lc_chart_add_bar(self->chart, row, asked, at, LC_TONE_STOPPING, label);
    }
    if (self->asked[lane] >= 0)
        lc_chart_add_mark(self->chart, row, asked, LC_SIGN_SIGNAL, "");
    lc_chart_add_mark(self->chart, row, at, self->forced[lane] >= 0 ? LC_SIGN_KILL : LC_SIGN_END,
                      self->forced[lane] >= 0 ? "killed" : stop_signal(self, lane, name));
}

static void step(struct run *self, lc_msec now, const struct lc_event *event)
{
    const struct lc_lifecycle *life = &self->lifecycle;

    if (event->kind == LC_EVENT_LANE_GONE)
        end_lane(self, event->lane, (int64_t)now);
    for (size_t i = 0; i < life->policy.lanes && life->policy.sidecar; i++)
        if (event->kind == LC_EVENT_STOP)
            end_lane(self, i, (int64_t)now);
    if (event->kind == LC_EVENT_HOOK_DONE && life->lane[event->lane].hook_running[event->hook] &&
        life->lane[event->lane].next_hook[event->hook] == event->hook_index)
        end_hook(self, event->lane, event->hook, event->hook_index, (int64_t)now);
    lc_lifecycle_step(&self->lifecycle, now, event, &self->actions);
    for (size_t i = 0; i < self->actions.count; i++)
        act(self, &self->actions.list[i]);
    /* Nobody is in flight as soon as anybody looks. */
    if (self->luck == LC_LUCK_BEST && life->phase == LC_PHASE_DRAINING && !self->queued)
        post(self, now, (struct lc_event){.kind = LC_EVENT_INFLIGHT});
}

/* The next event, the earliest; of several at once the one that was posted first. */
static struct pending take(struct run *self)
{
    struct pending next = {.at = lc_lifecycle_next(&self->lifecycle),
                           .event = {.kind = LC_EVENT_TICK}};
    size_t found = self->queued;

    for (size_t i = self->queued; i-- > 0;)
        if (self->queue[i].at <= next.at) {
            next = self->queue[i];
            found = i;
        }
    if (found < self->queued)
        memmove(&self->queue[found], &self->queue[found + 1],
                (--self->queued - found) * sizeof(self->queue[0]));
    return next;
}

/* All lanes run and are ready; time 0 is T0. */
static void make_running(struct run *self)
{
    size_t lanes = self->lifecycle.policy.lanes;
    struct lc_event event = {.kind = LC_EVENT_TICK};

    lc_lifecycle_step(&self->lifecycle, 0, &event, &self->actions);
    for (size_t round = 0; round < lanes; round++)
        for (size_t i = 0; i < lanes; i++) {
            event = (struct lc_event){.kind = LC_EVENT_LANE_READY, .lane = (uint8_t)i};
            lc_lifecycle_step(&self->lifecycle, 0, &event, &self->actions);
        }
}

static void add_rows(struct run *self)
{
    char name[LC_CHART_LABEL_MAX];

    self->phase_row = lc_chart_add_row(self->chart, "phase");
    self->ready_row = lc_chart_add_row(self->chart, "readiness");
    for (size_t i = 0; i < self->config->process_count; i++) {
        self->lane_row[i] = lc_chart_add_row(self->chart, lane_name(self, i));
        self->asked[i] = self->forced[i] = -1;
        for (int kind = 0; kind < LC_HOOK_KIND_COUNT; kind++) {
            snprintf(name, sizeof(name), "  %s", lc_hook_kind_name((enum lc_hook_kind)kind));
            if (self->config->process[i].hook_count[kind])
                self->hook_row[i][kind] = lc_chart_add_row(self->chart, name);
        }
    }
    self->ready_off = -1;
}

static void finish(struct run *self)
{
    struct lc_chart *chart = self->chart;
    int64_t grace = (int64_t)self->config->grace;
    /* A sidecar's end comes when the application has had its own. */
    lc_msec deadline = self->config->sidecar ? self->config->grace - self->config->margin
                                             : self->lifecycle.deadline;
    int64_t off = self->ready_off >= 0 ? self->ready_off : (int64_t)self->lifecycle.now;

    lc_chart_add_bar(chart, self->ready_row, chart->from, off, LC_TONE_SERVING, "on");
    lc_chart_add_bar(chart, self->ready_row, off, (int64_t)self->lifecycle.now, LC_TONE_OFF, "off");
    lc_chart_add_line(chart, 0, false, self->config->sidecar ? "preStop hooks" : "SIGTERM");
    if (deadline != LC_NEVER)
        lc_chart_add_line(chart, (int64_t)deadline, true, "deadline");
    lc_chart_add_line(chart, grace, true, "SIGKILL by the platform");
    lc_chart_add_step(chart, grace, "the platform would kill what is left");
}

static void run(struct run *self)
{
    const struct lc_event stop = {.kind = LC_EVENT_STOP, .signal = SIGTERM};
    const struct lc_event container = {.kind = LC_EVENT_PRESTOP_CONTAINER};
    const struct lc_event pod = {.kind = LC_EVENT_PRESTOP_POD};

    make_running(self);
    lc_chart_add_step(self->chart, 0, self->config->sidecar ? "preStop hooks" : "SIGTERM");
    if (self->config->sidecar)
        step(self, 0, &pod);
    step(self, 0, self->config->sidecar ? &container : &stop);
    for (unsigned i = 0; i < STEPS_MAX && !self->lifecycle.done; i++) {
        struct pending next = take(self);

        if (next.at == LC_NEVER)
            break;
        step(self, next.at, &next.event);
    }
    finish(self);
}

int lc_plan_run(const struct lc_config *config, enum lc_luck luck, struct lc_chart *ret,
                const char **ret_why)
{
    LC_CLEANUP_FREE struct run *self = calloc(1, sizeof(*self));
    struct lc_policy policy;
    int r;

    if (!self)
        return -ENOMEM;
    lc_config_policy(config, &policy);
    /* Arrivals that never end: the window is as long as it can be. */
    if (luck == LC_LUCK_WORST)
        policy.window_min = policy.window_max;
    *self = (struct run){.config = config, .luck = luck, .chart = ret};
    r = lc_lifecycle_init(&self->lifecycle, &policy, 0, ret_why);
    if (r < 0)
        return r;
    ret->from = -(int64_t)(config->grace / 15);
    ret->to = (int64_t)config->grace;
    add_rows(self);
    run(self);
    return ret->no_memory ? -ENOMEM : 0;
}
