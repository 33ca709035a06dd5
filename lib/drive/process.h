/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_DRIVE_PROCESS_H
#define LC_DRIVE_PROCESS_H

/* One supervised process: started, watched until its program runs, signalled. What is decided
 * about it is decided in core; this carries it out and tells the log. */

#include "base/log.h"
#include "config/config.h"
#include "sys/process.h"

#include <event2/event.h>
#include <stdbool.h>

/* The program runs now, or starting it failed (the child's end will tell the exit code). */
typedef void lc_process_started(void *userdata, unsigned lane, bool running);

struct lc_process {
    unsigned lane;
    const struct lc_process_config *config;
    struct lc_log *log;
    struct event_base *base;
    lc_process_started *started;
    void *userdata;

    struct lc_child child;                   /* .pid 0: there is none */
    struct event *exec_event;                /* NULL: the result of exec is known */
    bool running;                            /* its program runs */
    bool continued;                          /* once, after its stop signal */
    bool stopped;                            /* by a job control signal, as far as we know */
    int exit_code;                           /* once it has ended; -1 before */
    lc_msec started_at, killed_at, ended_at; /* on lc_clock_msec(); LC_NEVER: not yet */
};

void lc_process_init(struct lc_process *self, unsigned lane, const struct lc_process_config *config,
                     struct lc_log *log, struct event_base *base, lc_process_started *started,
                     void *userdata);
void lc_process_deinit(struct lc_process *self); /* does not touch the child */

/* `spawn` says everything but the command. 0, or -errno: there is no child (logged). */
int lc_process_start(struct lc_process *self, const struct lc_spawn *spawn);

/* Sends `signal` to the process, or to its group where the configuration says so; a stopped
 * process is continued, since a signal that waits in it helps nobody. */
void lc_process_ask(struct lc_process *self, int signal, lc_msec elapsed);
void lc_process_force(struct lc_process *self, lc_msec elapsed); /* SIGKILL */

/* Any other signal, to the process alone. 0 or -errno. */
int lc_process_forward(struct lc_process *self, int signal);

/* It has been reaped. */
void lc_process_ended(struct lc_process *self, const struct lc_reaped *reaped, lc_msec elapsed);

static inline bool lc_process_alive(const struct lc_process *self)
{
    return self->child.pid > 0;
}

/* 128 + the signal for one that was killed, else its exit code. */
static inline uint8_t lc_exit_code_of(const struct lc_reaped *reaped)
{
    return (uint8_t)(reaped->kind == LC_REAP_KILLED ? 128 + reaped->status : reaped->status);
}

#endif
