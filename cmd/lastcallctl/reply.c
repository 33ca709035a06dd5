/* SPDX-License-Identifier: Apache-2.0 */
#include "reply.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

enum { LENGTH_DIGITS_MAX = 9, STATUS_AT = 9, STATUS_END = 12 };

/* The digits at `text`, up to `end`. False: they are none, or too many. */
static bool parse_number(const char *text, const char *end, size_t *ret)
{
    *ret = 0;
    if (text == end || end - text > LENGTH_DIGITS_MAX)
        return false;
    for (; text < end; text++) {
        if (*text < '0' || *text > '9')
            return false;
        *ret = *ret * 10 + (size_t)(*text - '0');
    }
    return true;
}

/* The value of a header line; NULL: it is another's. */
static const char *value_of(const char *line, const char *end, const char *name)
{
    size_t length = strlen(name);

    if ((size_t)(end - line) <= length || strncasecmp(line, name, length) != 0 ||
        line[length] != ':')
        return NULL;
    line += length + 1;
    while (line < end && (*line == ' ' || *line == '\t'))
        line++;
    return line;
}

static const char *end_of_line(const char *line, const char *end)
{
    const char *found = memmem(line, (size_t)(end - line), "\r\n", 2);

    return found ? found : end;
}

/* "HTTP/1.1 200 OK" */
static bool parse_status(const char *line, const char *end, int *ret)
{
    size_t status;

    if (end - line < STATUS_END || memcmp(line, "HTTP/1.", strlen("HTTP/1.")) != 0 ||
        line[STATUS_AT - 1] != ' ' || !parse_number(line + STATUS_AT, line + STATUS_END, &status))
        return false;
    *ret = (int)status;
    return true;
}

int lc_reply_parse(struct lc_reply *ret, const char *bytes, size_t size)
{
    const char *head_end = memmem(bytes, size, "\r\n\r\n", 4), *value;
    const char *end = head_end ? end_of_line(bytes, head_end) : NULL;
    bool has_length = false;

    *ret = (struct lc_reply){0};
    if (!head_end || !parse_status(bytes, end, &ret->status))
        return -EBADMSG;
    while (end < head_end && !has_length) {
        const char *line = end + 2;

        end = end_of_line(line, head_end);
        value = value_of(line, end, "Content-Length");
        has_length = value && parse_number(value, end, &ret->length);
    }
    ret->body = head_end + 4;
    /* Without a length nobody could tell a whole answer from half of one. */
    return has_length && ret->length <= size - (size_t)(ret->body - bytes) ? 0 : -EBADMSG;
}

int lc_reply_parse_object(const struct lc_reply *self, struct lc_tree *ret)
{
    struct lc_yaml_error error;
    int r;

    *ret = (struct lc_tree){0};
    r = lc_tree_parse_yaml(ret, self->body, self->length, &error);
    if (r == -ENOMEM)
        return r;
    return r == 0 && ret->root && ret->root->kind == LC_NODE_MAP ? 0 : -EBADMSG;
}
