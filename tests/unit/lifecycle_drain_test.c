/* SPDX-License-Identifier: Apache-2.0 */
/* The lifecycle, a sentence and a golden trace each: a shutdown that a drain began. */
#include "lifecycle_fixture.h"

static void a_drain_goes_as_far_as_the_stop_and_waits_there(void)
{
    struct lc_policy policy = one_lane();
    policy.drain = true;

    TRACE(policy, "[     0] drain            -> propagating: readiness off\n"
                  "[  5000] tick             -> draining\n"
                  "[  6000] inflight 0       -> drained: release\n"
                  "[  9000] SIGTERM          -> stopping: ask web\n"
                  "[ 29000] tick             -> killing: force web\n");
    CHECK_INT(trace_lifecycle()->cause, LC_CAUSE_DRAIN);
    CHECK_INT(trace_lifecycle()->stop_signal, SIGTERM);
}

static void a_second_drain_waits_for_the_remaining_time_and_changes_nothing(void)
{
    struct lc_policy policy = one_lane();
    policy.drain = true;

    TRACE(policy, "[     0] drain            -> propagating: readiness off\n"
                  "[  1000] drain            -> nothing\n"
                  "[  5000] tick             -> draining\n"
                  "[  6000] inflight 0       -> drained: release\n"
                  "[  7000] drain            -> release\n");
}

static void nobody_is_asked_before_the_stop_signal_nor_is_drained_before_every_hook_is_done(void)
{
    struct lc_policy policy = three_lanes();
    add_hook(&policy, WORKER, PRE, 7000);

    TRACE(policy, "[     0] drain            -> propagating: readiness off, hook worker pre 0\n"
                  "[  5000] tick             -> draining\n"
                  "[  7000] tick             -> drained: end hook worker pre 0, release\n"
                  "[  8000] SIGTERM          -> stopping: ask web, ask worker\n");
}

static void a_stop_signal_in_the_window_of_a_drain_arms_the_deadline_counted_from_t0(void)
{
    struct lc_policy policy = one_lane();
    policy.second[SIGTERM] = LC_SECOND_KILL;

    TRACE(policy, "[  1000] drain            -> propagating: readiness off\n"
                  "[  2000] SIGTERM          -> nothing\n"
                  "[  6000] tick             -> stopping: ask web, release\n"
                  "[ 30000] tick             -> killing: force web\n");
}

static void a_drain_is_cut_as_if_the_stop_signal_came_in_time(void)
{
    struct lc_policy policy = one_lane();
    policy.drain = true;
    policy.drain_timeout = 60000;

    TRACE(policy, "[     0] drain            -> propagating: readiness off\n"
                  "[  5000] tick             -> draining\n"
                  "[ 28500] tick             -> drained: release\n"
                  "[ 28600] SIGTERM          -> stopping: ask web\n");
}

static void a_stop_signal_late_in_the_grace_still_leaves_each_stage_its_reserve(void)
{
    struct lc_policy policy = three_lanes();

    TRACE(policy, "[     0] drain            -> propagating: readiness off\n"
                  "[  5000] tick             -> drained: release\n"
                  "[ 29900] SIGTERM          -> stopping: ask web, ask worker\n"
                  "[ 30400] tick             -> force web, force worker\n"
                  "[ 30401] gone web 137     -> nothing\n"
                  "[ 30402] gone worker 137  -> ask db\n"
                  "[ 30900] tick             -> killing: force db\n"
                  "[ 31900] tick             -> exited: force leftovers, exit 137\n");
}

static void a_stop_signal_later_than_the_grace_begins_a_new_t0_with_the_waits_done(void)
{
    struct lc_policy policy = one_lane();
    policy.drain = true;

    TRACE(policy, "[     0] drain            -> propagating: readiness off\n"
                  "[  5000] tick             -> draining\n"
                  "[  6000] inflight 0       -> drained: release\n"
                  "[ 30000] SIGTERM          -> stopping: ask web\n"
                  "[ 59000] tick             -> killing: force web\n"
                  "[ 60000] tick             -> exited: force leftovers, exit 137\n");
}

static void so_it_does_where_every_wake_up_was_missed(void)
{
    struct lc_policy policy = one_lane();
    policy.drain = true;
    add_hook(&policy, WEB, PRE, 2000);

    TRACE(policy, "[     0] drain            -> propagating: readiness off\n"
                  "[  5000] tick             -> draining: hook web pre 0\n"
                  "[ 40000] SIGTERM          -> stopping: end hook web pre 0, ask web, release\n");
}

static void an_undo_brings_readiness_back(void)
{
    struct lc_policy policy = one_lane();
    policy.drain = true;
    add_hook(&policy, WEB, PRE, 2000);

    TRACE(policy,
          "[     0] drain            -> propagating: readiness off\n"
          "[  5000] tick             -> draining: hook web pre 0\n"
          "[  6000] undo             -> running: end hook web pre 0, readiness on, release\n"
          "[  7000] SIGTERM          -> propagating: readiness off\n"
          "[ 12000] tick             -> draining: hook web pre 0\n"
          "[ 12500] done web pre 0   -> nothing\n"
          "[ 12600] inflight 0       -> stopping: ask web\n");
    CHECK_INT(trace_lifecycle()->cause, LC_CAUSE_SIGNAL);
}

static void an_undo_where_there_was_no_window_goes_back_to_running_too(void)
{
    struct lc_policy policy = one_lane();
    policy.window_min = policy.window_max = 0;

    TRACE(policy, "[     0] drain            -> drained: readiness off, release\n"
                  "[  6000] undo             -> running: readiness on\n"
                  "[  7000] drain            -> drained: readiness off, release\n"
                  "[  8000] SIGTERM          -> stopping: ask web\n");
}

static void an_undo_brings_it_back_only_where_the_lanes_are_ready(void)
{
    struct lc_policy policy = three_lanes();

    TRACE(policy, "[     0] drain            -> propagating: readiness off\n"
                  "[    10] unready db       -> nothing\n"
                  "[  5000] tick             -> drained: release\n"
                  "[  6000] undo             -> running\n"
                  "[  7000] ready db         -> readiness on\n");
}

static void an_undo_forgets_the_phases(void)
{
    struct lc_policy policy = one_lane();
    policy.drain = true;

    TRACE(policy, "[     0] drain            -> propagating: readiness off\n"
                  "[  5000] tick             -> draining\n"
                  "[  6000] inflight 0       -> drained: release\n"
                  "[  7000] undo             -> running: readiness on\n");
    CHECK_INT(trace_lifecycle()->entered[LC_PHASE_RUNNING], 7000);
    for (size_t i = LC_PHASE_PROPAGATING; i < LC_PHASE_COUNT; i++)
        CHECK(trace_lifecycle()->entered[i] == LC_NEVER);
}

static void the_phase_that_an_undo_ends_has_its_begin_still(void)
{
    struct lc_policy policy = one_lane();
    struct lc_lifecycle lifecycle;
    struct lc_actions actions;

    CHECK_INT(lc_lifecycle_init(&lifecycle, &policy, 0, NULL), 0);
    lc_lifecycle_step(&lifecycle, 0, &(struct lc_event){.kind = LC_EVENT_TICK}, &actions);
    lc_lifecycle_step(&lifecycle, 10, &(struct lc_event){.kind = LC_EVENT_LANE_READY}, &actions);
    lc_lifecycle_step(&lifecycle, 1000, &(struct lc_event){.kind = LC_EVENT_DRAIN}, &actions);
    lc_lifecycle_step(&lifecycle, 1700, &(struct lc_event){.kind = LC_EVENT_UNDO}, &actions);
    CHECK_INT(actions.list[0].kind, LC_ACTION_PHASE);
    CHECK_INT(actions.list[0].from, LC_PHASE_PROPAGATING);
    CHECK_INT(actions.list[0].since, 1000);
    CHECK_INT(actions.list[0].at, 1700);
}

static void an_undo_forgets_the_arrivals(void)
{
    struct lc_policy policy = one_lane();
    policy.window_quiet = 6000;
    policy.window_max = 15000;

    TRACE(policy, "[     0] drain            -> propagating: readiness off\n"
                  "[  1000] arrival          -> nothing\n"
                  "[  2000] undo             -> running: readiness on, release\n"
                  "[  3000] drain            -> propagating: readiness off\n"
                  "[  8000] tick             -> drained: release\n");
}

static void there_is_no_undo_after_the_stop_signal(void)
{
    struct lc_policy policy = one_lane();

    TRACE(policy, "[     0] drain            -> propagating: readiness off\n"
                  "[   100] SIGTERM          -> nothing\n"
                  "[   200] undo             -> nothing\n"
                  "[  5000] tick             -> stopping: ask web, release\n");
}

static void an_undo_without_a_drain_changes_nothing(void)
{
    struct lc_policy policy = one_lane();

    TRACE(policy, "[     0] undo             -> nothing\n");
}

static void a_drain_while_starting_is_drained_at_once_and_starts_nothing(void)
{
    struct lc_policy policy = three_lanes();

    TRACE_FROM_START(policy, "[     0] begin            -> start db\n"
                             "[    10] drain            -> drained: release\n"
                             "[    20] ready db         -> nothing\n"
                             "[    30] SIGTERM          -> stopping: ask db\n"
                             "[    40] gone db 0        -> exited: ask leftovers\n"
                             "[    41] leftovers 0      -> exit 143\n");
}

static void its_undo_goes_on_starting(void)
{
    struct lc_policy policy = three_lanes();
    add_hook(&policy, DB, PRE, 0);

    TRACE_FROM_START(policy, "[     0] begin            -> start db\n"
                             "[    10] drain            -> drained: release\n"
                             "[    20] ready db         -> nothing\n"
                             "[    30] undo             -> starting: start web, start worker\n"
                             "[    40] ready web        -> nothing\n"
                             "[    50] ready worker     -> running: readiness on\n");
}

static void an_essential_lane_that_ends_while_drained_stops_the_others(void)
{
    struct lc_policy policy = three_lanes();

    TRACE(policy, "[     0] drain            -> propagating: readiness off\n"
                  "[  5000] tick             -> drained: release\n"
                  "[  6000] gone worker 3    -> stopping: ask web\n"
                  "[  6100] gone web 0       -> ask db\n"
                  "[  6200] gone db 0        -> exited: ask leftovers\n"
                  "[  6201] leftovers 0      -> exit 3\n");
    CHECK_INT(trace_lifecycle()->cause, LC_CAUSE_DRAIN);
    CHECK_INT(lc_lifecycle_outcome(trace_lifecycle()), LC_OUTCOME_CRASHED);
}

static void a_first_signal_from_the_terminal_hurries_a_drain(void)
{
    struct lc_policy policy = three_lanes();

    TRACE(policy, "[     0] drain            -> propagating: readiness off\n"
                  "[   100] SIGINT!          -> stopping: ask web, ask worker, ask db, release\n");
}

static void after_window_keeps_readiness_on_through_a_drain_s_window(void)
{
    struct lc_policy policy = one_lane();
    policy.readiness = LC_READINESS_AFTER_WINDOW;

    TRACE(policy, "[     0] drain            -> propagating\n"
                  "[  5000] tick             -> drained: readiness off, release\n"
                  "[  6000] undo             -> running: readiness on\n");
}

static void a_phase_takes_as_long_as_to_the_next_one_or_to_now(void)
{
    struct lc_policy policy = one_lane();
    policy.drain = true;

    TRACE(policy, "[  1000] drain            -> propagating: readiness off\n"
                  "[  6000] tick             -> draining\n");
    CHECK_INT(lc_lifecycle_phase_time(trace_lifecycle(), LC_PHASE_RUNNING, 6500), 1000);
    CHECK_INT(lc_lifecycle_phase_time(trace_lifecycle(), LC_PHASE_PROPAGATING, 6500), 5000);
    CHECK_INT(lc_lifecycle_phase_time(trace_lifecycle(), LC_PHASE_DRAINING, 6500), 500);
    CHECK(lc_lifecycle_phase_time(trace_lifecycle(), LC_PHASE_DRAINED, 6500) == LC_NEVER);
}

static void one_that_was_left_out_does_not_end_it(void)
{
    struct lc_policy policy = one_lane();

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off\n"
                  "[  5000] tick             -> stopping: ask web\n");
    CHECK_INT(lc_lifecycle_phase_time(trace_lifecycle(), LC_PHASE_PROPAGATING, 6000), 5000);
    CHECK(lc_lifecycle_phase_time(trace_lifecycle(), LC_PHASE_DRAINING, 6000) == LC_NEVER);
}

int main(void)
{
    TEST(a_drain_goes_as_far_as_the_stop_and_waits_there);
    TEST(a_second_drain_waits_for_the_remaining_time_and_changes_nothing);
    TEST(nobody_is_asked_before_the_stop_signal_nor_is_drained_before_every_hook_is_done);
    TEST(a_stop_signal_in_the_window_of_a_drain_arms_the_deadline_counted_from_t0);
    TEST(a_drain_is_cut_as_if_the_stop_signal_came_in_time);
    TEST(a_stop_signal_late_in_the_grace_still_leaves_each_stage_its_reserve);
    TEST(a_stop_signal_later_than_the_grace_begins_a_new_t0_with_the_waits_done);
    TEST(so_it_does_where_every_wake_up_was_missed);
    TEST(an_undo_brings_readiness_back);
    TEST(an_undo_where_there_was_no_window_goes_back_to_running_too);
    TEST(an_undo_brings_it_back_only_where_the_lanes_are_ready);
    TEST(an_undo_forgets_the_phases);
    TEST(the_phase_that_an_undo_ends_has_its_begin_still);
    TEST(an_undo_forgets_the_arrivals);
    TEST(there_is_no_undo_after_the_stop_signal);
    TEST(an_undo_without_a_drain_changes_nothing);
    TEST(a_drain_while_starting_is_drained_at_once_and_starts_nothing);
    TEST(its_undo_goes_on_starting);
    TEST(an_essential_lane_that_ends_while_drained_stops_the_others);
    TEST(a_first_signal_from_the_terminal_hurries_a_drain);
    TEST(after_window_keeps_readiness_on_through_a_drain_s_window);
    TEST(a_phase_takes_as_long_as_to_the_next_one_or_to_now);
    TEST(one_that_was_left_out_does_not_end_it);
    return tap_done();
}
