/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_SYS_LEFTOVERS_H
#define LC_SYS_LEFTOVERS_H

/*
 * Descendants that are left when all lanes are gone: orphans, daemons that left their group or
 * session. As PID 1 every process of the namespace; else our own descendants, never a process that
 * is not ours (each is verified through its pidfd before it is signalled).
 */

#include <sys/types.h>

struct lc_leftovers {
    unsigned alive;   /* that we may wait for; a child that has ended but is not reaped yet counts,
                         where it is the last: reap first */
    unsigned zombies; /* whose parent lives and does not wait for them: not ours */
    unsigned refused; /* that we may not signal (EPERM); not among `alive` */
    pid_t example;    /* one of them, for the log, one that is alive where there is one; 0: none */
    char example_name[16];
};

/* Sends `signal` (0: only count) to each, and SIGCONT after it to those that are stopped. Without
 * /proc as PID 1: kill(-1), and `alive` is 1 while there are children; else nobody can be found:
 * -errno where there are children.
 * Not PID 1, a process that forks at that moment can slip a child past it: send SIGKILL each time,
 * not 0, while waiting for the end. 0 or -errno, *ret is filled in either way. Never blocks. */
int lc_leftovers_signal(int signal, struct lc_leftovers *ret);

#endif
