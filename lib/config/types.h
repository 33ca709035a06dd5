/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_CONFIG_TYPES_H
#define LC_CONFIG_TYPES_H

/* The types of values: how each is read, freed, and described to people. */

#include "config/loader.h"

struct lc_type_info {
    const char *name;        /* in the man page: "duration" */
    const char *word;        /* in --help: "TIME"; NULL: the choices themselves */
    enum lc_node_kind shape; /* how the text of an option is taken */
    /* A value into the key's target in `object`. False: an error was added. */
    bool (*read)(struct lc_loader *loader, const struct lc_key *key, const struct lc_node *node,
                 void *object);
    /* Frees what the target owns; NULL: it owns nothing. */
    void (*clear)(const struct lc_key *key, void *object);
};

extern const struct lc_type_info lc_types[LC_TYPE_COUNT];

struct lc_form_info {
    const char *accepted;
    const char *pattern; /* for the JSON schema: says the same as check() */
    bool (*check)(const char *text);
};

extern const struct lc_form_info lc_forms[LC_FORM_COUNT];

struct lc_scope_info {
    const char *label; /* what stands before its keys' paths: "processes[]." */
    size_t size;       /* of its struct */
    /* After the defaults, before the keys of the mapping; NULL: nothing to do. */
    void (*init)(void *object);
    /* After the keys: what a single key cannot see. */
    void (*finish)(struct lc_loader *loader, const struct lc_node *node, void *object);
};

extern const struct lc_scope_info lc_scopes[LC_SCOPE_COUNT];

enum { LC_ACCEPTED_MAX = 192 };

/* What the key accepts, as a person would say it. Returns `buf`. */
const char *lc_key_accepted(const struct lc_key *key, char buf[static LC_ACCEPTED_MAX]);

/* Frees what an object owns, not the object. */
void lc_object_clear(enum lc_scope scope, void *object);
void lc_words_free(char **words);
void lc_objects_clear(const struct lc_key *key, void *object);

/* The readers of lists and mappings (lists.c, maps.c). */
typedef bool lc_reader(struct lc_loader *loader, const struct lc_key *key,
                       const struct lc_node *node, void *object);
lc_reader lc_read_command, lc_read_listen, lc_read_ports, lc_read_stop_on;
lc_reader lc_read_second, lc_read_signal_map, lc_read_exit_codes;
lc_reader lc_read_window, lc_read_wait, lc_read_networks; /* traffic.c */

/* Numbers and signals as they are read everywhere. False: an error was added. */
bool lc_read_number(struct lc_loader *loader, const struct lc_node *node, uint64_t min,
                    uint64_t max, const char *accepted, uint64_t *ret);
bool lc_read_signal(struct lc_loader *loader, const struct lc_node *node, const char *accepted,
                    int *ret);

/* The index of `text` in `choices`; -1: none. */
int lc_choice_find(const char *const *choices, const char *text);

#endif
