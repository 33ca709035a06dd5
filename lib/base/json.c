/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { DEPTH_MAX = 64 };

void lc_json_init(struct lc_json *self, char *buf, size_t size)
{
    *self = (struct lc_json){.buf = buf, .size = size};
}

/* What may still be written: the closing brackets and the NUL are set aside. */
static size_t room(const struct lc_json *self)
{
    size_t kept = self->len + self->depth + 1;

    return kept < self->size ? self->size - kept : 0;
}

static bool put(struct lc_json *self, const char *text, size_t len)
{
    if (len > room(self))
        return false;
    memcpy(self->buf + self->len, text, len);
    self->len += len;
    return true;
}

static bool put_text(struct lc_json *self, const char *text)
{
    return put(self, text, strlen(text));
}

/* The length of the UTF-8 sequence at `text`, 0 where it is none: what an application names itself
 * need not be UTF-8, and a reader of the log must not choke on it. */
static size_t utf8_length(const unsigned char *text)
{
    static const struct {
        unsigned char mask, lead, low, high; /* bounds of the second byte: overlong, surrogates */
        size_t length;
    } forms[] = {
        {0x80, 0x00, 0x00, 0x00, 1}, {0xff, 0xe0, 0xa0, 0xbf, 3}, {0xff, 0xed, 0x80, 0x9f, 3},
        {0xff, 0xf0, 0x90, 0xbf, 4}, {0xff, 0xf4, 0x80, 0x8f, 4}, {0xf0, 0xe0, 0x80, 0xbf, 3},
        {0xfc, 0xf0, 0x80, 0xbf, 4}, {0xe0, 0xc0, 0x80, 0xbf, 2},
    };

    if (text[0] == 0xc0 || text[0] == 0xc1)
        return 0;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if ((text[0] & forms[i].mask) != forms[i].lead)
            continue;
        if (forms[i].length > 1 && (text[1] < forms[i].low || text[1] > forms[i].high))
            return 0;
        for (size_t k = 2; k < forms[i].length; k++)
            if ((text[k] & 0xc0) != 0x80)
                return 0;
        return forms[i].length;
    }
    return 0;
}

size_t lc_json_escape(const char **text, char buf[static LC_JSON_ESCAPE_MAX])
{
    const char *at = *text;
    const unsigned char *bytes = (const unsigned char *)at;
    size_t length = utf8_length(bytes);
    int n;

    *text += length ? length : 1;
    if (!length)
        n = snprintf(buf, LC_JSON_ESCAPE_MAX,
                     "\xef\xbf\xbd"); /* U+FFFD, the replacement character */
    else if (*at == '"' || *at == '\\')
        n = snprintf(buf, LC_JSON_ESCAPE_MAX, "\\%c", *at);
    else if (*at == '\n' || *at == '\t')
        n = snprintf(buf, LC_JSON_ESCAPE_MAX, "\\%c", *at == '\n' ? 'n' : 't');
    else if (bytes[0] < 0x20 || bytes[0] == 0x7f)
        n = snprintf(buf, LC_JSON_ESCAPE_MAX, "\\u%04x", bytes[0]);
    else if (bytes[0] == 0xc2 && bytes[1] < 0xa0) /* C1: U+009B begins a sequence as ESC [ does */
        n = snprintf(buf, LC_JSON_ESCAPE_MAX, "\\u%04x", bytes[1]);
    else {
        memcpy(buf, at, length); /* nearly all of them: too many for a printf(3) each */
        buf[length] = '\0';
        return length;
    }
    return (size_t)n;
}

static bool put_quoted(struct lc_json *self, const char *value)
{
    char escaped[LC_JSON_ESCAPE_MAX];

    if (!put_text(self, "\""))
        return false;
    while (*value)
        if (!put(self, escaped, lc_json_escape(&value, escaped)))
            return false;
    return put_text(self, "\"");
}

static bool put_key(struct lc_json *self, const char *key)
{
    if (self->comma && !put_text(self, ","))
        return false;
    return !key || (put_quoted(self, key) && put_text(self, ":"));
}

/* A member is written whole or not at all. */
static void member(struct lc_json *self, const char *key, const char *text, bool quoted)
{
    size_t before = self->len;

    if (self->skipped)
        return;
    if (put_key(self, key) && (quoted ? put_quoted(self, text) : put_text(self, text))) {
        self->comma = true;
        return;
    }
    self->len = before;
    self->truncated = true;
}

static void begin(struct lc_json *self, const char *key, bool array)
{
    size_t before = self->len;

    /* Room for the closing bracket, too. */
    if (!self->skipped && self->depth < DEPTH_MAX && put_key(self, key) && room(self) >= 2 &&
        put_text(self, array ? "[" : "{")) {
        self->arrays =
            (self->arrays & ~(UINT64_C(1) << self->depth)) | ((uint64_t)array << self->depth);
        self->depth++;
        self->comma = false;
        return;
    }
    self->len = before;
    self->truncated = true;
    self->skipped++;
}

void lc_json_object_begin(struct lc_json *self, const char *key)
{
    begin(self, key, false);
}

void lc_json_array_begin(struct lc_json *self, const char *key)
{
    begin(self, key, true);
}

void lc_json_end(struct lc_json *self)
{
    if (self->skipped) {
        self->skipped--;
        return;
    }
    if (!self->depth)
        return;
    self->depth--;
    self->buf[self->len++] = self->arrays >> self->depth & 1 ? ']' : '}';
    self->comma = true;
}

void lc_json_string(struct lc_json *self, const char *key, const char *value)
{
    member(self, key, value, true);
}

void lc_json_int(struct lc_json *self, const char *key, int64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRId64, value);
    member(self, key, text, false);
}

void lc_json_bool(struct lc_json *self, const char *key, bool value)
{
    member(self, key, value ? "true" : "false", false);
}

void lc_json_null(struct lc_json *self, const char *key)
{
    member(self, key, "null", false);
}

void lc_json_seconds(struct lc_json *self, const char *key, uint64_t msec)
{
    char text[32];

    snprintf(text, sizeof(text), "%" PRIu64 ".%03" PRIu64, msec / 1000, msec % 1000);
    member(self, key, text, false);
}

size_t lc_json_finish(struct lc_json *self)
{
    while (self->depth)
        lc_json_end(self);
    if (self->size)
        self->buf[self->len] = '\0';
    return self->len;
}
