/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log_line.h"

#include "base/json.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ELLIPSIS "\xe2\x80\xa6" /* U+2026 */

enum { TIME_TEXT_MAX = 48, CUT_MAX = LC_LOG_VALUE_MAX + sizeof(ELLIPSIS) };

static const char *const level_names[] = {
    [LC_LOG_DEBUG] = "debug",
    [LC_LOG_INFO] = "info",
    [LC_LOG_WARN] = "warn",
    [LC_LOG_ERROR] = "error",
};
static_assert(sizeof(level_names) / sizeof(level_names[0]) == LC_LOG_LEVEL_COUNT, "a name each");

static const char *const format_names[] = {
    [LC_LOG_AUTO] = "auto",
    [LC_LOG_JSON] = "json",
    [LC_LOG_TEXT] = "text",
};
static_assert(sizeof(format_names) / sizeof(format_names[0]) == LC_LOG_FORMAT_COUNT, "a name each");

const char *lc_log_level_name(enum lc_log_level level)
{
    return (unsigned)level < LC_LOG_LEVEL_COUNT ? level_names[level] : "?";
}

const char *lc_log_format_name(enum lc_log_format format)
{
    return (unsigned)format < LC_LOG_FORMAT_COUNT ? format_names[format] : "?";
}

/* RFC 3339 in UTC with milliseconds; its years have four digits. gmtime_r(3) is not used: glibc's
 * takes a lock and reads the time zone file on its first call. The days become a date as in Howard
 * Hinnant's "chrono-Compatible Low-Level Date Algorithms": years that begin in March, in eras of
 * 400 years. */
static void format_time(const struct timespec *time, char buf[static TIME_TEXT_MAX])
{
    int64_t last = INT64_C(253402300799); /* 9999-12-31T23:59:59Z */
    int64_t seconds = time->tv_sec < 0 ? 0 : time->tv_sec > last ? last : time->tv_sec;
    int64_t days = seconds / 86400 + 719468; /* since 0000-03-01 */
    int64_t second = seconds % 86400;
    int64_t era = days / 146097, day_of_era = days % 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    int64_t day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    int64_t year = year_of_era + era * 400 + (month <= 2);

    snprintf(buf, TIME_TEXT_MAX,
             "%04" PRId64 "-%02" PRId64 "-%02" PRId64 "T%02" PRId64 ":%02" PRId64 ":%02" PRId64
             ".%03dZ",
             year, month, day, second / 3600, second / 60 % 60, second % 60,
             (int)(time->tv_nsec / 1000000));
}

/* What an application names itself, or an error quotes, may be long: a part tells more than nothing.
 * Cut between two characters, never in one. */
static const char *cut(const char *value, char buf[static CUT_MAX])
{
    size_t len = strnlen(value, LC_LOG_VALUE_MAX + 1);

    if (len <= LC_LOG_VALUE_MAX)
        return value;
    len = LC_LOG_VALUE_MAX;
    for (int i = 0; i < 3 && ((unsigned char)value[len] & 0xc0) == 0x80; i++)
        len--;
    memcpy(buf, value, len);
    memcpy(buf + len, ELLIPSIS, sizeof(ELLIPSIS));
    return buf;
}

static void json_field(struct lc_json *json, const struct lc_field *field)
{
    char buf[CUT_MAX];

    switch (field->kind) {
    case LC_FIELD_STRING:
        if (field->string)
            lc_json_string(json, field->key, cut(field->string, buf));
        return;
    case LC_FIELD_INT:
        lc_json_int(json, field->key, field->integer);
        return;
    case LC_FIELD_BOOL:
        lc_json_bool(json, field->key, field->boolean);
        return;
    case LC_FIELD_SECONDS:
        lc_json_seconds(json, field->key, field->msec);
        return;
    case LC_FIELD_END:
        return;
    }
}

static size_t json_line(char *buf, const char *time, enum lc_log_level level, const char *msg,
                        const struct lc_field *field)
{
    struct lc_json json;
    char msg_buf[CUT_MAX];

    lc_json_init(&json, buf, LC_LOG_LINE_MAX - strlen(",\"truncated\":true"));
    lc_json_object_begin(&json, NULL);
    lc_json_string(&json, "time", time);
    lc_json_string(&json, "level", lc_log_level_name(level));
    lc_json_string(&json, "msg", cut(msg, msg_buf));
    for (; field->kind != LC_FIELD_END; field++)
        json_field(&json, field);
    if (json.truncated) {
        json.size = LC_LOG_LINE_MAX;
        lc_json_bool(&json, "truncated", true);
    }
    return lc_json_finish(&json); /* the newline goes where it put its NUL */
}

struct text {
    char *buf;
    size_t len;
    bool full;
};

/* Control characters would let an application's name or an error's words drive the terminal. */
static void add_text(struct text *self, const char *string, bool quoted)
{
    char escaped[LC_JSON_ESCAPE_MAX];

    while (*string && !self->full) {
        size_t bare = !quoted && (*string == '"' || *string == '\\'); /* without its backslash */
        size_t len = lc_json_escape(&string, escaped) - bare;

        self->full = len > LC_LOG_LINE_MAX - 1 - self->len;
        if (self->full)
            return;
        memcpy(self->buf + self->len, escaped + bare, len);
        self->len += len;
    }
}

static void add(struct text *self, const char *string)
{
    add_text(self, string, false);
}

static void add_string(struct text *self, const char *value)
{
    char buf[CUT_MAX];

    value = cut(value, buf);
    if (*value && !strpbrk(value, " \"=\\")) {
        add(self, value);
        return;
    }
    add(self, "\"");
    add_text(self, value, true);
    add(self, "\"");
}

static void add_field(struct text *self, const struct lc_field *field)
{
    char number[32] = "";

    if (field->kind == LC_FIELD_STRING && !field->string)
        return;
    add(self, " ");
    add(self, field->key);
    add(self, "=");
    if (field->kind == LC_FIELD_STRING)
        add_string(self, field->string);
    else if (field->kind == LC_FIELD_BOOL)
        add(self, field->boolean ? "true" : "false");
    else if (field->kind == LC_FIELD_INT)
        snprintf(number, sizeof(number), "%" PRId64, field->integer);
    else if (field->kind == LC_FIELD_SECONDS)
        snprintf(number, sizeof(number), "%" PRIu64 ".%03" PRIu64 "s", field->msec / 1000,
                 field->msec % 1000);
    add(self, number);
}

static size_t text_line(char *buf, const char *time, enum lc_log_level level, const char *msg,
                        const struct lc_field *field)
{
    struct text text = {.buf = buf};
    char start[32], msg_buf[CUT_MAX];

    snprintf(start, sizeof(start), "%.12s %-5s ", time + strlen("2026-01-01T"),
             lc_log_level_name(level));
    add(&text, start);
    add(&text, cut(msg, msg_buf));
    for (; field->kind != LC_FIELD_END; field++)
        add_field(&text, field);
    return text.len;
}

size_t lc_log_line(char buf[static LC_LOG_LINE_MAX], enum lc_log_format format,
                   const struct timespec *time, enum lc_log_level level, const char *msg,
                   const struct lc_field *fields)
{
    char time_text[TIME_TEXT_MAX];
    size_t len;

    format_time(time, time_text);
    len = format == LC_LOG_TEXT ? text_line(buf, time_text, level, msg, fields)
                                : json_line(buf, time_text, level, msg, fields);
    buf[len] = '\n';
    return len + 1;
}
