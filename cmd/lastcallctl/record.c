/* SPDX-License-Identifier: Apache-2.0 */
#include "record.h"

#include "base/cleanup.h"
#include "base/duration.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    STEP_BACK_MSEC = 1000, /* lines of one shutdown may be out of order, but not by so much */
    CLOCKS_MSEC = 2,       /* the wall clock and the monotonic one are rounded each for itself */
    CAUSE_MSEC = 100,      /* from the line of the cause to what comes of it, on a busy machine */
};

const char *lc_entry_text(const struct lc_entry *self, const char *key)
{
    const struct lc_node *node = lc_node_find(self->tree.root, key);

    return node && node->kind == LC_NODE_SCALAR ? node->text : NULL;
}

bool lc_entry_number(const struct lc_entry *self, const char *key, int64_t *ret)
{
    const char *text = lc_entry_text(self, key);
    char *end;

    if (!text || !*text)
        return false;
    errno = 0;
    *ret = strtoll(text, &end, 10);
    return !*end && errno == 0;
}

bool lc_seconds_parse(const char *text, int64_t *ret)
{
    char duration[32];
    uint64_t msec;

    if (!text || strspn(text, "0123456789.") != strlen(text))
        return false;
    if ((size_t)snprintf(duration, sizeof(duration), "%ss", text) >= sizeof(duration) ||
        lc_duration_parse(duration, &msec) < 0 || msec > INT64_MAX)
        return false;
    *ret = (int64_t)msec;
    return true;
}

bool lc_entry_seconds(const struct lc_entry *self, const char *key, int64_t *ret)
{
    return lc_seconds_parse(lc_entry_text(self, key), ret);
}

bool lc_entry_is(const struct lc_entry *self, const char *msg)
{
    return !strcmp(self->msg, msg);
}

/* Reads `length` digits; the text is long enough. False: they are none. */
static bool parse_digits(const char *text, size_t length, int64_t *ret)
{
    *ret = 0;
    for (; length; length--, text++) {
        if (*text < '0' || *text > '9')
            return false;
        *ret = *ret * 10 + (*text - '0');
    }
    return true;
}

/* Days since 1970-01-01: years are counted from March, so that the leap day is a year's last. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    int64_t months = (month + 9) % 12, years = year - (month <= 2);

    return years * 365 + years / 4 - years / 100 + years / 400 + (months * 153 + 2) / 5 + day - 1 -
           719468;
}

/* "2026-11-24T11:13:19.536Z", the one form that lastcall writes. (timegm(3) would bring the time
 * zones into a static binary.) */
static bool parse_time(const char *text, int64_t *ret)
{
    int64_t year, month, day, hour, minute, second, msec;

    if (!text || strlen(text) != strlen("2026-11-24T11:13:19.536Z"))
        return false;
    if (!parse_digits(text, 4, &year) || !parse_digits(text + 5, 2, &month) ||
        !parse_digits(text + 8, 2, &day) || !parse_digits(text + 11, 2, &hour) ||
        !parse_digits(text + 14, 2, &minute) || !parse_digits(text + 17, 2, &second) ||
        !parse_digits(text + 20, 3, &msec))
        return false;
    *ret = (((days_of(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) * 1000 + msec;
    return true;
}

/* An application may log in the same form, and may have phases, too. */
static bool is_ours(const struct lc_entry *entry)
{
    int64_t elapsed;

    if (!entry->msg || !lc_entry_text(entry, "level"))
        return false;
    return !lc_entry_is(entry, "phase") ||
           (lc_entry_text(entry, "phase") && lc_entry_text(entry, "next") &&
            lc_entry_seconds(entry, "elapsed", &elapsed) && elapsed >= 0);
}

/* 1: it is a line of lastcall's; 0: it is not; -ENOMEM. */
static int parse_line(struct lc_entry *ret, const char *line, size_t size)
{
    const char *brace = memchr(line, '{', size);
    struct lc_yaml_error error;
    int r;

    *ret = (struct lc_entry){0};
    /* Most lines are the application's: these are told without a parser. */
    if (!brace || !strstr(brace, "\"time\":\"") || !strstr(brace, "\"msg\":\""))
        return 0;
    r = lc_tree_parse_yaml(&ret->tree, brace, size - (size_t)(brace - line), &error);
    if (r == 0 && ret->tree.root && ret->tree.root->kind == LC_NODE_MAP) {
        ret->msg = lc_entry_text(ret, "msg");
        ret->timed = lc_entry_seconds(ret, "t", &ret->t);
        if (is_ours(ret) && parse_time(lc_entry_text(ret, "time"), &ret->at))
            return 1;
    }
    lc_tree_deinit(&ret->tree);
    return r == -ENOMEM ? r : 0;
}

const char *lc_entry_cause(const struct lc_entry *self)
{
    return lc_entry_is(self, "signal") ? lc_entry_text(self, "signal") : self->msg;
}

static bool may_begin_a_shutdown(const struct lc_entry *entry)
{
    const char *action = lc_entry_text(entry, "action"), *result = lc_entry_text(entry, "result");
    const char *query = lc_entry_text(entry, "query"); /* the pod's hook alone begins nothing */

    return (lc_entry_is(entry, "prestop") && query && strcmp(query, "pod") != 0) ||
           (lc_entry_is(entry, "signal") && action && !strcmp(action, "stop")) ||
           (lc_entry_is(entry, "drain") && result && !strcmp(result, "begun"));
}

const struct lc_entry *lc_record_cause(const struct lc_record *self)
{
    for (size_t i = 0; i < self->count; i++) {
        const struct lc_entry *entry = &self->list[i];

        if (may_begin_a_shutdown(entry) && entry->at >= -CAUSE_MSEC && entry->at <= CLOCKS_MSEC)
            return entry;
    }
    return NULL;
}

/* Signals that were only passed on, and orphans, come by the thousand. */
static bool is_chatter(const struct lc_entry *entry)
{
    const char *action = lc_entry_text(entry, "action");

    return lc_entry_is(entry, "orphan reaped") ||
           (lc_entry_is(entry, "signal") && action && !strcmp(action, "forward"));
}

/* A drain is taken back, or a stop signal that comes hours after one counts from a T0 of its own:
 * what lines have said of themselves is then of a T0 that is no more. */
static void begin_anew(struct lc_record *self)
{
    for (size_t i = 0; i < self->count; i++)
        self->list[i].timed = false;
    self->latest = 0;
}

static bool is_taken_back(const struct lc_entry *entry)
{
    const char *result = lc_entry_text(entry, "result");

    return lc_entry_is(entry, "undo") && result && !strcmp(result, "taken back");
}

static int append(struct lc_record *self, const struct lc_entry *entry)
{
    if (entry->timed && entry->t < self->latest - STEP_BACK_MSEC)
        begin_anew(self);
    if ((self->count & (self->count - 1)) == 0) {
        struct lc_entry *grown =
            reallocarray(self->list, self->count ? self->count * 2 : 1, sizeof(*grown));

        if (!grown)
            return -ENOMEM;
        self->list = grown;
    }
    self->list[self->count++] = *entry;
    if (entry->timed)
        self->latest = entry->t;
    if (is_taken_back(entry))
        begin_anew(self);
    return 0;
}

static bool has_shutdown(const struct lc_record *self)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->list[i].timed)
            return true;
    return false;
}

void lc_record_deinit(struct lc_record *self)
{
    for (size_t i = 0; i < self->count; i++)
        lc_tree_deinit(&self->list[i].tree);
    free(self->list);
    *self = (struct lc_record){0};
}

/* A run is over: it is kept where it has a shutdown, in the stead of the one before. */
static void keep_last(struct lc_record *kept, struct lc_record *run)
{
    size_t shutdowns = kept->shutdowns;

    if (has_shutdown(run)) {
        lc_record_deinit(kept);
        *kept = *run;
        kept->shutdowns = shutdowns + 1;
        *run = (struct lc_record){0};
    }
    lc_record_deinit(run);
}

/* From the wall clock, which may be stepped, to the monotonic time that lines say themselves. */
static void settle(struct lc_record *self)
{
    bool known = false;
    int64_t t0 = 0; /* by the wall clock */

    for (size_t i = 0; i < self->count && !known; i++) {
        known = self->list[i].timed;
        t0 = self->list[i].at - self->list[i].t;
        self->when = lc_entry_text(&self->list[i], "time");
    }
    for (size_t i = 0; i < self->count; i++) {
        struct lc_entry *entry = &self->list[i];

        entry->at = entry->timed ? entry->t : entry->at - t0;
    }
}

static int read_lines(FILE *file, struct lc_record *kept, struct lc_record *run)
{
    LC_CLEANUP_FREE char *line = NULL;
    size_t room = 0;
    ssize_t size;
    int r = 0;

    while (r >= 0 && (size = getline(&line, &room, file)) >= 0) {
        struct lc_entry entry;

        r = parse_line(&entry, line, (size_t)size);
        if (r <= 0)
            continue;
        if (lc_entry_is(&entry, "lastcall"))
            keep_last(kept, run);
        r = is_chatter(&entry) ? 0 : append(run, &entry);
        if (r < 0 || is_chatter(&entry))
            lc_tree_deinit(&entry.tree);
    }
    return r >= 0 && ferror(file) ? -EIO : r;
}

int lc_record_read(struct lc_record *ret, FILE *file)
{
    struct lc_record run = {0};
    int r;

    *ret = (struct lc_record){0};
    r = read_lines(file, ret, &run);
    keep_last(ret, &run);
    if (r < 0)
        return r;
    settle(ret);
    return ret->count ? 0 : -ENODATA;
}
