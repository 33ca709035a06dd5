/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/check_count.h"

void lc_check_count_init(struct lc_check_count *self, lc_msec started)
{
    *self = (struct lc_check_count){.started = started, .begun = LC_NEVER};
}

enum lc_check_verdict lc_check_count_take(struct lc_check_count *self, const struct lc_probe *probe,
                                          enum lc_check_result result)
{
    bool passed = result == LC_CHECK_PASSED;

    if (result == LC_CHECK_UNKNOWN)
        return LC_CHECK_UNDECIDED;
    self->run = self->last == passed ? self->run + 1 : 1;
    self->last = passed;
    if (self->run < probe->threshold[passed])
        return LC_CHECK_UNDECIDED;
    return passed ? LC_CHECK_PASSES : LC_CHECK_FAILS;
}

lc_msec lc_check_count_due(const struct lc_check_count *self, const struct lc_probe *probe)
{
    if (self->begun == LC_NEVER)
        return self->started + probe->initial_delay;
    return self->begun + probe->period;
}
