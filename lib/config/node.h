/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_CONFIG_NODE_H
#define LC_CONFIG_NODE_H

/*
 * What has been written, before anybody asked what it means: a tree of texts, lists and mappings,
 * each with its place in the file. Made from YAML (yaml.c, the only file that knows libyaml), or
 * from the text of an option, an environment variable or a default, so that all of them go through
 * the same readers.
 */

#include <stdbool.h>
#include <stddef.h>

enum {
    LC_YAML_SIZE_MAX = 1 << 20, /* bytes in a file */
    LC_YAML_DEPTH_MAX = 32,
    LC_YAML_NODES_MAX = 10000, /* with every alias written out: what stops an alias bomb */
};

enum lc_node_kind { LC_NODE_SCALAR, LC_NODE_LIST, LC_NODE_MAP };

struct lc_node {
    enum lc_node_kind kind;
    size_t line, column;    /* from 1; 0: it comes from no file */
    char *text;             /* SCALAR */
    bool plain;             /* SCALAR: without quotes, so that "null" and "" mean nothing */
    struct lc_node **items; /* LIST; MAP: key, value, key, value */
    size_t count;           /* of items; a MAP's is even */
    size_t weight;          /* nodes in it, itself included, with every alias written out */
    size_t height;          /* levels below it */
    struct lc_node *next;   /* in the tree's list */
};

/* Owns every node, in a list: an alias makes a node appear several times in the tree itself. */
struct lc_tree {
    struct lc_node *nodes;
    struct lc_node *root; /* NULL: nothing was written */
};

struct lc_yaml_error {
    size_t line, column; /* from 1 */
    char text[160];
};

/* 0; -EINVAL with *ret_error; -ENOMEM. `tree` is zeroed before, and needs lc_tree_deinit() in every
 * case. */
int lc_tree_parse_yaml(struct lc_tree *tree, const char *bytes, size_t size,
                       struct lc_yaml_error *ret_error);
/* Several documents, between lines of ---: the root is a list of them. The bounds hold for each. */
int lc_tree_parse_documents(struct lc_tree *tree, const char *bytes, size_t size,
                            struct lc_yaml_error *ret_error);
/* `kind` says how the text is taken: as a whole, as "a,b,c", as "a=1,b=2". 0 or -ENOMEM. */
int lc_tree_parse_text(struct lc_tree *tree, enum lc_node_kind kind, const char *text);
void lc_tree_deinit(struct lc_tree *self);

/* NULL: no memory. */
struct lc_node *lc_tree_add(struct lc_tree *self, enum lc_node_kind kind, size_t line,
                            size_t column);
struct lc_node *lc_tree_add_scalar(struct lc_tree *self, const char *text, size_t length,
                                   size_t line, size_t column);
/* Takes no ownership: `item` is the tree's. 0 or -ENOMEM. */
int lc_node_append(struct lc_node *self, struct lc_node *item);

/* The value of a MAP's first key `name`; NULL: it has none. */
struct lc_node *lc_node_find(const struct lc_node *self, const char *name);

/* `key:` with nothing behind it, or `~`, or `null`. */
bool lc_node_is_null(const struct lc_node *self);

#endif
