/* SPDX-License-Identifier: Apache-2.0 */
/* The lifecycle, a sentence and a golden trace each: how it starts, what a signal means until then, and what is out of bounds. */
#include "lifecycle_fixture.h"

/* Starting */

static void the_first_step_starts_the_lane_and_running_begins_when_it_is_ready(void)
{
    struct lc_policy policy = one_lane();

    TRACE_FROM_START(policy, "[     0] begin            -> start web\n"
                             "[   200] ready web        -> running: readiness on\n");
}

static void lanes_start_from_the_ground_up_each_when_all_that_it_needs_are_ready(void)
{
    struct lc_policy policy = three_lanes();

    TRACE_FROM_START(policy, "[     0] begin            -> start db\n"
                             "[   100] ready db         -> start web, start worker\n"
                             "[   200] ready web        -> nothing\n"
                             "[   300] ready worker     -> running: readiness on\n");
}

static void a_one_shot_that_ended_with_0_lets_those_that_need_it_start(void)
{
    struct lc_policy policy = three_lanes();
    policy.lane[DB].essential = false;

    TRACE_FROM_START(policy, "[     0] begin            -> start db\n"
                             "[   100] gone db 0        -> start web, start worker\n"
                             "[   200] ready web        -> nothing\n"
                             "[   300] ready worker     -> running: readiness on\n");
}

static void those_that_need_a_lane_which_failed_never_start(void)
{
    struct lc_policy policy = three_lanes();
    policy.lane[DB].essential = false;
    policy.lane[WORKER].needs = 0;

    TRACE_FROM_START(policy, "[     0] begin            -> start worker, start db\n"
                             "[   100] ready worker     -> nothing\n"
                             "[   200] gone db 3        -> nothing\n"
                             "[   300] unready worker   -> nothing\n"
                             "[   400] ready worker     -> nothing\n");
}

static void where_nothing_runs_and_nothing_can_start_lastcall_exits(void)
{
    struct lc_policy policy = three_lanes();
    policy.lane[DB].essential = false;

    TRACE_FROM_START(policy, "[     0] begin            -> start db\n"
                             "[   200] gone db 3        -> exited: ask leftovers\n"
                             "[   201] leftovers 0      -> exit 3\n");
}

static void a_lane_that_is_not_essential_and_has_ended_does_not_hold_running_back(void)
{
    struct lc_policy policy = three_lanes();
    policy.lane[WORKER].essential = false;

    TRACE_FROM_START(policy, "[     0] begin            -> start db\n"
                             "[   100] ready db         -> start web, start worker\n"
                             "[   200] gone worker 1    -> nothing\n"
                             "[   300] ready web        -> running: readiness on\n");
}

static void the_last_of_several_inessential_lanes_ends_lastcall(void)
{
    struct lc_policy policy = three_lanes();
    for (size_t i = 0; i < 3; i++)
        policy.lane[i].essential = false;

    TRACE(policy, "[   100] gone db 0        -> nothing\n"
                  "[   200] gone worker 0    -> nothing\n"
                  "[   300] gone web 4       -> exited: readiness off, ask leftovers\n"
                  "[   300] leftovers 0      -> exit 4\n");
}

static void a_lane_that_waits_still_for_what_can_start_keeps_lastcall_alive(void)
{
    struct lc_policy policy = three_lanes();
    policy.lane[DB].essential = false;
    policy.lane[WORKER].needs = 0;
    policy.lane[WORKER].essential = false;

    TRACE_FROM_START(policy, "[     0] begin            -> start worker, start db\n"
                             "[    50] gone worker 0    -> nothing\n"
                             "[   100] gone db 0        -> start web\n"
                             "[   200] ready web        -> running: readiness on\n");
}

static void readiness_follows_the_lanes_while_running(void)
{
    struct lc_policy policy = three_lanes();

    TRACE(policy, "[  1000] unready db       -> readiness off\n"
                  "[  1500] unready web      -> nothing\n"
                  "[  2000] ready db         -> nothing\n"
                  "[  2500] ready web        -> readiness on\n");
}

static void a_lane_that_ended_by_design_does_not_keep_readiness_off(void)
{
    struct lc_policy policy = three_lanes();
    policy.lane[WORKER].essential = false;

    TRACE(policy, "[  1000] unready worker   -> readiness off\n"
                  "[  2000] gone worker 0    -> readiness on\n");
}

static void without_anybody_left_who_serves_readiness_is_off(void)
{
    struct lc_policy policy = three_lanes();
    policy.lane[WEB].essential = false;

    TRACE(policy, "[  1000] gone web 0       -> readiness off\n");
}

/* Signals in starting */

static void a_signal_before_anything_was_started_starts_nothing(void)
{
    struct lc_policy policy = one_lane();

    TRACE_FROM_START(policy, "[     0] SIGTERM          -> exited: ask leftovers\n"
                             "[     0] leftovers 0      -> exit 143\n");
}

static void any_signal_can_be_the_stop_signal(void)
{
    struct lc_policy policy = one_lane();

    TRACE_FROM_START(policy, "[     0] SIGHUP           -> exited: ask leftovers\n"
                             "[     0] leftovers 0      -> exit 129\n");
    TRACE_FROM_START(policy, "[     0] SIG64            -> exited: ask leftovers\n"
                             "[     0] leftovers 0      -> exit 192\n");
}

static void while_starting_nothing_more_is_started_and_nothing_is_waited_for(void)
{
    struct lc_policy policy = three_lanes();
    policy.drain = true;
    add_hook(&policy, DB, PRE, 1000);

    TRACE_FROM_START(policy, "[     0] begin            -> start db\n"
                             "[   100] SIGTERM          -> stopping: ask db\n"
                             "[   200] ready db         -> nothing\n"
                             "[   300] gone db 0        -> exited: ask leftovers\n"
                             "[   301] leftovers 0      -> exit 143\n");
}

static void while_starting_a_main_process_that_was_started_gives_its_own_code(void)
{
    struct lc_policy policy = one_lane();

    TRACE_FROM_START(policy, "[     0] begin            -> start web\n"
                             "[   100] SIGTERM          -> stopping: ask web\n"
                             "[   200] gone web 0       -> exited: ask leftovers\n"
                             "[   201] leftovers 0      -> exit 0\n");
}

static void an_essential_lane_that_never_came_up_ends_the_start(void)
{
    struct lc_policy policy = three_lanes();

    TRACE_FROM_START(policy, "[     0] begin            -> start db\n"
                             "[   100] gone db 127      -> exited: ask leftovers\n"
                             "[   101] leftovers 0      -> exit 127\n");
}

/* What is out of bounds */

static void events_out_of_bounds_change_nothing(void)
{
    struct lc_policy policy = one_lane();

    TRACE(policy, "[     0] ready nobody     -> nothing\n"
                  "[     0] gone nobody 1    -> nothing\n"
                  "[     0] gone worker 1    -> nothing\n"
                  "[     0] unready db       -> nothing\n"
                  "[     0] done nobody pre 0 -> nothing\n"
                  "[     0] done web never 0 -> nothing\n"
                  "[     0] SIG0             -> nothing\n"
                  "[     0] SIG65            -> nothing\n"
                  "[     0] nonsense         -> nothing\n"
                  "[    10] SIG64            -> propagating: readiness off\n");
}

static void a_lane_that_is_gone_stays_gone(void)
{
    struct lc_policy policy = three_lanes();
    policy.lane[WORKER].essential = false;

    TRACE(policy, "[     0] gone worker 0    -> nothing\n"
                  "[    10] ready worker     -> nothing\n"
                  "[    20] unready worker   -> nothing\n"
                  "[    30] gone worker 9    -> nothing\n"
                  "[    40] ready web        -> nothing\n");
}

static void a_lane_that_was_never_started_cannot_end(void)
{
    struct lc_policy policy = three_lanes();

    TRACE_FROM_START(policy, "[     0] begin            -> start db\n"
                             "[    10] gone web 1       -> nothing\n"
                             "[    20] ready web        -> nothing\n"
                             "[    30] unready web      -> nothing\n");
}

int main(void)
{
    TEST(the_first_step_starts_the_lane_and_running_begins_when_it_is_ready);
    TEST(lanes_start_from_the_ground_up_each_when_all_that_it_needs_are_ready);
    TEST(a_one_shot_that_ended_with_0_lets_those_that_need_it_start);
    TEST(those_that_need_a_lane_which_failed_never_start);
    TEST(where_nothing_runs_and_nothing_can_start_lastcall_exits);
    TEST(a_lane_that_is_not_essential_and_has_ended_does_not_hold_running_back);
    TEST(the_last_of_several_inessential_lanes_ends_lastcall);
    TEST(a_lane_that_waits_still_for_what_can_start_keeps_lastcall_alive);
    TEST(readiness_follows_the_lanes_while_running);
    TEST(a_lane_that_ended_by_design_does_not_keep_readiness_off);
    TEST(without_anybody_left_who_serves_readiness_is_off);

    TEST(a_signal_before_anything_was_started_starts_nothing);
    TEST(any_signal_can_be_the_stop_signal);
    TEST(while_starting_nothing_more_is_started_and_nothing_is_waited_for);
    TEST(while_starting_a_main_process_that_was_started_gives_its_own_code);
    TEST(an_essential_lane_that_never_came_up_ends_the_start);

    TEST(events_out_of_bounds_change_nothing);
    TEST(a_lane_that_is_gone_stays_gone);
    TEST(a_lane_that_was_never_started_cannot_end);

    return tap_done();
}
