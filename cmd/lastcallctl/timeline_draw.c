/* SPDX-License-Identifier: Apache-2.0 */
#include "timeline.h"

#include "base/duration.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LEVELS_MIN = 3 }; /* counts that make an area */

/* A process, or the hooks of one, while its bars are being made. */
struct lane {
    const char *name;
    size_t row;
    size_t hook_row[2]; /* SIZE_MAX: none yet */
    bool running;
    int64_t since, asked, killed; /* INT64_MAX: not */
    char signal[24];              /* that it was asked with */
};

struct drawing {
    const struct lc_record *record;
    const struct lc_entry *cause; /* NULL: not known */
    struct lc_chart *chart;
    int64_t end; /* of the last line */
    size_t phase_row, ready_row, signal_row, leftover_row;
    const char *phase; /* that goes on; NULL: not known */
    int64_t phase_since, ready_since, leftovers_since;
    bool ready, ready_known;
    struct lane *lanes;
    size_t lane_count;
};

static const char *text_or(const struct lc_entry *entry, const char *key, const char *instead)
{
    const char *text = lc_entry_text(entry, key);

    return text ? text : instead;
}

static enum lc_tone tone_of(const char *phase)
{
    static const struct {
        const char *phase;
        enum lc_tone tone;
    } tones[] = {
        {"propagating", LC_TONE_WINDOW}, {"draining", LC_TONE_DRAIN},  {"drained", LC_TONE_DRAIN},
        {"stopping", LC_TONE_STOPPING},  {"killing", LC_TONE_KILLING}, {"exited", LC_TONE_OFF},
    };

    for (size_t i = 0; i < sizeof(tones) / sizeof(tones[0]); i++)
        if (!strcmp(tones[i].phase, phase))
            return tones[i].tone;
    return LC_TONE_SERVING;
}

static struct lane *find_lane(struct drawing *self, const struct lc_entry *entry)
{
    const char *name = lc_entry_text(entry, "process");

    for (size_t i = 0; name && i < self->lane_count; i++)
        if (!strcmp(self->lanes[i].name, name))
            return &self->lanes[i];
    return NULL;
}

static int number_of_hook(const struct lc_entry *entry)
{
    return !strcmp(text_or(entry, "hook", ""), "postStop");
}

/* Rows come in the order in which a log names processes, each with those of its hooks below it. */
static int add_lanes(struct drawing *self)
{
    for (size_t i = 0; i < self->record->count; i++) {
        const struct lc_entry *entry = &self->record->list[i];
        struct lane *lane = find_lane(self, entry), *grown;

        if (!lane && lc_entry_text(entry, "process")) {
            grown = reallocarray(self->lanes, self->lane_count + 1, sizeof(*grown));
            if (!grown)
                return -ENOMEM;
            self->lanes = grown;
            lane = &grown[self->lane_count++];
            *lane = (struct lane){.name = lc_entry_text(entry, "process"),
                                  .hook_row = {SIZE_MAX, SIZE_MAX},
                                  .asked = INT64_MAX,
                                  .killed = INT64_MAX};
        }
        if (lane && lc_entry_is(entry, "hook started"))
            lane->hook_row[number_of_hook(entry)] = 0;
    }
    for (size_t i = 0; i < self->lane_count; i++) {
        struct lane *lane = &self->lanes[i];

        lane->row = lc_chart_add_row(self->chart, lane->name);
        for (int hook = 0; hook < 2; hook++)
            if (lane->hook_row[hook] != SIZE_MAX)
                lane->hook_row[hook] =
                    lc_chart_add_row(self->chart, hook ? "  postStop" : "  preStop");
    }
    return 0;
}

static void end_phase(struct drawing *self, int64_t at)
{
    if (self->phase)
        lc_chart_add_bar(self->chart, self->phase_row, self->phase_since, at, tone_of(self->phase),
                         self->phase);
}

/* A phase's line comes at its end, and says how long it was. */
static void on_phase(struct drawing *self, const struct lc_entry *entry)
{
    const char *phase = lc_entry_text(entry, "phase"), *next = lc_entry_text(entry, "next");
    char time[LC_DURATION_TEXT_MAX];
    int64_t elapsed = 0;

    lc_entry_seconds(entry, "elapsed", &elapsed);
    self->phase = phase;
    self->phase_since = entry->at - elapsed;
    end_phase(self, entry->at);
    self->phase = next;
    self->phase_since = entry->at;
    if (entry->at >= 0)
        lc_chart_add_step(self->chart, entry->at, "%s, after %s %s", next,
                          lc_duration_format((uint64_t)elapsed, time), phase);
}

static void end_readiness(struct drawing *self, int64_t at)
{
    if (self->ready_known)
        lc_chart_add_bar(self->chart, self->ready_row, self->ready_since, at,
                         self->ready ? LC_TONE_SERVING : LC_TONE_OFF, self->ready ? "on" : "off");
}

static void on_readiness(struct drawing *self, const struct lc_entry *entry)
{
    bool ready = !strcmp(text_or(entry, "ready", ""), "true");

    end_readiness(self, entry->at);
    self->ready_known = true;
    self->ready = ready;
    self->ready_since = entry->at;
    if (entry->at >= 0)
        lc_chart_add_step(self->chart, entry->at, "readiness %s", ready ? "on" : "off");
}

/* " (12 in flight)" where the line says so. */
static const char *in_flight(const struct lc_entry *entry, char buf[static 40])
{
    int64_t count;

    buf[0] = '\0';
    if (lc_entry_number(entry, "in_flight", &count))
        snprintf(buf, 40, " (%lld in flight)", (long long)count);
    return buf;
}

static void on_signal(struct drawing *self, const struct lc_entry *entry)
{
    const char *name = text_or(entry, "signal", "?"), *action = text_or(entry, "action", "?");
    char flight[40], label[LC_CHART_LABEL_MAX];

    /* The one that began it all has its name above the line of T0. */
    snprintf(label, sizeof(label), "%s: %s", name, action);
    lc_chart_add_mark(self->chart, self->signal_row, entry->at, LC_SIGN_SIGNAL,
                      entry != self->cause ? label : "");
    lc_chart_add_step(self->chart, entry->at, "%s from PID %s: %s%s", name,
                      text_or(entry, "sender", "?"), action, in_flight(entry, flight));
}

/* What was asked with lastcallctl: to drain, or to take it back. */
static void on_asked_for(struct drawing *self, const struct lc_entry *entry)
{
    const char *result = text_or(entry, "result", "?");
    char flight[40], label[LC_CHART_LABEL_MAX];

    snprintf(label, sizeof(label), "%s: %s", entry->msg, result);
    lc_chart_add_mark(self->chart, self->signal_row, entry->at, LC_SIGN_SIGNAL,
                      entry != self->cause ? label : "");
    lc_chart_add_step(self->chart, entry->at, "%s asked for by PID %s: %s%s", entry->msg,
                      text_or(entry, "sender", "?"), result, in_flight(entry, flight));
}

static void on_prestop(struct drawing *self, const struct lc_entry *entry)
{
    const char *query = text_or(entry, "query", "");
    char flight[40];

    lc_chart_add_mark(self->chart, self->signal_row, entry->at, LC_SIGN_SIGNAL,
                      entry != self->cause ? entry->msg : "");
    lc_chart_add_step(self->chart, entry->at, "a preStop hook asks for /prestop%s%s%s",
                      *query ? "?" : "", query, in_flight(entry, flight));
}

static void on_prestop_answered(struct drawing *self, const struct lc_entry *entry)
{
    lc_chart_add_step(self->chart, entry->at, "preStop hooks that waited: %s, answered with \"%s\"",
                      text_or(entry, "count", "?"), text_or(entry, "with", "?"));
}

static void on_started(struct lane *lane, const struct lc_entry *entry)
{
    lane->running = true;
    lane->since = entry->at;
    lane->asked = lane->killed = INT64_MAX;
}

static void on_asked(struct drawing *self, struct lane *lane, const struct lc_entry *entry)
{
    if (lane->asked == INT64_MAX)
        lane->asked = entry->at;
    snprintf(lane->signal, sizeof(lane->signal), "%s", text_or(entry, "signal", "?"));
    lc_chart_add_step(self->chart, entry->at, "%s to %s, PID %s", lane->signal, lane->name,
                      text_or(entry, "pid", "?"));
}

static void on_killed(struct drawing *self, struct lane *lane, const struct lc_entry *entry)
{
    lane->killed = entry->at;
    lc_chart_add_mark(self->chart, lane->row, entry->at, LC_SIGN_KILL, "killed");
    lc_chart_add_step(self->chart, entry->at, "SIGKILL to %s, PID %s", lane->name,
                      text_or(entry, "pid", "?"));
}

/* Its bars: until it was asked, until it was killed, until it ended. */
static void end_lane(struct drawing *self, struct lane *lane, int64_t at)
{
    int64_t asked = lane->asked < at ? lane->asked : at;
    int64_t killed = lane->killed < at ? lane->killed : at;
    char label[LC_CHART_LABEL_MAX], time[LC_DURATION_TEXT_MAX];

    if (!lane->running)
        return;
    asked = asked < killed ? asked : killed;
    lc_chart_add_bar(self->chart, lane->row, lane->since, asked, LC_TONE_SERVING, "runs");
    if (killed > asked) {
        snprintf(label, sizeof(label), "%s, %s", lane->signal,
                 lc_duration_format((uint64_t)(killed - asked), time));
        lc_chart_add_bar(self->chart, lane->row, asked, killed, LC_TONE_STOPPING, label);
    }
    if (at > killed)
        lc_chart_add_bar(self->chart, lane->row, killed, at, LC_TONE_KILLING, "");
    if (lane->asked <= at)
        lc_chart_add_mark(self->chart, lane->row, lane->asked, LC_SIGN_SIGNAL, "");
}

static void on_ended(struct drawing *self, struct lane *lane, const struct lc_entry *entry)
{
    const char *code = text_or(entry, "code", "?"), *signal = lc_entry_text(entry, "signal");
    char label[LC_CHART_LABEL_MAX];

    end_lane(self, lane, entry->at);
    lane->running = false;
    snprintf(label, sizeof(label), "%s%s", signal ? "" : "exit ", signal ? signal : code);
    if (lane->killed == INT64_MAX)
        lc_chart_add_mark(self->chart, lane->row, entry->at, LC_SIGN_END, label);
    if (entry->at >= 0)
        lc_chart_add_step(self->chart, entry->at, "%s has ended with %s%s%s", lane->name, code,
                          signal ? ", killed by " : "", signal ? signal : "");
}

/* Only a hook's begin has a line for sure: it ends with the next thing that waited for it. */
static int64_t end_of_hook(const struct drawing *self, size_t at)
{
    const struct lc_entry *hook = &self->record->list[at];
    const char *kind = text_or(hook, "hook", ""), *process = text_or(hook, "process", "");

    for (size_t i = at + 1; i < self->record->count; i++) {
        const struct lc_entry *entry = &self->record->list[i];
        bool own = !strcmp(text_or(entry, "process", ""), process);

        if ((own && !strcmp(text_or(entry, "hook", ""), kind)) || lc_entry_is(entry, "phase") ||
            (own && lc_entry_is(entry, "stop signal sent")) || lc_entry_is(entry, "exit"))
            return entry->at;
    }
    return self->end;
}

static void on_hook(struct drawing *self, const struct lane *lane, size_t at)
{
    const struct lc_entry *entry = &self->record->list[at];
    const char *kind = text_or(entry, "hook", "?"), *index = text_or(entry, "index", "?");
    char label[LC_CHART_LABEL_MAX];

    if (lc_entry_is(entry, "hook started")) {
        snprintf(label, sizeof(label), "[%s]", index);
        lc_chart_add_bar(self->chart, lane->hook_row[number_of_hook(entry)], entry->at,
                         end_of_hook(self, at), LC_TONE_HOOK, label);
    }
    lc_chart_add_step(self->chart, entry->at, "%s[%s] of %s: %s", kind, index, lane->name,
                      entry->msg + strlen("hook "));
}

static void on_leftovers(struct drawing *self, const struct lc_entry *entry)
{
    bool killed = lc_entry_is(entry, "leftover processes killed");

    lc_chart_add_step(self->chart, entry->at, "%s: %s, such as %s", entry->msg,
                      text_or(entry, "count", "?"), text_or(entry, "name", "?"));
    if (!killed)
        self->leftovers_since = entry->at;
    if (self->leftovers_since == INT64_MAX)
        self->leftovers_since = entry->at;
    lc_chart_add_mark(self->chart, self->leftover_row, entry->at,
                      killed ? LC_SIGN_KILL : LC_SIGN_SIGNAL, "");
}

static void on_exit_line(struct drawing *self, const struct lc_entry *entry)
{
    lc_chart_add_step(self->chart, entry->at, "lastcall exits with %s: %s",
                      text_or(entry, "code", "?"), text_or(entry, "outcome", "?"));
}

/* What has no lane of its own, and yet somebody should know. */
static void on_warning(struct drawing *self, const struct lc_entry *entry)
{
    const char *level = text_or(entry, "level", ""), *count = lc_entry_text(entry, "count");

    if (entry->at >= 0 && (!strcmp(level, "warn") || !strcmp(level, "error")))
        lc_chart_add_step(self->chart, entry->at, "%s%s%s", entry->msg, count ? ": " : "",
                          count ? count : "");
}

static void on_process(struct drawing *self, size_t at)
{
    const struct lc_entry *entry = &self->record->list[at];
    struct lane *lane = find_lane(self, entry);

    if (!lane)
        return;
    if (lc_entry_is(entry, "process started"))
        on_started(lane, entry);
    else if (lc_entry_is(entry, "stop signal sent"))
        on_asked(self, lane, entry);
    else if (lc_entry_is(entry, "killed"))
        on_killed(self, lane, entry);
    else if (lc_entry_is(entry, "process ended"))
        on_ended(self, lane, entry);
    else if (!strncmp(entry->msg, "hook ", strlen("hook ")))
        on_hook(self, lane, at);
    else
        on_warning(self, entry);
}

/* The last line's count is that of the signal, once more. */
static void on_level(struct drawing *self, const struct lc_entry *entry)
{
    int64_t count;

    if (!lc_entry_is(entry, "exit") && lc_entry_number(entry, "in_flight", &count) && count >= 0)
        lc_chart_add_level(self->chart, entry->at, (uint64_t)count);
}

static void on_entry(struct drawing *self, size_t at)
{
    const struct lc_entry *entry = &self->record->list[at];

    on_level(self, entry);
    if (lc_entry_is(entry, "phase"))
        on_phase(self, entry);
    else if (lc_entry_is(entry, "readiness"))
        on_readiness(self, entry);
    else if (lc_entry_is(entry, "signal"))
        on_signal(self, entry);
    else if (lc_entry_is(entry, "drain") || lc_entry_is(entry, "undo"))
        on_asked_for(self, entry);
    else if (lc_entry_is(entry, "prestop"))
        on_prestop(self, entry);
    else if (lc_entry_is(entry, "prestop answered"))
        on_prestop_answered(self, entry);
    else if (!strncmp(entry->msg, "leftover processes ", strlen("leftover processes ")))
        on_leftovers(self, entry);
    else if (lc_entry_is(entry, "exit"))
        on_exit_line(self, entry);
    else if (lc_entry_text(entry, "process"))
        on_process(self, at);
    else
        on_warning(self, entry);
}

static bool has(const struct lc_record *record, const char *msg)
{
    for (size_t i = 0; i < record->count; i++)
        if (!strncmp(record->list[i].msg, msg, strlen(msg)))
            return true;
    return false;
}

/* What still went on at the last line. */
static void end_all(struct drawing *self)
{
    end_phase(self, self->end);
    end_readiness(self, self->end);
    for (size_t i = 0; i < self->lane_count; i++)
        end_lane(self, &self->lanes[i], self->end);
    if (self->leftovers_since != INT64_MAX)
        lc_chart_add_bar(self->chart, self->leftover_row, self->leftovers_since, self->end,
                         LC_TONE_STOPPING, "");
    /* A count at the signal alone says nothing of what came then. */
    if (self->chart->level_count < LEVELS_MIN)
        self->chart->level_count = 0;
}

/* The limits are shown where the shutdown came near them. */
static void set_axis(struct drawing *self)
{
    const struct lc_entry *first = &self->record->list[0];
    int64_t grace = 0, margin = 0, end = self->end > 0 ? self->end : 1;
    const char *cause = self->cause ? lc_entry_cause(self->cause) : NULL;

    self->chart->to = end + end / 20 + 1;
    lc_chart_add_line(self->chart, 0, false, cause ? cause : "T0");
    if (lc_entry_seconds(first, "grace", &grace) && lc_entry_seconds(first, "margin", &margin) &&
        end > grace / 3) {
        self->chart->to = self->chart->to > grace ? self->chart->to : grace;
        lc_chart_add_line(self->chart, grace - margin, true, "deadline");
        lc_chart_add_line(self->chart, grace, true, "SIGKILL by the platform");
    }
    self->chart->from = -self->chart->to / 12;
}

static int draw(struct drawing *self)
{
    int r;

    set_axis(self);
    if (has(self->record, "signal") || has(self->record, "drain") || has(self->record, "prestop"))
        self->signal_row = lc_chart_add_row(self->chart, "signals");
    self->phase_row = lc_chart_add_row(self->chart, "phase");
    self->ready_row = lc_chart_add_row(self->chart, "readiness");
    r = add_lanes(self);
    if (r < 0)
        return r;
    if (has(self->record, "leftover processes "))
        self->leftover_row = lc_chart_add_row(self->chart, "leftovers");
    for (size_t i = 0; i < self->record->count; i++)
        on_entry(self, i);
    end_all(self);
    return self->chart->no_memory ? -ENOMEM : 0;
}

int lc_timeline_draw(const struct lc_record *record, struct lc_chart *ret)
{
    struct drawing drawing = {.record = record,
                              .cause = lc_record_cause(record),
                              .chart = ret,
                              .end = record->list[record->count - 1].at,
                              .signal_row = SIZE_MAX,
                              .leftover_row = SIZE_MAX,
                              .leftovers_since = INT64_MAX};
    int r = draw(&drawing);

    free(drawing.lanes);
    return r;
}
