/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_TESTS_UNIT_LIFECYCLE_FIXTURE_H
#define LC_TESTS_UNIT_LIFECYCLE_FIXTURE_H

/* The policies that the lifecycle's tests start from, and golden traces (trace.h). */

#include "policy.h"
#include "tap.h"
#include "trace.h"

#include <signal.h>

enum { WEB, WORKER, DB };

#define TRACE(policy, text)            CHECK_STR(trace_of(&(policy), true, text), text)
#define TRACE_FROM_START(policy, text) CHECK_STR(trace_of(&(policy), false, text), text)

/* A web server in a pod: a window of 5 s, no drain, and SIGKILL at 29 s. */
__attribute__((unused)) static struct lc_policy one_lane(void)
{
    struct lc_policy policy = {
        .grace = 30000,
        .margin = 1000,
        .stop_reserve = 500,
        .leftover_timeout = 5000,
        .window_min = 5000,
        .window_max = 5000,
        .drain_timeout = 10000,
        .second = {[SIGINT] = LC_SECOND_KILL},
        .lanes = 1,
        .lane = {[WEB] = {.stop_timeout = LC_NEVER, .serves = true, .essential = true}},
    };
    return policy;
}

/* A web server and a worker, which both need a database. */
__attribute__((unused)) static struct lc_policy three_lanes(void)
{
    struct lc_policy policy = one_lane();

    policy.lane[WEB].needs = 1u << DB;
    add_lane(&policy, 1u << DB);
    add_lane(&policy, 0);
    return policy;
}

#endif
