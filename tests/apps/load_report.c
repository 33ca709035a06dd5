/* SPDX-License-Identifier: Apache-2.0 */
#include "load_report.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const failure_names[] = {
    [LOAD_CONNECT_REFUSED] = "connect refused",
    [LOAD_CONNECT_TIMEOUT] = "connect timeout",
    [LOAD_CONNECT_FAILED] = "connect failed",
    [LOAD_RESET_BEFORE_ANSWER] = "reset before answer",
    [LOAD_CLOSED_BEFORE_ANSWER] = "closed before answer",
    [LOAD_REUSED_CLOSED] = "reused connection closed before any byte",
    [LOAD_CLOSED_IN_ANSWER] = "closed in the middle of the answer",
    [LOAD_TIMEOUT] = "timeout",
    [LOAD_STATUS] = "status",
    [LOAD_MALFORMED] = "malformed answer",
};
static_assert(sizeof failure_names / sizeof *failure_names == LOAD_FAILURE_COUNT,
              "each failure has its name");

const char *load_failure_name(enum load_failure failure, int status,
                              char buffer[static LOAD_NAME_SIZE])
{
    if (failure != LOAD_STATUS)
        return failure_names[failure];
    snprintf(buffer, LOAD_NAME_SIZE, "%s %d", failure_names[failure], status);
    return buffer;
}

/* Room for one more item; returns false where memory has run out. */
static bool grow(void **list, size_t count, size_t *room, size_t item_size)
{
    size_t wanted = *room ? *room * 2 : 1024;
    void *grown;

    if (count < *room)
        return true;
    grown = reallocarray(*list, wanted, item_size);
    if (!grown)
        return false;
    *list = grown;
    *room = wanted;
    return true;
}

int load_report_answer(struct load_report *self, uint64_t took)
{
    if (!grow((void **)&self->answers, self->answer_count, &self->answer_room,
              sizeof *self->answers))
        return -ENOMEM;
    self->answers[self->answer_count++] = took;
    return 0;
}

int load_report_failure(struct load_report *self, const struct load_event *event)
{
    if (!grow((void **)&self->events, self->event_count, &self->event_room, sizeof *self->events))
        return -ENOMEM;
    self->events[self->event_count++] = *event;
    self->failures[event->failure]++;
    if (event->failure == LOAD_STATUS)
        self->statuses[event->status]++;
    return 0;
}

void load_report_deinit(struct load_report *self)
{
    free(self->answers);
    free(self->events);
}

uint64_t load_report_failed(const struct load_report *self)
{
    return self->event_count;
}

static int compare(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

    return (a > b) - (a < b);
}

void load_report_finish(struct load_report *self, uint64_t now)
{
    self->ended = now;
    if (self->answer_count > 0)
        qsort(self->answers, self->answer_count, sizeof *self->answers, compare);
}

static double milliseconds(uint64_t nanoseconds)
{
    return (double)nanoseconds / 1e6;
}

static double seconds(uint64_t nanoseconds)
{
    return (double)nanoseconds / 1e9;
}

/* Nearest rank: the smallest answer that is not beaten by `percent` of all; 0 without answers. */
static double percentile(const struct load_report *self, size_t percent)
{
    size_t rank = (self->answer_count * percent + 99) / 100;

    if (self->answer_count == 0)
        return 0;
    return milliseconds(self->answers[rank > 0 ? rank - 1 : 0]);
}

/* Calls `line` for each kind of failure that happened. */
static void each_failure(const struct load_report *self, FILE *out,
                         void (*line)(FILE *out, const char *name, uint64_t count, bool first))
{
    char buffer[LOAD_NAME_SIZE];
    bool first = true;

    for (enum load_failure kind = 0; kind < LOAD_FAILURE_COUNT; kind++) {
        if (kind == LOAD_STATUS || self->failures[kind] == 0)
            continue;
        line(out, failure_names[kind], self->failures[kind], first);
        first = false;
    }
    for (int status = 0; status <= LOAD_STATUS_MAX; status++) {
        if (self->statuses[status] == 0)
            continue;
        line(out, load_failure_name(LOAD_STATUS, status, buffer), self->statuses[status], first);
        first = false;
    }
}

static void print_failure(FILE *out, const char *name, uint64_t count, bool first)
{
    (void)first;
    fprintf(out, "%10" PRIu64 "  %s\n", count, name);
}

void load_report_print(const struct load_report *self, FILE *out)
{
    fprintf(out, "%zu requests in %.1f s, %" PRIu64 " connections opened\n",
            self->answer_count + self->event_count, seconds(self->ended - self->begun),
            self->opened);
    fprintf(out, "%10zu  answered\n%10zu  failed\n", self->answer_count, self->event_count);
    each_failure(self, out, print_failure);
    fprintf(out, "answers: min %.1f ms, median %.1f ms, p99 %.1f ms, max %.1f ms\n",
            percentile(self, 0), percentile(self, 50), percentile(self, 99), percentile(self, 100));
}

static void write_failure(FILE *out, const char *name, uint64_t count, bool first)
{
    fprintf(out, "%s\"%s\": %" PRIu64, first ? "" : ", ", name, count);
}

static void write_events(const struct load_report *self, FILE *out)
{
    char buffer[LOAD_NAME_SIZE];

    fputs("  \"events\": [", out);
    for (size_t i = 0; i < self->event_count; i++) {
        const struct load_event *event = &self->events[i];

        fprintf(out,
                "%s\n    {\"class\": \"%s\", \"reused\": %s, \"wall\": %.6f, \"monotonic\": %.6f, "
                "\"since_start\": %.6f, \"took_ms\": %.3f}",
                i > 0 ? "," : "", load_failure_name(event->failure, event->status, buffer),
                event->reused ? "true" : "false", seconds(event->wall), seconds(event->at),
                seconds(event->at - self->begun), milliseconds(event->at - event->due));
    }
    fputs(self->event_count > 0 ? "\n  ]\n" : "]\n", out);
}

int load_report_write_json(const struct load_report *self, const char *path)
{
    FILE *out = fopen(path, "we");
    bool torn;

    if (!out)
        return -errno;
    fprintf(out, "{\n  \"requests\": %zu, \"answered\": %zu, \"failed\": %zu,\n",
            self->answer_count + self->event_count, self->answer_count, self->event_count);
    fprintf(out, "  \"begun\": %.6f, \"ended\": %.6f,\n", seconds(self->begun),
            seconds(self->ended));
    fprintf(out,
            "  \"connections\": %" PRIu64 ", \"reused\": %" PRIu64 ", \"closed_idle\": %" PRIu64
            ",\n",
            self->opened, self->reused, self->closed_idle);
    fprintf(out,
            "  \"latency_ms\": {\"min\": %.3f, \"median\": %.3f, \"p99\": %.3f, \"max\": %.3f},\n",
            percentile(self, 0), percentile(self, 50), percentile(self, 99), percentile(self, 100));
    fputs("  \"failures\": {", out);
    each_failure(self, out, write_failure);
    fputs("},\n", out);
    write_events(self, out);
    fputs("}\n", out);
    torn = ferror(out);
    if (fclose(out) != 0 || torn)
        return -EIO;
    return 0;
}
