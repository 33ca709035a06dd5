/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_DOCS_OPTIONS_H
#define LC_DOCS_OPTIONS_H

#include "../lastcallctl/command.h"

/* An option as a shell completes it: of lastcall's from the table of keys, of lastcallctl's from its
 * commands. */

enum lc_completed {
    LC_COMPLETED_NOTHING, /* a value that no shell can guess */
    LC_COMPLETED_CHOICE,
    LC_COMPLETED_FILE,
    LC_COMPLETED_SIGNAL,
};

struct lc_docs_option {
    const char *name;
    char letter;      /* 0: none */
    const char *word; /* what stands for its value; NULL: it takes none */
    bool optional;    /* the value */
    bool repeatable;
    enum lc_completed completed;
    const char *const *choices; /* CHOICE: ends with NULL */
    const char *help;
};

enum { LC_DOCS_OPTIONS_MAX = 64 };

/* Return how many. */
size_t lc_docs_lastcall_options(struct lc_docs_option ret[static LC_DOCS_OPTIONS_MAX]);
/* With --help, and with lastcall's where the command takes them. */
size_t lc_docs_command_options(const struct lc_ctl_command *command,
                               struct lc_docs_option ret[static LC_DOCS_OPTIONS_MAX]);

/* The completion of `program`, which is "lastcall" or "lastcallctl". */
void lc_docs_complete_bash(FILE *out, const char *program);
void lc_docs_complete_zsh(FILE *out, const char *program);
void lc_docs_complete_fish(FILE *out, const char *program);

/* For lastcallctl(1), in mdoc(7): the commands with their options as a list, from .Bl to .El. */
void lc_docs_man_commands(FILE *out);

#endif
