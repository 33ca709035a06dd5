/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_CTL_SPOT_H
#define LC_CTL_SPOT_H

#include "config/node.h"

#include <stdint.h>

/* A place in a manifest: what stands there, if anything, and what it is called. */

enum { LC_SPOT_PATH_MAX = 256 };

struct lc_spot {
    const struct lc_node *node;  /* NULL: nothing, or nothing but null */
    const struct lc_node *near;  /* the nearest that there is: whose line a person must look at */
    char path[LC_SPOT_PATH_MAX]; /* "spec.containers[0].command" */
};

/* A key below it; `path` may lead several levels down: "lifecycle.preStop". */
struct lc_spot lc_spot_key(const struct lc_spot *self, const char *path);
/* One that is a single word however many points it has: "lastcall.yaml". */
struct lc_spot lc_spot_word(const struct lc_spot *self, const char *name, size_t length);
struct lc_spot lc_spot_item(const struct lc_spot *self, size_t index);

size_t lc_spot_count(const struct lc_spot *self);     /* of a list's items; else 0 */
const char *lc_spot_text(const struct lc_spot *self); /* a scalar's; else NULL */
bool lc_spot_says(const struct lc_spot *self, const char *text);
/* A whole number; false: it is none. */
bool lc_spot_number(const struct lc_spot *self, uint64_t *ret);
/* The same, of seconds; more than a thousand years are taken for that, so that no sum of milliseconds
 * overflows. */
bool lc_spot_seconds(const struct lc_spot *self, uint64_t *ret);

#endif
