/* SPDX-License-Identifier: Apache-2.0 */
#include "life.h"

#include "oracle.h"

#include <signal.h>
#include <stdbool.h>

enum { STEPS_MAX = 200, LANES = 4 };

struct world {
    struct life *life;
    struct lc_policy policy;
    struct lc_lifecycle lifecycle;
    struct lc_actions actions;
    struct oracle oracle;
    lc_msec now;
};

/* A number below `bound`; 0 when the bytes have run out. */
static unsigned pick(struct life *life, unsigned bound)
{
    if (life->size == 0 || bound == 0)
        return 0;
    life->size--;
    return *life->bytes++ % bound;
}

static bool one_in(struct life *life, unsigned bound)
{
    return life->size > 0 && pick(life, bound) == 0;
}

static lc_msec pick_span(struct life *life)
{
    static const lc_msec spans[] = {0, 1, 2, 500, 1000, 2000, 5000, 9000, 40000, LC_NEVER};
    lc_msec span = spans[pick(life, sizeof(spans) / sizeof(spans[0]))];

    return span == LC_NEVER || one_in(life, 2) ? span : span + pick(life, 256);
}

static void pick_lane(struct life *life, struct lc_policy *policy, bool upwards, size_t i)
{
    struct lc_lane_policy *lane = &policy->lane[i];

    lane->serves = one_in(life, 2);
    lane->essential = !one_in(life, 3);
    lane->stop_timeout = one_in(life, 2) ? LC_NEVER : pick_span(life);
    /* In a big policy each lane needs the next one at most: the oracle walks along every path. */
    for (size_t other = 0; other < policy->lanes; other++) {
        bool beneath = upwards ? other < i : other > i;
        bool far = policy->lanes == LC_LANES_MAX && other + 1 != i && i + 1 != other;

        if (beneath && !far && one_in(life, 2))
            lane->needs |= UINT32_C(1) << other;
    }
    for (size_t kind = 0; kind < LC_HOOK_KIND_COUNT; kind++) {
        lane->hooks[kind] = one_in(life, 2) ? (uint8_t)pick(life, 3) : 0;
        for (size_t hook = 0; hook < lane->hooks[kind]; hook++)
            lane->hook_timeout[kind][hook] = pick_span(life);
    }
}

static void pick_policy(struct life *life, struct lc_policy *policy)
{
    *policy = (struct lc_policy){
        .grace = 4000 + pick(life, 256) * 200,
        .margin = pick(life, 4) * 400,
        .stop_reserve = pick(life, 6) * 100,
        .leftover_timeout = pick_span(life),
        .window_min = pick_span(life),
        .window_quiet = pick_span(life),
        .drain = one_in(life, 2),
        .drain_timeout = pick_span(life),
        .readiness = (enum lc_readiness)pick(life, LC_READINESS_COUNT),
        .second = {[SIGTERM] = (uint8_t)pick(life, 3), [SIGINT] = (uint8_t)pick(life, 3)},
        .lanes = one_in(life, 32) ? LC_LANES_MAX : 1 + pick(life, LANES),
    };
    policy->sidecar = one_in(life, 4);
    policy->pair_time = pick_span(life);
    if (policy->lanes == LC_LANES_MAX)
        policy->grace += LC_LANES_MAX * policy->stop_reserve;
    lc_msec more = pick_span(life);
    policy->window_max = policy->window_min + more < more ? LC_NEVER : policy->window_min + more;
    policy->main_lane = pick(life, (unsigned)policy->lanes);
    bool upwards = one_in(life, 2);
    for (size_t i = 0; i < policy->lanes; i++)
        pick_lane(life, policy, upwards, i);
}

static void tell(const struct world *world, const struct lc_event *event)
{
    FILE *story = world->life->story;

    if (!story)
        return;
    fprintf(story, "# [%6llu] %s lane %u code %u signal %u%s hook %u.%u count %u ->",
            (unsigned long long)world->now, lc_event_name(event->kind), event->lane, event->code,
            event->signal, event->hurry ? "!" : "", event->hook, event->hook_index, event->count);
    for (size_t i = 0; i < world->actions.count; i++) {
        const struct lc_action *action = &world->actions.list[i];
        fprintf(story, " %s", lc_action_name(action->kind));
        if (action->kind == LC_ACTION_PHASE)
            fprintf(story, "=%s", lc_phase_name(action->phase));
        else
            fprintf(story, "(%u %u.%u)", action->lane, action->hook, action->hook_index);
        fprintf(story, "@%llu", (unsigned long long)action->at);
    }
    fprintf(story, "\n");
}

static void step(struct world *world, const struct lc_event *event)
{
    struct life *life = world->life;
    lc_msec wanted = lc_lifecycle_next(&world->lifecycle);

    if (life->wrong)
        return;
    lc_lifecycle_step(&world->lifecycle, world->now, event, &world->actions);
    tell(world, event);
    life->wrong = oracle_step(&world->oracle, &world->policy, wanted, world->now, event,
                              &world->actions, &world->lifecycle);
    life->steps++;
    life->phases |= 1u << world->lifecycle.phase;
    for (size_t i = 0; i < world->actions.count; i++)
        life->forced += world->actions.list[i].kind == LC_ACTION_LANE_FORCE;
}

/* Mostly wake-ups come in time; sometimes the machine was busy, or suspended. */
static void pass_time(struct world *world)
{
    struct life *life = world->life;
    lc_msec next = lc_lifecycle_next(&world->lifecycle);
    lc_msec left = next == LC_NEVER || next < world->now ? 3000 : next - world->now;

    switch (pick(life, 8)) {
    case 0:
    case 1:
        break;
    case 2:
        world->now += left - (left > 0);
        break;
    case 3:
        world->now += left * pick(life, 256) / 256;
        break;
    case 4:
        if (one_in(life, 8))
            world->now += left + pick_span(life) % 50000;
        break;
    default:
        world->now += left;
        break;
    }
}

static struct lc_event pick_event(struct world *world)
{
    /* What is rare in a life is rare here, or no life would get anywhere. */
    static const enum lc_event_kind kinds[] = {
        LC_EVENT_TICK,       LC_EVENT_TICK,        LC_EVENT_TICK,      LC_EVENT_LANE_READY,
        LC_EVENT_LANE_READY, LC_EVENT_LANE_GONE,   LC_EVENT_HOOK_DONE, LC_EVENT_HOOK_DONE,
        LC_EVENT_ARRIVAL,    LC_EVENT_INFLIGHT,    LC_EVENT_INFLIGHT,  LC_EVENT_LANE_UNREADY,
        LC_EVENT_STOP,       LC_EVENT_DRAIN,       LC_EVENT_UNDO,      LC_EVENT_LEFTOVERS,
        LC_EVENT_COUNT,      LC_EVENT_LANE_FAILED, LC_EVENT_HELD_UP,
    };
    static const enum lc_event_kind hooks[] = {LC_EVENT_PRESTOP_CONTAINER, LC_EVENT_PRESTOP_POD};
    static const uint8_t signals[] = {SIGTERM, SIGTERM, SIGINT, SIGQUIT, 0, 200};
    struct life *life = world->life;
    struct lc_event event = {
        .kind = kinds[pick(life, sizeof(kinds) / sizeof(kinds[0]))],
        .lane = (uint8_t)(one_in(life, 64) ? 200 : pick(life, (unsigned)world->policy.lanes)),
        .code = (uint8_t)(one_in(life, 2) ? 0 : pick(life, 256)),
        .signal = signals[pick(life, sizeof(signals))],
        .hurry = one_in(life, 8),
        .hook = (enum lc_hook_kind)pick(life, 2),
        .count = pick(life, 2),
        .no_listener = one_in(life, 4) ? pick(life, 16) : 0,
    };
    if (event.kind == LC_EVENT_HELD_UP)
        event.count = (uint32_t)pick_span(life);
    if (world->policy.sidecar && one_in(life, 3))
        event.kind = hooks[pick(life, 2)];
    if (event.lane < world->policy.lanes && !one_in(life, 8))
        event.hook_index = world->oracle.lane[event.lane].next_hook[event.hook];
    else
        event.hook_index = (uint8_t)pick(life, 4);
    return event;
}

static void start_up(struct world *world)
{
    struct lc_event event = {.kind = LC_EVENT_TICK};

    step(world, &event);
    for (size_t round = 0; round < world->policy.lanes; round++) {
        for (uint8_t i = 0; i < world->policy.lanes; i++) {
            event = (struct lc_event){.kind = LC_EVENT_LANE_READY, .lane = i};
            step(world, &event);
        }
    }
}

/* From here on no lane, hook or descendant ever ends by itself. */
static void run_out(struct world *world)
{
    struct lc_event event = {.kind = LC_EVENT_STOP, .signal = SIGTERM};

    for (unsigned i = 0; !world->life->wrong && !world->oracle.exited; i++) {
        step(world, &event);
        event = (struct lc_event){.kind = LC_EVENT_TICK};
        world->now = lc_lifecycle_next(&world->lifecycle);
        if (!world->oracle.exited && (i == STEPS_MAX || world->now == LC_NEVER))
            world->life->wrong = "it never comes to an exit";
    }
}

void life_live(struct life *life)
{
    struct world world = {.life = life, .now = 1000};
    const char *why = NULL;

    life->steps = life->phases = life->forced = 0;
    life->wrong = NULL;
    pick_policy(life, &world.policy);
    oracle_init(&world.oracle, world.now);
    if (lc_lifecycle_init(&world.lifecycle, &world.policy, world.now, &why) < 0) {
        life->wrong = why;
        return;
    }
    if (!one_in(life, 4))
        start_up(&world);
    for (unsigned i = 0; i < STEPS_MAX && life->size > 0 && !life->wrong; i++) {
        pass_time(&world);
        struct lc_event event = pick_event(&world);
        step(&world, &event);
    }
    run_out(&world);
}
