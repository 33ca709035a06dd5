/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_TESTS_UNIT_POLICY_H
#define LC_TESTS_UNIT_POLICY_H

/* What the tests of the core put their policies together from. */

#include "core/lifecycle.h"

#include <stddef.h>

#define PRE  LC_HOOK_PRE_STOP
#define POST LC_HOOK_POST_STOP

/* One more lane: essential, it serves nobody and has what is left of the budget to stop in. */
static inline void add_lane(struct lc_policy *policy, uint32_t needs)
{
    policy->lane[policy->lanes++] =
        (struct lc_lane_policy){.needs = needs, .stop_timeout = LC_NEVER, .essential = true};
}

/* One more hook for a lane. */
static inline void add_hook(struct lc_policy *policy, size_t lane, enum lc_hook_kind kind,
                            lc_msec timeout)
{
    struct lc_lane_policy *self = &policy->lane[lane];

    self->hook_timeout[kind][self->hooks[kind]++] = timeout;
}

#endif
