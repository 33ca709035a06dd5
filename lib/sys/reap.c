/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/reap.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

static struct lc_reaped reaped_of(const siginfo_t *info)
{
    struct lc_reaped reaped = {.pid = info->si_pid, .status = info->si_status};

    switch (info->si_code) {
    case CLD_EXITED:
        reaped.kind = LC_REAP_EXITED;
        break;
    case CLD_DUMPED:
    case CLD_KILLED:
        reaped.kind = LC_REAP_KILLED;
        reaped.core_dumped = info->si_code == CLD_DUMPED;
        break;
    default: /* CLD_STOPPED; CLD_TRAPPED where it could not be let go */
        reaped.kind = LC_REAP_STOPPED;
        break;
    }
    return reaped;
}

/* A program that asks its parent to trace it (PTRACE_TRACEME) keeps debuggers off; from then on
 * each signal stops it until its parent, which is us, passes the signal on. We do, and trace it no
 * longer. SIGTRAP is what execve(2) stops a traced one by, and would kill it (ptrace(2)). */
static bool let_go(const siginfo_t *info)
{
    intptr_t signal = info->si_status == SIGTRAP ? 0 : info->si_status;

    return ptrace(PTRACE_DETACH, info->si_pid, NULL, (void *)signal) == 0;
}

/* __WALL: an orphan that was made by clone(2) with another signal than SIGCHLD is ours, too. */
int lc_reap(struct lc_reaped *ret)
{
    siginfo_t info;

    do {
        info.si_pid = 0;
        if (waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WNOHANG | __WALL) < 0)
            return -errno;
        if (info.si_pid == 0)
            return 0;
    } while (info.si_code == CLD_TRAPPED && let_go(&info));
    *ret = reaped_of(&info);
    return 1;
}

bool lc_reap_has_children(void)
{
    siginfo_t info;

    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0;
}

int lc_subreaper(void)
{
    return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0 ? -errno : 0;
}
