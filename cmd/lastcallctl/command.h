/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_CTL_COMMAND_H
#define LC_CTL_COMMAND_H

/*
 * lastcallctl: a subcommand is a row in commands.c and a function. The row has all that --help, the
 * man page, the shells' completion and the parser know of it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* What lastcallctl exits with where it could not do, or does not like, what it was given: the code
 * that lastcall itself exits with. */
enum { LC_CTL_FAILED = 125, LC_CTL_OPTIONS_MAX = 8 };

struct lc_ctl_option {
    const char *name;           /* without the dashes */
    const char *word;           /* what stands for its value: "FILE"; NULL: it takes none */
    const char *const *choices; /* the only values; ends with NULL; NULL: any */
    const char *help;
};

struct lc_ctl_arguments {
    const char *value[LC_CTL_OPTIONS_MAX]; /* of the row's options, by place; NULL: not given; of
                                              one that takes no value, "" */
    bool help;                             /* --help was among them: nothing else is looked at */
    char *
        *rest; /* the command's name, then the words that are none of its options; ends with NULL */
};

struct lc_ctl_command {
    const char *name;
    const char *synopsis;                /* what follows the name */
    const char *help;                    /* one line */
    const struct lc_ctl_option *options; /* ends with a row without a name; NULL: none */
    bool configures;                     /* takes what lastcall itself takes, too */
    const char *rest;                    /* what else it takes: "LOG", "DIR"; NULL: nothing */
    int (*run)(const struct lc_ctl_arguments *arguments); /* returns the exit code */
};

extern const struct lc_ctl_command lc_ctl_commands[]; /* ends with a row without a name */

const struct lc_ctl_command *lc_ctl_command_find(const char *name);

/* Sorts the words (ends with NULL; the first is the command's name) into *ret, which the caller
 * deinits. 0; -EINVAL, and why was printed; -ENOMEM. */
int lc_ctl_arguments_parse(struct lc_ctl_arguments *ret, const struct lc_ctl_command *command,
                           char **words);
void lc_ctl_arguments_deinit(struct lc_ctl_arguments *self);

/* How many words one of lastcall's options takes up, with its value. */
int lc_ctl_words_of_option(const char *word);

/* "lastcallctl: ..." on stderr; returns LC_CTL_FAILED. */
__attribute__((format(printf, 1, 2))) int lc_ctl_fail(const char *format, ...);

/* 0, or LC_CTL_FAILED where what was printed did not reach stdout. */
int lc_ctl_printed(void);

/* The formats of a chart, by enum lc_ctl_format. */
enum lc_ctl_format { LC_CTL_TEXT, LC_CTL_SVG, LC_CTL_FORMAT_COUNT };
extern const char *const lc_ctl_formats[LC_CTL_FORMAT_COUNT + 1];
enum lc_ctl_format lc_ctl_format_of(const char *value); /* NULL: text */

int lc_ctl_check(const struct lc_ctl_arguments *arguments);
int lc_ctl_plan(const struct lc_ctl_arguments *arguments);
int lc_ctl_timeline(const struct lc_ctl_arguments *arguments);
int lc_ctl_status(const struct lc_ctl_arguments *arguments);
int lc_ctl_ready(const struct lc_ctl_arguments *arguments);
int lc_ctl_drain(const struct lc_ctl_arguments *arguments);
int lc_ctl_schema(const struct lc_ctl_arguments *arguments);
int lc_ctl_install(const struct lc_ctl_arguments *arguments);
int lc_ctl_tls(const struct lc_ctl_arguments *arguments);

#endif
