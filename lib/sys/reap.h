/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_SYS_REAP_H
#define LC_SYS_REAP_H

/* Children that ended: our own, and the orphans that the kernel hands to us as PID 1 or as a
 * subreaper. */

#include <stdbool.h>
#include <sys/types.h>

enum lc_reap_kind { LC_REAP_EXITED, LC_REAP_KILLED, LC_REAP_STOPPED };

struct lc_reaped {
    enum lc_reap_kind kind;
    pid_t pid;
    int status; /* exit code, or the signal that killed or stopped it */
    bool core_dumped;
};

/* 1: *ret is one child that ended (and is gone now) or stopped; 0: no more for now; -ECHILD: there
 * are no children at all. A child that has let itself be traced by us is let go. Never blocks. */
int lc_reap(struct lc_reaped *ret);

/* There is a child, alive or not reaped yet. */
bool lc_reap_has_children(void);

/* Where we are not PID 1: orphans among our descendants become our children
 * (PR_SET_CHILD_SUBREAPER). 0 or -errno. */
int lc_subreaper(void);

#endif
