/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_CONFIG_EXPAND_H
#define LC_CONFIG_EXPAND_H

/*
 * ${NAME} and ${NAME:-default} in a value; $$ is a literal dollar. A dollar before anything else
 * stays as it is, so that "$1" and "$HOME" in a shell script need no care. As in the shell, the
 * default is taken where NAME is unset or empty; it is taken literally.
 *
 * This is done to values after YAML has been parsed: what a variable holds is never read as YAML.
 */

#include <stddef.h>

enum lc_expand_problem {
    LC_EXPAND_UNSET,     /* no such variable, and no default */
    LC_EXPAND_MALFORMED, /* "${" without a name, without "}", or with another operator than ":-" */
    LC_EXPAND_TOO_LONG,
};

struct lc_expand_error {
    enum lc_expand_problem problem;
    const char *at; /* in the text: from the dollar on */
    size_t length;
};

/* 0 with *ret to be freed; -EINVAL with *ret_error; -ENOMEM. The result has at most `limit` bytes. */
int lc_expand(const char *text, char *const *envp, size_t limit, char **ret,
              struct lc_expand_error *ret_error);

/* The value of an environment variable in `envp` (may be NULL); NULL: unset. */
const char *lc_env_get(char *const *envp, const char *name, size_t length);

#endif
