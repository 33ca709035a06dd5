/* SPDX-License-Identifier: Apache-2.0 */
/* The lifecycle, a sentence and a golden trace each: fan-out, failed checks, and what comes on top of a shutdown. */
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
    add_hook(&policy, DB, PRE, 1000);

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
    add_hook(&policy, WEB, POST, 2000);
    add_hook(&policy, WEB, POST, 3000);
    add_hook(&policy, WEB, PRE, 2000);

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
    add_hook(&policy, WEB, POST, 2000);
    add_hook(&policy, WEB, POST, 3000);

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
    add_hook(&policy, WEB, POST, 2000);
    add_hook(&policy, WEB, POST, 3000);
    add_hook(&policy, WEB, PRE, 2000);

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

/* A check that fails */

static void a_failed_check_skips_the_window_but_neither_hooks_nor_drain(void)
{
    struct lc_policy policy = one_lane();
    policy.drain = true;
    add_hook(&policy, WEB, PRE, 1000);

    TRACE(policy, "[  1000] failed web       -> draining: readiness off, hook web pre 0\n"
                  "[  1100] done web pre 0   -> nothing\n"
                  "[  1200] inflight 0       -> stopping: ask web\n"
                  "[  1300] gone web 143     -> exited: ask leftovers\n"
                  "[  1301] leftovers 0      -> exit 143\n");
    CHECK_INT(trace_lifecycle()->cause, LC_CAUSE_CHECK);
    CHECK_INT(trace_lifecycle()->cause_lane, WEB);
    CHECK_INT(lc_lifecycle_outcome(trace_lifecycle()), LC_OUTCOME_CRASHED);
}

static void a_failed_check_of_a_lane_that_listens_on_nothing_skips_the_drain_too(void)
{
    struct lc_policy policy = one_lane();
    policy.drain = true;

    TRACE(policy, "[  1000] failed web deaf web -> stopping: readiness off, ask web\n");
}

static void a_failed_check_never_exits_with_0(void)
{
    struct lc_policy policy = one_lane();

    TRACE(policy, "[  1000] failed web       -> stopping: readiness off, ask web\n"
                  "[  1300] gone web 0       -> exited: ask leftovers\n"
                  "[  1301] leftovers 0      -> exit 1\n");
    CHECK_INT(lc_lifecycle_outcome(trace_lifecycle()), LC_OUTCOME_CRASHED);
}

static void readiness_goes_off_with_a_failed_check_though_it_is_to_be_held(void)
{
    struct lc_policy policy = one_lane();
    policy.readiness = LC_READINESS_HOLD;

    TRACE(policy, "[  1000] failed web       -> stopping: readiness off, ask web\n");
}

static void a_check_that_fails_in_a_shutdown_changes_nothing(void)
{
    struct lc_policy policy = one_lane();

    TRACE(policy, "[  1000] SIGTERM          -> propagating: readiness off\n"
                  "[  1100] failed web       -> nothing\n"
                  "[  6000] tick             -> stopping: ask web\n");
    CHECK_INT(trace_lifecycle()->cause, LC_CAUSE_SIGNAL);
}

static void a_failed_check_of_an_inessential_lane_shuts_nothing_down(void)
{
    struct lc_policy policy = three_lanes();
    policy.lane[WORKER].essential = false;

    TRACE(policy, "[  1000] failed worker    -> nothing\n");
}

static void the_end_of_a_lane_whose_startup_check_failed_is_awaited_like_any(void)
{
    struct lc_policy policy = one_lane();

    TRACE_FROM_START(policy, "[     0] begin            -> start web\n"
                             "[  1000] failed web       -> stopping: ask web\n"
                             "[  1001] gone web 143     -> exited: ask leftovers\n"
                             "[  1002] leftovers 0      -> exit 143\n");
}

int main(void)
{
    TEST(a_failed_check_skips_the_window_but_neither_hooks_nor_drain);
    TEST(a_failed_check_of_a_lane_that_listens_on_nothing_skips_the_drain_too);
    TEST(a_failed_check_never_exits_with_0);
    TEST(readiness_goes_off_with_a_failed_check_though_it_is_to_be_held);
    TEST(a_check_that_fails_in_a_shutdown_changes_nothing);
    TEST(a_failed_check_of_an_inessential_lane_shuts_nothing_down);
    TEST(the_end_of_a_lane_whose_startup_check_failed_is_awaited_like_any);

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
    return tap_done();
}
