/* SPDX-License-Identifier: Apache-2.0 */
#include "trace.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const lane_names[] = {"web", "worker", "db"};
static const char *const hook_names[] = {"pre", "post"};

static struct lc_lifecycle lifecycle;
static struct lc_actions actions;

struct text {
    char buffer[16384];
    size_t length;
};

__attribute__((format(printf, 2, 3))) static void print(struct text *text, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int length =
        vsnprintf(text->buffer + text->length, sizeof(text->buffer) - text->length, format, args);
    va_end(args);
    text->length += (size_t)length;
    if (text->length >= sizeof(text->buffer)) {
        fprintf(stderr, "trace: too long\n");
        abort();
    }
}

static uint8_t index_of(const char *word, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(word, names[i]) == 0)
            return (uint8_t)i;
    }
    return UINT8_MAX; /* for the tests of what is out of bounds */
}

static uint8_t signal_of(const char *name)
{
    static const struct {
        const char *name;
        uint8_t number;
    } signals[] = {
        {"SIGTERM", SIGTERM}, {"SIGINT", SIGINT}, {"SIGQUIT", SIGQUIT},         {"SIG0", 0},
        {"SIGHUP", SIGHUP},   {"SIG64", 64},      {"SIG65", LC_SIGNALS_MAX + 1}};
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        if (strcmp(name, signals[i].name) == 0)
            return signals[i].number;
    }
    fprintf(stderr, "trace: no such event: %s\n", name);
    abort();
}

/* "… deaf web": that lane listens on nothing. */
static uint32_t deaf_of(const char *line)
{
    const char *deaf = strstr(line, " deaf "), *end = strchr(line, '\n');
    char lane[16] = "";

    if (!deaf || deaf > end)
        return 0;
    sscanf(deaf, " deaf %15s", lane);
    return UINT32_C(1) << index_of(lane, lane_names, 3);
}

static struct lc_event event_of(const char *line)
{
    static const struct {
        const char *word;
        enum lc_event_kind kind;
    } words[] = {
        {"begin", LC_EVENT_TICK},
        {"tick", LC_EVENT_TICK},
        {"late", LC_EVENT_TICK},
        {"ready", LC_EVENT_LANE_READY},
        {"unready", LC_EVENT_LANE_UNREADY},
        {"failed", LC_EVENT_LANE_FAILED},
        {"gone", LC_EVENT_LANE_GONE},
        {"drain", LC_EVENT_DRAIN},
        {"undo", LC_EVENT_UNDO},
        {"container", LC_EVENT_PRESTOP_CONTAINER},
        {"pod", LC_EVENT_PRESTOP_POD},
        {"arrival", LC_EVENT_ARRIVAL},
        {"held-up", LC_EVENT_HELD_UP},
        {"inflight", LC_EVENT_INFLIGHT},
        {"done", LC_EVENT_HOOK_DONE},
        {"leftovers", LC_EVENT_LEFTOVERS},
        {"nonsense", LC_EVENT_COUNT},
    };
    char word[4][16] = {"", "", "", ""};
    struct lc_event event = {.kind = LC_EVENT_STOP, .no_listener = deaf_of(line)};

    sscanf(line, "%15s %15s %15s %15s", word[0], word[1], word[2], word[3]);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(word[0], words[i].word) == 0)
            event.kind = words[i].kind;
    }
    if (event.kind == LC_EVENT_STOP) {
        char *bang = strchr(word[0], '!');
        event.hurry = bang != NULL;
        if (bang)
            *bang = '\0';
        event.signal = signal_of(word[0]);
    } else {
        event.lane = index_of(word[1], lane_names, 3);
        event.count = (uint32_t)strtoul(word[1], NULL, 10);
        event.code = (uint8_t)strtoul(word[2], NULL, 10);
        event.hook = (enum lc_hook_kind)index_of(word[2], hook_names, 2);
        event.hook_index = (uint8_t)strtoul(word[3], NULL, 10);
    }
    return event;
}

static void print_action(struct text *text, const struct lc_action *action)
{
    const char *lane = lane_names[action->lane % 3];

    switch (action->kind) {
    case LC_ACTION_READY_ON:
        print(text, "readiness on");
        break;
    case LC_ACTION_READY_OFF:
        print(text, "readiness off");
        break;
    case LC_ACTION_LANE_START:
        print(text, "start %s", lane);
        break;
    case LC_ACTION_LANE_ASK:
        print(text, "ask %s", lane);
        break;
    case LC_ACTION_LANE_FORCE:
        print(text, "force %s", lane);
        break;
    case LC_ACTION_HOOK_START:
        print(text, "hook %s %s %u", lane, hook_names[action->hook], action->hook_index);
        break;
    case LC_ACTION_HOOK_KILL:
        print(text, "end hook %s %s %u", lane, hook_names[action->hook], action->hook_index);
        break;
    case LC_ACTION_LEFTOVERS_ASK:
        print(text, "ask leftovers");
        break;
    case LC_ACTION_LEFTOVERS_FORCE:
        print(text, "force leftovers");
        break;
    case LC_ACTION_RELEASE:
        print(text, "release");
        break;
    case LC_ACTION_EXIT:
        print(text, "exit %u", lc_lifecycle_exit_code(&lifecycle));
        break;
    case LC_ACTION_PHASE:
    case LC_ACTION_COUNT:
    default:
        print(text, "?");
        break;
    }
    if (action->at != lifecycle.now)
        print(text, " @%llu", (unsigned long long)action->at);
}

static void print_phase(struct text *text, const struct lc_action *action)
{
    print(text, "%s", lc_phase_name(action->phase));
    if (action->at != lifecycle.now)
        print(text, " @%llu", (unsigned long long)action->at);
}

/* What was done before the first phase was entered stands behind its name too: "running:
 * readiness off; propagating" would be the letter, but nobody would read it. */
static void print_actions(struct text *text)
{
    size_t first = 0;
    const char *between = "";

    while (first < actions.count && actions.list[first].kind != LC_ACTION_PHASE)
        first++;
    if (first < actions.count) {
        print_phase(text, &actions.list[first]);
        between = ": ";
    }
    for (size_t i = 0; i < actions.count; i++) {
        if (i == first)
            continue;
        if (actions.list[i].kind == LC_ACTION_PHASE) {
            print(text, "; ");
            print_phase(text, &actions.list[i]);
            between = ": ";
        } else {
            print(text, "%s", between);
            print_action(text, &actions.list[i]);
            between = ", ";
        }
    }
    if (actions.count == 0)
        print(text, "nothing");
}

static void make_running(size_t lanes)
{
    struct lc_event event = {.kind = LC_EVENT_TICK};

    lc_lifecycle_step(&lifecycle, 0, &event, &actions);
    /* Each lane starts once those that it needs are ready, in whatever order they were listed. */
    for (size_t round = 0; round < lanes; round++) {
        for (size_t i = 0; i < lanes; i++) {
            event = (struct lc_event){.kind = LC_EVENT_LANE_READY, .lane = (uint8_t)i};
            lc_lifecycle_step(&lifecycle, 0, &event, &actions);
        }
    }
}

const char *trace_of(const struct lc_policy *policy, bool running, const char *expected)
{
    static struct text text;
    const char *why = "", *next = NULL;

    text.length = 0;
    text.buffer[0] = '\0';
    if (lc_lifecycle_init(&lifecycle, policy, 0, &why) < 0) {
        print(&text, "policy refused: %s\n", why);
        return text.buffer;
    }
    if (running)
        make_running(policy->lanes);
    for (const char *line = expected; *line; line = next) {
        unsigned long long now = strtoull(line + 1, NULL, 10);
        const char *event_text = strchr(line, ']') + 2, *arrow = strstr(line, " -> ");
        lc_msec asked_for = lc_lifecycle_next(&lifecycle);

        next = strchr(line, '\n') + 1;
        if (!arrow || arrow > next) {
            print(&text, "no arrow\n");
            break;
        }
        print(&text, "%.*s -> ", (int)(arrow - line), line);
        if (strncmp(event_text, "tick", 4) == 0 && asked_for != now)
            print(&text, "(woken at %lld, not then) ", (long long)asked_for);
        struct lc_event event = event_of(event_text);
        lc_lifecycle_step(&lifecycle, now, &event, &actions);
        print_actions(&text);
        print(&text, "\n");
    }
    return text.buffer;
}

const struct lc_lifecycle *trace_lifecycle(void)
{
    return &lifecycle;
}
