/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_DRIVE_HOOKS_H
#define LC_DRIVE_HOOKS_H

/* preStop and postStop hooks: exec, httpGet, signal and sleep, as a pod's lifecycle hooks are
 * written. When they start and when they are given up is decided in core; a hook that fails is
 * logged and holds nobody up, as the kubelet does it. */

#include "base/log.h"
#include "config/config.h"
#include "drive/http_get.h"
#include "drive/process.h"
#include "sys/process.h"

#include <event2/event.h>
#include <stdbool.h>

/* The hook ended, well or not. Never called from lc_hooks_start(). */
typedef void lc_hooks_done(void *userdata, unsigned lane, enum lc_hook_kind kind, unsigned index);

struct lc_hooks;

enum lc_hook_state {
    LC_HOOK_NOT_RUN,
    LC_HOOK_RUNNING,
    LC_HOOK_DONE,
    LC_HOOK_FAILED,
    LC_HOOK_GIVEN_UP,
    LC_HOOK_STATE_COUNT
};

/* How a hook went, for display; times on lc_clock_msec(). */
struct lc_hook_record {
    enum lc_hook_state state;
    lc_msec started_at, ended_at; /* ended_at: LC_NEVER while it runs */
};

/* What is running of one lane and kind: at most one hook at a time. */
struct lc_hook_run {
    struct lc_hooks *hooks;
    unsigned lane, index;
    enum lc_hook_kind kind;
    const struct lc_hook *hook; /* NULL: none runs */
    const char *process;        /* its name */
    struct lc_child child;      /* exec */
    struct lc_http_get *get;    /* httpGet */
    struct event *event;        /* exec: whether it started; sleep: its end; signal: at once */
    int result;                 /* signal: what was delivered */
};

struct lc_hooks {
    struct event_base *base;
    struct lc_log *log;
    lc_hooks_done *done;
    void *userdata;
    struct lc_hook_run run[LC_LANES_MAX][LC_HOOK_KIND_COUNT];
    struct lc_hook_record record[LC_LANES_MAX][LC_HOOK_KIND_COUNT][LC_HOOKS_MAX];
};

void lc_hooks_init(struct lc_hooks *self, struct event_base *base, struct lc_log *log,
                   lc_hooks_done *done, void *userdata);
void lc_hooks_deinit(struct lc_hooks *self);

/* Starts hook `index` of `process`; `spawn` says everything but an exec hook's command. 0, or
 * -errno: it could not be started (logged), and is done with. */
int lc_hooks_start(struct lc_hooks *self, struct lc_process *process, enum lc_hook_kind kind,
                   unsigned index, const struct lc_spawn *spawn);
/* Its time is over: an exec hook's group gets SIGKILL, a request is dropped. */
void lc_hooks_kill(struct lc_hooks *self, unsigned lane, enum lc_hook_kind kind);
/* True: what was reaped was an exec hook. */
bool lc_hooks_reaped(struct lc_hooks *self, const struct lc_reaped *reaped);

#endif
