/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every order of events, breadth first: from each state every event that could come is tried, and
 * the jump to the moment that lc_lifecycle_next() asks for; the oracle looks at each step. Two
 * lives that have led to the same state are gone on with once: the same but for the time of day,
 * and for what is remembered only to be shown. So unlike random lives this misses nothing, for the
 * few policies it is bounded to (policies.c: up to three lanes).
 *
 *     explore [--states N]     no more than N states of each policy, for a quick look
 */
#include "account.h"
#include "oracle.h"
#include "policies.h"

#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    EVENTS_MAX = 64,
    HELD_UP = 6,  /* milliseconds */
    DEAF = 1 << 0 /* the lane that serves, in every policy in which one does */
};

/* All of a lifecycle but its policy, and the oracle's account of it. */
struct state {
    struct lc_lane lane[EXPLORE_LANES];
    char rest[sizeof(struct lc_lifecycle) - offsetof(struct lc_lifecycle, order)];
    struct oracle_lane oracle_lane[EXPLORE_LANES];
    char oracle_rest[sizeof(struct oracle) - offsetof(struct oracle, phase)];
};

/* States are told apart by 128 bits: a collision is less likely than a fault of the machine. */
struct key {
    uint64_t high, low;
};

struct node {
    struct state state;
    struct key key;
    uint32_t parent;
    struct lc_event event; /* that led here from `parent` */
    lc_msec now;
};

/* The queue of a breadth-first search is its list of visited states; `slots` finds them by hash. */
struct search {
    const struct explore_policy *policy;
    struct node *nodes;
    uint32_t count, room;
    uint32_t *slots; /* index + 1; 0: free */
    uint32_t slot_count;
    uint64_t steps;
    uint32_t exits, at;            /* at: the node whose successors are found */
    struct lc_event event;         /* the last one tried from there */
    struct lc_lifecycle lifecycle; /* the one that is looked at, unpacked */
    struct oracle oracle;
};

static void pack(const struct lc_lifecycle *lifecycle, const struct oracle *oracle,
                 struct state *state)
{
    memset(state, 0, sizeof(*state));
    memcpy(state->lane, lifecycle->lane, sizeof(state->lane));
    memcpy(state->rest, lifecycle->order, sizeof(state->rest));
    memcpy(state->oracle_lane, oracle->lane, sizeof(state->oracle_lane));
    memcpy(state->oracle_rest, &oracle->phase, sizeof(state->oracle_rest));
}

static void unpack(struct search *self, const struct state *state)
{
    memcpy(self->lifecycle.lane, state->lane, sizeof(state->lane));
    memcpy(self->lifecycle.order, state->rest, sizeof(state->rest));
    memcpy(self->oracle.lane, state->oracle_lane, sizeof(state->oracle_lane));
    memcpy(&self->oracle.phase, state->oracle_rest, sizeof(state->oracle_rest));
}

/* A time that matters, as seen from now. */
static void relate(lc_msec *time, lc_msec now, bool matters)
{
    if (!matters)
        *time = 0;
    else if (*time != LC_NEVER)
        *time -= now;
}

/* One that lies a whole grace back might as well lie further: hooks may come again and again. */
static void relate_t0(lc_msec *t0, lc_msec now, lc_msec grace)
{
    if (*t0 != LC_NEVER && now - *t0 > grace)
        *t0 = now - grace;
    relate(t0, now, true);
}

/* Whose exit code can still be lastcall's, or let a lane start. */
static bool code_matters(const struct lc_lifecycle *self, size_t lane)
{
    return !self->committed || lane == self->policy.main_lane ||
           (self->fan_out && lane == self->cause_lane);
}

static void forget_of_lifecycle(struct lc_lifecycle *self)
{
    lc_msec now = self->now;
    bool ready_matters = self->ready || !self->committed;

    for (size_t i = 0; i < EXPLORE_LANES; i++) {
        struct lc_lane *lane = &self->lane[i];
        for (size_t kind = 0; kind < LC_HOOK_KIND_COUNT; kind++)
            relate(&lane->hook_due[kind], now, lane->hook_running[kind]);
        relate(&lane->asked_at, now, lane->state == LC_LANE_ASKED);
        if (!code_matters(self, i))
            lane->code = 0;
        if (!ready_matters && lane->state == LC_LANE_READY)
            lane->state = LC_LANE_STARTING;
    }
    /* Of these it matters only whether lastcall was running once. */
    for (size_t i = 0; i < LC_PHASE_COUNT; i++)
        self->entered[i] = i == LC_PHASE_RUNNING && self->entered[i] != LC_NEVER;
    relate_t0(&self->t0, now, self->committed ? LC_NEVER : self->policy.grace);
    relate(&self->deadline, now, self->committed);
    relate(&self->last_arrival, now, self->phase == LC_PHASE_PROPAGATING);
    relate(&self->held_up, 0, self->phase == LC_PHASE_PROPAGATING); /* a span, not a time */
    relate(&self->unpaired_at, now, self->unpaired != LC_UNPAIRED_NONE);
    relate(&self->drain_since, now, self->phase == LC_PHASE_DRAINING);
    relate(&self->leftovers_asked_at, now, true);
    self->cause_signal = 0;
    self->leftovers = 0;
    if (self->t0 == LC_NEVER || self->lane[0].state >= LC_LANE_ASKED)
        self->no_listener = 0;
    self->now = 0;
}

static void forget_of_oracle(struct oracle *self, const struct lc_lifecycle *lifecycle)
{
    lc_msec now = self->now;

    for (size_t i = 0; i < EXPLORE_LANES; i++) {
        struct oracle_lane *lane = &self->lane[i];
        for (size_t kind = 0; kind < LC_HOOK_KIND_COUNT; kind++)
            relate(&lane->hook_due[kind], now, lane->hook_running[kind]);
        relate(&lane->asked_at, now, lane->asked && !lane->forced && !lane->gone);
        if (!code_matters(lifecycle, i))
            lane->code = 0;
        lane->ready = lane->ready && (self->ready || !self->committed);
    }
    relate_t0(&self->t0, now, self->committed ? LC_NEVER : lifecycle->policy.grace);
    relate(&self->deadline, now, self->committed);
    relate(&self->last_arrival, now, self->phase == LC_PHASE_PROPAGATING);
    relate(&self->held_up, 0, self->phase == LC_PHASE_PROPAGATING); /* a span, not a time */
    relate(&self->unpaired_at, now, self->unpaired != LC_UNPAIRED_NONE);
    relate(&self->draining_at, now, self->phase == LC_PHASE_DRAINING);
    relate(&self->leftovers_at, now, self->leftovers_asked);
    if (self->t0 == LC_NEVER || !account_unasked(self, 0))
        self->no_listener = 0;
    self->phase_at = 0;
    self->now = 0;
}

static struct key key_of(const struct search *self)
{
    struct lc_lifecycle lifecycle = self->lifecycle;
    struct oracle oracle = self->oracle;
    struct state state;
    struct key key = {.high = UINT64_C(0xcbf29ce484222325), .low = UINT64_C(0x9e3779b97f4a7c15)};
    uint64_t word = 0;

    forget_of_lifecycle(&lifecycle);
    forget_of_oracle(&oracle, &lifecycle);
    pack(&lifecycle, &oracle, &state);
    _Static_assert(sizeof(state) % sizeof(word) == 0, "read by words");
    for (size_t i = 0; i < sizeof(state); i += sizeof(word)) {
        memcpy(&word, (const char *)&state + i, sizeof(word));
        key.high = (key.high ^ word) * UINT64_C(0x100000001b3);
        key.high ^= key.high >> 29;
        key.low = (key.low + word) * UINT64_C(0xbf58476d1ce4e5b9);
        key.low ^= key.low >> 31;
    }
    return key;
}

static void *must(void *memory)
{
    if (!memory) {
        fprintf(stderr, "explore: out of memory\n");
        exit(2);
    }
    return memory;
}

static void grow(struct search *self)
{
    if (self->count == self->room) {
        self->room = self->room ? self->room * 2 : 1024;
        self->nodes = must(realloc(self->nodes, self->room * sizeof(*self->nodes)));
    }
    if (self->count * 2 < self->slot_count)
        return;
    free(self->slots);
    self->slot_count = self->slot_count ? self->slot_count * 2 : 4096;
    self->slots = must(calloc(self->slot_count, sizeof(*self->slots)));
    for (uint32_t i = 0; i < self->count; i++) {
        uint32_t slot = (uint32_t)self->nodes[i].key.low & (self->slot_count - 1);
        while (self->slots[slot])
            slot = (slot + 1) & (self->slot_count - 1);
        self->slots[slot] = i + 1;
    }
}

/* Remembers where the last step has led, unless somebody was there before, or it was the exit. */
static void visit(struct search *self, uint32_t parent, const struct lc_event *event, lc_msec now)
{
    struct key key = key_of(self);

    self->exits += self->oracle.exited;
    if (self->oracle.exited)
        return;
    grow(self);
    uint32_t slot = (uint32_t)key.low & (self->slot_count - 1);
    for (; self->slots[slot]; slot = (slot + 1) & (self->slot_count - 1)) {
        const struct node *node = &self->nodes[self->slots[slot] - 1];
        if (node->key.high == key.high && node->key.low == key.low)
            return;
    }
    struct node *node = &self->nodes[self->count];
    *node = (struct node){.key = key, .parent = parent, .event = *event, .now = now};
    pack(&self->lifecycle, &self->oracle, &node->state);
    self->slots[slot] = ++self->count;
}

/* How it came to this: the events from the beginning. */
static void tell(const struct search *self, uint32_t index)
{
    const struct node *node = &self->nodes[index];

    if (index == 0)
        return;
    tell(self, node->parent);
    printf("# [%6" PRIu64 "] %s lane %u code %u signal %u%s hook %u.%u count %u\n", node->now,
           lc_event_name(node->event.kind), node->event.lane, node->event.code, node->event.signal,
           node->event.hurry ? "!" : "", node->event.hook, node->event.hook_index,
           node->event.count);
}

struct choices {
    size_t count;
    struct lc_event list[EVENTS_MAX];
};

static void add(struct choices *ret, struct lc_event event)
{
    if (ret->count == EVENTS_MAX)
        abort();
    ret->list[ret->count++] = event;
}

static void add_lane_events(const struct search *self, uint8_t i, struct choices *ret)
{
    const struct oracle_lane *lane = &self->oracle.lane[i];
    const struct oracle *oracle = &self->oracle;

    for (uint8_t kind = 0; kind < LC_HOOK_KIND_COUNT; kind++) {
        if (lane->hook_running[kind])
            add(ret, (struct lc_event){.kind = LC_EVENT_HOOK_DONE,
                                       .lane = i,
                                       .hook = kind,
                                       .hook_index = lane->next_hook[kind]});
    }
    if (!lane->started || lane->gone)
        return;
    if (!self->policy->policy
             .sidecar) { /* which sees neither the end of a process nor its checks */
        add(ret, (struct lc_event){.kind = LC_EVENT_LANE_GONE, .lane = i});
        add(ret, (struct lc_event){.kind = LC_EVENT_LANE_GONE, .lane = i, .code = 3});
        if (oracle->t0 == LC_NEVER) {
            add(ret, (struct lc_event){.kind = LC_EVENT_LANE_GONE, .lane = i, .no_listener = DEAF});
            add(ret, (struct lc_event){.kind = LC_EVENT_LANE_FAILED, .lane = i});
            add(ret,
                (struct lc_event){.kind = LC_EVENT_LANE_FAILED, .lane = i, .no_listener = DEAF});
        }
    }
    add(ret, (struct lc_event){.kind = lane->ready ? LC_EVENT_LANE_UNREADY : LC_EVENT_LANE_READY,
                               .lane = i});
}

/* What could happen next. What cannot, as the end of a lane that was never started, is left to the
 * random lives: it changes nothing, and would only be tried over and over. */
static void find_choices(const struct search *self, struct choices *ret)
{
    const struct oracle *oracle = &self->oracle;

    ret->count = 0;
    add(ret, (struct lc_event){.kind = LC_EVENT_TICK});
    for (uint8_t i = 0; i < self->policy->policy.lanes; i++)
        add_lane_events(self, i, ret);
    add(ret, (struct lc_event){.kind = LC_EVENT_STOP, .signal = SIGTERM});
    add(ret, (struct lc_event){.kind = LC_EVENT_STOP, .signal = SIGINT});
    add(ret, (struct lc_event){.kind = LC_EVENT_STOP, .signal = SIGTERM, .hurry = true});
    if (oracle->t0 == LC_NEVER) {
        add(ret, (struct lc_event){.kind = LC_EVENT_DRAIN});
        add(ret, (struct lc_event){.kind = LC_EVENT_DRAIN, .no_listener = DEAF});
        add(ret, (struct lc_event){.kind = LC_EVENT_STOP, .signal = SIGTERM, .no_listener = DEAF});
    } else if (!oracle->committed)
        add(ret, (struct lc_event){.kind = LC_EVENT_UNDO});
    if (self->policy->policy.sidecar) {
        add(ret, (struct lc_event){.kind = LC_EVENT_PRESTOP_CONTAINER});
        add(ret, (struct lc_event){.kind = LC_EVENT_PRESTOP_POD});
        if (oracle->t0 == LC_NEVER)
            add(ret, (struct lc_event){.kind = LC_EVENT_PRESTOP_CONTAINER, .no_listener = DEAF});
    }
    if (oracle->phase == LC_PHASE_PROPAGATING) {
        add(ret, (struct lc_event){.kind = LC_EVENT_ARRIVAL});
        add(ret, (struct lc_event){.kind = LC_EVENT_HELD_UP, .count = HELD_UP});
    }
    if (oracle->phase == LC_PHASE_DRAINING)
        add(ret, (struct lc_event){.kind = LC_EVENT_INFLIGHT});
    if (oracle->phase == LC_PHASE_EXITED) {
        add(ret, (struct lc_event){.kind = LC_EVENT_LEFTOVERS});
        add(ret, (struct lc_event){.kind = LC_EVENT_LEFTOVERS, .count = 1});
    }
}

static const char *take(struct search *self, uint32_t from, const struct lc_event *event,
                        lc_msec now)
{
    static struct lc_actions actions;

    unpack(self, &self->nodes[from].state);
    lc_msec wanted = lc_lifecycle_next(&self->lifecycle);
    lc_lifecycle_step(&self->lifecycle, now, event, &actions);
    const char *wrong = oracle_step(&self->oracle, &self->policy->policy, wanted, now, event,
                                    &actions, &self->lifecycle);
    self->steps++;
    self->at = from;
    self->event = *event;
    if (!wrong)
        visit(self, from, event, now);
    return wrong;
}

/* Each event that could come, at a time of this moment's future. */
static const char *take_all(struct search *self, uint32_t index, const struct choices *choices,
                            lc_msec now)
{
    const char *wrong = NULL;

    for (size_t i = 0; i < choices->count && !wrong; i++)
        wrong = take(self, index, &choices->list[i], now);
    return wrong;
}

/* Events come now, or at the very moment that the next timer is due, or after a machine that stood
 * still has missed every wake-up of this shutdown. A drained one waits for a stop signal only: for
 * it the next moment that makes a difference is the end of the grace. */
static const char *expand(struct search *self, uint32_t index)
{
    struct choices choices;

    unpack(self, &self->nodes[index].state);
    find_choices(self, &choices);
    lc_msec now = self->oracle.now, next = lc_lifecycle_next(&self->lifecycle);
    lc_msec past = LC_NEVER;
    if (self->oracle.t0 != LC_NEVER)
        past = self->oracle.t0 + self->policy->policy.grace;
    if (next == LC_NEVER && self->oracle.phase == LC_PHASE_DRAINED && now < past)
        next = past;
    const char *wrong = take_all(self, index, &choices, now);
    if (!wrong && next != LC_NEVER)
        wrong = take_all(self, index, &choices, next);
    if (!wrong && past != LC_NEVER)
        wrong = take_all(self, index, &choices, past);
    return wrong;
}

/* An exploration that leaves something out is none, unless a quick look was asked for. */
static bool explore(const struct explore_policy *policy, uint32_t limit, bool quick,
                    unsigned number, uint64_t *total)
{
    struct search self = {.policy = policy};
    const struct lc_event tick = {.kind = LC_EVENT_TICK};
    const char *wrong = NULL;

    if (lc_lifecycle_init(&self.lifecycle, &policy->policy, 0, &wrong) == 0) {
        oracle_init(&self.oracle, 0);
        visit(&self, 0, &tick, 0);
        wrong = take(&self, 0, &tick, 0);
    }
    for (uint32_t i = 0; i < self.count && self.count < limit && !wrong; i++)
        wrong = expand(&self, i);
    if (wrong) {
        printf("# %s\n", wrong);
        tell(&self, self.at);
        printf("# and then, at its time or after the next wait: %s lane %u\n",
               lc_event_name(self.event.kind), self.event.lane);
    }
    bool good = !wrong && self.exits > 0 && (quick || self.count < limit);
    printf("%sok %u - every order of events: %s\n", good ? "" : "not ", number, policy->name);
    printf("# %u states, %" PRIu64 " steps, %u of them to an exit\n", self.count, self.steps,
           self.exits);
    fflush(stdout);
    *total += self.count;
    free(self.nodes);
    free(self.slots);
    return good;
}

int main(int argc, char **argv)
{
    uint32_t limit = 1000000;
    uint64_t total = 0;
    bool good = true;

    if (argc == 3 && strcmp(argv[1], "--states") == 0)
        limit = (uint32_t)strtoul(argv[2], NULL, 10);
    printf("1..%zu\n", explore_policy_count());
    for (size_t i = 0; i < explore_policy_count(); i++) {
        struct explore_policy policy = explore_policy(i);
        good = explore(&policy, limit, argc == 3, (unsigned)i + 1, &total) && good;
    }
    printf("# %" PRIu64 " states visited\n", total);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
