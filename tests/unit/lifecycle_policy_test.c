/* SPDX-License-Identifier: Apache-2.0 */
/* The lifecycle: which policies it takes, reload, and what is there for display. */
#include "lifecycle_fixture.h"

#include <errno.h>

static const char *refused(const struct lc_policy *policy)
{
    struct lc_lifecycle lifecycle;
    const char *why = NULL;

    CHECK_INT(lc_lifecycle_init(&lifecycle, policy, 0, NULL),
              lc_lifecycle_init(&lifecycle, policy, 0, &why));
    CHECK_INT(lc_lifecycle_init(&lifecycle, policy, 0, &why), why ? -EINVAL : 0);
    return why ? why : "accepted";
}

static struct lc_actions step(struct lc_lifecycle *lifecycle, lc_msec now, struct lc_event event)
{
    struct lc_actions actions;

    lc_lifecycle_step(lifecycle, now, &event, &actions);
    return actions;
}

static void a_policy_that_contradicts_itself_is_refused(void)
{
    struct lc_policy policy = three_lanes();
    CHECK_STR(refused(&policy), "accepted");
    policy.lanes = 0;
    CHECK_STR(refused(&policy), "there must be at least one lane, and no more than 16");
    policy.lanes = LC_LANES_MAX + 1;
    CHECK_STR(refused(&policy), "there must be at least one lane, and no more than 16");
    policy = three_lanes();
    policy.main_lane = 3;
    CHECK_STR(refused(&policy), "the main lane is one that there is not");
    policy = three_lanes();
    policy.lane[DB].needs = 1u << 3;
    CHECK_STR(refused(&policy), "a lane needs one that there is not");
    policy = three_lanes();
    policy.window_max = policy.window_min - 1;
    CHECK_STR(refused(&policy), "the window's max is shorter than its min");
    policy = three_lanes();
    policy.readiness = LC_READINESS_COUNT;
    CHECK_STR(refused(&policy), "an unknown readiness mode");
    policy = three_lanes();
    policy.second[LC_SIGNALS_MAX] = LC_SECOND_COUNT;
    CHECK_STR(refused(&policy), "an unknown answer to a second signal");
    policy = three_lanes();
    policy.lane[DB].hooks[POST] = LC_HOOKS_MAX + 1;
    CHECK_STR(refused(&policy), "a lane has too many hooks");
    policy.lane[DB].hooks[POST] = LC_HOOKS_MAX;
    CHECK_STR(refused(&policy), "accepted");
    policy.lane[WEB].hooks[PRE] = LC_HOOKS_MAX + 1;
    CHECK_STR(refused(&policy), "a lane has too many hooks");
    policy = three_lanes();
    policy.second[0] = LC_SECOND_COUNT;
    CHECK_STR(refused(&policy), "an unknown answer to a second signal");
    policy = one_lane();
    policy.lane[WEB].needs = 1u << WORKER;
    CHECK_STR(refused(&policy), "a lane needs one that there is not");
}

static void a_policy_serves_where_one_of_its_lanes_does(void)
{
    struct lc_policy policy = three_lanes();

    for (size_t i = 0; i < LC_LANES_MAX; i++)
        policy.lane[i].serves = false;
    CHECK(!lc_policy_serves(&policy));
    for (size_t i = 0; i <= policy.lanes; i++) {
        policy.lane[i].serves = true;
        CHECK_INT(lc_policy_serves(&policy), i < policy.lanes);
        policy.lane[i].serves = false;
    }
}

static void lanes_that_need_each_other_in_a_circle_are_refused(void)
{
    struct lc_policy policy = three_lanes();

    policy.lane[DB].needs = 1u << WORKER;
    CHECK_STR(refused(&policy), "the lanes need each other in a circle");
    policy = one_lane();
    policy.lane[WEB].needs = 1u << WEB;
    CHECK_STR(refused(&policy), "the lanes need each other in a circle");
}

static void stages_whose_reserves_do_not_fit_in_the_grace_are_refused(void)
{
    struct lc_policy policy = three_lanes();

    policy.grace = 2000;
    CHECK_STR(refused(&policy), "accepted");
    policy.grace = 1999;
    CHECK_STR(refused(&policy), "the margin and the stages' stop reserves do not fit in the grace");
    policy.lane[WEB].needs = policy.lane[WORKER].needs = 0;
    CHECK_STR(refused(&policy), "accepted");
    policy.stop_reserve = LC_NEVER;
    CHECK_STR(refused(&policy), "the margin and the stages' stop reserves do not fit in the grace");
}

/* Lane 0 at the bottom, the rest in a row above it. */
static struct lc_policy sixteen_lanes(void)
{
    struct lc_policy policy = one_lane();

    policy.lanes = LC_LANES_MAX;
    policy.window_min = 0;
    for (size_t i = 1; i < LC_LANES_MAX; i++) {
        policy.lane[i] = policy.lane[0];
        policy.lane[i].needs = 1u << (i - 1);
    }
    return policy;
}

static void sixteen_lanes_in_a_row_start_and_stop_one_by_one(void)
{
    struct lc_policy policy = sixteen_lanes();
    struct lc_lifecycle lifecycle;
    struct lc_actions actions;

    CHECK_INT(lc_lifecycle_init(&lifecycle, &policy, 0, NULL), 0);
    actions = step(&lifecycle, 0, (struct lc_event){.kind = LC_EVENT_TICK});
    for (uint8_t i = 0; i < LC_LANES_MAX; i++) {
        CHECK_INT(actions.list[0].kind, LC_ACTION_LANE_START);
        CHECK_INT(actions.list[0].lane, i);
        actions = step(&lifecycle, i, (struct lc_event){.kind = LC_EVENT_LANE_READY, .lane = i});
    }
    CHECK_INT(lifecycle.phase, LC_PHASE_RUNNING);
    CHECK_INT(lc_lifecycle_reload(&lifecycle, &policy, NULL), 0);
    actions = step(&lifecycle, 100, (struct lc_event){.kind = LC_EVENT_STOP, .signal = SIGTERM});
    for (uint8_t i = LC_LANES_MAX; i-- > 0;) {
        CHECK_INT(actions.list[actions.count - 1].kind, LC_ACTION_LANE_ASK);
        CHECK_INT(actions.list[actions.count - 1].lane, i);
        actions =
            step(&lifecycle, 100u + i, (struct lc_event){.kind = LC_EVENT_LANE_GONE, .lane = i});
    }
    CHECK_INT(lifecycle.phase, LC_PHASE_EXITED);
    CHECK_INT(lc_lifecycle_exit_code(&lifecycle), 0);
}

static void an_event_of_a_lane_beyond_the_last_changes_nothing(void)
{
    static const enum lc_event_kind kinds[] = {LC_EVENT_LANE_READY, LC_EVENT_LANE_UNREADY,
                                               LC_EVENT_LANE_FAILED, LC_EVENT_LANE_GONE,
                                               LC_EVENT_HOOK_DONE};
    struct lc_policy policy = sixteen_lanes();
    struct lc_lifecycle lifecycle, before;

    CHECK_INT(lc_lifecycle_init(&lifecycle, &policy, 0, NULL), 0);
    step(&lifecycle, 0, (struct lc_event){.kind = LC_EVENT_TICK});
    before = lifecycle;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        step(&lifecycle, 0, (struct lc_event){.kind = kinds[i], .lane = LC_LANES_MAX});
    }
    for (uint8_t i = 0; i < LC_LANES_MAX; i++) {
        step(&lifecycle, 0,
             (struct lc_event){.kind = LC_EVENT_HOOK_DONE, .lane = LC_LANES_MAX, .hook_index = i});
    }
    step(&lifecycle, 0, (struct lc_event){.kind = LC_EVENT_HOOK_DONE, .hook = LC_HOOK_KIND_COUNT});
    CHECK_INT(memcmp(&lifecycle, &before, sizeof(before)), 0);
}

static void what_has_not_happened_has_no_time(void)
{
    struct lc_policy policy = sixteen_lanes();
    struct lc_lifecycle lifecycle;

    CHECK_INT(lc_lifecycle_init(&lifecycle, &policy, 1234, NULL), 0);
    CHECK_INT(lifecycle.entered[LC_PHASE_STARTING], 1234);
    for (size_t i = LC_PHASE_RUNNING; i < LC_PHASE_COUNT; i++)
        CHECK(lifecycle.entered[i] == LC_NEVER);
    for (size_t i = 0; i < LC_LANES_MAX; i++)
        CHECK(lifecycle.lane[i].asked_at == LC_NEVER);
    CHECK(lifecycle.t0 == LC_NEVER);
    CHECK(lifecycle.deadline == LC_NEVER);
    CHECK(lifecycle.last_arrival == LC_NEVER);
    CHECK(lifecycle.drain_since == LC_NEVER);
    CHECK(lifecycle.leftovers_asked_at == LC_NEVER);
    CHECK(lc_lifecycle_next(&lifecycle) == LC_NEVER);
}

static void readiness_goes_off_at_t0_before_anything_else(void)
{
    struct lc_policy policy = one_lane();
    struct lc_lifecycle lifecycle;
    struct lc_actions actions;

    CHECK_INT(lc_lifecycle_init(&lifecycle, &policy, 0, NULL), 0);
    step(&lifecycle, 0, (struct lc_event){.kind = LC_EVENT_TICK});
    actions = step(&lifecycle, 0, (struct lc_event){.kind = LC_EVENT_LANE_READY});
    CHECK_INT(actions.list[0].kind, LC_ACTION_PHASE);
    CHECK_INT(actions.list[0].from, LC_PHASE_STARTING);
    CHECK_INT(actions.list[1].kind, LC_ACTION_READY_ON);
    actions = step(&lifecycle, 0, (struct lc_event){.kind = LC_EVENT_STOP, .signal = SIGTERM});
    CHECK_INT(actions.list[0].kind, LC_ACTION_READY_OFF);
    CHECK_INT(actions.list[1].kind, LC_ACTION_PHASE);
    CHECK_INT(actions.list[1].from, LC_PHASE_RUNNING);
}

/* Reload */

static void a_reload_replaces_times_while_no_shutdown_is_under_way(void)
{
    struct lc_policy policy = three_lanes();
    struct lc_lifecycle lifecycle;
    const char *why = "untouched";

    CHECK_INT(lc_lifecycle_init(&lifecycle, &policy, 0, NULL), 0);
    policy.grace = 60000;
    CHECK_INT(lc_lifecycle_reload(&lifecycle, &policy, &why), 0);
    CHECK(why == NULL);
    CHECK_INT(lifecycle.policy.grace, 60000);
    policy.grace = 1000;
    CHECK_INT(lc_lifecycle_reload(&lifecycle, &policy, &why), -EINVAL);
    CHECK_STR(why, "the margin and the stages' stop reserves do not fit in the grace");
    policy = three_lanes();
    policy.lanes = 2;
    policy.lane[WEB].needs = policy.lane[WORKER].needs = 0;
    CHECK_INT(lc_lifecycle_reload(&lifecycle, &policy, &why), -EINVAL);
    CHECK_STR(why, "the number of lanes cannot change while they run");
    policy = three_lanes();
    policy.lane[WORKER].needs |= 1u << WEB;
    CHECK_INT(lc_lifecycle_reload(&lifecycle, &policy, &why), -EINVAL);
    CHECK_STR(why, "what a lane needs cannot change while it runs");
    policy = three_lanes();
    policy.lane[WEB].needs = 0;
    CHECK_INT(lc_lifecycle_reload(&lifecycle, &policy, &why), -EINVAL);
    CHECK_STR(why, "what a lane needs cannot change while it runs");
    CHECK_INT(lifecycle.policy.grace, 60000);
    step(&lifecycle, 0, (struct lc_event){.kind = LC_EVENT_DRAIN});
    policy = three_lanes();
    CHECK_INT(lc_lifecycle_reload(&lifecycle, &policy, NULL), -EBUSY);
    CHECK_INT(lifecycle.policy.grace, 60000);
}

static void a_reload_gives_no_hooks_to_a_lane_that_has_closed(void)
{
    struct lc_policy policy = three_lanes();
    struct lc_lifecycle lifecycle;

    for (size_t i = 0; i < 3; i++)
        policy.lane[i].essential = false;
    CHECK_INT(lc_lifecycle_init(&lifecycle, &policy, 0, NULL), 0);
    step(&lifecycle, 0, (struct lc_event){.kind = LC_EVENT_TICK});
    step(&lifecycle, 0, (struct lc_event){.kind = LC_EVENT_LANE_READY, .lane = DB});
    step(&lifecycle, 0, (struct lc_event){.kind = LC_EVENT_LANE_GONE, .lane = WEB});
    for (size_t i = 0; i < 3; i++)
        add_hook(&policy, i, POST, 1000);
    CHECK_INT(lc_lifecycle_reload(&lifecycle, &policy, NULL), 0);
    CHECK_INT(step(&lifecycle, 0, (struct lc_event){.kind = LC_EVENT_TICK}).count, 0);
    step(&lifecycle, 0, (struct lc_event){.kind = LC_EVENT_LANE_GONE, .lane = WORKER});
    CHECK(lifecycle.lane[WORKER].hook_running[POST]);
    CHECK(!lifecycle.lane[WEB].hook_running[POST]);
}

static void a_reload_gives_hooks_to_a_lane_that_waits(void)
{
    struct lc_policy policy = three_lanes();
    struct lc_lifecycle lifecycle;

    CHECK_INT(lc_lifecycle_init(&lifecycle, &policy, 0, NULL), 0);
    add_hook(&policy, WEB, POST, 1000);
    CHECK_INT(lc_lifecycle_reload(&lifecycle, &policy, NULL), 0);
    step(&lifecycle, 0, (struct lc_event){.kind = LC_EVENT_TICK});
    step(&lifecycle, 0, (struct lc_event){.kind = LC_EVENT_LANE_READY, .lane = DB});
    step(&lifecycle, 0, (struct lc_event){.kind = LC_EVENT_LANE_GONE, .lane = WEB});
    CHECK(lifecycle.lane[WEB].hook_running[POST]);
}

/* For display */

static struct lc_lifecycle drained_until(const struct lc_policy *policy, lc_msec now)
{
    struct lc_lifecycle lifecycle;

    CHECK_INT(lc_lifecycle_init(&lifecycle, policy, 0, NULL), 0);
    step(&lifecycle, 0, (struct lc_event){.kind = LC_EVENT_TICK});
    step(&lifecycle, 0, (struct lc_event){.kind = LC_EVENT_LANE_READY});
    step(&lifecycle, 1000, (struct lc_event){.kind = LC_EVENT_DRAIN});
    step(&lifecycle, now, (struct lc_event){.kind = LC_EVENT_TICK});
    return lifecycle;
}

static void the_end_of_window_and_drain_is_known_beforehand(void)
{
    struct lc_policy policy = one_lane();
    struct lc_lifecycle lifecycle = drained_until(&policy, 1000);

    CHECK_INT(lc_lifecycle_phase_end(&lifecycle), 6000);
    lifecycle = drained_until(&policy, 6000);
    CHECK_INT(lifecycle.phase, LC_PHASE_DRAINED);
    CHECK_INT((int64_t)lc_lifecycle_phase_end(&lifecycle), -1);
    policy.drain = true;
    lifecycle = drained_until(&policy, 6500);
    CHECK_INT(lc_lifecycle_phase_end(&lifecycle), 16000);
    add_hook(&policy, WEB, PRE, 2000);
    add_hook(&policy, WEB, PRE, 3000);
    policy.lane[WEB].hook_timeout[PRE][2] = 4000; /* of no hook */
    lifecycle = drained_until(&policy, 6500);
    CHECK_INT(lc_lifecycle_phase_end(&lifecycle), 21000);
    lifecycle = drained_until(&policy, 8500);
    CHECK_INT(lc_lifecycle_phase_end(&lifecycle), 21000);
    policy.drain = false;
    CHECK_INT(lc_lifecycle_phase_end(&lifecycle), 21000);
    lifecycle = drained_until(&policy, 6500);
    CHECK_INT(lc_lifecycle_phase_end(&lifecycle), 11000);
    policy.lane[WEB].hook_timeout[PRE][1] = LC_NEVER;
    lifecycle = drained_until(&policy, 6500);
    CHECK_INT(lc_lifecycle_phase_end(&lifecycle), 29500);
}

static void every_value_has_a_name_and_what_is_none_of_them_is_unknown(void)
{
    CHECK_STR(lc_phase_name(LC_PHASE_STARTING), "starting");
    CHECK_STR(lc_phase_name(LC_PHASE_EXITED), "exited");
    CHECK_STR(lc_phase_name(LC_PHASE_COUNT), "unknown");
    CHECK_STR(lc_phase_name((enum lc_phase) - 1), "unknown");
    CHECK_STR(lc_readiness_name(LC_READINESS_AFTER_WINDOW), "after-window");
    CHECK_STR(lc_readiness_name(LC_READINESS_COUNT), "unknown");
    CHECK_STR(lc_second_name(LC_SECOND_HURRY), "hurry");
    CHECK_STR(lc_second_name(LC_SECOND_COUNT), "unknown");
    CHECK_STR(lc_event_name(LC_EVENT_LEFTOVERS), "leftovers");
    CHECK_STR(lc_event_name(LC_EVENT_COUNT), "unknown");
    CHECK_STR(lc_action_name(LC_ACTION_EXIT), "exit");
    CHECK_STR(lc_action_name(LC_ACTION_COUNT), "unknown");
    CHECK_STR(lc_lane_state_name(LC_LANE_GONE), "gone");
    CHECK_STR(lc_lane_state_name(LC_LANE_COUNT), "unknown");
    CHECK_STR(lc_hook_kind_name(LC_HOOK_POST_STOP), "postStop");
    CHECK_STR(lc_hook_kind_name(LC_HOOK_KIND_COUNT), "unknown");
    CHECK_STR(lc_cause_name(LC_CAUSE_LANE), "lane");
    CHECK_STR(lc_cause_name(LC_CAUSE_CHECK), "check");
    CHECK_STR(lc_cause_name(LC_CAUSE_COUNT), "unknown");
    CHECK_STR(lc_outcome_name(LC_OUTCOME_CRASHED), "crashed");
    CHECK_STR(lc_outcome_name(LC_OUTCOME_COUNT), "unknown");
}

int main(void)
{
    TEST(a_policy_that_contradicts_itself_is_refused);
    TEST(a_policy_serves_where_one_of_its_lanes_does);
    TEST(lanes_that_need_each_other_in_a_circle_are_refused);
    TEST(stages_whose_reserves_do_not_fit_in_the_grace_are_refused);
    TEST(sixteen_lanes_in_a_row_start_and_stop_one_by_one);
    TEST(an_event_of_a_lane_beyond_the_last_changes_nothing);
    TEST(what_has_not_happened_has_no_time);
    TEST(readiness_goes_off_at_t0_before_anything_else);
    TEST(a_reload_replaces_times_while_no_shutdown_is_under_way);
    TEST(a_reload_gives_no_hooks_to_a_lane_that_has_closed);
    TEST(a_reload_gives_hooks_to_a_lane_that_waits);
    TEST(the_end_of_window_and_drain_is_known_beforehand);
    TEST(every_value_has_a_name_and_what_is_none_of_them_is_unknown);
    return tap_done();
}
