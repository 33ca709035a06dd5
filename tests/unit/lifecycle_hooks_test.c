/* SPDX-License-Identifier: Apache-2.0 */
/* The lifecycle, a sentence and a golden trace each: preStop and postStop hooks. */
#include "lifecycle_fixture.h"

/* A web server with two hooks, which are given 2 s and 3 s. */
static struct lc_policy with_two_hooks(enum lc_hook_kind kind)
{
    struct lc_policy policy = one_lane();

    add_hook(&policy, WEB, kind, 2000);
    add_hook(&policy, WEB, kind, 3000);
    return policy;
}

static void pre_stop_hooks_run_one_after_the_other_when_the_window_is_over(void)
{
    struct lc_policy policy = with_two_hooks(PRE);

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off\n"
                  "[  5000] tick             -> draining: hook web pre 0\n"
                  "[  5500] done web pre 0   -> hook web pre 1\n"
                  "[  6000] done web pre 1   -> stopping: ask web\n");
}

static void each_hook_is_given_up_at_its_timeout(void)
{
    struct lc_policy policy = with_two_hooks(PRE);

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off\n"
                  "[  5000] tick             -> draining: hook web pre 0\n"
                  "[  7000] tick             -> end hook web pre 0, hook web pre 1\n"
                  "[ 10000] tick             -> stopping: end hook web pre 1, ask web\n");
}

static void a_hook_without_any_time_is_given_up_at_once(void)
{
    struct lc_policy policy = one_lane();
    policy.window_min = policy.window_max = 0;
    add_hook(&policy, WEB, PRE, 0);

    TRACE(policy, "[     0] SIGTERM          -> draining: readiness off, hook web pre 0, end hook "
                  "web pre 0; stopping: ask web\n");
}

static void the_answer_of_a_hook_that_was_given_up_is_dropped(void)
{
    struct lc_policy policy = with_two_hooks(PRE);

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off\n"
                  "[  5000] tick             -> draining: hook web pre 0\n"
                  "[  7000] tick             -> end hook web pre 0, hook web pre 1\n"
                  "[  7100] done web pre 0   -> nothing\n"
                  "[  7200] done web post 1  -> nothing\n"
                  "[  7300] done web pre 1   -> stopping: ask web\n");
}

static void the_drain_begins_when_the_hooks_are_done(void)
{
    struct lc_policy policy = with_two_hooks(PRE);
    policy.drain = true;

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off\n"
                  "[  5000] tick             -> draining: hook web pre 0\n"
                  "[  5100] inflight 0       -> nothing\n"
                  "[  6000] done web pre 0   -> hook web pre 1\n"
                  "[  6100] done web pre 1   -> nothing\n"
                  "[ 16100] tick             -> stopping: ask web\n");
}

static void a_hook_is_given_up_when_the_stop_reserve_begins(void)
{
    struct lc_policy policy = one_lane();
    add_hook(&policy, WEB, PRE, 2000);
    add_hook(&policy, WEB, PRE, 60000);

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off\n"
                  "[  5000] tick             -> draining: hook web pre 0\n"
                  "[  7000] tick             -> end hook web pre 0, hook web pre 1\n"
                  "[ 28500] tick             -> stopping: end hook web pre 1, ask web\n");
}

static void the_hooks_of_a_lane_that_has_ended_are_given_up(void)
{
    struct lc_policy policy = with_two_hooks(PRE);

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off\n"
                  "[  5000] tick             -> draining: hook web pre 0\n"
                  "[  5100] gone web 0       -> exited: end hook web pre 0, ask leftovers\n"
                  "[  5101] leftovers 0      -> exit 0\n");
}

static void post_stop_hooks_run_after_the_lane_has_ended(void)
{
    struct lc_policy policy = with_two_hooks(POST);

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off\n"
                  "[  5000] tick             -> stopping: ask web\n"
                  "[  5100] gone web 0       -> hook web post 0\n"
                  "[  7100] tick             -> end hook web post 0, hook web post 1\n"
                  "[  7200] done web post 1  -> exited: ask leftovers\n"
                  "[  7300] leftovers 0      -> exit 0\n");
}

static void post_stop_hooks_run_when_a_lane_ends_by_itself(void)
{
    struct lc_policy policy = with_two_hooks(POST);

    TRACE(policy, "[     0] gone web 2       -> stopping: readiness off, hook web post 0\n"
                  "[    10] done web post 0  -> hook web post 1\n"
                  "[    20] done web post 1  -> exited: ask leftovers\n"
                  "[    21] leftovers 0      -> exit 2\n");
}

static void what_a_lane_needs_is_stopped_after_its_post_stop_hooks(void)
{
    struct lc_policy policy = three_lanes();
    add_hook(&policy, WORKER, POST, 9000);
    policy.lane[WEB].serves = false;

    TRACE(policy, "[     0] SIGTERM          -> stopping: readiness off, ask web, ask worker\n"
                  "[    10] gone worker 0    -> hook worker post 0\n"
                  "[    20] gone web 0       -> nothing\n"
                  "[  9010] tick             -> end hook worker post 0, ask db\n");
}

static void post_stop_hooks_leave_the_lanes_beneath_their_reserve(void)
{
    struct lc_policy policy = three_lanes();
    add_hook(&policy, WEB, POST, 60000);
    add_hook(&policy, WEB, POST, 60000);

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off, ask worker\n"
                  "[    10] gone worker 0    -> nothing\n"
                  "[  5000] tick             -> stopping: ask web\n"
                  "[  6000] gone web 0       -> hook web post 0\n"
                  "[ 28500] tick             -> end hook web post 0, ask db\n"
                  "[ 29000] tick             -> killing: force db\n");
}

static void no_post_stop_hook_begins_where_no_time_for_it_is_left(void)
{
    struct lc_policy policy = three_lanes();
    add_hook(&policy, WEB, POST, 60000);

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off, ask worker\n"
                  "[    10] gone worker 0    -> nothing\n"
                  "[  5000] tick             -> stopping: ask web\n"
                  "[ 28500] tick             -> force web\n"
                  "[ 28501] gone web 137     -> ask db\n");
}

static void post_stop_hooks_end_at_the_deadline(void)
{
    struct lc_policy policy = one_lane();
    add_hook(&policy, WEB, POST, 60000);
    add_hook(&policy, WEB, POST, 3000);

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off\n"
                  "[  5000] tick             -> stopping: ask web\n"
                  "[  6000] gone web 0       -> hook web post 0\n"
                  "[ 29000] tick             -> exited: end hook web post 0, force leftovers\n"
                  "[ 29010] leftovers 2      -> nothing\n"
                  "[ 30000] tick             -> exit 0\n");
}

static void no_post_stop_hook_begins_after_the_deadline(void)
{
    struct lc_policy policy = with_two_hooks(POST);

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off\n"
                  "[  5000] tick             -> stopping: ask web\n"
                  "[ 29000] tick             -> killing: force web\n"
                  "[ 29010] gone web 137     -> exited: force leftovers\n"
                  "[ 29011] leftovers 0      -> exit 137\n");
}

static void a_lane_that_serves_nobody_has_its_hooks_and_its_stop_beside_the_window(void)
{
    struct lc_policy policy = three_lanes();
    add_hook(&policy, WORKER, PRE, 2000);

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off, hook worker pre 0\n"
                  "[  1000] done worker pre 0 -> ask worker\n"
                  "[  1500] gone worker 0    -> nothing\n"
                  "[  5000] tick             -> stopping: ask web\n");
}

static void but_not_where_one_that_serves_needs_it(void)
{
    struct lc_policy policy = three_lanes();
    add_hook(&policy, DB, PRE, 2000);

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off, ask worker\n"
                  "[    10] gone worker 0    -> nothing\n"
                  "[  5000] tick             -> draining: hook db pre 0\n"
                  "[  6000] done db pre 0    -> stopping: ask web\n"
                  "[  6001] gone web 0       -> ask db\n");
}

static void such_a_lane_holds_nothing_up_with_its_hooks(void)
{
    struct lc_policy policy = three_lanes();
    add_hook(&policy, WORKER, PRE, 20000);

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off, hook worker pre 0\n"
                  "[  5000] tick             -> stopping: ask web\n"
                  "[ 20000] tick             -> end hook worker pre 0, ask worker\n");
}

static void the_drain_s_timeout_does_not_end_hooks_that_still_run(void)
{
    struct lc_policy policy = three_lanes();
    policy.drain = true;
    add_hook(&policy, WORKER, PRE, 20000);

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off, hook worker pre 0\n"
                  "[  5000] tick             -> draining\n"
                  "[  6000] gone web 0       -> nothing\n"
                  "[ 20000] tick             -> stopping: end hook worker pre 0, ask worker\n");
}

static void its_hooks_too_are_given_up_for_the_stop_reserve(void)
{
    struct lc_policy policy = three_lanes();
    add_hook(&policy, WORKER, PRE, 60000);

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off, hook worker pre 0\n"
                  "[  5000] tick             -> stopping: ask web\n"
                  "[  6000] gone web 0       -> nothing\n"
                  "[ 28000] tick             -> end hook worker pre 0, ask worker\n"
                  "[ 28500] tick             -> force worker\n");
}

static void where_nobody_serves_hooks_run_in_draining(void)
{
    struct lc_policy policy = three_lanes();
    policy.lane[WEB].serves = false;
    add_hook(&policy, WORKER, PRE, 2000);

    TRACE(policy,
          "[     0] SIGTERM          -> draining: readiness off, hook worker pre 0, ask web\n"
          "[  2000] tick             -> stopping: end hook worker pre 0, ask worker\n");
}

static void a_hook_that_would_begin_at_the_very_end_of_the_waits_is_not_begun(void)
{
    struct lc_policy policy = one_lane();
    policy.window_min = policy.window_max = 28500;
    add_hook(&policy, WEB, PRE, 1000);

    TRACE(policy, "[     0] SIGTERM          -> propagating: readiness off\n"
                  "[ 28500] tick             -> stopping: ask web\n");
}

int main(void)
{
    TEST(pre_stop_hooks_run_one_after_the_other_when_the_window_is_over);
    TEST(each_hook_is_given_up_at_its_timeout);
    TEST(a_hook_without_any_time_is_given_up_at_once);
    TEST(the_answer_of_a_hook_that_was_given_up_is_dropped);
    TEST(the_drain_begins_when_the_hooks_are_done);
    TEST(a_hook_is_given_up_when_the_stop_reserve_begins);
    TEST(the_hooks_of_a_lane_that_has_ended_are_given_up);
    TEST(post_stop_hooks_run_after_the_lane_has_ended);
    TEST(post_stop_hooks_run_when_a_lane_ends_by_itself);
    TEST(what_a_lane_needs_is_stopped_after_its_post_stop_hooks);
    TEST(post_stop_hooks_leave_the_lanes_beneath_their_reserve);
    TEST(no_post_stop_hook_begins_where_no_time_for_it_is_left);
    TEST(post_stop_hooks_end_at_the_deadline);
    TEST(no_post_stop_hook_begins_after_the_deadline);
    TEST(a_lane_that_serves_nobody_has_its_hooks_and_its_stop_beside_the_window);
    TEST(but_not_where_one_that_serves_needs_it);
    TEST(such_a_lane_holds_nothing_up_with_its_hooks);
    TEST(the_drain_s_timeout_does_not_end_hooks_that_still_run);
    TEST(its_hooks_too_are_given_up_for_the_stop_reserve);
    TEST(where_nobody_serves_hooks_run_in_draining);

    TEST(a_hook_that_would_begin_at_the_very_end_of_the_waits_is_not_begun);
    return tap_done();
}
