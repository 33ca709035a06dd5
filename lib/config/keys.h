/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_CONFIG_KEYS_H
#define LC_CONFIG_KEYS_H

/*
 * The table of keys: one row a setting. Whatever lastcall knows about a setting is in its row: the
 * parser, --help, the JSON schema and the man pages are all made from it, and so cannot disagree.
 * To add a setting, add a row (and, where its values are of a new kind, a type in types.c).
 */

#include "config/config.h"

/* Where a key may stand, and so which struct its offset is in. */
enum lc_scope {
    LC_SCOPE_COMMAND_LINE, /* struct lc_command_line: no key of the file */
    LC_SCOPE_ROOT,         /* struct lc_config */
    LC_SCOPE_PROCESS,      /* struct lc_process_config */
    LC_SCOPE_HOOK,         /* struct lc_hook */
    LC_SCOPE_PROBE,        /* struct lc_probe */
    LC_SCOPE_HEADER,       /* struct lc_header */
    LC_SCOPE_COUNT,
};

/* What a value looks like, and what it becomes. */
enum lc_type {
    LC_TYPE_FLAG,       /* bool: an option without a value */
    LC_TYPE_FILE,       /* const char *, borrowed from the command line */
    LC_TYPE_TEXT,       /* char * */
    LC_TYPE_BOOL,       /* bool */
    LC_TYPE_CHOICE,     /* an enum: the index in `choices` */
    LC_TYPE_DURATION,   /* uint64_t, ms */
    LC_TYPE_SECONDS,    /* uint64_t, ms; written as a whole number of seconds, as Kubernetes does */
    LC_TYPE_NUMBER,     /* uint64_t */
    LC_TYPE_PORT,       /* uint16_t */
    LC_TYPE_SIGNAL,     /* int */
    LC_TYPE_STOP_ON,    /* uint64_t: bit N-1 is signal N */
    LC_TYPE_COMMAND,    /* char **, ends with NULL */
    LC_TYPE_LISTEN,     /* char **, ends with NULL */
    LC_TYPE_PORTS,      /* uint16_t *, with its count */
    LC_TYPE_SECOND,     /* uint8_t[LC_SIGNALS_MAX + 1]: enum lc_second by signal */
    LC_TYPE_SIGNAL_MAP, /* int8_t[LC_SIGNALS_MAX + 1]: LC_SIGNAL_* or a number by signal */
    LC_TYPE_EXIT_CODES, /* struct lc_exit_code_map */
    LC_TYPE_WINDOW,     /* struct lc_window: a duration, MIN:QUIET:MAX, or a preset's name */
    LC_TYPE_WAIT,       /* struct lc_drain: true, false, or (but in the file) its timeout */
    LC_TYPE_NETWORKS,   /* struct lc_cidr *, with its count */
    LC_TYPE_OBJECTS,    /* an array of the struct of scope `items`, with its count */
    LC_TYPE_OBJECT,     /* the same with one of them, which stands alone: no list */
    LC_TYPE_COUNT,
};

/* What an LC_TYPE_TEXT must look like. */
enum lc_form {
    LC_FORM_NAME,
    LC_FORM_HOST,
    LC_FORM_URL_PATH,
    LC_FORM_HEADER_NAME,
    LC_FORM_HEADER_VALUE,
    LC_FORM_TOKEN,     /* the same, but not empty: an empty one would guard nothing */
    LC_FORM_FILE_PATH, /* "off" becomes NULL */
    LC_FORM_COUNT,
};

struct lc_key {
    enum lc_scope scope;
    const char *path;   /* within the scope: "shutdown.margin"; NULL: no key of the file */
    const char *option; /* without the dashes; NULL: none. Its variable is lc_key_variable() */
    char letter;        /* the option's short form; 0: none */
    bool optional;      /* the option may stand alone, which means "true" */
    bool repeatable;    /* the option may be given several times; the values are collected */
    bool required;      /* wherever the mapping it belongs to is written */
    bool fixed;         /* cannot change while running */
    enum lc_type type;
    size_t offset, count_offset; /* of the target in the scope's struct, and of an array's count */
    enum lc_scope items;         /* OBJECTS, OBJECT */
    enum lc_form form;           /* TEXT */
    const char *const *choices;  /* CHOICE: ends with NULL */
    uint64_t min, max; /* DURATION: ms; SECONDS: s; NUMBER; OBJECTS: how many. No bounds where max
                          is 0 */
    const char *standard[LC_PLATFORM_COUNT]; /* the default as text, by platform; NULL: none */
    const char *help;                        /* one line */
};

/* Rows lie in the order in which people should meet them. */
extern const struct lc_key lc_keys[];
extern const size_t lc_key_count;

/* A choice's names, by value; each ends with NULL. */
extern const char *const lc_second_choices[],
    *const lc_outcome_choices[], *const lc_hook_actions[], *const lc_probe_actions[];

struct lc_command_line {
    const char *file; /* NULL: none */
    bool help, version;
    struct lc_given *given; /* in their order */
    size_t given_count;
    char *const *command; /* ends with NULL; NULL: none was given */
};

/* An option and its value. */
struct lc_given {
    const struct lc_key *key;
    const char *text;
};

enum { LC_VARIABLE_MAX = 48 };

/* "LASTCALL_GRACE_PERIOD" for "grace-period". Returns `buf`. */
const char *lc_key_variable(const struct lc_key *self, char buf[static LC_VARIABLE_MAX]);
/* Whether an environment variable can set it. */
bool lc_key_has_variable(const struct lc_key *self);

/* The row of exactly this path; NULL: none. */
const struct lc_key *lc_key_find(enum lc_scope scope, const char *path);
const struct lc_key *lc_key_find_option(const char *name, size_t length);
/* Whether some row's path lies below "PATH.". */
bool lc_key_is_section(enum lc_scope scope, const char *path);

/*
 * Each different name that may stand directly below `prefix` ("" or ending with '.') in `scope`:
 * starts with *at = 0 and returns false after the last. *ret_key is the row where the name is a key
 * of its own, else NULL: then it is a section.
 */
bool lc_key_next_child(enum lc_scope scope, const char *prefix, size_t *at, const char **ret_name,
                       size_t *ret_length, const struct lc_key **ret_key);

static inline void *lc_key_target(const struct lc_key *self, void *object)
{
    return (void *)((char *)object + self->offset);
}

static inline const void *lc_key_value(const struct lc_key *self, const void *object)
{
    return (const char *)object + self->offset;
}

static inline size_t *lc_key_count_target(const struct lc_key *self, void *object)
{
    return (void *)((char *)object + self->count_offset);
}

#endif
