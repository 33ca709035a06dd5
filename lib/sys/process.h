/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_SYS_PROCESS_H
#define LC_SYS_PROCESS_H

/*
 * Children: starting and signalling them (their end: sys/reap.h).
 *
 * A child starts with exactly the mask and dispositions that lastcall was started with, its own
 * process group, descriptors 0-2 and those of socket activation (sd_listen_fds(3)), nothing else.
 * Nothing here waits: whether exec worked is read later from a pipe, since exec can hang on a
 * network file system, and PID 1 must not.
 */

#include "sys/descriptors.h"
#include "sys/leftovers.h"
#include "sys/reap.h"
#include "sys/signals.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Exit codes of what never ran: the shell's (POSIX.1, 2.8.2) and, for our own failure, env(1)'s. */
enum { LC_EXIT_OWN_FAILURE = 125, LC_EXIT_NOT_EXECUTABLE = 126, LC_EXIT_NOT_FOUND = 127 };

struct lc_spawn {
    char *const *argv; /* argv[0] without '/' is looked up in `envp`'s PATH, as execvp(3) does, but
                          ENOEXEC is an error: it is not given to /bin/sh */
    char *const *envp; /* the LISTEN_ variables of sd_listen_fds(3) are put right: see listen_fds */
    struct lc_signal_state signals;
    bool reset_signals;  /* nothing blocked, nothing ignored */
    const int *stdio;    /* what becomes the child's 0, 1 and 2; -1: ours. NULL: ours, all three */
    int terminal;        /* make its group the foreground group of this terminal, where it is ours
                            still; -1: no */
    unsigned listen_fds; /* descriptors 3 .. 3+listen_fds-1 are passed on, LISTEN_PID set to it;
                            0: the variables are left out, since another process's LISTEN_PID may
                            well be the child's PID by accident */
};

struct lc_child {
    pid_t pid;   /* also its process group */
    int pidfd;   /* -1 where pidfd_open(2) is refused: kill(2) then serves, and is safe as long as
                    the child has not been reaped */
    int exec_fd; /* readable once exec worked or failed; -1 after lc_child_exec_result() said so */
};

/* What exec failed of. */
struct lc_exec_error {
    int error;             /* errno, positive */
    const char *operation; /* "execve", "setpgid" …: static text */
    uint8_t exit_code;     /* 127 not found, 126 not executable, 125 another failure of ours */
};

/* 0 with *ret, or -errno of fork(2) or pipe(2): then there is no child. */
int lc_child_spawn(struct lc_child *ret, const struct lc_spawn *spec);
void lc_child_deinit(struct lc_child *self); /* closes; does not touch the process */

/* 1: the program runs (or a signal ended the child before it did); 0: not known yet; -ECHILD: it
 * failed, *ret says why, and the child will end with ret->exit_code. */
int lc_child_exec_result(struct lc_child *self, struct lc_exec_error *ret);

/* Through the pidfd where there is one. Returns 0 or -errno: -ESRCH it has ended, -EPERM it has
 * another uid and we lack CAP_KILL. `group`: to its whole process group. */
int lc_child_signal(const struct lc_child *self, int signal, bool group);

#endif
