/* SPDX-License-Identifier: Apache-2.0 */
#include "spot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void move_to(struct lc_spot *self, const struct lc_node *node)
{
    self->node = node && !lc_node_is_null(node) ? node : NULL;
    if (node)
        self->near = node;
}

static void enter(struct lc_spot *self, const char *name, size_t length)
{
    const struct lc_node *parent = self->node, *found = NULL;
    size_t used = strlen(self->path);

    snprintf(self->path + used, sizeof(self->path) - used, "%s%.*s", used ? "." : "", (int)length,
             name);
    for (size_t i = 0; parent && parent->kind == LC_NODE_MAP && i < parent->count; i += 2) {
        const struct lc_node *key = parent->items[i];

        if (key->kind == LC_NODE_SCALAR && strlen(key->text) == length &&
            !memcmp(key->text, name, length))
            found = parent->items[i + 1];
    }
    move_to(self, found);
}

struct lc_spot lc_spot_key(const struct lc_spot *self, const char *path)
{
    struct lc_spot spot = *self;

    for (size_t length; *path; path += length + (path[length] == '.')) {
        length = strcspn(path, ".");
        enter(&spot, path, length);
    }
    return spot;
}

struct lc_spot lc_spot_word(const struct lc_spot *self, const char *name, size_t length)
{
    struct lc_spot spot = *self;

    enter(&spot, name, length);
    return spot;
}

struct lc_spot lc_spot_item(const struct lc_spot *self, size_t index)
{
    struct lc_spot spot = *self;
    size_t used = strlen(spot.path);

    snprintf(spot.path + used, sizeof(spot.path) - used, "[%zu]", index);
    move_to(&spot, index < lc_spot_count(self) ? self->node->items[index] : NULL);
    return spot;
}

size_t lc_spot_count(const struct lc_spot *self)
{
    return self->node && self->node->kind == LC_NODE_LIST ? self->node->count : 0;
}

const char *lc_spot_text(const struct lc_spot *self)
{
    return self->node && self->node->kind == LC_NODE_SCALAR ? self->node->text : NULL;
}

bool lc_spot_says(const struct lc_spot *self, const char *text)
{
    const char *found = lc_spot_text(self);

    return found && !strcmp(found, text);
}

bool lc_spot_number(const struct lc_spot *self, uint64_t *ret)
{
    const char *text = lc_spot_text(self);
    char *end;

    if (!text || *text < '0' || *text > '9')
        return false;
    errno = 0;
    *ret = strtoull(text, &end, 10);
    return *end == '\0' && errno == 0;
}

bool lc_spot_seconds(const struct lc_spot *self, uint64_t *ret)
{
    static const uint64_t thousand_years = UINT64_C(1000) * 366 * 24 * 60 * 60;

    if (!lc_spot_number(self, ret))
        return false;
    if (*ret > thousand_years)
        *ret = thousand_years;
    return true;
}
