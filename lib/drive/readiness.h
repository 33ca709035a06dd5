/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_DRIVE_READINESS_H
#define LC_DRIVE_READINESS_H

/* When is a process ready: it runs, every port in its `ports` listens, and its checks pass. While
 * they are awaited its ports are looked at every 50 ms; once they listened they are looked at when
 * somebody asks, so that an idle lastcall never wakes up and an answer is never stale.
 *
 * One that somebody else restarts still listens while it ends. It is ready when its ports have been
 * closed and listen again, and its checks, which begin anew then, have passed; without `ports` that
 * cannot be seen, and it is ready at once. */

#include "base/log.h"
#include "drive/checkup.h"
#include "drive/process.h"

#include <event2/event.h>

enum {
    LC_READINESS_POLL_MSEC = 50,
    /* From a container's preStop hook to its SIGTERM and the end of what listens, unless its
     * stopTimeout says that it takes longer. What listens then still is not what is restarted (the pod
     * has other containers), or was never asked to end. */
    LC_READINESS_RESTART_MSEC = 5000,
};

/* The lane became ready, or is not any more. */
typedef void lc_readiness_changed(void *userdata, unsigned lane, bool ready);

struct lc_readiness_watch {
    struct lc_process *process;
    struct lc_checkup *checkup;
    struct lc_log *log;
    struct event *timer;
    lc_readiness_changed *changed;
    void *userdata;
    bool ready;
    int missing;     /* the first port on which nothing listens; 0: none; -errno */
    lc_msec ends_by; /* what listens is about to end, by then; 0: it is not */
    lc_msec expects; /* its end, and looks for it, until then; 0: it does not */
    bool closed;     /* what listened has closed since that was expected */
};

/* 0 or -ENOMEM. */
int lc_readiness_watch_init(struct lc_readiness_watch *self, struct event_base *base,
                            struct lc_process *process, struct lc_checkup *checkup,
                            struct lc_log *log, lc_readiness_changed *changed, void *userdata);
void lc_readiness_watch_deinit(struct lc_readiness_watch *self);

/* It may be restarted within `patience` ms, and lc_readiness_watch_restart() comes after that: it
 * may be another one by then. Called again within them, it has as long from now on. */
void lc_readiness_watch_expect(struct lc_readiness_watch *self, lc_msec patience);

/* It is about to end, or has ended since that was expected, and starts anew; its lane is known to be
 * not ready. */
void lc_readiness_watch_restart(struct lc_readiness_watch *self);

/* Looks now, calls `changed` where it differs, and goes on looking until the ports listen. To be
 * called where a check has decided something. */
void lc_readiness_watch_look(struct lc_readiness_watch *self);

#endif
