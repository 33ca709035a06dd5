/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_DRIVE_LOOP_H
#define LC_DRIVE_LOOP_H

#include "base/log.h"

#include <event2/event.h>
#include <stdint.h>

/* Priorities: an event of a higher one is handled before those of a lower one. */
enum {
    LC_PRIORITY_EXEC,   /* whether a program runs: known before a signal for it is read */
    LC_PRIORITY_SIGNAL, /* signals, exits and the lifecycle's timer */
    LC_PRIORITY_HTTP,   /* clients, however many, never delay the above; the loop's default, which
                           evhttp's events cannot but have */
};

/* For the last lines of a log whose reader is slow. */
enum { LC_FLUSH_MSEC = 100 };

/* A libevent loop with precise monotonic timers; what libevent has to say goes to `log`. NULL where
 * there is no memory or no descriptor for it. */
struct event_base *lc_loop_new(struct lc_log *log);
void lc_loop_free(struct event_base *self);

/* Sets a timer to go off in `usec` microseconds, whether or not it was set. 0, or -ENOMEM: it goes off
 * at once, since a deadline that is looked at too early is kept, and one that is forgotten is not. */
int lc_loop_set_timer(struct event *timer, uint64_t usec);

#endif
