/* SPDX-License-Identifier: Apache-2.0 */
/* The lifecycle, a sentence and a golden trace each: a sidecar, told by preStop hooks. */
#include "lifecycle_fixture.h"

/* Beside a web server in a pod: a window of 5 s, then the drain. */
static struct lc_policy sidecar(void)
{
    struct lc_policy policy = one_lane();

    policy.sidecar = true;
    policy.pair_time = 2000;
    policy.drain = true;
    return policy;
}

static void with_both_hooks_the_pod_goes_and_the_stop_signal_ends_it_at_once(void)
{
    struct lc_policy policy = sidecar();

    TRACE(policy, "[     0] container        -> propagating: readiness off\n"
                  "[    10] pod              -> nothing\n"
                  "[  5000] tick             -> draining\n"
                  "[  6000] inflight 0       -> drained: release\n"
                  "[  9000] SIGTERM          -> exited: ask leftovers, exit 0\n");
    CHECK_INT(trace_lifecycle()->cause, LC_CAUSE_DRAIN);
    CHECK_INT(lc_lifecycle_outcome(trace_lifecycle()), LC_OUTCOME_STOPPED);
}

static void in_either_order(void)
{
    struct lc_policy policy = sidecar();

    TRACE(policy, "[     0] pod              -> nothing\n"
                  "[  1999] container        -> propagating: readiness off\n"
                  "[  6999] tick             -> draining\n"
                  "[  8000] inflight 0       -> drained: release\n");
    CHECK_INT(trace_lifecycle()->t0, 1999);
}

static void a_containers_hook_alone_is_let_go_and_readiness_comes_back_with_the_application(void)
{
    struct lc_policy policy = sidecar();

    TRACE(policy, "[     0] container        -> propagating: readiness off\n"
                  "[  2000] tick             -> running: start web, release\n"
                  "[  2500] unready web      -> nothing\n"
                  "[  4000] ready web        -> readiness on\n"
                  "[  5000] container        -> propagating: readiness off\n"
                  "[  5001] pod              -> nothing\n"
                  "[ 10000] tick             -> draining\n"
                  "[ 10500] inflight 0       -> drained: release\n"
                  "[ 11000] SIGTERM          -> exited: ask leftovers, exit 0\n");
}

static void it_forgets_the_window_that_was_taken_back(void)
{
    struct lc_policy policy = sidecar();
    policy.window_quiet = 4000;
    policy.window_max = 15000;
    policy.lane[WEB].serves = true;
    add_hook(&policy, WEB, PRE, 1000);

    TRACE(policy, "[     0] container        -> propagating: readiness off\n"
                  "[  1900] arrival          -> nothing\n"
                  "[  2000] tick             -> running: start web, release\n"
                  "[  2100] ready web        -> readiness on\n"
                  "[  3000] container        -> propagating: readiness off\n"
                  "[  3001] pod              -> nothing\n"
                  "[  8000] tick             -> draining: hook web pre 0\n");
}

static void the_pods_hook_alone_leaves_nothing_behind(void)
{
    struct lc_policy policy = sidecar();

    TRACE(policy, "[     0] pod              -> nothing\n"
                  "[  2000] tick             -> release\n"
                  "[  2001] container        -> propagating: readiness off\n"
                  "[  4001] tick             -> running: start web, release\n");
}

static void of_several_containers_hooks_the_last_one_counts(void)
{
    struct lc_policy policy = sidecar();

    TRACE(policy, "[     0] container        -> propagating: readiness off\n"
                  "[  1900] container        -> nothing\n"
                  "[  3899] pod              -> nothing\n"
                  "[  5000] tick             -> draining\n"
                  "[  5100] inflight 0       -> drained: release\n");
}

static void of_several_hooks_of_the_pod_too(void)
{
    struct lc_policy policy = sidecar();

    TRACE(policy, "[     0] pod              -> nothing\n"
                  "[  1900] pod              -> nothing\n"
                  "[  3800] container        -> propagating: readiness off\n"
                  "[  8800] tick             -> draining\n");
}

static void a_repeat_waits_for_the_remaining_time_or_not_at_all(void)
{
    struct lc_policy policy = sidecar();

    TRACE(policy, "[     0] container        -> propagating: readiness off\n"
                  "[    10] pod              -> nothing\n"
                  "[  3000] container        -> nothing\n"
                  "[  3010] pod              -> nothing\n"
                  "[  5000] tick             -> draining\n"
                  "[  6000] inflight 0       -> drained: release\n"
                  "[  7000] container        -> release\n"
                  "[  7001] pod              -> release\n");
}

static void a_drain_that_is_done_is_not_held_up_for_the_other_hook(void)
{
    struct lc_policy policy = sidecar();
    policy.window_min = policy.window_max = 0;

    TRACE(policy, "[     0] container        -> draining: readiness off\n"
                  "[   100] inflight 0       -> drained: release\n"
                  "[  2000] tick             -> running: start web\n"
                  "[  3000] ready web        -> readiness on\n");
    TRACE(policy, "[     0] container        -> draining: readiness off\n"
                  "[   100] inflight 0       -> drained: release\n"
                  "[  1000] pod              -> release\n"
                  "[  9000] SIGTERM          -> exited: ask leftovers, exit 0\n");
}

static void while_the_application_starts_nobody_is_waited_for(void)
{
    struct lc_policy policy = sidecar();

    TRACE_FROM_START(policy, "[     0] begin            -> start web\n"
                             "[   100] container        -> drained: release\n"
                             "[  2100] tick             -> starting: start web\n"
                             "[  3000] ready web        -> running: readiness on\n");
}

static void a_drain_by_hand_is_not_taken_back_by_a_hook(void)
{
    struct lc_policy policy = sidecar();

    TRACE(policy, "[     0] drain            -> propagating: readiness off\n"
                  "[   100] container        -> nothing\n"
                  "[  5000] tick             -> draining\n"
                  "[  6000] inflight 0       -> drained: release\n");
    TRACE(policy, "[     0] container        -> propagating: readiness off\n"
                  "[   100] drain            -> nothing\n"
                  "[  5000] tick             -> draining\n"
                  "[  6000] inflight 0       -> drained: release\n");
    TRACE(policy, "[     0] pod              -> nothing\n"
                  "[   100] drain            -> propagating: readiness off\n"
                  "[  5100] tick             -> draining\n"
                  "[  6000] inflight 0       -> drained: release\n");
}

static void an_undo_lets_go_whoever_waits(void)
{
    struct lc_policy policy = sidecar();

    TRACE(policy, "[     0] container        -> propagating: readiness off\n"
                  "[  1000] undo             -> running: readiness on, release\n"
                  "[  1500] pod              -> nothing\n"
                  "[  3500] tick             -> release\n");
}

static void the_stop_signal_lets_go_whoever_waits_and_ends_it_at_once_whenever_it_comes(void)
{
    struct lc_policy policy = sidecar();
    add_hook(&policy, WEB, PRE, 9000);
    add_hook(&policy, WEB, POST, 9000);

    TRACE(policy, "[     0] SIGTERM          -> exited: readiness off, ask leftovers, exit 0\n");
    TRACE(policy, "[     0] pod              -> nothing\n"
                  "[    10] SIGTERM          -> exited: readiness off, ask leftovers, release, "
                  "exit 0\n");
    TRACE(policy, "[     0] container        -> propagating: readiness off\n"
                  "[    10] SIGTERM          -> exited: ask leftovers, release, exit 0\n");
    TRACE(policy, "[     0] container        -> propagating: readiness off\n"
                  "[    10] pod              -> nothing\n"
                  "[  5000] tick             -> draining: hook web pre 0\n"
                  "[  6000] SIGTERM          -> exited: end hook web pre 0, ask leftovers, "
                  "release, exit 0\n");
    TRACE_FROM_START(policy, "[     0] begin            -> start web\n"
                             "[    10] SIGTERM          -> exited: ask leftovers, exit 0\n");
}

static void whoever_started_the_application_is_not_asked_for_its_hooks(void)
{
    struct lc_policy policy = one_lane();

    TRACE(policy, "[     0] container        -> nothing\n"
                  "[     1] pod              -> nothing\n");
}

int main(void)
{
    TEST(with_both_hooks_the_pod_goes_and_the_stop_signal_ends_it_at_once);
    TEST(in_either_order);
    TEST(a_containers_hook_alone_is_let_go_and_readiness_comes_back_with_the_application);
    TEST(it_forgets_the_window_that_was_taken_back);
    TEST(the_pods_hook_alone_leaves_nothing_behind);
    TEST(of_several_containers_hooks_the_last_one_counts);
    TEST(of_several_hooks_of_the_pod_too);
    TEST(a_repeat_waits_for_the_remaining_time_or_not_at_all);
    TEST(a_drain_that_is_done_is_not_held_up_for_the_other_hook);
    TEST(while_the_application_starts_nobody_is_waited_for);
    TEST(a_drain_by_hand_is_not_taken_back_by_a_hook);
    TEST(an_undo_lets_go_whoever_waits);
    TEST(the_stop_signal_lets_go_whoever_waits_and_ends_it_at_once_whenever_it_comes);
    TEST(whoever_started_the_application_is_not_asked_for_its_hooks);
    return tap_done();
}
