/* SPDX-License-Identifier: Apache-2.0 */
/* The lifecycle, a sentence and a golden trace each: stopping in order, the deadline, leftovers and the exit code. */
#include "lifecycle_fixture.h"

/* Stopping in order */

static void a_lane_is_asked_only_after_everything_that_needs_it_has_ended(void)
{
    struct lc_policy policy = three_lanes();

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off, ask worker\n"
                  "[  5000] tick             -> stopping: ask web\n"
                  "[  5500] gone web 0       -> nothing\n"
                  "[  6000] gone worker 0    -> ask db\n"
                  "[  6500] gone db 0        -> exited: ask leftovers\n"
                  "[  6501] leftovers 0      -> exit 0\n");
}

static void an_order_through_a_lane_that_has_ended_still_holds(void)
{
    struct lc_policy policy = three_lanes();
    policy.lane[WEB].needs = 1u << WORKER;
    policy.lane[WORKER].essential = false;

    TRACE(policy, "[     0] gone worker 0    -> nothing\n"
                  "[   100] SIGTERM          -> propagating: readiness off\n"
                  "[  5100] tick             -> stopping: ask web\n"
                  "[  5200] gone web 0       -> ask db\n");
}

static void a_stop_timeout_kills_that_lane_alone_and_the_next_stage_begins(void)
{
    struct lc_policy policy = three_lanes();
    policy.lane[WEB].stop_timeout = 3000;

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off, ask worker\n"
                  "[    10] gone worker 0    -> nothing\n"
                  "[  5000] tick             -> stopping: ask web\n"
                  "[  8000] tick             -> force web\n"
                  "[  8001] gone web 137     -> ask db\n"
                  "[  8100] gone db 0        -> exited: ask leftovers\n"
                  "[  8101] leftovers 0      -> exit 137\n");
}

static void a_stage_leaves_those_beneath_it_their_reserve(void)
{
    struct lc_policy policy = three_lanes();

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off, ask worker\n"
                  "[  5000] tick             -> stopping: ask web\n"
                  "[ 28500] tick             -> force web, force worker\n"
                  "[ 28501] gone web 137     -> nothing\n"
                  "[ 28502] gone worker 137  -> ask db\n"
                  "[ 29000] tick             -> killing: force db\n"
                  "[ 29001] gone db 137      -> exited: force leftovers\n"
                  "[ 29002] leftovers 0      -> exit 137\n");
}

static void a_lane_that_survives_sigkill_does_not_leave_those_beneath_unasked(void)
{
    struct lc_policy policy = three_lanes();

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off, ask worker\n"
                  "[    10] gone worker 0    -> nothing\n"
                  "[  5000] tick             -> stopping: ask web\n"
                  "[ 28500] tick             -> force web\n"
                  "[ 28750] tick             -> ask db\n"
                  "[ 29000] tick             -> killing: force db\n"
                  "[ 30000] tick             -> exited: force leftovers, exit 137\n");
}

static void a_lane_that_ends_unasked_is_not_asked(void)
{
    struct lc_policy policy = three_lanes();

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off, ask worker\n"
                  "[   100] gone web 0       -> stopping\n"
                  "[   200] gone worker 0    -> ask db\n"
                  "[   300] gone db 0        -> exited: ask leftovers\n");
}

static void a_lane_that_has_just_ended_is_not_killed(void)
{
    struct lc_policy policy = one_lane();

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off\n"
                  "[  5000] tick             -> stopping: ask web\n"
                  "[ 29000] gone web 0       -> exited: force leftovers\n");
}

static void a_lane_that_was_not_ready_at_t0_is_asked_all_the_same(void)
{
    struct lc_policy policy = three_lanes();

    TRACE(policy, "[     0] unready web      -> readiness off\n"
                  "[    10] SIGTERM          -> propagating: ask worker\n"
                  "[  5010] tick             -> stopping: ask web\n");
}

/* Deadline */

static void whatever_is_alive_at_the_deadline_gets_sigkill_there(void)
{
    struct lc_policy policy = one_lane();

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off\n"
                  "[  5000] tick             -> stopping: ask web\n"
                  "[ 29000] tick             -> killing: force web\n"
                  "[ 29002] gone web 137     -> exited: force leftovers\n"
                  "[ 29003] leftovers 0      -> exit 137\n");
    CHECK_INT(lc_lifecycle_outcome(trace_lifecycle()), LC_OUTCOME_FORCED);
}

static void what_survives_sigkill_is_left_behind_at_the_end_of_the_margin(void)
{
    struct lc_policy policy = one_lane();

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off\n"
                  "[  5000] tick             -> stopping: ask web\n"
                  "[ 29000] tick             -> killing: force web\n"
                  "[ 30000] tick             -> exited: force leftovers, exit 137\n");
}

static void a_late_wake_up_does_not_push_later_phases_back(void)
{
    struct lc_policy policy = one_lane();
    policy.lane[WEB].stop_timeout = 6000;

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off\n"
                  "[  7000] late             -> stopping @5000: ask web @5000\n"
                  "[ 11000] tick             -> force web\n");
}

static void a_step_that_comes_after_the_deadline_asks_before_it_kills(void)
{
    struct lc_policy policy = three_lanes();

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off, ask worker\n"
                  "[ 29500] late             -> stopping @5000: ask web @5000, force web @28500, "
                  "force worker @28500, ask db @28750; killing @29000: force db @29000\n"
                  "[ 30000] tick             -> exited: force leftovers, exit 137\n");
}

static void the_event_counts_before_the_timers_that_were_due(void)
{
    struct lc_policy policy = one_lane();

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off\n"
                  "[  7000] gone web 0       -> exited: ask leftovers\n");
}

static void a_phase_does_not_end_before_it_began(void)
{
    struct lc_policy policy = three_lanes();

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off, ask worker\n"
                  "[   100] gone worker 0    -> nothing\n"
                  "[ 29500] gone web 0       -> stopping: ask db; killing: force db @29000\n"
                  "[ 30000] tick             -> exited: force leftovers, exit 137\n");
}

static void a_clock_that_goes_back_changes_nothing(void)
{
    struct lc_policy policy = one_lane();

    TRACE(policy, "[  1000] SIGTERM          -> propagating: readiness off\n"
                  "[   400] late             -> nothing\n"
                  "[  6000] tick             -> stopping: ask web\n");
}

static void after_the_exit_nothing_happens(void)
{
    struct lc_policy policy = one_lane();

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off\n"
                  "[    10] gone web 0       -> exited: ask leftovers\n"
                  "[    20] leftovers 0      -> exit 0\n"
                  "[    30] SIGTERM          -> nothing\n"
                  "[    40] drain            -> nothing\n"
                  "[ 90000] late             -> nothing\n");
}

static void an_infinite_grace_has_no_deadline(void)
{
    struct lc_policy policy = one_lane();
    policy.grace = LC_NEVER;

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off\n"
                  "[  5000] tick             -> stopping: ask web\n");
    CHECK(lc_lifecycle_next(trace_lifecycle()) == LC_NEVER);
    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off\n"
                  "[  5000] tick             -> stopping: ask web\n"
                  "[18446744073709551615] late             -> nothing\n");
    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off\n"
                  "[  5000] tick             -> stopping: ask web\n"
                  "[ 99000] gone web 0       -> exited: ask leftovers\n"
                  "[104000] tick             -> force leftovers\n");
}

static void without_any_grace_everything_happens_at_once(void)
{
    struct lc_policy policy = one_lane();
    policy.grace = policy.margin = policy.stop_reserve = 0;

    TRACE(policy,
          "[     0] SIGTERM          -> stopping: readiness off, ask web; killing: force web; "
          "exited: force leftovers, exit 137\n");
}

/* Leftovers */

static void leftover_descendants_are_asked_and_after_their_timeout_forced(void)
{
    struct lc_policy policy = one_lane();

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off\n"
                  "[    10] gone web 0       -> exited: ask leftovers\n"
                  "[    20] leftovers 3      -> nothing\n"
                  "[    30] leftovers 2      -> nothing\n"
                  "[  5010] tick             -> force leftovers\n"
                  "[  5020] leftovers 0      -> exit 0\n");
}

static void they_have_no_more_than_what_is_left_of_the_budget(void)
{
    struct lc_policy policy = one_lane();

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off\n"
                  "[  5000] tick             -> stopping: ask web\n"
                  "[ 28000] gone web 0       -> exited: ask leftovers\n"
                  "[ 29000] tick             -> force leftovers\n"
                  "[ 30000] tick             -> exit 0\n");
}

static void what_is_left_of_them_at_the_end_of_the_margin_is_left_behind(void)
{
    struct lc_policy policy = one_lane();

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off\n"
                  "[    10] gone web 0       -> exited: ask leftovers\n"
                  "[    20] leftovers 3      -> nothing\n"
                  "[  5010] tick             -> force leftovers\n"
                  "[ 30000] tick             -> exit 0\n");
    CHECK_INT(trace_lifecycle()->leftovers, 3);
}

static void none_left_before_the_lanes_are_gone_says_nothing(void)
{
    struct lc_policy policy = one_lane();

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off\n"
                  "[    10] leftovers 0      -> nothing\n"
                  "[  5000] tick             -> stopping: ask web\n");
}

/* The exit code */

static void the_code_of_the_main_process_comes_first(void)
{
    struct lc_policy policy = three_lanes();
    policy.main_lane = DB;

    TRACE(policy, "[     0] gone worker 3    -> propagating: readiness off\n"
                  "[    10] SIGINT!          -> stopping: ask web, ask db\n"
                  "[    20] gone web 4       -> nothing\n"
                  "[    30] gone db 5        -> exited: ask leftovers\n"
                  "[    31] leftovers 0      -> exit 5\n");
}

static void then_the_code_of_the_lane_whose_failure_began_it(void)
{
    struct lc_policy policy = three_lanes();

    TRACE(policy, "[     0] gone worker 3    -> propagating: readiness off\n"
                  "[    10] SIGINT!          -> stopping: ask web, ask db\n"
                  "[    20] gone web 0       -> nothing\n"
                  "[ 29000] tick             -> killing: force db\n"
                  "[ 29001] gone db 137      -> exited: force leftovers\n"
                  "[ 29002] leftovers 0      -> exit 3\n");
}

static void then_137_where_a_lane_had_to_be_killed(void)
{
    struct lc_policy policy = three_lanes();

    TRACE(policy,
          "[     0] SIGINT!          -> stopping: readiness off, ask web, ask worker, ask db\n"
          "[    20] gone web 0       -> nothing\n"
          "[    30] gone worker 0    -> nothing\n"
          "[ 29000] tick             -> killing: force db\n"
          "[ 29001] gone db 137      -> exited: force leftovers\n"
          "[ 29002] leftovers 0      -> exit 137\n");
}

static void a_kill_that_was_asked_for_does_not_look_clean_either(void)
{
    struct lc_policy policy = one_lane();

    TRACE(policy, "[     0] SIGINT           -> propagating: readiness off\n"
                  "[    10] SIGINT           -> killing: force web\n"
                  "[    11] gone web 0       -> exited: force leftovers\n"
                  "[    12] leftovers 0      -> exit 137\n");
}

static void else_it_is_0_whatever_the_others_codes(void)
{
    struct lc_policy policy = three_lanes();

    TRACE(policy,
          "[     0] SIGINT!          -> stopping: readiness off, ask web, ask worker, ask db\n"
          "[    20] gone web 0       -> nothing\n"
          "[    30] gone worker 7    -> nothing\n"
          "[    40] gone db 8        -> exited: ask leftovers\n"
          "[    41] leftovers 0      -> exit 0\n");
}

static void a_main_process_that_ended_long_before_counts_too(void)
{
    struct lc_policy policy = three_lanes();
    policy.main_lane = WORKER;
    policy.lane[WORKER].essential = false;

    TRACE(policy, "[     0] gone worker 7    -> nothing\n"
                  "[    10] SIGINT!          -> stopping: readiness off, ask web, ask db\n"
                  "[    20] gone web 0       -> nothing\n"
                  "[    30] gone db 0        -> exited: ask leftovers\n"
                  "[    31] leftovers 0      -> exit 7\n");
}

static void where_main_was_never_started_it_is_128_and_the_first_signal(void)
{
    struct lc_policy policy = three_lanes();

    TRACE_FROM_START(policy, "[     0] begin            -> start db\n"
                             "[    10] SIGQUIT          -> stopping: ask db\n"
                             "[    20] SIGINT           -> killing: force db\n"
                             "[    21] gone db 137      -> exited: force leftovers\n"
                             "[    22] leftovers 0      -> exit 131\n");
}

int main(void)
{
    TEST(a_lane_is_asked_only_after_everything_that_needs_it_has_ended);
    TEST(an_order_through_a_lane_that_has_ended_still_holds);
    TEST(a_stop_timeout_kills_that_lane_alone_and_the_next_stage_begins);
    TEST(a_stage_leaves_those_beneath_it_their_reserve);
    TEST(a_lane_that_survives_sigkill_does_not_leave_those_beneath_unasked);
    TEST(a_lane_that_ends_unasked_is_not_asked);
    TEST(a_lane_that_has_just_ended_is_not_killed);
    TEST(a_lane_that_was_not_ready_at_t0_is_asked_all_the_same);

    TEST(whatever_is_alive_at_the_deadline_gets_sigkill_there);
    TEST(what_survives_sigkill_is_left_behind_at_the_end_of_the_margin);
    TEST(a_late_wake_up_does_not_push_later_phases_back);
    TEST(a_step_that_comes_after_the_deadline_asks_before_it_kills);
    TEST(the_event_counts_before_the_timers_that_were_due);
    TEST(a_phase_does_not_end_before_it_began);
    TEST(a_clock_that_goes_back_changes_nothing);
    TEST(after_the_exit_nothing_happens);
    TEST(an_infinite_grace_has_no_deadline);
    TEST(without_any_grace_everything_happens_at_once);

    TEST(leftover_descendants_are_asked_and_after_their_timeout_forced);
    TEST(they_have_no_more_than_what_is_left_of_the_budget);
    TEST(what_is_left_of_them_at_the_end_of_the_margin_is_left_behind);
    TEST(none_left_before_the_lanes_are_gone_says_nothing);

    TEST(the_code_of_the_main_process_comes_first);
    TEST(then_the_code_of_the_lane_whose_failure_began_it);
    TEST(then_137_where_a_lane_had_to_be_killed);
    TEST(a_kill_that_was_asked_for_does_not_look_clean_either);
    TEST(else_it_is_0_whatever_the_others_codes);
    TEST(a_main_process_that_ended_long_before_counts_too);
    TEST(where_main_was_never_started_it_is_128_and_the_first_signal);

    return tap_done();
}
