/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_DRIVE_CHECKUP_H
#define LC_DRIVE_CHECKUP_H

/*
 * The checks of one process: startup, readiness and liveness, as a pod's container has them.
 *
 * The other two wait for startup. Startup and liveness decide once, that the process has to be
 * stopped, and are over with a shutdown's beginning; readiness is looked at until the process gets
 * its stop signal, since in the modes after-window and hold it counts up to then.
 */

#include "drive/checker.h"

/* Something has changed: `failed`, a check that ends the process has; else what makes it ready. */
typedef void lc_checkup_changed(void *userdata, unsigned lane, bool failed);

struct lc_checkup {
    unsigned lane;
    struct lc_checker checker[LC_CHECK_KIND_COUNT];
    enum lc_phase phase;
    bool running; /* the process */
    lc_checkup_changed *changed;
    void *userdata;
};

/* 0 or -ENOMEM. One that is all zeros checks nothing. */
int lc_checkup_init(struct lc_checkup *self, unsigned lane, const struct lc_process_config *config,
                    const struct lc_attempt_world *world, lc_checkup_changed *changed,
                    void *userdata);
void lc_checkup_deinit(struct lc_checkup *self);

/* The process runs now: all begins anew, and nothing that was asked of the last one counts. */
void lc_checkup_begin(struct lc_checkup *self);
void lc_checkup_end(struct lc_checkup *self);
void lc_checkup_follow(struct lc_checkup *self, enum lc_phase phase);
/* The ports listen now: readiness does not wait for its next period, else the pod would wait for that
 * and for one of the kubelet's, whose first probe finds a server that is up. Not so startup: one
 * failure more would bring it nearer to its threshold. */
void lc_checkup_hasten(struct lc_checkup *self);
/* Before the old configuration is freed. */
void lc_checkup_configure(struct lc_checkup *self, const struct lc_process_config *config);
bool lc_checkup_reaped(struct lc_checkup *self, const struct lc_reaped *reaped);

/* As far as checks go, the process is ready. */
bool lc_checkup_passes(const struct lc_checkup *self);

#endif
