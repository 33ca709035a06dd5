/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_DRIVE_SUPERVISOR_H
#define LC_DRIVE_SUPERVISOR_H

/* The supervisor: turns signals, exits, timers and requests into the lifecycle's events, and
 * carries its actions out. */

#include "base/log.h"
#include "config/config.h"
#include "sys/signals.h"

#include <stdbool.h>

struct lc_supervisor_start {
    struct lc_config *config; /* taken over: freed when the supervisor ends */
    char *const *argv;        /* our own command line and environment: read again at a reload */
    char *const *envp;
    struct lc_log *log;
    struct lc_signal_state signals; /* as we were started */
    unsigned listen_fds;            /* descriptors of socket activation to pass on */
    bool nested; /* another lastcall supervises this one: only forward and reap */
};

/* Runs until all is over. Returns the exit code, or -errno where it could not begin; the log may
 * say more of it. */
int lc_supervisor_run(const struct lc_supervisor_start *start);

#endif
