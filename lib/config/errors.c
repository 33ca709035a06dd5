/* SPDX-License-Identifier: Apache-2.0 */
#include "config/errors.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static void error_deinit(struct lc_config_error *self)
{
    free(self->where);
    free(self->path);
    free(self->text);
}

/* Keys and values are anybody's text; in a log they must not begin a line or move a cursor. */
static char *scrub(char *text)
{
    for (char *at = text; at && *at; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            *at = '?';
    return text;
}

__attribute__((format(printf, 4, 0))) static bool error_init(struct lc_config_error *self,
                                                             const char *where, const char *path,
                                                             const char *format, va_list arguments)
{
    *self = (struct lc_config_error){.where = strdup(where), .path = path ? strdup(path) : NULL};
    if (vasprintf(&self->text, format, arguments) < 0)
        self->text = NULL;
    scrub(self->where);
    scrub(self->path);
    scrub(self->text);
    return self->where && self->text && (self->path || !path);
}

void lc_errors_add(struct lc_config_errors *self, const char *where, const char *path,
                   const char *format, ...)
{
    struct lc_config_error *grown, error;
    va_list arguments;
    bool made;

    if (self->count == LC_CONFIG_ERRORS_MAX) {
        self->incomplete = true;
        return;
    }
    va_start(arguments, format);
    made = error_init(&error, where, path, format, arguments);
    va_end(arguments);
    grown = made ? reallocarray(self->list, self->count + 1, sizeof(*grown)) : NULL;
    if (!grown) {
        error_deinit(&error);
        self->incomplete = true;
        return;
    }
    self->list = grown;
    self->list[self->count++] = error;
}

void lc_config_errors_deinit(struct lc_config_errors *self)
{
    for (size_t i = 0; i < self->count; i++)
        error_deinit(&self->list[i]);
    free(self->list);
    *self = (struct lc_config_errors){0};
}

const char *lc_config_error_format(const struct lc_config_error *self, char *buf, size_t size)
{
    snprintf(buf, size, "%s: %s%s%s", self->where, self->path ? self->path : "",
             self->path ? ": " : "", self->text);
    return buf;
}

const char *lc_quote(const char *text, size_t length, char buf[static LC_QUOTED_MAX])
{
    enum { ROOM = LC_QUOTED_MAX - (int)sizeof("\"...\"") };
    bool cut = length > ROOM;

    snprintf(buf, LC_QUOTED_MAX, "\"%.*s%s\"", cut ? ROOM : (int)length, text, cut ? "..." : "");
    return buf;
}
