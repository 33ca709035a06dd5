/* SPDX-License-Identifier: Apache-2.0 */
/* The lifecycle, a sentence and a golden trace each: what begins a shutdown, and what comes on top of it. */
#include "lifecycle_fixture.h"

/* Fan-out */

static void without_another_process_the_end_of_the_only_one_is_the_exit(void)
{
    struct lc_policy policy = one_lane();
    policy.drain = true;

    TRACE(policy, "[  1000] gone web 3       -> exited: readiness off, ask leftovers\n"
                  "[  1001] leftovers 0      -> exit 3\n");
    CHECK_INT(trace_lifecycle()->cause, LC_CAUSE_LANE);
    CHECK_INT(trace_lifecycle()->cause_lane, WEB);
    CHECK_INT(lc_lifecycle_outcome(trace_lifecycle()), LC_OUTCOME_CRASHED);
}

static void when_an_essential_lane_ends_the_others_are_shut_down(void)
{
    struct lc_policy policy = three_lanes();

    TRACE(policy, "[  1000] gone worker 3    -> propagating: readiness off\n"
                  "[  6000] tick             -> stopping: ask web\n"
                  "[  6100] gone web 0       -> ask db\n"
                  "[  6200] gone db 0        -> exited: ask leftovers\n"
                  "[  6201] leftovers 0      -> exit 3\n");
}

static void where_nobody_who_serves_is_left_the_others_have_their_hooks_but_no_window(void)
{
    struct lc_policy policy = three_lanes();
    policy.drain = true;
    policy.lane[DB].hooks[PRE] = 1;
    policy.lane[DB].hook_timeout[PRE][0] = 1000;

    TRACE(policy,
          "[  1000] gone web 3       -> draining: readiness off, hook db pre 0, ask worker\n"
          "[  1100] gone worker 0    -> nothing\n"
          "[  1200] done db pre 0    -> stopping: ask db\n"
          "[  1300] gone db 0        -> exited: ask leftovers\n"
          "[  1301] leftovers 0      -> exit 3\n");
}

static void a_stop_signal_in_a_fan_out_is_the_first_one_and_moves_nothing(void)
{
    struct lc_policy policy = three_lanes();
    policy.second[SIGTERM] = LC_SECOND_KILL;

    TRACE(policy, "[     0] gone worker 3    -> propagating: readiness off\n"
                  "[  1000] SIGTERM          -> nothing\n"
                  "[  5000] tick             -> stopping: ask web\n"
                  "[  6000] SIGTERM          -> killing: force web, force db\n");
    CHECK_INT(trace_lifecycle()->cause, LC_CAUSE_LANE);
}

static void an_inessential_lane_that_ends_shuts_nothing_down(void)
{
    struct lc_policy policy = three_lanes();
    policy.lane[WORKER].essential = false;

    TRACE(policy, "[  1000] gone worker 3    -> nothing\n"
                  "[  2000] SIGTERM          -> propagating: readiness off\n");
}

/* A second signal */

static void a_repeated_sigterm_is_ignored(void)
{
    struct lc_policy policy = one_lane();

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off\n"
                  "[   100] SIGTERM          -> nothing\n"
                  "[  5000] tick             -> stopping: ask web\n"
                  "[  5100] SIGTERM          -> nothing\n");
}

static void a_second_sigint_kills_at_once(void)
{
    struct lc_policy policy = three_lanes();

    TRACE(policy, "[     0] SIGINT           -> propagating: readiness off, ask worker\n"
                  "[   100] SIGINT           -> killing: force web, force worker, force db\n"
                  "[   110] gone worker 137  -> nothing\n"
                  "[   120] gone web 137     -> nothing\n"
                  "[   130] gone db 137      -> exited: force leftovers\n"
                  "[   131] leftovers 0      -> exit 137\n");
}

static void the_first_sigint_after_a_sigterm_is_a_second_signal(void)
{
    struct lc_policy policy = one_lane();

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off\n"
                  "[   100] SIGINT           -> killing: force web\n");
}

static void a_kill_ends_hooks_and_starts_no_more(void)
{
    struct lc_policy policy = one_lane();
    policy.lane[WEB].hooks[POST] = 2;
    policy.lane[WEB].hook_timeout[POST][0] = 2000;
    policy.lane[WEB].hook_timeout[POST][1] = 3000;
    policy.lane[WEB].hooks[PRE] = 1;
    policy.lane[WEB].hook_timeout[PRE][0] = 2000;

    TRACE(policy, "[     0] SIGINT           -> propagating: readiness off\n"
                  "[  5000] tick             -> draining: hook web pre 0\n"
                  "[  5100] SIGINT           -> killing: end hook web pre 0, force web\n"
                  "[  5110] gone web 137     -> exited: force leftovers\n");
}

static void a_kill_while_only_leftovers_are_left_kills_them(void)
{
    struct lc_policy policy = one_lane();

    TRACE(policy, "[     0] SIGINT           -> propagating: readiness off\n"
                  "[    10] gone web 0       -> exited: ask leftovers\n"
                  "[    20] SIGINT           -> force leftovers\n"
                  "[    30] SIGINT           -> nothing\n"
                  "[    40] leftovers 0      -> exit 0\n");
}

static void a_kill_when_only_post_stop_hooks_are_left_ends_them(void)
{
    struct lc_policy policy = one_lane();
    policy.lane[WEB].hooks[POST] = 2;
    policy.lane[WEB].hook_timeout[POST][0] = 2000;
    policy.lane[WEB].hook_timeout[POST][1] = 3000;

    TRACE(policy, "[     0] SIGINT           -> propagating: readiness off\n"
                  "[    10] gone web 0       -> stopping: hook web post 0\n"
                  "[    20] SIGINT           -> exited: end hook web post 0, force leftovers\n");
}

static void a_second_kill_kills_nobody_twice(void)
{
    struct lc_policy policy = one_lane();

    TRACE(policy, "[     0] SIGINT           -> propagating: readiness off\n"
                  "[    10] SIGINT           -> killing: force web\n"
                  "[    20] SIGINT           -> nothing\n"
                  "[    30] SIGINT           -> nothing\n");
}

static void hurry_asks_everyone_at_once_whatever_depends_on_what_and_keeps_the_deadline(void)
{
    struct lc_policy policy = three_lanes();
    policy.second[SIGTERM] = LC_SECOND_HURRY;
    policy.drain = true;

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off, ask worker\n"
                  "[   100] SIGTERM          -> stopping: ask web, ask db\n"
                  "[   200] SIGTERM          -> nothing\n"
                  "[ 29000] tick             -> killing: force web, force worker, force db\n");
}

static void hurry_ends_hooks_and_starts_no_more(void)
{
    struct lc_policy policy = one_lane();
    policy.second[SIGTERM] = LC_SECOND_HURRY;
    policy.lane[WEB].hooks[POST] = 2;
    policy.lane[WEB].hook_timeout[POST][0] = 2000;
    policy.lane[WEB].hook_timeout[POST][1] = 3000;
    policy.lane[WEB].hooks[PRE] = 1;
    policy.lane[WEB].hook_timeout[PRE][0] = 2000;

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off\n"
                  "[  5000] tick             -> draining: hook web pre 0\n"
                  "[  5100] SIGTERM          -> stopping: end hook web pre 0, ask web\n"
                  "[  5200] gone web 0       -> exited: ask leftovers\n");
}

static void hurry_ends_the_drain(void)
{
    struct lc_policy policy = three_lanes();
    policy.second[SIGTERM] = LC_SECOND_HURRY;
    policy.drain = true;

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off, ask worker\n"
                  "[    10] gone worker 0    -> nothing\n"
                  "[  5000] tick             -> draining\n"
                  "[  5100] SIGTERM          -> stopping: ask web, ask db\n");
}

static void a_sigint_from_the_terminal_hurries_at_once(void)
{
    struct lc_policy policy = three_lanes();

    TRACE(policy,
          "[     0] SIGINT!          -> stopping: readiness off, ask web, ask worker, ask db\n");
}

static void in_a_fan_out_too(void)
{
    struct lc_policy policy = three_lanes();

    TRACE(policy, "[     0] gone worker 1    -> propagating: readiness off\n"
                  "[    10] SIGINT!          -> stopping: ask web, ask db\n");
}

static void a_second_one_from_the_terminal_kills_where_the_table_says_so(void)
{
    struct lc_policy policy = three_lanes();

    TRACE(policy,
          "[     0] SIGINT!          -> stopping: readiness off, ask web, ask worker, ask db\n"
          "[   100] SIGINT!          -> killing: force web, force worker, force db\n");
}

static void and_hurries_where_the_table_would_ignore_it(void)
{
    struct lc_policy policy = three_lanes();
    policy.second[SIGINT] = LC_SECOND_IGNORE;

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off, ask worker\n"
                  "[   100] SIGINT!          -> stopping: ask web, ask db\n");
}

/* Drain */

static void a_drain_goes_as_far_as_the_stop_and_waits_there(void)
{
    struct lc_policy policy = one_lane();
    policy.drain = true;

    TRACE(policy, "[     0] drain            -> propagating: readiness off\n"
                  "[  5000] tick             -> draining\n"
                  "[  6000] inflight 0       -> drained\n"
                  "[  9000] SIGTERM          -> stopping: ask web\n"
                  "[ 29000] tick             -> killing: force web\n");
    CHECK_INT(trace_lifecycle()->cause, LC_CAUSE_DRAIN);
    CHECK_INT(trace_lifecycle()->stop_signal, SIGTERM);
}

static void a_second_drain_changes_nothing(void)
{
    struct lc_policy policy = one_lane();
    policy.drain = true;

    TRACE(policy, "[     0] drain            -> propagating: readiness off\n"
                  "[  1000] drain            -> nothing\n"
                  "[  5000] tick             -> draining\n"
                  "[  6000] inflight 0       -> drained\n"
                  "[  7000] drain            -> nothing\n");
}

static void nobody_is_asked_before_the_stop_signal_nor_is_drained_before_every_hook_is_done(void)
{
    struct lc_policy policy = three_lanes();
    policy.lane[WORKER].hooks[PRE] = 1;
    policy.lane[WORKER].hook_timeout[PRE][0] = 7000;

    TRACE(policy, "[     0] drain            -> propagating: readiness off, hook worker pre 0\n"
                  "[  5000] tick             -> draining\n"
                  "[  7000] tick             -> drained: end hook worker pre 0\n"
                  "[  8000] SIGTERM          -> stopping: ask web, ask worker\n");
}

static void a_stop_signal_in_the_window_of_a_drain_arms_the_deadline_counted_from_t0(void)
{
    struct lc_policy policy = one_lane();
    policy.second[SIGTERM] = LC_SECOND_KILL;

    TRACE(policy, "[  1000] drain            -> propagating: readiness off\n"
                  "[  2000] SIGTERM          -> nothing\n"
                  "[  6000] tick             -> stopping: ask web\n"
                  "[ 30000] tick             -> killing: force web\n");
}

static void a_drain_is_cut_as_if_the_stop_signal_came_in_time(void)
{
    struct lc_policy policy = one_lane();
    policy.drain = true;
    policy.drain_timeout = 60000;

    TRACE(policy, "[     0] drain            -> propagating: readiness off\n"
                  "[  5000] tick             -> draining\n"
                  "[ 28500] tick             -> drained\n"
                  "[ 28600] SIGTERM          -> stopping: ask web\n");
}

static void a_stop_signal_late_in_the_grace_still_leaves_each_stage_its_reserve(void)
{
    struct lc_policy policy = three_lanes();

    TRACE(policy, "[     0] drain            -> propagating: readiness off\n"
                  "[  5000] tick             -> drained\n"
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
                  "[  6000] inflight 0       -> drained\n"
                  "[ 30000] SIGTERM          -> stopping: ask web\n"
                  "[ 59000] tick             -> killing: force web\n"
                  "[ 60000] tick             -> exited: force leftovers, exit 137\n");
}

static void so_it_does_where_every_wake_up_was_missed(void)
{
    struct lc_policy policy = one_lane();
    policy.drain = true;
    policy.lane[WEB].hooks[PRE] = 1;
    policy.lane[WEB].hook_timeout[PRE][0] = 2000;

    TRACE(policy, "[     0] drain            -> propagating: readiness off\n"
                  "[  5000] tick             -> draining: hook web pre 0\n"
                  "[ 40000] SIGTERM          -> stopping: end hook web pre 0, ask web\n");
}

static void an_undo_brings_readiness_back(void)
{
    struct lc_policy policy = one_lane();
    policy.drain = true;
    policy.lane[WEB].hooks[PRE] = 1;
    policy.lane[WEB].hook_timeout[PRE][0] = 2000;

    TRACE(policy, "[     0] drain            -> propagating: readiness off\n"
                  "[  5000] tick             -> draining: hook web pre 0\n"
                  "[  6000] undo             -> running: end hook web pre 0, readiness on\n"
                  "[  7000] SIGTERM          -> propagating: readiness off\n"
                  "[ 12000] tick             -> draining: hook web pre 0\n"
                  "[ 12500] done web pre 0   -> nothing\n"
                  "[ 12600] inflight 0       -> stopping: ask web\n");
    CHECK_INT(trace_lifecycle()->cause, LC_CAUSE_SIGNAL);
}

static void an_undo_brings_it_back_only_where_the_lanes_are_ready(void)
{
    struct lc_policy policy = three_lanes();

    TRACE(policy, "[     0] drain            -> propagating: readiness off\n"
                  "[    10] unready db       -> nothing\n"
                  "[  5000] tick             -> drained\n"
                  "[  6000] undo             -> running\n"
                  "[  7000] ready db         -> readiness on\n");
}

static void an_undo_forgets_the_arrivals(void)
{
    struct lc_policy policy = one_lane();
    policy.window_quiet = 6000;
    policy.window_max = 15000;

    TRACE(policy, "[     0] drain            -> propagating: readiness off\n"
                  "[  1000] arrival          -> nothing\n"
                  "[  2000] undo             -> running: readiness on\n"
                  "[  3000] drain            -> propagating: readiness off\n"
                  "[  8000] tick             -> drained\n");
}

static void there_is_no_undo_after_the_stop_signal(void)
{
    struct lc_policy policy = one_lane();

    TRACE(policy, "[     0] drain            -> propagating: readiness off\n"
                  "[   100] SIGTERM          -> nothing\n"
                  "[   200] undo             -> nothing\n"
                  "[  5000] tick             -> stopping: ask web\n");
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
                             "[    10] drain            -> drained\n"
                             "[    20] ready db         -> nothing\n"
                             "[    30] SIGTERM          -> stopping: ask db\n"
                             "[    40] gone db 0        -> exited: ask leftovers\n"
                             "[    41] leftovers 0      -> exit 143\n");
}

static void its_undo_goes_on_starting(void)
{
    struct lc_policy policy = three_lanes();
    policy.lane[DB].hooks[PRE] = 1;

    TRACE_FROM_START(policy, "[     0] begin            -> start db\n"
                             "[    10] drain            -> drained\n"
                             "[    20] ready db         -> nothing\n"
                             "[    30] undo             -> starting: start web, start worker\n"
                             "[    40] ready web        -> nothing\n"
                             "[    50] ready worker     -> running: readiness on\n");
}

static void an_essential_lane_that_ends_while_drained_stops_the_others(void)
{
    struct lc_policy policy = three_lanes();

    TRACE(policy, "[     0] drain            -> propagating: readiness off\n"
                  "[  5000] tick             -> drained\n"
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
                  "[   100] SIGINT!          -> stopping: ask web, ask worker, ask db\n");
}

static void after_window_keeps_readiness_on_through_a_drain_s_window(void)
{
    struct lc_policy policy = one_lane();
    policy.readiness = LC_READINESS_AFTER_WINDOW;

    TRACE(policy, "[     0] drain            -> propagating\n"
                  "[  5000] tick             -> drained: readiness off\n"
                  "[  6000] undo             -> running: readiness on\n");
}

int main(void)
{
    TEST(without_another_process_the_end_of_the_only_one_is_the_exit);
    TEST(when_an_essential_lane_ends_the_others_are_shut_down);
    TEST(where_nobody_who_serves_is_left_the_others_have_their_hooks_but_no_window);
    TEST(a_stop_signal_in_a_fan_out_is_the_first_one_and_moves_nothing);
    TEST(an_inessential_lane_that_ends_shuts_nothing_down);

    TEST(a_repeated_sigterm_is_ignored);
    TEST(a_second_sigint_kills_at_once);
    TEST(the_first_sigint_after_a_sigterm_is_a_second_signal);
    TEST(a_kill_ends_hooks_and_starts_no_more);
    TEST(a_kill_while_only_leftovers_are_left_kills_them);
    TEST(a_kill_when_only_post_stop_hooks_are_left_ends_them);
    TEST(a_second_kill_kills_nobody_twice);
    TEST(hurry_asks_everyone_at_once_whatever_depends_on_what_and_keeps_the_deadline);
    TEST(hurry_ends_hooks_and_starts_no_more);
    TEST(hurry_ends_the_drain);
    TEST(a_sigint_from_the_terminal_hurries_at_once);
    TEST(in_a_fan_out_too);
    TEST(a_second_one_from_the_terminal_kills_where_the_table_says_so);
    TEST(and_hurries_where_the_table_would_ignore_it);

    TEST(a_drain_goes_as_far_as_the_stop_and_waits_there);
    TEST(a_second_drain_changes_nothing);
    TEST(nobody_is_asked_before_the_stop_signal_nor_is_drained_before_every_hook_is_done);
    TEST(a_stop_signal_in_the_window_of_a_drain_arms_the_deadline_counted_from_t0);
    TEST(a_drain_is_cut_as_if_the_stop_signal_came_in_time);
    TEST(a_stop_signal_late_in_the_grace_still_leaves_each_stage_its_reserve);
    TEST(a_stop_signal_later_than_the_grace_begins_a_new_t0_with_the_waits_done);
    TEST(so_it_does_where_every_wake_up_was_missed);
    TEST(an_undo_brings_readiness_back);
    TEST(an_undo_brings_it_back_only_where_the_lanes_are_ready);
    TEST(an_undo_forgets_the_arrivals);
    TEST(there_is_no_undo_after_the_stop_signal);
    TEST(an_undo_without_a_drain_changes_nothing);
    TEST(a_drain_while_starting_is_drained_at_once_and_starts_nothing);
    TEST(its_undo_goes_on_starting);
    TEST(an_essential_lane_that_ends_while_drained_stops_the_others);
    TEST(a_first_signal_from_the_terminal_hurries_a_drain);
    TEST(after_window_keeps_readiness_on_through_a_drain_s_window);

    return tap_done();
}
