/* SPDX-License-Identifier: Apache-2.0 */
#include "account.h"

lc_msec account_plus(lc_msec a, lc_msec b)
{
    return a + b < a ? LC_NEVER : a + b;
}

lc_msec account_minus(lc_msec a, lc_msec b)
{
    return a == LC_NEVER ? LC_NEVER : a - (b < a ? b : a);
}

bool account_live(const struct oracle *self, size_t lane)
{
    return self->lane[lane].started && !self->lane[lane].gone;
}

bool account_unasked(const struct oracle *self, size_t lane)
{
    return account_live(self, lane) && !self->lane[lane].asked && !self->lane[lane].forced;
}

bool account_closed(const struct oracle *self, size_t lane)
{
    return !self->lane[lane].started || self->lane[lane].closed;
}

bool account_needs(const struct lc_policy *policy, size_t upper, size_t lower)
{
    for (size_t i = 0; i < policy->lanes; i++) {
        if (policy->lane[upper].needs >> i & 1 && (i == lower || account_needs(policy, i, lower)))
            return true;
    }
    return false;
}

/* The longest chain of unasked lanes beneath a lane. */
static unsigned beneath(const struct oracle *self, const struct lc_policy *policy, size_t lane)
{
    unsigned longest = 0;

    for (size_t i = 0; i < policy->lanes; i++) {
        if (!(policy->lane[lane].needs >> i & 1))
            continue;
        unsigned chain = beneath(self, policy, i) + account_unasked(self, i);
        longest = chain > longest ? chain : longest;
    }
    return longest;
}

lc_msec account_stage_end(const struct oracle *self, const struct lc_policy *policy, size_t lane)
{
    return account_minus(self->deadline, policy->stop_reserve * beneath(self, policy, lane));
}

unsigned account_stages(const struct oracle *self, const struct lc_policy *policy)
{
    unsigned longest = 0;

    for (size_t i = 0; i < policy->lanes; i++) {
        unsigned chain = beneath(self, policy, i) + 1;
        if (account_unasked(self, i) && chain > longest)
            longest = chain;
    }
    return longest;
}

lc_msec account_cut(const struct oracle *self, const struct lc_policy *policy)
{
    lc_msec end = self->committed
                      ? self->deadline
                      : account_minus(account_plus(self->t0, policy->grace), policy->margin);
    return account_minus(end, policy->stop_reserve * account_stages(self, policy));
}

static bool serves(const struct oracle *self, const struct lc_policy *policy, size_t lane)
{
    return policy->lane[lane].serves && !(self->no_listener >> lane & 1) &&
           account_unasked(self, lane);
}

bool account_serving(const struct oracle *self, const struct lc_policy *policy)
{
    for (size_t i = 0; i < policy->lanes; i++) {
        if (serves(self, policy, i))
            return true;
    }
    return false;
}

bool account_deferred(const struct oracle *self, const struct lc_policy *policy, size_t lane)
{
    for (size_t i = 0; i < policy->lanes; i++) {
        if (serves(self, policy, i) && (i == lane || account_needs(policy, i, lane)))
            return true;
    }
    return false;
}

bool account_satisfied(const struct oracle *self, const struct lc_policy *policy, size_t lane)
{
    for (size_t i = 0; i < policy->lanes; i++) {
        const struct oracle_lane *it = &self->lane[i];
        if (policy->lane[lane].needs >> i & 1 && !(it->gone ? it->code == 0 : it->ready))
            return false;
    }
    return true;
}

bool account_all_closed(const struct oracle *self, const struct lc_policy *policy)
{
    for (size_t i = 0; i < policy->lanes; i++) {
        if (!account_closed(self, i))
            return false;
    }
    return true;
}

bool account_fit(const struct oracle *self, const struct lc_policy *policy)
{
    bool to_serve = false, served = false;

    for (size_t i = 0; i < policy->lanes; i++) {
        if (!self->lane[i].started || (!self->lane[i].gone && !self->lane[i].ready))
            return false;
        to_serve |= policy->lane[i].serves;
        served |= policy->lane[i].serves && !self->lane[i].gone;
    }
    return served || !to_serve;
}

void account_note_time(struct oracle *self, const struct lc_policy *policy, lc_msec at)
{
    /* The pod's hook alone leaves no trace but that it is let go. */
    if (self->unpaired == LC_UNPAIRED_POD &&
        at >= account_plus(self->unpaired_at, policy->pair_time))
        self->unpaired = LC_UNPAIRED_NONE;
    if (self->t0 == LC_NEVER)
        return;
    if (self->cold || self->hurried || self->killed || at >= account_cut(self, policy))
        self->may_skip = true;
    for (size_t i = 0; i < policy->lanes; i++) {
        struct oracle_lane *lane = &self->lane[i];
        bool no_time = self->committed &&
                       (self->hurried || self->killed || at >= account_stage_end(self, policy, i));

        if (lane->gone && !lane->hook_running[LC_HOOK_POST_STOP] && no_time)
            lane->closed = true;
    }
}

void account_end_hook(struct oracle *self, const struct lc_policy *policy, size_t lane,
                      enum lc_hook_kind kind)
{
    struct oracle_lane *it = &self->lane[lane];

    it->hook_running[kind] = false;
    it->next_hook[kind]++;
    if (kind == LC_HOOK_POST_STOP && it->next_hook[kind] >= policy->lane[lane].hooks[kind])
        it->closed = true;
}
