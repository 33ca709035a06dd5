/* SPDX-License-Identifier: Apache-2.0 */
#include "policies.h"

#include "../unit/policy.h"

#include <signal.h>

/* Times are a few milliseconds: only their order matters. */
static struct lc_policy one(void)
{
    struct lc_policy policy = {
        .grace = 100,
        .margin = 10,
        .stop_reserve = 10,
        .leftover_timeout = 5,
        .window_min = 20,
        .window_quiet = 8,
        .window_max = 30,
        .drain_timeout = 25,
        .second = {[SIGINT] = LC_SECOND_KILL},
        .lanes = 1,
        .lane = {{.stop_timeout = LC_NEVER, .serves = true, .essential = true}},
    };
    return policy;
}

static void plain(struct lc_policy *policy)
{
    policy->drain = true;
}

static void hooked(struct lc_policy *policy)
{
    policy->drain = true;
    policy->readiness = LC_READINESS_AFTER_WINDOW;
    policy->lane[0].stop_timeout = 30;
    add_hook(policy, 0, PRE, 12);
    add_hook(policy, 0, PRE, 90);
    add_hook(policy, 0, POST, 12);
    add_hook(policy, 0, POST, 90);
}

static void served_by_another(struct lc_policy *policy)
{
    add_lane(policy, 0);
    policy->lane[0].needs = 1u << 1;
    policy->drain = true;
    add_hook(policy, 1, PRE, 40);
    policy->second[SIGTERM] = LC_SECOND_HURRY;
}

static void side_by_side(struct lc_policy *policy)
{
    add_lane(policy, 0);
    policy->readiness = LC_READINESS_HOLD;
    add_hook(policy, 1, PRE, 26);
    policy->lane[1].essential = false;
    add_hook(policy, 0, POST, 200);
}

static void one_shot_first(struct lc_policy *policy)
{
    add_lane(policy, 0);
    policy->lane[0].needs = 1u << 1;
    policy->lane[1].essential = false;
    policy->window_min = policy->window_max = 400;
}

static void three_in_a_row(struct lc_policy *policy)
{
    add_lane(policy, 0);
    add_lane(policy, 0);
    policy->lane[0].needs = 1u << 1;
    policy->lane[1].needs = 1u << 2;
    policy->lane[1].stop_timeout = 25;
    policy->window_min = policy->window_max = 15;
    policy->window_quiet = 0;
}

static void web_worker_and_database(struct lc_policy *policy)
{
    add_lane(policy, 1u << 2);
    add_lane(policy, 0);
    policy->lane[0].needs = 1u << 2;
    policy->main_lane = 1;
    add_hook(policy, 1, PRE, 70);
    policy->window_min = policy->window_max = 15;
    policy->window_quiet = 0;
}

static void nobody_serves(struct lc_policy *policy)
{
    add_lane(policy, 0);
    policy->lane[0].serves = false;
    policy->lane[0].needs = 1u << 1;
    policy->drain = true;
    add_hook(policy, 0, PRE, 20);
    add_hook(policy, 0, POST, 200);
}

static void no_time_to_spare(struct lc_policy *policy)
{
    add_lane(policy, 0);
    policy->lane[0].needs = 1u << 1;
    policy->grace = 30;
    add_hook(policy, 0, PRE, 20);
}

static void no_margin_and_no_reserve(struct lc_policy *policy)
{
    add_lane(policy, 0);
    policy->lane[0].needs = 1u << 1;
    policy->margin = 0;
    policy->stop_reserve = 0;
    policy->window_min = policy->window_max = 200;
}

static void beside(struct lc_policy *policy)
{
    policy->sidecar = true;
    policy->pair_time = 6;
    policy->drain = true;
    add_hook(policy, 0, PRE, 12);
}

static void beside_two_with_a_short_window(struct lc_policy *policy)
{
    add_lane(policy, 0);
    policy->sidecar = true;
    policy->pair_time = 12;
    policy->readiness = LC_READINESS_AFTER_WINDOW;
    policy->window_min = policy->window_max = 7;
    policy->window_quiet = 0;
}

static const struct {
    const char *name;
    void (*make)(struct lc_policy *policy);
} table[] = {
    {"one lane with window and drain", plain},
    {"one lane with hooks, readiness off after the window", hooked},
    {"a lane that serves needs one that does not", served_by_another},
    {"two lanes side by side, readiness held", side_by_side},
    {"a one-shot first, a window beyond the grace", one_shot_first},
    {"three lanes in a row", three_in_a_row},
    {"web and worker, which both need a database", web_worker_and_database},
    {"nobody serves, with hooks", nobody_serves},
    {"no time to spare", no_time_to_spare},
    {"no margin and no reserve", no_margin_and_no_reserve},
    {"a sidecar with window, hook and drain", beside},
    {"a sidecar of two lanes, its window shorter than the pair's time",
     beside_two_with_a_short_window},
};

size_t explore_policy_count(void)
{
    return sizeof(table) / sizeof(table[0]);
}

struct explore_policy explore_policy(size_t i)
{
    struct explore_policy policy = {.name = table[i].name, .policy = one()};

    table[i].make(&policy.policy);
    return policy;
}
