/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_SYS_ENVIRONMENT_H
#define LC_SYS_ENVIRONMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* getenv(3) for any environment. */

static inline bool lc_environment_is(const char *entry, const char *name)
{
    size_t length = strlen(name);

    return strncmp(entry, name, length) == 0 && entry[length] == '=';
}

static inline const char *lc_environment_get(char *const *envp, const char *name)
{
    for (; *envp; envp++)
        if (lc_environment_is(*envp, name))
            return *envp + strlen(name) + 1;
    return NULL;
}

#endif
