/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/reap.h"

#include <errno.h>
#include <sys/prctl.h>
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
    default: /* CLD_STOPPED; CLD_TRAPPED where somebody debugs it through us */
        reaped.kind = LC_REAP_STOPPED;
        break;
    }
    return reaped;
}

/* __WALL: an orphan that was made by clone(2) with another signal than SIGCHLD is ours, too. */
int lc_reap(struct lc_reaped *ret)
{
    siginfo_t info = {.si_pid = 0};

    if (waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WNOHANG | __WALL) < 0)
        return -errno;
    if (info.si_pid == 0)
        return 0;
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
