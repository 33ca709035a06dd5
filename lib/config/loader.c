/* SPDX-License-Identifier: Apache-2.0 */
#include "config/loader.h"

#include "base/cleanup.h"
#include "config/expand.h"
#include "config/types.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char *where(const struct lc_loader *self, const struct lc_node *node,
                         char buf[static LC_WHERE_MAX])
{
    if (self->source == LC_SOURCE_FILE && node && node->line)
        snprintf(buf, LC_WHERE_MAX, "%s:%zu:%zu", self->source_name, node->line, node->column);
    else
        snprintf(buf, LC_WHERE_MAX, "%s", self->source_name);
    return buf;
}

void lc_fail(struct lc_loader *self, const struct lc_node *node, const char *format, ...)
{
    LC_CLEANUP_FREE char *text = NULL;
    char place[LC_WHERE_MAX];
    va_list arguments;
    int r;

    va_start(arguments, format);
    r = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (r < 0) {
        text = NULL;
        self->no_memory = true;
        return;
    }
    /* Of an option only its name is known to whoever wrote it. */
    lc_errors_add(self->errors, where(self, node, place),
                  self->source == LC_SOURCE_FILE && self->path_length ? self->path : NULL, "%s",
                  text);
}

void lc_fail_found(struct lc_loader *self, const struct lc_node *node, const char *text,
                   const char *accepted)
{
    static const char *const kinds[] = {
        [LC_NODE_SCALAR] = "a text", [LC_NODE_LIST] = "a list", [LC_NODE_MAP] = "a mapping"};
    char quoted[LC_QUOTED_MAX];

    if (!text && node->kind == LC_NODE_SCALAR && !lc_node_is_null(node))
        text = node->text;
    if (text)
        lc_fail(self, node, "found %s; accepted: %s", lc_quote(text, strlen(text), quoted),
                accepted);
    else
        lc_fail(self, node, "found %s; accepted: %s",
                lc_node_is_null(node) ? "nothing" : kinds[node->kind], accepted);
}

size_t lc_path_enter(struct lc_loader *self, const char *name, size_t length)
{
    size_t mark = self->path_length;
    int written = snprintf(self->path + mark, LC_PATH_MAX - mark, "%s%.*s", mark ? "." : "",
                           length > LC_PATH_MAX ? LC_PATH_MAX : (int)length, name);

    self->path_length =
        mark + (size_t)written < LC_PATH_MAX ? mark + (size_t)written : LC_PATH_MAX - 1;
    return mark;
}

size_t lc_path_enter_item(struct lc_loader *self, size_t index)
{
    size_t mark = self->path_length;
    int written = snprintf(self->path + mark, LC_PATH_MAX - mark, "[%zu]", index);

    self->path_length =
        mark + (size_t)written < LC_PATH_MAX ? mark + (size_t)written : LC_PATH_MAX - 1;
    return mark;
}

void lc_path_leave(struct lc_loader *self, size_t mark)
{
    self->path[mark] = '\0';
    self->path_length = mark;
}

static struct lc_origin *find_origin(const struct lc_loader *self, const void *target)
{
    for (size_t i = 0; i < self->origin_count; i++)
        if (self->origins[i].target == target)
            return &self->origins[i];
    return NULL;
}

static struct lc_origin *add_origin(struct lc_loader *self, const void *target)
{
    struct lc_origin *grown =
        reallocarray(self->origins, self->origin_count + 1, sizeof(*self->origins));

    if (!grown)
        return NULL;
    self->origins = grown;
    grown[self->origin_count] = (struct lc_origin){.target = target};
    return &grown[self->origin_count++];
}

void lc_origin_set(struct lc_loader *self, const void *target, const struct lc_node *node)
{
    struct lc_origin *origin = find_origin(self, target);
    char place[LC_WHERE_MAX], *copy;

    if (self->source == LC_SOURCE_DEFAULT)
        return;
    if (!origin)
        origin = add_origin(self, target);
    copy = origin ? strdup(where(self, node, place)) : NULL;
    if (!copy) {
        self->no_memory = true;
        return;
    }
    free(origin->where);
    origin->where = copy;
}

const char *lc_origin_find(const struct lc_loader *self, const void *target)
{
    const struct lc_origin *origin = find_origin(self, target);

    return origin ? origin->where : NULL;
}

static void fail_expand(struct lc_loader *self, const struct lc_node *node,
                        const struct lc_expand_error *error)
{
    char quoted[LC_QUOTED_MAX];

    switch (error->problem) {
    case LC_EXPAND_UNSET:
        lc_fail(self, node,
                "found %s, which is not set; accepted: a variable that is set, or one with a "
                "default: ${NAME:-default}",
                lc_quote(error->at, error->length, quoted));
        break;
    case LC_EXPAND_MALFORMED:
        lc_fail(self, node,
                "found %s; accepted: ${NAME}, ${NAME:-default}, or $$ for a literal dollar",
                lc_quote(error->at, error->length, quoted));
        break;
    case LC_EXPAND_TOO_LONG:
        lc_fail(self, node, "found more than %d bytes, variables written out; accepted: fewer",
                LC_YAML_SIZE_MAX);
        break;
    }
}

char *lc_read_scalar(struct lc_loader *self, const struct lc_node *node, const char *accepted)
{
    struct lc_expand_error error;
    char *text = NULL;
    int r;

    if (node->kind != LC_NODE_SCALAR || lc_node_is_null(node)) {
        lc_fail_found(self, node, NULL, accepted);
        return NULL;
    }
    if (self->source != LC_SOURCE_FILE || !strchr(node->text, '$')) {
        text = strdup(node->text);
        self->no_memory |= !text;
        return text;
    }
    r = lc_expand(node->text, self->envp, LC_YAML_SIZE_MAX - self->expanded, &text, &error);
    if (r == -EINVAL)
        fail_expand(self, node, &error);
    self->no_memory |= r == -ENOMEM;
    if (r < 0)
        return NULL;
    self->expanded += strlen(text);
    return text;
}

void lc_loader_read_text(struct lc_loader *self, const struct lc_key *key, const char *text)
{
    struct lc_process_config *process = self->config->process;
    struct lc_tree tree = {0};

    if (lc_tree_parse_text(&tree, lc_types[key->type].shape, text) < 0)
        self->no_memory = true;
    else
        lc_read_value(self, key, tree.root,
                      key->scope == LC_SCOPE_PROCESS ? (void *)process : (void *)self->config);
    lc_tree_deinit(&tree);
}

void lc_loader_read_defaults(struct lc_loader *self, enum lc_scope scope, void *object)
{
    enum lc_source_kind source = self->source;

    self->source = LC_SOURCE_DEFAULT;
    for (const struct lc_key *key = lc_keys; key < lc_keys + lc_key_count; key++) {
        const char *text = key->standard[self->config->platform];
        struct lc_tree tree = {0};

        if (key->scope != scope || !text)
            continue;
        if (lc_tree_parse_text(&tree, lc_types[key->type].shape, text) < 0)
            self->no_memory = true;
        else
            lc_read_value(self, key, tree.root, object);
        lc_tree_deinit(&tree);
    }
    self->source = source;
}

void lc_loader_read_file(struct lc_loader *self, const char *bytes, size_t size)
{
    struct lc_yaml_error error;
    struct lc_tree tree = {0};
    int r = lc_tree_parse_yaml(&tree, bytes, size, &error);

    self->source = LC_SOURCE_FILE;
    self->source_name = self->config->file;
    if (r == -EINVAL) {
        struct lc_node place = {.line = error.line, .column = error.column};

        lc_fail(self, &place, "%s", error.text);
        self->file_unknown = true;
    }
    self->no_memory |= r == -ENOMEM;
    if (r == 0 && tree.root && !lc_node_is_null(tree.root)) {
        if (tree.root->kind == LC_NODE_MAP)
            lc_read_mapping(self, LC_SCOPE_ROOT, "", tree.root, self->config);
        else
            lc_fail_found(self, tree.root, NULL, "a mapping such as shutdown: {gracePeriod: 30s}");
        self->file_unknown = tree.root->kind != LC_NODE_MAP;
    }
    lc_tree_deinit(&tree);
}

void lc_loader_deinit(struct lc_loader *self)
{
    for (size_t i = 0; i < self->origin_count; i++)
        free(self->origins[i].where);
    free(self->origins);
    self->origins = NULL;
    self->origin_count = 0;
}
