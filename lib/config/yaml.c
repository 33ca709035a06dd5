/* SPDX-License-Identifier: Apache-2.0 */
#include "config/node.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/*
 * YAML into a tree. Aliases are resolved here, and whatever a hostile file can do by size is stopped
 * here: libyaml's own loader knows no bound for aliases, so its events are read instead.
 */

struct anchor {
    char *name;
    struct lc_node *node;
    struct anchor *next; /* the one before it: a later anchor of the same name hides it */
};

struct builder {
    struct lc_tree *tree;
    struct lc_node *open[LC_YAML_DEPTH_MAX]; /* collections whose end has not come */
    size_t depth;
    size_t weight; /* of all so far, with every alias written out */
    bool many;     /* documents are wanted: the tree's root is a list of them */
    unsigned documents;
    struct anchor *anchors;
    struct lc_yaml_error *error;
};

__attribute__((format(printf, 3, 4))) static int refuse(struct builder *self, yaml_mark_t mark,
                                                        const char *format, ...)
{
    va_list arguments;

    self->error->line = mark.line + 1;
    self->error->column = mark.column + 1;
    va_start(arguments, format);
    vsnprintf(self->error->text, sizeof(self->error->text), format, arguments);
    va_end(arguments);
    return -EINVAL;
}

static int remember_anchor(struct builder *self, const yaml_char_t *name, struct lc_node *node)
{
    struct anchor *anchor;

    if (!name)
        return 0;
    anchor = calloc(1, sizeof(*anchor));
    if (!anchor)
        return -ENOMEM;
    *anchor = (struct anchor){strdup((const char *)name), node, self->anchors};
    self->anchors = anchor;
    return anchor->name ? 0 : -ENOMEM;
}

static void forget_anchors(struct builder *self)
{
    for (struct anchor *anchor = self->anchors, *next; anchor; anchor = next) {
        next = anchor->next;
        free(anchor->name);
        free(anchor);
    }
    self->anchors = NULL;
}

static bool is_open(const struct builder *self, const struct lc_node *node)
{
    for (size_t i = 0; i < self->depth; i++)
        if (self->open[i] == node)
            return true;
    return false;
}

/* Puts `node` where the file is now. */
static int place(struct builder *self, struct lc_node *node, yaml_mark_t mark)
{
    self->weight += node->weight;
    if (self->weight > LC_YAML_NODES_MAX)
        return refuse(self, mark, "found more than %d values, aliases written out; accepted: fewer",
                      LC_YAML_NODES_MAX);
    if (self->depth)
        return lc_node_append(self->open[self->depth - 1], node);
    if (self->many)
        return lc_node_append(self->tree->root, node);
    self->tree->root = node;
    return 0;
}

static int add_alias(struct builder *self, const yaml_event_t *event)
{
    const char *name = (const char *)event->data.alias.anchor;
    const struct anchor *anchor = self->anchors;

    while (anchor && strcmp(anchor->name, name) != 0)
        anchor = anchor->next;
    if (!anchor)
        return refuse(self, event->start_mark,
                      "found *%.60s; accepted: an alias whose anchor &%.60s stands before it", name,
                      name);
    if (is_open(self, anchor->node))
        return refuse(self, event->start_mark,
                      "found *%.60s inside of what it stands for; accepted: an alias after its "
                      "anchor's end",
                      name);
    if (self->depth + anchor->node->height > LC_YAML_DEPTH_MAX)
        return refuse(self, event->start_mark,
                      "found more than %d levels, aliases written out; accepted: fewer",
                      LC_YAML_DEPTH_MAX);
    return place(self, anchor->node, event->start_mark);
}

static int refuse_tag(struct builder *self, const yaml_event_t *event, const yaml_char_t *tag)
{
    return tag ? refuse(self, event->start_mark,
                        "found the tag %.80s; accepted: values without a tag", (const char *)tag)
               : 0;
}

static int add_scalar(struct builder *self, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    struct lc_node *node;
    int r = refuse_tag(self, event, event->data.scalar.tag);

    if (r < 0)
        return r;
    if (memchr(text, '\0', length))
        return refuse(self, event->start_mark,
                      "found a NUL character (\\0); accepted: text without one");
    node = lc_tree_add_scalar(self->tree, text, length, event->start_mark.line + 1,
                              event->start_mark.column + 1);
    if (!node)
        return -ENOMEM;
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    r = place(self, node, event->start_mark);
    return r < 0 ? r : remember_anchor(self, event->data.scalar.anchor, node);
}

/* The collection is given to its parent at its end, when its weight and height are known. */
static int begin(struct builder *self, const yaml_event_t *event, enum lc_node_kind kind,
                 const yaml_char_t *anchor, const yaml_char_t *tag)
{
    struct lc_node *node;
    int r = refuse_tag(self, event, tag);

    if (r < 0)
        return r;
    if (self->depth == LC_YAML_DEPTH_MAX)
        return refuse(self, event->start_mark, "found more than %d levels; accepted: fewer",
                      LC_YAML_DEPTH_MAX);
    node = lc_tree_add(self->tree, kind, event->start_mark.line + 1, event->start_mark.column + 1);
    if (!node)
        return -ENOMEM;
    self->open[self->depth++] = node;
    return remember_anchor(self, anchor, node);
}

static int end(struct builder *self, const yaml_event_t *event)
{
    struct lc_node *node = self->open[--self->depth];

    /* What is in it has been counted one by one; place() counts the whole. */
    self->weight -= node->weight - 1; // NOLINT(clang-analyzer-*): libyaml ends what it began
    return place(self, node, event->start_mark);
}

static int begin_document(struct builder *self, const yaml_event_t *event)
{
    if (self->documents++ && !self->many)
        return refuse(self, event->start_mark,
                      "found a second document (---); accepted: one a file");
    /* An anchor is known in its own document only. */
    forget_anchors(self);
    self->weight = 0;
    return 0;
}

static int handle(struct builder *self, const yaml_event_t *event)
{
    switch ((int)event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return begin_document(self, event);
    case YAML_ALIAS_EVENT:
        return add_alias(self, event);
    case YAML_SCALAR_EVENT:
        return add_scalar(self, event);
    case YAML_SEQUENCE_START_EVENT:
        return begin(self, event, LC_NODE_LIST, event->data.sequence_start.anchor,
                     event->data.sequence_start.tag);
    case YAML_MAPPING_START_EVENT:
        return begin(self, event, LC_NODE_MAP, event->data.mapping_start.anchor,
                     event->data.mapping_start.tag);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return end(self, event);
    default: /* the begin and end of the stream and of its document */
        return 0;
    }
}

/* What libyaml calls a reader's error (bad UTF-8, control characters) it places by byte only. */
static yaml_mark_t mark_of_byte(const char *bytes, size_t offset)
{
    yaml_mark_t mark = {0};

    for (size_t i = 0; i < offset; i++) {
        if (bytes[i] == '\n') {
            mark.line++;
            mark.column = 0;
        } else if (((unsigned char)bytes[i] & 0xc0) != 0x80) { /* not inside of a character */
            mark.column++;
        }
    }
    return mark;
}

static int refuse_parser(struct builder *self, const yaml_parser_t *parser, const char *bytes,
                         size_t size)
{
    const char *problem = parser->problem ? parser->problem : "unknown problem";
    size_t offset = parser->problem_offset < size ? parser->problem_offset : size;

    if (parser->error == YAML_MEMORY_ERROR)
        return -ENOMEM;
    if (parser->error != YAML_READER_ERROR)
        return refuse(self, parser->problem_mark, "not YAML: %.120s", problem);
    if (offset < size && bytes[offset] == '\0')
        problem = "NUL byte";
    return refuse(self, mark_of_byte(bytes, offset),
                  "found a byte that is not text: %.80s; "
                  "accepted: UTF-8 without control characters",
                  problem);
}

static int build(struct builder *self, yaml_parser_t *parser, const char *bytes, size_t size)
{
    bool done = false;
    int r = 0;

    while (r == 0 && !done) {
        yaml_event_t event;

        if (!yaml_parser_parse(parser, &event))
            return refuse_parser(self, parser, bytes, size);
        r = handle(self, &event);
        done = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    return r;
}

static int parse(struct builder *builder, const char *bytes, size_t size)
{
    yaml_parser_t parser;
    int r;

    if (!yaml_parser_initialize(&parser))
        return -ENOMEM;
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, size);
    r = build(builder, &parser, bytes, size);
    yaml_parser_delete(&parser);
    forget_anchors(builder);
    return r;
}

int lc_tree_parse_yaml(struct lc_tree *tree, const char *bytes, size_t size,
                       struct lc_yaml_error *ret_error)
{
    struct builder builder = {.tree = tree, .error = ret_error};

    return parse(&builder, bytes, size);
}

int lc_tree_parse_documents(struct lc_tree *tree, const char *bytes, size_t size,
                            struct lc_yaml_error *ret_error)
{
    struct builder builder = {.tree = tree, .many = true, .error = ret_error};

    tree->root = lc_tree_add(tree, LC_NODE_LIST, 0, 0);
    return tree->root ? parse(&builder, bytes, size) : -ENOMEM;
}
