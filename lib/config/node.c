/* SPDX-License-Identifier: Apache-2.0 */
#include "config/node.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct lc_node *lc_tree_add(struct lc_tree *self, enum lc_node_kind kind, size_t line,
                            size_t column)
{
    struct lc_node *node = calloc(1, sizeof(*node));

    if (!node)
        return NULL;
    *node = (struct lc_node){
        .kind = kind, .line = line, .column = column, .weight = 1, .next = self->nodes};
    self->nodes = node;
    return node;
}

struct lc_node *lc_tree_add_scalar(struct lc_tree *self, const char *text, size_t length,
                                   size_t line, size_t column)
{
    struct lc_node *node = lc_tree_add(self, LC_NODE_SCALAR, line, column);

    if (!node)
        return NULL;
    node->text = strndup(text, length);
    return node->text ? node : NULL;
}

int lc_node_append(struct lc_node *self, struct lc_node *item)
{
    /* Full whenever the count is a power of two: then it doubles. */
    if ((self->count & (self->count - 1)) == 0) {
        size_t room = self->count ? self->count * 2 : 1;
        struct lc_node **grown = reallocarray(self->items, room, sizeof(struct lc_node *));

        if (!grown)
            return -ENOMEM;
        self->items = grown;
    }
    self->items[self->count++] = item;
    self->weight += item->weight;
    if (item->height >= self->height)
        self->height = item->height + 1;
    return 0;
}

static int append_text(struct lc_tree *tree, struct lc_node *list, const char *text, size_t length)
{
    struct lc_node *item = lc_tree_add_scalar(tree, text, length, 0, 0);

    return item ? lc_node_append(list, item) : -ENOMEM;
}

/* One piece between commas: an item, or a key and its value. */
static int append_piece(struct lc_tree *tree, struct lc_node *parent, const char *text,
                        size_t length)
{
    const char *equals = memchr(text, '=', length);
    int r;

    if (parent->kind == LC_NODE_LIST)
        return append_text(tree, parent, text, length);
    if (!equals)
        equals = text + length;
    r = append_text(tree, parent, text, (size_t)(equals - text));
    if (r < 0)
        return r;
    if (*equals == '=')
        equals++;
    return append_text(tree, parent, equals, (size_t)(text + length - equals));
}

int lc_tree_parse_text(struct lc_tree *tree, enum lc_node_kind kind, const char *text)
{
    if (kind == LC_NODE_SCALAR) {
        tree->root = lc_tree_add_scalar(tree, text, strlen(text), 0, 0);
        return tree->root ? 0 : -ENOMEM;
    }
    tree->root = lc_tree_add(tree, kind, 0, 0);
    if (!tree->root)
        return -ENOMEM;
    while (*text) {
        size_t length, trimmed;
        int r;

        text += strspn(text, " ");
        length = trimmed = strcspn(text, ",");
        while (trimmed && text[trimmed - 1] == ' ')
            trimmed--;
        r = append_piece(tree, tree->root, text, trimmed);
        if (r < 0)
            return r;
        text += length + (text[length] == ',');
    }
    return 0;
}

void lc_tree_deinit(struct lc_tree *self)
{
    for (struct lc_node *node = self->nodes, *next; node; node = next) {
        next = node->next;
        free(node->text);
        free((void *)node->items);
        free(node);
    }
    *self = (struct lc_tree){0};
}

struct lc_node *lc_node_find(const struct lc_node *self, const char *name)
{
    for (size_t i = 0; i + 1 < self->count; i += 2)
        if (self->items[i]->kind == LC_NODE_SCALAR && !strcmp(self->items[i]->text, name))
            return self->items[i + 1];
    return NULL;
}

bool lc_node_is_null(const struct lc_node *self)
{
    static const char *const spellings[] = {"", "~", "null", "Null", "NULL"};

    if (self->kind != LC_NODE_SCALAR || !self->plain)
        return false;
    for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++)
        if (!strcmp(self->text, spellings[i]))
            return true;
    return false;
}
