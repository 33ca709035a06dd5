/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_CTL_PLAN_RUN_H
#define LC_CTL_PLAN_RUN_H

#include "chart.h"
#include "config/config.h"

/* Of everything that lastcall waits for. */
enum lc_luck {
    LC_LUCK_BEST,  /* it ends at once */
    LC_LUCK_WORST, /* it never ends */
    LC_LUCK_COUNT,
};

/* The shutdown that this configuration gives after a SIGTERM: the lifecycle itself, under a clock
 * that only its own timers move. 0, -ENOMEM, or -EINVAL with *ret_why where the lifecycle does not
 * accept the policy. *ret is the caller's, zeroed, and deinited in every case. */
int lc_plan_run(const struct lc_config *config, enum lc_luck luck, struct lc_chart *ret,
                const char **ret_why);

#endif
