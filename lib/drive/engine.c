/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/engine.h"

#include "drive/clock.h"
#include "drive/loop.h"

#include <errno.h>

enum {
    FIRST_TIMER_USEC = 1000000, /* the first event comes long before */
    LATE_MSEC = 200,            /* what a busy machine alone seldom does to a timer */
    READING_MSEC = 100,         /* to accept and to read what has come */
};

static void set_timer(struct lc_engine *self)
{
    lc_msec next = lc_lifecycle_next(&self->lifecycle);
    uint64_t now = lc_clock_usec(), delay;

    if (next == LC_NEVER || next > UINT64_MAX / 1000) {
        evtimer_del(self->timer);
        return;
    }
    if (lc_lifecycle_pair_end(&self->lifecycle) != LC_NEVER && next < self->reads_until)
        next = self->reads_until;
    delay = next * 1000 > now ? next * 1000 - now : 0;
    /* Allocates only where the loop's heap has to grow: clients' timers may have taken its room. Then
     * it goes off at once, again and again: busy, but in time. */
    lc_loop_set_timer(self->timer, delay);
}

/* Somebody asks for it, where others tell of what they see. */
static bool is_asked(enum lc_event_kind kind)
{
    return kind == LC_EVENT_STOP || kind == LC_EVENT_DRAIN || kind == LC_EVENT_UNDO ||
           kind == LC_EVENT_PRESTOP_CONTAINER || kind == LC_EVENT_PRESTOP_POD;
}

/* We were held up (a node without a processor to spare), and the other hook of a pod that goes may
 * wait in its socket: until that can have been read, time stands still before what is due, but for
 * what is asked. No deadline is armed in that state, so that nobody lives longer for it. */
static lc_msec lifecycle_time(struct lc_engine *self, enum lc_event_kind kind)
{
    lc_msec pair_end = lc_lifecycle_pair_end(&self->lifecycle), now = lc_clock_msec();

    if (pair_end == LC_NEVER || now < pair_end + LATE_MSEC) {
        self->reads_until = 0;
        return now;
    }
    if (!self->reads_until)
        self->reads_until = now + READING_MSEC;
    return now < self->reads_until && !is_asked(kind) ? pair_end - 1 : now;
}

static void step(struct lc_engine *self, const struct lc_event *event)
{
    lc_msec now = lifecycle_time(self, event->kind);

    lc_lifecycle_step(&self->lifecycle, now, event, &self->actions);
    for (size_t i = 0; i < self->actions.count; i++)
        self->act(self->userdata, &self->actions.list[i], now);
}

void lc_engine_post(struct lc_engine *self, const struct lc_event *event)
{
    if (self->queue_count == LC_ENGINE_QUEUE_MAX)
        return;
    self->queue[(self->queue_head + self->queue_count++) % LC_ENGINE_QUEUE_MAX] = *event;
    if (self->busy)
        return;
    self->busy = true;
    while (self->queue_count) {
        struct lc_event next = self->queue[self->queue_head];

        self->queue_head = (self->queue_head + 1) % LC_ENGINE_QUEUE_MAX;
        self->queue_count--;
        step(self, &next);
    }
    self->busy = false;
    set_timer(self);
}

int lc_engine_reload(struct lc_engine *self, const struct lc_policy *policy, const char **ret_why)
{
    int r = lc_lifecycle_reload(&self->lifecycle, policy, ret_why);

    if (r == 0)
        set_timer(self);
    return r;
}

static void on_timer(evutil_socket_t fd, short what, void *userdata)
{
    struct lc_engine *self = userdata;

    (void)fd;
    (void)what;
    if (self->before_timer)
        self->before_timer(self->userdata);
    lc_engine_post(self, &(struct lc_event){.kind = LC_EVENT_TICK});
}

int lc_engine_init(struct lc_engine *self, struct event_base *base, const struct lc_policy *policy,
                   lc_engine_act *act, void *userdata, const char **ret_why)
{
    int r;

    self->queue_head = self->queue_count = 0;
    self->busy = false;
    self->reads_until = 0;
    self->act = act;
    self->before_timer = NULL;
    self->userdata = userdata;
    self->timer = evtimer_new(base, on_timer, self);
    if (!self->timer)
        return -ENOMEM;
    event_priority_set(self->timer, LC_PRIORITY_SIGNAL); /* fails for an active event alone */
    /* Room in the loop's heap of timers, while failing is still cheap. */
    r = lc_loop_set_timer(self->timer, FIRST_TIMER_USEC);
    if (r == 0)
        r = lc_lifecycle_init(&self->lifecycle, policy, lc_clock_msec(), ret_why);
    if (r < 0)
        lc_engine_deinit(self);
    return r;
}

void lc_engine_deinit(struct lc_engine *self)
{
    if (self->timer)
        event_free(self->timer);
    self->timer = NULL;
}
