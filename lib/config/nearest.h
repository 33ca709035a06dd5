/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_CONFIG_NEAREST_H
#define LC_CONFIG_NEAREST_H

#include <stddef.h>

/*
 * Which of several names somebody meant. Case and the separators '-', '_' do not count, so that
 * "grace-period" and "GRACE_PERIOD" are gracePeriod; two letters changing places are one mistake.
 */

enum { LC_NEAREST_MAX = 64 }; /* longer names have no neighbour */

struct lc_nearest {
    const char *wanted;
    const char *best; /* NULL: none is near enough */
    size_t best_length, best_distance;
};

void lc_nearest_init(struct lc_nearest *self, const char *wanted);
void lc_nearest_offer(struct lc_nearest *self, const char *name, size_t length);

#endif
