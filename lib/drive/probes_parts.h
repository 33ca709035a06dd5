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

struct lc_checks {
    size_t count;
    struct lc_check list[LC_LANES_MAX + 1];
};

void lc_probes_readyz(const struct lc_probes *self, struct lc_checks *ret);

/* The body for the endpoint `name` ("readyz") under the raw query; *ret_passed: no check failed but
 * those that were excluded. Returns the length. */
size_t lc_checks_text(const struct lc_checks *self, const char *name, const char *query, char *body,
                      size_t size, bool *ret_passed);

/* Returns the length. */
size_t lc_probes_status(const struct lc_probes *self, char *body, size_t size);

#endif
