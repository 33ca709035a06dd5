/* SPDX-License-Identifier: Apache-2.0 */
/* The lifecycle, a sentence and a golden trace each: window, readiness modes and drain. */
#include "lifecycle_fixture.h"

/* The window */

static void readiness_goes_off_at_t0_and_the_stop_signal_follows_the_window(void)
{
    struct lc_policy policy = one_lane();

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off\n"
                  "[  5000] tick             -> stopping: ask web\n"
                  "[  6000] gone web 0       -> exited: ask leftovers\n"
                  "[  6010] leftovers 0      -> exit 0\n");
    CHECK_INT(trace_lifecycle()->cause, LC_CAUSE_SIGNAL);
    CHECK_INT(trace_lifecycle()->cause_signal, SIGTERM);
    CHECK_INT(lc_lifecycle_outcome(trace_lifecycle()), LC_OUTCOME_STOPPED);
}

static void the_window_goes_on_until_no_arrival_has_come_for_quiet(void)
{
    struct lc_policy policy = one_lane();
    policy.window_quiet = 1000;
    policy.window_max = 15000;

    TRACE(policy, "[   100] SIGTERM          -> propagating: readiness off\n"
                  "[  3000] arrival          -> nothing\n"
                  "[  4900] arrival          -> nothing\n"
                  "[  5800] arrival          -> nothing\n"
                  "[  6800] tick             -> stopping: ask web\n");
}

static void arrivals_never_hold_the_window_open_beyond_max(void)
{
    struct lc_policy policy = one_lane();
    policy.window_quiet = 1000;
    policy.window_max = 15000;

    TRACE(policy, "[   100] SIGTERM          -> propagating: readiness off\n"
                  "[  4900] arrival          -> nothing\n"
                  "[  5800] arrival          -> nothing\n"
                  "[  6700] arrival          -> nothing\n"
                  "[  7600] arrival          -> nothing\n"
                  "[  8500] arrival          -> nothing\n"
                  "[  9400] arrival          -> nothing\n"
                  "[ 10300] arrival          -> nothing\n"
                  "[ 11200] arrival          -> nothing\n"
                  "[ 12100] arrival          -> nothing\n"
                  "[ 13000] arrival          -> nothing\n"
                  "[ 13900] arrival          -> nothing\n"
                  "[ 14800] arrival          -> nothing\n"
                  "[ 15100] tick             -> stopping: ask web\n");
}

static void without_arrivals_the_window_lasts_min(void)
{
    struct lc_policy policy = one_lane();
    policy.window_quiet = 1000;
    policy.window_max = 15000;

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off\n"
                  "[  5000] tick             -> stopping: ask web\n");
}

static void time_in_which_nobody_looked_is_no_part_of_min(void)
{
    struct lc_policy policy = one_lane();
    policy.window_quiet = 1000;
    policy.window_max = 15000;

    TRACE(policy, "[   100] SIGTERM          -> propagating: readiness off\n"
                  "[  4100] held-up 3000     -> nothing\n"
                  "[  6000] held-up 400      -> nothing\n"
                  "[  8500] tick             -> stopping: ask web\n");
}

static void time_in_which_nobody_looked_is_not_quiet(void)
{
    struct lc_policy policy = one_lane();
    policy.window_quiet = 1000;
    policy.window_max = 15000;

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off\n"
                  "[  5500] arrival          -> nothing\n"
                  "[  7500] held-up 1900     -> nothing\n"
                  "[  8400] tick             -> stopping: ask web\n");
}

static void being_held_up_never_holds_the_window_open_beyond_max(void)
{
    struct lc_policy policy = one_lane();
    policy.window_quiet = 1000;
    policy.window_max = 6000;

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off\n"
                  "[  4900] held-up 4800     -> nothing\n"
                  "[  6000] tick             -> stopping: ask web\n");
}

static void nobody_is_held_up_for_longer_than_the_window_has_lasted(void)
{
    struct lc_policy policy = one_lane();
    policy.window_quiet = 1000;
    policy.window_max = 15000;

    TRACE(policy, "[   100] held-up 9000     -> nothing\n"
                  "[   200] SIGTERM          -> propagating: readiness off\n"
                  "[  1200] held-up 9000     -> nothing\n"
                  "[  6200] tick             -> stopping: ask web\n");
}

static void arrivals_before_t0_do_not_count(void)
{
    struct lc_policy policy = one_lane();
    policy.window_quiet = 6000;
    policy.window_max = 15000;

    TRACE(policy, "[   100] arrival          -> nothing\n"
                  "[   200] SIGTERM          -> propagating: readiness off\n"
                  "[  5200] tick             -> stopping: ask web\n");
}

static void where_no_window_is_set_the_stop_signal_comes_at_once(void)
{
    struct lc_policy policy = one_lane();
    policy.window_min = policy.window_max = 0;

    TRACE(policy, "[     0] SIGTERM          -> stopping: readiness off, ask web\n"
                  "[    40] gone web 0       -> exited: ask leftovers\n"
                  "[    41] leftovers 0      -> exit 0\n");
}

static void a_lane_that_serves_nobody_has_no_window(void)
{
    struct lc_policy policy = one_lane();
    policy.lane[WEB].serves = false;

    TRACE(policy, "[     0] SIGTERM          -> stopping: readiness off, ask web\n"
                  "[ 29000] tick             -> killing: force web\n");
}

static void a_lane_that_listens_on_nothing_at_t0_has_no_window_and_no_drain(void)
{
    struct lc_policy policy = one_lane();
    policy.drain = true;
    add_hook(&policy, WEB, PRE, 100);

    TRACE(policy, "[     0] SIGTERM deaf web -> draining: readiness off, hook web pre 0\n"
                  "[    10] done web pre 0   -> stopping: ask web\n");
}

static void others_have_their_window_side_by_side_with_its_stop(void)
{
    struct lc_policy policy = three_lanes();
    policy.lane[WORKER].serves = true;

    TRACE(policy, "[     0] SIGTERM deaf worker -> propagating: readiness off, ask worker\n"
                  "[  5000] tick             -> stopping: ask web\n");
}

static void a_drain_has_no_window_either_where_nobody_listens(void)
{
    struct lc_policy policy = one_lane();

    TRACE(policy, "[     0] drain deaf web   -> drained: readiness off, release\n"
                  "[    10] undo             -> running: readiness on\n"
                  "[    20] drain            -> propagating: readiness off\n"
                  "[  5020] tick             -> drained: release\n"
                  "[  6000] SIGTERM          -> stopping: ask web\n");
}

static void after_another_has_ended_who_listens_on_nothing_has_no_window(void)
{
    struct lc_policy policy = three_lanes();

    TRACE(policy, "[     0] gone worker 1 deaf web -> stopping: readiness off, ask web\n");
}

static void only_what_began_the_shutdown_says_who_listens(void)
{
    struct lc_policy policy = one_lane();

    TRACE(policy, "[     0] arrival deaf web -> nothing\n"
                  "[     0] drain            -> propagating: readiness off\n"
                  "[    10] SIGTERM deaf web -> nothing\n"
                  "[  5000] tick             -> stopping: ask web, release\n");
}

static void the_window_is_over_when_nobody_who_serves_is_left(void)
{
    struct lc_policy policy = three_lanes();
    policy.lane[WEB].essential = false;

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off, ask worker\n"
                  "[  1000] gone web 1       -> stopping\n");
}

static void a_window_longer_than_the_grace_leaves_each_stage_its_reserve(void)
{
    struct lc_policy policy = three_lanes();
    policy.window_min = policy.window_max = 60000;
    policy.lane[WORKER].needs = 1u << WEB | 1u << DB;

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off, ask worker\n"
                  "[ 28000] tick             -> stopping: force worker\n"
                  "[ 28001] gone worker 137  -> ask web\n"
                  "[ 28500] tick             -> force web\n"
                  "[ 28501] gone web 137     -> ask db\n"
                  "[ 29000] tick             -> killing: force db\n");
}

static void a_stage_that_ended_already_needs_no_reserve(void)
{
    struct lc_policy policy = three_lanes();
    policy.window_min = policy.window_max = 60000;
    policy.lane[WEB].needs = 0;

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off, ask worker\n"
                  "[    10] gone worker 0    -> ask db\n"
                  "[    20] gone db 0        -> nothing\n"
                  "[ 28500] tick             -> stopping: ask web\n"
                  "[ 29000] tick             -> killing: force web\n");
}

static void where_the_stages_need_all_of_the_grace_there_is_no_window(void)
{
    struct lc_policy policy = three_lanes();
    policy.grace = 2000;

    TRACE(policy, "[     0] SIGTERM          -> stopping: readiness off, ask web, ask worker\n"
                  "[   500] tick             -> force web, force worker\n");
}

/* Readiness modes */

static void after_window_keeps_readiness_on_through_the_window(void)
{
    struct lc_policy policy = one_lane();
    policy.readiness = LC_READINESS_AFTER_WINDOW;

    TRACE(policy, "[     0] SIGTERM          -> propagating\n"
                  "[  5000] tick             -> stopping: readiness off, ask web\n"
                  "[  5100] gone web 0       -> exited: ask leftovers\n");
}

static void after_window_without_a_window_is_off_at_t0(void)
{
    struct lc_policy policy = one_lane();
    policy.readiness = LC_READINESS_AFTER_WINDOW;
    policy.window_min = policy.window_max = 0;

    TRACE(policy, "[     0] SIGTERM          -> stopping: readiness off, ask web\n");
}

static void hold_keeps_readiness_on_until_the_exit(void)
{
    struct lc_policy policy = three_lanes();
    policy.readiness = LC_READINESS_HOLD;
    policy.lane[WEB].serves = false;

    TRACE(policy, "[     0] SIGTERM          -> stopping: ask web, ask worker\n"
                  "[    10] gone worker 0    -> nothing\n"
                  "[    20] gone web 0       -> ask db\n"
                  "[    30] gone db 0        -> exited: readiness off, ask leftovers\n"
                  "[    31] leftovers 0      -> exit 0\n");
}

static void hold_keeps_readiness_on_while_lanes_are_killed(void)
{
    struct lc_policy policy = one_lane();
    policy.readiness = LC_READINESS_HOLD;

    TRACE(policy,
          "[     0] SIGTERM          -> propagating\n"
          "[  5000] tick             -> stopping: ask web\n"
          "[ 29000] tick             -> killing: force web\n"
          "[ 30000] tick             -> exited: readiness off, force leftovers, exit 137\n");
}

static void hold_ends_with_the_last_lane_that_serves(void)
{
    struct lc_policy policy = three_lanes();
    policy.readiness = LC_READINESS_HOLD;

    TRACE(policy, "[     0] SIGTERM          -> propagating: ask worker\n"
                  "[    10] gone worker 0    -> nothing\n"
                  "[  5000] tick             -> stopping: ask web\n"
                  "[  5010] gone web 0       -> ask db, readiness off\n"
                  "[  5020] gone db 0        -> exited: ask leftovers\n");
}

static void in_a_shutdown_readiness_goes_off_with_a_lane_s_and_does_not_come_back(void)
{
    struct lc_policy policy = three_lanes();
    policy.readiness = LC_READINESS_HOLD;

    TRACE(policy, "[     0] SIGTERM          -> propagating: ask worker\n"
                  "[    10] unready db       -> readiness off\n"
                  "[    20] ready db         -> nothing\n"
                  "[  5000] tick             -> stopping: ask web\n");
}

static void a_lane_that_was_asked_and_says_it_is_not_ready_ends_readiness(void)
{
    struct lc_policy policy = three_lanes();
    policy.readiness = LC_READINESS_HOLD;

    TRACE(policy, "[     0] SIGTERM          -> propagating: ask worker\n"
                  "[    10] unready worker   -> readiness off\n"
                  "[    20] gone worker 0    -> nothing\n");
}

static void readiness_that_is_off_at_t0_stays_off(void)
{
    struct lc_policy policy = three_lanes();
    policy.readiness = LC_READINESS_HOLD;

    TRACE(policy, "[     0] unready web      -> readiness off\n"
                  "[    10] SIGTERM          -> propagating: ask worker\n"
                  "[    20] ready web        -> nothing\n");
}

/* Draining */

static void the_drain_waits_until_nothing_is_in_flight(void)
{
    struct lc_policy policy = one_lane();
    policy.drain = true;

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off\n"
                  "[  5000] tick             -> draining\n"
                  "[  5000] inflight 3       -> nothing\n"
                  "[  5500] inflight 1       -> nothing\n"
                  "[  6000] inflight 0       -> stopping: ask web\n");
}

static void the_drain_ends_with_its_timeout(void)
{
    struct lc_policy policy = one_lane();
    policy.drain = true;

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off\n"
                  "[  5000] tick             -> draining\n"
                  "[  5000] inflight 3       -> nothing\n"
                  "[ 15000] tick             -> stopping: ask web\n");
}

static void a_drain_at_time_0_ends_with_its_timeout_too(void)
{
    struct lc_policy policy = one_lane();
    policy.drain = true;
    policy.window_min = policy.window_max = 0;

    TRACE(policy, "[     0] SIGTERM          -> draining: readiness off\n"
                  "[ 10000] tick             -> stopping: ask web\n");
}

static void what_was_in_flight_before_the_drain_says_nothing(void)
{
    struct lc_policy policy = one_lane();
    policy.drain = true;

    TRACE(policy, "[     0] inflight 0       -> nothing\n"
                  "[     0] SIGTERM          -> propagating: readiness off\n"
                  "[  4000] inflight 0       -> nothing\n"
                  "[  5000] tick             -> draining\n");
}

static void without_a_drain_timeout_there_is_no_drain(void)
{
    struct lc_policy policy = one_lane();
    policy.drain = true;
    policy.drain_timeout = 0;

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off\n"
                  "[  5000] tick             -> stopping: ask web\n");
}

static void the_drain_is_cut_short_by_the_stop_reserve(void)
{
    struct lc_policy policy = one_lane();
    policy.drain = true;
    policy.drain_timeout = 60000;

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off\n"
                  "[  5000] tick             -> draining\n"
                  "[ 28500] tick             -> stopping: ask web\n"
                  "[ 29000] tick             -> killing: force web\n");
}

static void where_nobody_serves_nothing_is_drained(void)
{
    struct lc_policy policy = one_lane();
    policy.drain = true;
    policy.lane[WEB].serves = false;

    TRACE(policy, "[     0] SIGTERM          -> stopping: readiness off, ask web\n");
}

static void the_drain_is_over_when_nobody_who_serves_is_left(void)
{
    struct lc_policy policy = three_lanes();
    policy.drain = true;

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off, ask worker\n"
                  "[     5] gone worker 0    -> nothing\n"
                  "[  5000] tick             -> draining\n"
                  "[  6000] gone web 0       -> stopping: ask db\n");
}

int main(void)
{
    TEST(readiness_goes_off_at_t0_and_the_stop_signal_follows_the_window);
    TEST(the_window_goes_on_until_no_arrival_has_come_for_quiet);
    TEST(arrivals_never_hold_the_window_open_beyond_max);
    TEST(without_arrivals_the_window_lasts_min);
    TEST(time_in_which_nobody_looked_is_no_part_of_min);
    TEST(time_in_which_nobody_looked_is_not_quiet);
    TEST(being_held_up_never_holds_the_window_open_beyond_max);
    TEST(nobody_is_held_up_for_longer_than_the_window_has_lasted);
    TEST(arrivals_before_t0_do_not_count);
    TEST(where_no_window_is_set_the_stop_signal_comes_at_once);
    TEST(a_lane_that_serves_nobody_has_no_window);
    TEST(a_lane_that_listens_on_nothing_at_t0_has_no_window_and_no_drain);
    TEST(others_have_their_window_side_by_side_with_its_stop);
    TEST(a_drain_has_no_window_either_where_nobody_listens);
    TEST(after_another_has_ended_who_listens_on_nothing_has_no_window);
    TEST(only_what_began_the_shutdown_says_who_listens);
    TEST(the_window_is_over_when_nobody_who_serves_is_left);
    TEST(a_window_longer_than_the_grace_leaves_each_stage_its_reserve);
    TEST(a_stage_that_ended_already_needs_no_reserve);
    TEST(where_the_stages_need_all_of_the_grace_there_is_no_window);

    TEST(after_window_keeps_readiness_on_through_the_window);
    TEST(after_window_without_a_window_is_off_at_t0);
    TEST(hold_keeps_readiness_on_until_the_exit);
    TEST(hold_keeps_readiness_on_while_lanes_are_killed);
    TEST(hold_ends_with_the_last_lane_that_serves);
    TEST(in_a_shutdown_readiness_goes_off_with_a_lane_s_and_does_not_come_back);
    TEST(a_lane_that_was_asked_and_says_it_is_not_ready_ends_readiness);
    TEST(readiness_that_is_off_at_t0_stays_off);

    TEST(the_drain_waits_until_nothing_is_in_flight);
    TEST(the_drain_ends_with_its_timeout);
    TEST(a_drain_at_time_0_ends_with_its_timeout_too);
    TEST(what_was_in_flight_before_the_drain_says_nothing);
    TEST(without_a_drain_timeout_there_is_no_drain);
    TEST(the_drain_is_cut_short_by_the_stop_reserve);
    TEST(where_nobody_serves_nothing_is_drained);
    TEST(the_drain_is_over_when_nobody_who_serves_is_left);

    return tap_done();
}
