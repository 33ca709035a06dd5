/* SPDX-License-Identifier: Apache-2.0 */
#include "core/internal.h"

enum { CODE_KILLED = 128 + 9, CODE_FAILED = 1 };

static bool any_forced(const struct lc_lifecycle *self)
{
    for (size_t i = 0; i < self->policy.lanes; i++) {
        if (self->lane[i].forced)
            return true;
    }
    return false;
}

static uint8_t failure_code(const struct lc_lifecycle *self)
{
    const struct lc_lane *lane = &self->lane[self->cause_lane];

    if (!self->fan_out)
        return 0;
    /* A Job whose process had to be stopped half way must not count as done, however well that went. */
    return lane->code == 0 && lane->failed ? CODE_FAILED : lane->code;
}

uint8_t lc_lifecycle_exit_code(const struct lc_lifecycle *self)
{
    const struct lc_lane *main_lane = &self->lane[self->policy.main_lane];

    if (main_lane->code != 0)
        return main_lane->code;
    if (failure_code(self) != 0)
        return failure_code(self);
    /* A Job that was stopped before it began must not count as done. */
    if (!main_lane->started && self->stop_signal != 0)
        return (uint8_t)(128 + self->stop_signal);
    /* A forced kill never looks clean, and SIGKILL may not even have worked. */
    return any_forced(self) ? CODE_KILLED : 0;
}

enum lc_outcome lc_lifecycle_outcome(const struct lc_lifecycle *self)
{
    if (failure_code(self) != 0)
        return LC_OUTCOME_CRASHED;
    return any_forced(self) ? LC_OUTCOME_FORCED : LC_OUTCOME_STOPPED;
}
