/* SPDX-License-Identifier: Apache-2.0 */
#include "config/types.h"

#include "config/nearest.h"

#include <stdlib.h>
#include <string.h>

/* From a mapping to a struct, by the table of keys. */

/* "gracePeriod, margin or propagation": what may stand below `prefix`. */
static void list_children(enum lc_scope scope, const char *prefix, char *buf, size_t size)
{
    const char *name, *after = NULL;
    size_t at = 0, length, used = 0, after_length = 0;
    const struct lc_key *key;

    buf[0] = '\0';
    while (lc_key_next_child(scope, prefix, &at, &name, &length, &key) && used < size) {
        if (after)
            used += (size_t)snprintf(buf + used, size - used, "%.*s, ", (int)after_length, after);
        after = name;
        after_length = length;
    }
    if (after && used < size) {
        if (used >= 2)
            used -= 2;
        snprintf(buf + used, size - used, "%s%.*s", used ? " or " : "", (int)after_length, after);
    }
}

/* A key that is known, but elsewhere: "margin" at the top is shutdown.margin. */
static const char *find_elsewhere(enum lc_scope scope, const char *name)
{
    for (const struct lc_key *key = lc_keys; key < lc_keys + lc_key_count; key++) {
        const char *last = key->scope == scope && key->path ? strrchr(key->path, '.') : NULL;

        if (last && !strcmp(last + 1, name))
            return key->path;
    }
    return NULL;
}

static void fail_unknown(struct lc_loader *loader, enum lc_scope scope, const char *prefix,
                         const struct lc_node *name)
{
    const char *child, *elsewhere = find_elsewhere(scope, name->text);
    const struct lc_key *key;
    struct lc_nearest nearest;
    size_t at = 0, length;
    char known[256];

    lc_nearest_init(&nearest, name->text);
    while (lc_key_next_child(scope, prefix, &at, &child, &length, &key))
        lc_nearest_offer(&nearest, child, length);
    list_children(scope, prefix, known, sizeof(known));
    if (nearest.best)
        lc_fail(loader, name, "unknown key; did you mean %.*s?", (int)nearest.best_length,
                nearest.best);
    else if (elsewhere)
        lc_fail(loader, name, "unknown key; did you mean %s%s?", lc_scopes[scope].label, elsewhere);
    else
        lc_fail(loader, name, "unknown key; accepted here: %s", known);
}

/* False: the key stood before in this mapping, or is none. */
static bool check_name(struct lc_loader *loader, const struct lc_node *map, size_t at)
{
    const struct lc_node *name = map->items[at];

    if (name->kind != LC_NODE_SCALAR) {
        lc_fail_found(loader, name, NULL, "a key");
        return false;
    }
    for (size_t i = 0; i < at; i += 2) {
        const struct lc_node *other = map->items[i];

        if (other->kind == LC_NODE_SCALAR && !strcmp(other->text, name->text)) {
            lc_fail(loader, name, "found twice, first in line %zu; accepted: once", other->line);
            return false;
        }
    }
    return true;
}

static void check_required(struct lc_loader *loader, enum lc_scope scope, const char *prefix,
                           const struct lc_node *map)
{
    const char *name;
    size_t at = 0, length;
    const struct lc_key *key;

    while (lc_key_next_child(scope, prefix, &at, &name, &length, &key)) {
        char accepted[LC_ACCEPTED_MAX];
        size_t mark;

        /* `name` is the rest of the key's path, so it ends where the key does. */
        if (!key || !key->required || lc_node_find(map, name))
            continue;
        mark = lc_path_enter(loader, name, length);
        lc_fail(loader, map, "missing; accepted: %s", lc_key_accepted(key, accepted));
        lc_path_leave(loader, mark);
    }
}

/* A key that is a mapping of further keys, and no value for itself. */
static void read_section(struct lc_loader *loader, enum lc_scope scope, const char *path,
                         const struct lc_node *node, void *object)
{
    char prefix[LC_PATH_MAX + 1], known[256], accepted[320];

    snprintf(prefix, sizeof(prefix), "%s.", path);
    /* A section whose keys are all commented out is an empty mapping. */
    if (lc_node_is_null(node)) {
        check_required(loader, scope, prefix,
                       &(struct lc_node){.line = node->line, .column = node->column});
        return;
    }
    if (node->kind == LC_NODE_MAP) {
        lc_read_mapping(loader, scope, prefix, node, object);
        return;
    }
    list_children(scope, prefix, known, sizeof(known));
    snprintf(accepted, sizeof(accepted), "a mapping with %s", known);
    lc_fail_found(loader, node, NULL, accepted);
}

static void read_entry(struct lc_loader *loader, enum lc_scope scope, const char *prefix,
                       const struct lc_node *name, const struct lc_node *value, void *object)
{
    char path[LC_PATH_MAX];
    const struct lc_key *key;
    bool section, known;
    int length = snprintf(path, sizeof(path), "%s%s", prefix, name->text);

    /* "a.b" is no way to write a below b: a path has its dots from the table alone. */
    known = (size_t)length < sizeof(path) && !strchr(name->text, '.');
    key = known ? lc_key_find(scope, path) : NULL;
    section = known && lc_key_is_section(scope, path);
    /* A key may be both: `sleep: 5s` and `sleep: {seconds: 5}`. */
    if (section && (!key || value->kind == LC_NODE_MAP))
        read_section(loader, scope, path, value, object);
    else if (key)
        lc_read_value(loader, key, value, object);
    else
        fail_unknown(loader, scope, prefix, name);
}

void lc_read_mapping(struct lc_loader *loader, enum lc_scope scope, const char *prefix,
                     const struct lc_node *node, void *object)
{
    for (size_t i = 0; i < node->count; i += 2) {
        const struct lc_node *name = node->items[i];
        size_t mark = loader->path_length;

        if (name->kind == LC_NODE_SCALAR)
            lc_path_enter(loader, name->text, strlen(name->text));
        if (check_name(loader, node, i))
            read_entry(loader, scope, prefix, name, node->items[i + 1], object);
        lc_path_leave(loader, mark);
    }
    check_required(loader, scope, prefix, node);
}

bool lc_read_value(struct lc_loader *loader, const struct lc_key *key, const struct lc_node *node,
                   void *object)
{
    if (!lc_types[key->type].read(loader, key, node, object))
        return false;
    lc_origin_set(loader, lc_key_target(key, object), node);
    return true;
}

static void read_object(struct lc_loader *loader, enum lc_scope scope, const struct lc_node *node,
                        void *object)
{
    char known[256], accepted[320];

    if (lc_scopes[scope].init)
        lc_scopes[scope].init(object);
    lc_loader_read_defaults(loader, scope, object);

    if (node->kind != LC_NODE_MAP) {
        list_children(scope, "", known, sizeof(known));
        snprintf(accepted, sizeof(accepted), "a mapping with %s", known);
        lc_fail_found(loader, node, NULL, accepted);
        return;
    }
    lc_read_mapping(loader, scope, "", node, object);
    if (lc_scopes[scope].finish)
        lc_scopes[scope].finish(loader, node, object);
}

/* Room for `count` objects, in place of those before; NULL: no memory. */
static char *make_objects(struct lc_loader *loader, const struct lc_key *key, size_t count,
                          void *object)
{
    char *items = calloc(count + 1, lc_scopes[key->items].size);

    if (!items) {
        loader->no_memory = true;
        return NULL;
    }
    lc_objects_clear(key, object);
    memcpy(lc_key_target(key, object), &items, sizeof(items)); /* whatever it points to */
    *lc_key_count_target(key, object) = count;
    return items;
}

bool lc_read_object(struct lc_loader *loader, const struct lc_key *key, const struct lc_node *node,
                    void *object)
{
    char *item = make_objects(loader, key, 1, object);

    if (item)
        read_object(loader, key->items, node, item);
    return item;
}

bool lc_read_objects(struct lc_loader *loader, const struct lc_key *key, const struct lc_node *node,
                     void *object)
{
    char accepted[LC_ACCEPTED_MAX], *items;

    lc_key_accepted(key, accepted);
    loader->processes_seen |= key->items == LC_SCOPE_PROCESS;
    if (node->kind != LC_NODE_LIST) {
        lc_fail_found(loader, node, NULL, accepted);
        return false;
    }
    if (node->count < key->min || node->count > key->max) {
        lc_fail(loader, node, "found %zu; accepted: %s", node->count, accepted);
        loader->times_unknown = true;
    }
    /* They are read even where there are too many: all errors are reported. */
    items = make_objects(loader, key, node->count, object);
    if (!items)
        return false;
    for (size_t i = 0; i < node->count; i++, items += lc_scopes[key->items].size) {
        size_t mark = lc_path_enter_item(loader, i);

        read_object(loader, key->items, node->items[i], items);
        lc_path_leave(loader, mark);
    }
    return true;
}

void lc_object_clear(enum lc_scope scope, void *object)
{
    for (const struct lc_key *key = lc_keys; key < lc_keys + lc_key_count; key++)
        if (key->scope == scope && lc_types[key->type].clear)
            lc_types[key->type].clear(key, object);
}

void lc_objects_clear(const struct lc_key *key, void *object)
{
    char *items;

    memcpy(&items, lc_key_target(key, object), sizeof(items)); /* whatever it points to */
    for (size_t i = 0; items && i < *lc_key_count_target(key, object); i++)
        lc_object_clear(key->items, items + i * lc_scopes[key->items].size);
    free(items);
    memset(lc_key_target(key, object), 0, sizeof(items));
    *lc_key_count_target(key, object) = 0;
}
