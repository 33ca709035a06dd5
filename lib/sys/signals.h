/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_SYS_SIGNALS_H
#define LC_SYS_SIGNALS_H

/* Signals as events. All 64 are blocked (sys/entry.h) and read from a descriptor: a signalfd, or,
 * where that is refused (ENOSYS, EPERM), the end of a pipe that a thread in rt_sigtimedwait(2)
 * fills. SIGCHLD's disposition is set to the default, since with an inherited SIG_IGN the kernel
 * reaps by itself and exit codes are lost.
 *
 * The kernel queues a real-time signal for each that was sent, any other at most once: one SIGCHLD
 * may stand for many deaths. Of those that wait the lowest number comes first (signal(7)). */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct lc_signal {
    int number;
    int code;  /* si_code: SI_KERNEL from a terminal's keyboard, SI_USER from kill(2) … */
    pid_t pid; /* sender, 0 where it lives outside our PID namespace or is the kernel */
    uid_t uid;
};

/* So many are read at once: a system call each would cost more than all else that a signal does. */
enum { LC_SIGNALS_BATCH = 16 };

struct lc_signals {
    int fd;           /* poll it for reading; close-on-exec, non-blocking */
    bool threaded;    /* the fallback is in use */
    pthread_t thread; /* where it is */
    struct lc_signal batch[LC_SIGNALS_BATCH];
    unsigned next, count; /* of the batch: handed out, and read */
    bool drained;         /* the batch was not full, so that there was no more when it was read */
};

/* Blocks all signals (again: a build without lc_entry as its entry point works, too), starts
 * reading. Call before any thread is created: they inherit the mask. Children that ended before it
 * may have no SIGCHLD any more: reap once after it. Returns 0 or -errno. */
int lc_signals_init(struct lc_signals *self);
void lc_signals_deinit(struct lc_signals *self);

/* 1: *ret is the next one; 0: none is waiting, or only such as came since the last read: poll again;
 * -errno. A SIGPIPE or SIGXFSZ that our own write caused is dropped. Never blocks. */
int lc_signals_read(struct lc_signals *self, struct lc_signal *ret);

/* Whether the next lc_signals_read() has something though poll(2) may not say so. */
static inline bool lc_signals_buffered(const struct lc_signals *self)
{
    return self->next < self->count;
}

/* What we were started with, so that a child can be started with just that. */
struct lc_signal_state {
    uint64_t mask;     /* blocked: bit N-1 is signal N */
    bool chld_ignored; /* the one disposition that lc_signals_init() changes */
};

/* Call before lc_signals_init(). */
void lc_signal_state_read(struct lc_signal_state *ret);

#endif
