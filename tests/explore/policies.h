/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_TESTS_EXPLORE_POLICIES_H
#define LC_TESTS_EXPLORE_POLICIES_H

/* The policies that are explored: small, and each with another part of the lifecycle in it. */

#include "core/lifecycle.h"

enum { EXPLORE_LANES = 3 };

struct explore_policy {
    const char *name;
    struct lc_policy policy;
};

size_t explore_policy_count(void);
struct explore_policy explore_policy(size_t i);

#endif
