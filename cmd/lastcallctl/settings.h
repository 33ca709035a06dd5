/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_CTL_SETTINGS_H
#define LC_CTL_SETTINGS_H

#include "config/config.h"

/* The configuration that lastcall would have from a command line and an environment, somewhere. */

struct lc_ctl_settings {
    struct lc_config *config; /* NULL: `errors` says why not */
    struct lc_config_errors errors, warnings;
};

/* A configuration file whose content is at hand. */
struct lc_ctl_file {
    char *name; /* for messages */
    const char *bytes;
    size_t size;
};

/* The names of enum lc_platform, for an option's choices. */
extern const char *const lc_ctl_platforms[LC_PLATFORM_COUNT + 1];

/*
 * `words` are lastcall's command line, the first its own name. `platform` is one of
 * lc_ctl_platforms; NULL: the one of `envp`. Where neither a file nor a COMMAND is named, one stands
 * in for it: a time can be tried without an application. `file` stands for the one that is named;
 * NULL: that is read.
 * 0, or -ENOMEM; the caller deinits in every case.
 */
int lc_ctl_settings_load(struct lc_ctl_settings *ret, char *const *words, char *const *envp,
                         const char *platform, const struct lc_ctl_file *file);

/* The same of our own environment, and says on stderr what is wrong. Whether there is a configuration;
 * the caller deinits in every case. */
bool lc_ctl_settings_open(struct lc_ctl_settings *ret, char *const *words, const char *platform);

void lc_ctl_settings_deinit(struct lc_ctl_settings *self);

/* On stderr, a line each, with `prefix` before it. */
void lc_ctl_print_problems(const char *prefix, const struct lc_config_errors *problems);

#endif
