/* SPDX-License-Identifier: Apache-2.0 */
#include "config/expand.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct buffer {
    char *text;
    size_t length, limit;
};

/* One "${...}". */
struct reference {
    const char *name;
    size_t name_length;
    const char *standard; /* NULL: no default */
    size_t standard_length;
    size_t length; /* of the whole */
};

const char *lc_env_get(char *const *envp, const char *name, size_t length)
{
    for (; envp && *envp; envp++)
        if (!strncmp(*envp, name, length) && (*envp)[length] == '=')
            return *envp + length + 1;
    return NULL;
}

/* 0, -E2BIG or -ENOMEM. */
static int append(struct buffer *self, const char *text, size_t length)
{
    char *grown;

    if (length > self->limit - self->length)
        return -E2BIG;
    grown = realloc(self->text, self->length + length + 1);
    if (!grown)
        return -ENOMEM;
    memcpy(grown + self->length, text, length);
    self->text = grown;
    self->length += length;
    grown[self->length] = '\0';
    return 0;
}

/* `at` is "${...". Returns false where it is malformed; `length` is then what to show of it. */
static bool parse_reference(const char *at, struct reference *ret)
{
    const char *cursor = at + 2, *end = strchr(cursor, '}');

    *ret = (struct reference){.name = cursor, .length = end ? (size_t)(end + 1 - at) : strlen(at)};
    if (!end)
        return false;
    if (!isalpha((unsigned char)*cursor) && *cursor != '_')
        return false;
    while (isalnum((unsigned char)*cursor) || *cursor == '_')
        cursor++;
    ret->name_length = (size_t)(cursor - ret->name);
    if (cursor == end)
        return true;
    if (cursor[0] != ':' || cursor[1] != '-')
        return false;
    ret->standard = cursor + 2;
    ret->standard_length = (size_t)(end - ret->standard);
    /* A reference inside the default would end at the wrong brace. */
    return !memmem(ret->standard, ret->standard_length, "${", 2);
}

/* As everywhere: "$$" is a dollar. Another reference is not in here, parse_reference() saw to it. */
static int append_default(struct buffer *out, const char *text, size_t length)
{
    int r = 0;

    for (const char *end = text + length; r == 0 && text < end;) {
        const char *dollar = memmem(text, (size_t)(end - text), "$$", 2);
        const char *stop = dollar ? dollar + 1 : end;

        r = append(out, text, (size_t)(stop - text));
        text = dollar ? dollar + 2 : end;
    }
    return r;
}

static int append_reference(struct buffer *out, const struct reference *reference,
                            char *const *envp, struct lc_expand_error *ret_error)
{
    const char *value = lc_env_get(envp, reference->name, reference->name_length);

    if (reference->standard && (!value || *value == '\0'))
        return append_default(out, reference->standard, reference->standard_length);
    if (!value) {
        ret_error->problem = LC_EXPAND_UNSET;
        return -EINVAL;
    }
    return append(out, value, strlen(value));
}

/* What begins at the dollar `at`: appends what it means, and says how long it was. */
static int append_dollar(struct buffer *out, const char *at, char *const *envp, size_t *ret_length,
                         struct lc_expand_error *ret_error)
{
    struct reference reference;

    ret_error->at = at;
    *ret_length = at[1] == '$' ? 2 : 1;
    if (at[1] != '{')
        return append(out, "$", 1);
    ret_error->problem = LC_EXPAND_MALFORMED;
    if (!parse_reference(at, &reference)) {
        ret_error->length = reference.length;
        return -EINVAL;
    }
    *ret_length = ret_error->length = reference.length;
    return append_reference(out, &reference, envp, ret_error);
}

int lc_expand(const char *text, char *const *envp, size_t limit, char **ret,
              struct lc_expand_error *ret_error)
{
    struct buffer out = {.limit = limit};
    int r;

    do {
        size_t length = strcspn(text, "$");

        r = append(&out, text, length);
        text += length;
        if (r < 0 || *text == '\0')
            break;
        r = append_dollar(&out, text, envp, &length, ret_error);
        text += length;
    } while (r >= 0);
    if (r == 0) {
        *ret = out.text;
        return 0;
    }
    free(out.text);
    if (r != -E2BIG)
        return r;
    *ret_error = (struct lc_expand_error){.problem = LC_EXPAND_TOO_LONG};
    return -EINVAL;
}
