/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_CONFIG_LOADER_H
#define LC_CONFIG_LOADER_H

/*
 * What is at work while a configuration is made: the sources (defaults, file, environment, options)
 * are read one after another into the same struct lc_config, each over the one before, and every
 * value that was set remembers where, so that a later conflict can name the place.
 */

#include "config/errors.h"
#include "config/keys.h"
#include "config/node.h"

enum lc_source_kind { LC_SOURCE_DEFAULT, LC_SOURCE_FILE, LC_SOURCE_TEXT /* option, variable */ };

/* Where a target was set; a default leaves none. */
struct lc_origin {
    const void *target; /* in the configuration */
    char *where;        /* as in struct lc_config_error */
};

enum { LC_PATH_MAX = 160, LC_WHERE_MAX = 512 };

struct lc_loader {
    struct lc_config *config;
    struct lc_config_errors *errors;
    char *const *envp;

    enum lc_source_kind source; /* that is being read */
    const char *source_name;    /* the file's, or "--margin", or "LASTCALL_MARGIN" */

    char path[LC_PATH_MAX]; /* of the value being read: "processes[0].ports" */
    size_t path_length;

    struct lc_origin *origins;
    size_t origin_count;

    size_t expanded;     /* bytes that ${...} has made, all together */
    bool appending;      /* the option was given before: its values are collected */
    bool processes_seen; /* in the file */
    bool file_unknown;   /* the file could not be read: what it says, it does not lack */
    bool times_unknown;  /* a time could not be read: the sum of the times says nothing */
    bool no_memory;      /* everything ends with -ENOMEM */
};

/* Reads every source; what is wrong lies in loader->errors. `bytes` NULL: there is no file. */
void lc_loader_read_defaults(struct lc_loader *self, enum lc_scope scope, void *object);
void lc_loader_read_file(struct lc_loader *self, const char *bytes, size_t size);
void lc_loader_read_environment(struct lc_loader *self, struct lc_config_errors *warnings);
void lc_loader_read_options(struct lc_loader *self, const struct lc_command_line *line);
void lc_loader_read_text(struct lc_loader *self, const struct lc_key *key, const char *text);
void lc_loader_deinit(struct lc_loader *self);

/* The whole way from sources to a configuration; lc_config_load() without the reading of the file,
 * whose name is line->file and whose content is `bytes` (NULL: none). */
int lc_config_build(const struct lc_command_line *line, char *const *envp, const char *bytes,
                    size_t size, struct lc_config **ret, struct lc_config_errors *errors,
                    struct lc_config_errors *warnings);

/* Reads the words of the command line into *ret (lc_command_line_deinit() it); what is wrong with
 * them goes to `errors`. 0 or -ENOMEM. */
int lc_command_line_parse(struct lc_command_line *ret, char *const *argv,
                          struct lc_config_errors *errors);
void lc_command_line_deinit(struct lc_command_line *self);

/* The file's content, at most LC_YAML_SIZE_MAX bytes. 0; -EINVAL with an error added; -ENOMEM. */
int lc_file_read(const char *name, char **ret, size_t *ret_size, struct lc_config_errors *errors);

/* A value of `key` into `object`, the struct of the key's scope. False: an error was added. */
bool lc_read_value(struct lc_loader *self, const struct lc_key *key, const struct lc_node *node,
                   void *object);
/* The keys of the mapping `node` that lie below `prefix` ("" or ending with '.'). */
void lc_read_mapping(struct lc_loader *self, enum lc_scope scope, const char *prefix,
                     const struct lc_node *node, void *object);
/* The list `node` as an array of structs; the mapping `node` as an array of one. */
bool lc_read_objects(struct lc_loader *self, const struct lc_key *key, const struct lc_node *node,
                     void *object);
bool lc_read_object(struct lc_loader *self, const struct lc_key *key, const struct lc_node *node,
                    void *object);

/* A scalar's text with its ${...} replaced, to be freed; NULL: an error was added, which names
 * `accepted`. */
char *lc_read_scalar(struct lc_loader *self, const struct lc_node *node, const char *accepted);

/* Puts ".name" or "[index]" behind the path; returns what lc_path_leave() takes to undo it. */
size_t lc_path_enter(struct lc_loader *self, const char *name, size_t length);
size_t lc_path_enter_item(struct lc_loader *self, size_t index);
void lc_path_leave(struct lc_loader *self, size_t mark);

/* An error at the node and the path. */
__attribute__((format(printf, 3, 4))) void lc_fail(struct lc_loader *self,
                                                   const struct lc_node *node, const char *format,
                                                   ...);
/* "found X; accepted: Y", X being `text`, or the node's kind where `text` is NULL. */
void lc_fail_found(struct lc_loader *self, const struct lc_node *node, const char *text,
                   const char *accepted);

void lc_origin_set(struct lc_loader *self, const void *target, const struct lc_node *node);
/* Where the target was set; NULL: it holds its default. */
const char *lc_origin_find(const struct lc_loader *self, const void *target);

/* What no reader of one value can see: settings that contradict each other. */
void lc_check_signals(struct lc_loader *self);
/* That there is a command, or none in a sidecar. */
void lc_check_command(struct lc_loader *self, const struct lc_command_line *line);
/* What a sidecar cannot do, and what it needs. */
void lc_check_sidecar(struct lc_loader *self, struct lc_config_errors *warnings);
/* Holds the times against the grace, cuts defaults to fit, writes config->why. */
void lc_fit_times(struct lc_loader *self);

#endif
