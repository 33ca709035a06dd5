/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_DRIVE_PROBES_PARTS_H
#define LC_DRIVE_PROBES_PARTS_H

/* The probes from inside, for their three files alone:
 *   probes.c          routes; which checks there are and whether they pass
 *   probes_checks.c   checks as the API server's text
 *   probes_status.c   the state as JSON
 */

#include "drive/probes.h"

#include <stdbool.h>

struct lc_check {
    const char *name;
    bool ok;
    const char *why; /* where it failed */
};

/* Of each process it and all its checks; the shutdown. */
enum { LC_CHECKS_MAX = LC_LANES_MAX * (1 + LC_CHECK_KIND_COUNT) + 1 };

struct lc_checks {
    size_t count;
    struct lc_check list[LC_CHECKS_MAX];
};

void lc_probes_readyz(const struct lc_probes *self, struct lc_checks *ret);
/* Adds the processes' checks of one kind; all pass where `all`. */
void lc_probes_add_checks(const struct lc_probes *self, enum lc_check_kind kind, bool all,
                          struct lc_checks *ret);

/* The body for the endpoint `name` ("readyz") under the raw query; *ret_passed: no check failed but
 * those that were excluded. Returns the length. */
size_t lc_checks_text(const struct lc_checks *self, const char *name, const char *query, char *body,
                      size_t size, bool *ret_passed);

/* Returns the length. */
size_t lc_probes_status(const struct lc_probes *self, char *body, size_t size);

#endif
