/* SPDX-License-Identifier: Apache-2.0 */
#include "core/internal.h"

#include <errno.h>
#include <string.h>

bool lc_policy_serves(const struct lc_policy *self)
{
    for (size_t i = 0; i < self->lanes; i++)
        if (self->lane[i].serves)
            return true;
    return false;
}

lc_msec lc_reserve(const struct lc_policy *policy, unsigned stages)
{
    lc_msec sum = 0;

    for (unsigned i = 0; i < stages; i++)
        sum = lc_after(sum, policy->stop_reserve);
    return sum;
}

unsigned lc_stages(const struct lc_lifecycle *self, uint32_t counted,
                   unsigned ret_beneath[LC_LANES_MAX])
{
    unsigned longest = 0;

    for (size_t i = 0; i < self->policy.lanes; i++) {
        size_t lane = self->order[i];
        unsigned beneath = 0;

        for (size_t other = 0; other < self->policy.lanes; other++) {
            if (!lc_has(self->policy.lane[lane].needs, other))
                continue;
            /* Written already: what a lane needs comes before it in `order`. */
            unsigned chain =
                ret_beneath[other] + lc_has(counted, other); // NOLINT(clang-analyzer-*)
            beneath = chain > beneath ? chain : beneath;
        }
        ret_beneath[lane] = beneath;
        if (lc_has(counted, lane) && beneath + 1 > longest)
            longest = beneath + 1;
    }
    return longest;
}

/* The lanes from the ground up: each after those it needs. False where that cannot be. */
static bool find_order(struct lc_lifecycle *self)
{
    size_t count = 0;
    uint32_t placed = 0;

    while (count < self->policy.lanes) {
        size_t before = count;

        for (size_t lane = 0; lane < self->policy.lanes; lane++) {
            if (lc_has(placed, lane) || (self->policy.lane[lane].needs & ~placed))
                continue;
            self->order[count++] = (uint8_t)lane;
            placed |= lc_bit(lane);
        }
        if (count == before)
            return false;
    }
    return true;
}

static void find_above(struct lc_lifecycle *self)
{
    for (size_t i = self->policy.lanes; i-- > 0;) {
        size_t lane = self->order[i];

        for (size_t other = 0; other < self->policy.lanes; other++) {
            if (lc_has(self->policy.lane[lane].needs, other))
                self->above[other] |= self->above[lane] | lc_bit(lane);
        }
    }
}

static const char *fault_of_lane(const struct lc_policy *policy, size_t i)
{
    if (policy->lane[i].needs >> policy->lanes)
        return "a lane needs one that there is not";
    for (size_t kind = 0; kind < LC_HOOK_KIND_COUNT; kind++) {
        if (policy->lane[i].hooks[kind] > LC_HOOKS_MAX)
            return "a lane has too many hooks";
    }
    return NULL;
}

static const char *fault(const struct lc_policy *policy)
{
    if (policy->lanes == 0 || policy->lanes > LC_LANES_MAX)
        return "there must be at least one lane, and no more than 16";
    if (policy->main_lane >= policy->lanes)
        return "the main lane is one that there is not";
    if (policy->window_max < policy->window_min)
        return "the window's max is shorter than its min";
    if ((unsigned)policy->readiness >= LC_READINESS_COUNT)
        return "an unknown readiness mode";
    for (size_t i = 0; i <= LC_SIGNALS_MAX; i++) {
        if (policy->second[i] >= LC_SECOND_COUNT)
            return "an unknown answer to a second signal";
    }
    for (size_t i = 0; i < policy->lanes; i++) {
        const char *why = fault_of_lane(policy, i);
        if (why)
            return why;
    }
    return NULL;
}

/* Fills in what follows from self->policy. */
static const char *derive(struct lc_lifecycle *self)
{
    const struct lc_policy *policy = &self->policy;
    unsigned beneath[LC_LANES_MAX];
    const char *why = fault(policy);

    if (why)
        return why;
    if (!find_order(self))
        return "the lanes need each other in a circle";
    find_above(self);
    unsigned stages = lc_stages(self, UINT32_MAX, beneath);
    if (lc_after(policy->margin, lc_reserve(policy, stages)) > policy->grace)
        return "the margin and the stages' stop reserves do not fit in the grace";
    return NULL;
}

static int report(const char *why, const char **ret_why)
{
    if (ret_why)
        *ret_why = why;
    return why ? -EINVAL : 0;
}

int lc_lifecycle_init(struct lc_lifecycle *self, const struct lc_policy *policy, lc_msec now,
                      const char **ret_why)
{
    memset(self, 0, sizeof(*self));
    self->policy = *policy;
    self->now = now;
    for (size_t i = 0; i < LC_LANES_MAX; i++)
        self->lane[i].asked_at = LC_NEVER;
    for (size_t i = 0; i < LC_PHASE_COUNT; i++)
        self->entered[i] = LC_NEVER;
    self->entered[LC_PHASE_STARTING] = now;
    self->t0 = LC_NEVER;
    self->deadline = LC_NEVER;
    self->last_arrival = LC_NEVER;
    self->drain_since = LC_NEVER;
    self->leftovers_asked_at = LC_NEVER;
    return report(derive(self), ret_why);
}

static const char *differs(const struct lc_policy *old, const struct lc_policy *new)
{
    if (new->lanes != old->lanes)
        return "the number of lanes cannot change while they run";
    for (size_t i = 0; i < old->lanes; i++) {
        if (new->lane[i].needs != old->lane[i].needs)
            return "what a lane needs cannot change while it runs";
    }
    return NULL;
}

int lc_lifecycle_reload(struct lc_lifecycle *self, const struct lc_policy *policy,
                        const char **ret_why)
{
    struct lc_lifecycle next;

    if (self->t0 != LC_NEVER)
        return -EBUSY;
    /* Held against the rules first: `lanes` bounds what differs() looks at. */
    const char *why = NULL;
    if (lc_lifecycle_init(&next, policy, self->now, &why) < 0)
        return report(why, ret_why);
    why = differs(&self->policy, policy);
    if (why)
        return report(why, ret_why);

    uint32_t open = lc_lanes_open(self);
    self->policy = *policy;
    for (size_t i = 0; i < policy->lanes; i++) {
        /* What has closed stays closed, though the new policy may give it further hooks. */
        if (self->lane[i].state == LC_LANE_GONE && !lc_has(open, i))
            self->lane[i].next_hook[LC_HOOK_POST_STOP] = LC_HOOKS_MAX;
    }
    return report(NULL, ret_why);
}
