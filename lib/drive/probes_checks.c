/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/probes_parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXCLUDES_MAX = LC_LANES_MAX + 1, NAME_MAX_LENGTH = 63 + sizeof("/readiness") - 1 };

struct text {
    char *at;
    size_t size, length;
};

__attribute__((__format__(__printf__, 2, 3))) static void add(struct text *self, const char *format,
                                                              ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(self->at + self->length, self->size - self->length, format, arguments);
    va_end(arguments);
    if (length > 0) {
        self->length += (size_t)length;
        if (self->length >= self->size)
            self->length = self->size - 1; /* cut */
    }
}

/* What the query asks for; names in the set's order, each once. */
struct query {
    bool verbose;
    size_t count;
    char exclude[EXCLUDES_MAX][NAME_MAX_LENGTH + 1];
    bool matched[EXCLUDES_MAX];
};

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The bytes from `from` to `end`, as a form encodes them; cut where they are too long for a name.
 */
static void decode(const char *from, const char *end, char ret[static NAME_MAX_LENGTH + 1])
{
    size_t length = 0;

    for (; from < end && length < NAME_MAX_LENGTH; from++) {
        char c = *from == '+' ? ' ' : *from;

        if (c == '%' && end - from > 2 && hex(from[1]) >= 0 && hex(from[2]) >= 0) {
            c = (char)(hex(from[1]) << 4 | hex(from[2]));
            from += 2;
        }
        ret[length++] = c;
    }
    ret[length] = '\0';
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void exclude(struct query *self, const char *from, const char *end)
{
    if (self->count == EXCLUDES_MAX)
        return;
    decode(from, end, self->exclude[self->count]);
    for (size_t i = 0; i < self->count; i++)
        if (!strcmp(self->exclude[i], self->exclude[self->count]))
            return;
    self->count++;
}

static void parse(const char *text, struct query *ret)
{
    *ret = (struct query){0};
    while (*text) {
        size_t length = strcspn(text, "&");
        const char *value = memchr(text, '=', length);
        size_t key = value ? (size_t)(value - text) : length;

        if (key == 7 && !memcmp(text, "verbose", key))
            ret->verbose = true;
        if (key == 7 && !memcmp(text, "exclude", key))
            exclude(ret, value ? value + 1 : text + length, text + length);
        text += length + (text[length] == '&');
    }
    qsort(ret->exclude, ret->count, sizeof(ret->exclude[0]), by_name);
}

static bool is_excluded(struct query *query, const char *name)
{
    for (size_t i = 0; i < query->count; i++)
        if (!strcmp(query->exclude[i], name)) {
            query->matched[i] = true;
            return true;
        }
    return false;
}

static void add_quoted(struct text *text, const char *name)
{
    add(text, "\"");
    for (const unsigned char *c = (const unsigned char *)name; *c; c++) {
        if (*c == '"' || *c == '\\')
            add(text, "\\%c", *c);
        else if (*c < 0x20 || *c >= 0x7f)
            add(text, "\\x%02x", *c);
        else
            add(text, "%c", *c);
    }
    add(text, "\"");
}

static void add_unmatched(struct text *text, const struct query *query)
{
    bool any = false;

    for (size_t i = 0; i < query->count; i++) {
        if (query->matched[i])
            continue;
        add(text, "%s", any ? "," : "warn: some health checks cannot be excluded: no matches for ");
        add_quoted(text, query->exclude[i]);
        any = true;
    }
    if (any)
        add(text, "\n");
}

size_t lc_checks_text(const struct lc_checks *self, const char *name, const char *query, char *body,
                      size_t size, bool *ret_passed)
{
    struct text text = {.at = body, .size = size};
    struct query asked;

    parse(query, &asked);
    *ret_passed = true;
    for (size_t i = 0; i < self->count; i++) {
        const struct lc_check *check = &self->list[i];

        if (is_excluded(&asked, check->name)) {
            add(&text, "[+]%s excluded: ok\n", check->name);
        } else if (check->ok) {
            add(&text, "[+]%s ok\n", check->name);
        } else {
            add(&text, "[-]%s failed: %s\n", check->name, check->why);
            *ret_passed = false;
        }
    }
    add_unmatched(&text, &asked);
    add(&text, "%s check %s\n", name, *ret_passed ? "passed" : "failed");
    if (*ret_passed && !asked.verbose) {
        text.length = 0;
        add(&text, "ok");
    }
    return text.length;
}
