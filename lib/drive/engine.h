/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_DRIVE_ENGINE_H
#define LC_DRIVE_ENGINE_H

/* The lifecycle on a clock: events go in, actions come out at a callback, and a timer wakes it when
 * it asked to be woken. An event that an action causes (a process that could not be started) waits
 * in a queue until the step's other actions are carried out. */

#include "core/lifecycle.h"

#include <event2/event.h>
#include <stdbool.h>

typedef void lc_engine_act(void *userdata, const struct lc_action *action, lc_msec now);

/* Before a timer fires: a last chance to post what happened before it was due. */
typedef void lc_engine_before_timer(void *userdata);

/* Every action of one step causes at most one event. */
enum { LC_ENGINE_QUEUE_MAX = LC_ACTIONS_MAX + 1 };

struct lc_engine {
    struct lc_lifecycle lifecycle; /* read it; lc_engine_post() and _reload() alone change it */
    struct lc_actions actions;
    struct lc_event queue[LC_ENGINE_QUEUE_MAX];
    size_t queue_head, queue_count;
    bool busy;
    lc_msec reads_until; /* held up past the pair's end, clients have their turn; 0: we were not */
    struct event *timer;
    lc_engine_act *act;
    lc_engine_before_timer *before_timer; /* NULL: nobody */
    void *userdata;
};

/* 0, -ENOMEM, or -EINVAL with *ret_why as lc_lifecycle_init(). */
int lc_engine_init(struct lc_engine *self, struct event_base *base, const struct lc_policy *policy,
                   lc_engine_act *act, void *userdata, const char **ret_why);
void lc_engine_deinit(struct lc_engine *self);

void lc_engine_post(struct lc_engine *self, const struct lc_event *event);

/* As lc_lifecycle_reload(). */
int lc_engine_reload(struct lc_engine *self, const struct lc_policy *policy, const char **ret_why);

#endif
