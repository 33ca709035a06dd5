/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_CONFIG_ERRORS_H
#define LC_CONFIG_ERRORS_H

#include "config/config.h"

/* Adds one, without control characters; `path` may be NULL. Never fails: where memory is gone the list says that it is
 * incomplete. */
__attribute__((format(printf, 4, 5))) void lc_errors_add(struct lc_config_errors *self,
                                                         const char *where, const char *path,
                                                         const char *format, ...);

enum { LC_QUOTED_MAX = 72 };

/* `text` in double quotes, shortened where it is long. Returns `buf`. */
const char *lc_quote(const char *text, size_t length, char buf[static LC_QUOTED_MAX]);

#endif
