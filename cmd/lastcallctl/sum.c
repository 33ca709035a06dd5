/* SPDX-License-Identifier: Apache-2.0 */
#include "sum.h"

#include "base/duration.h"

struct sum {
    FILE *out;
    lc_msec total;
};

static void add(struct sum *self, const char *name, lc_msec msec)
{
    char time[LC_DURATION_TEXT_MAX];

    fprintf(self->out, "%s%s %s", self->total ? " + " : "", name, lc_duration_format(msec, time));
    self->total += msec;
}

static lc_msec later(lc_msec a, lc_msec b)
{
    return a > b ? a : b;
}

/* The longest that the hooks of one kind take, of any lane: those of different lanes run side by
 * side. */
static lc_msec longest_hooks(const struct lc_policy *policy, enum lc_hook_kind kind)
{
    lc_msec longest = 0;

    for (size_t i = 0; i < policy->lanes; i++) {
        lc_msec sum = 0;

        for (size_t j = 0; j < policy->lane[i].hooks[kind]; j++)
            sum += policy->lane[i].hook_timeout[kind][j];
        longest = later(longest, sum);
    }
    return longest;
}

/* How many stages are stopped before this lane's: as many as the longest chain of those that need
 * it, directly or not. A policy that was accepted has no cycle. */
static unsigned stage_of(const struct lc_policy *policy, size_t lane)
{
    unsigned stage = 0;

    for (size_t i = 0; i < policy->lanes; i++) {
        unsigned above = policy->lane[i].needs >> lane & 1 ? stage_of(policy, i) + 1 : 0;

        stage = above > stage ? above : stage;
    }
    return stage;
}

static lc_msec stop_times(const struct lc_policy *policy)
{
    lc_msec stage[LC_LANES_MAX] = {0}, sum = 0;

    for (size_t i = 0; i < policy->lanes; i++) {
        const struct lc_lane_policy *lane = &policy->lane[i];
        lc_msec time = lane->stop_timeout == LC_NEVER ? policy->stop_reserve : lane->stop_timeout;
        lc_msec *longest = &stage[stage_of(policy, i)];

        *longest = later(*longest, time);
    }
    for (size_t i = 0; i < LC_LANES_MAX; i++)
        sum += stage[i];
    return sum;
}

void lc_ctl_print_sum(FILE *out, const struct lc_policy *policy)
{
    struct sum sum = {.out = out};
    lc_msec pre_stop = longest_hooks(policy, LC_HOOK_PRE_STOP);
    lc_msec post_stop = longest_hooks(policy, LC_HOOK_POST_STOP);
    bool serves = lc_policy_serves(policy);
    char total[LC_DURATION_TEXT_MAX], grace[LC_DURATION_TEXT_MAX];

    add(&sum, "margin", policy->margin);
    if (serves && policy->window_max)
        add(&sum, "window", policy->window_max);
    if (pre_stop)
        add(&sum, "preStop", pre_stop);
    if (serves && policy->drain)
        add(&sum, "drain", policy->drain_timeout);
    add(&sum, "stop", stop_times(policy));
    if (post_stop)
        add(&sum, "postStop", post_stop);
    fprintf(out, " = %s of %s", lc_duration_format(sum.total, total),
            lc_duration_format(policy->grace, grace));
}
