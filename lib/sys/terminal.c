/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/terminal.h"

#include "base/cleanup.h"
#include "base/mask.h"
#include "sys/proc_stat.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

/* Where 0-2 are all redirected it is there all the same: programs ask for a password on /dev/tty.
 * O_NONBLOCK: a serial line without a carrier would hold us up (termios(3), CLOCAL). */
static int open_controlling(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (tcgetpgrp(fd) >= 0) /* ENOTTY where it is another terminal, too */
            return fd;
    return open("/dev/tty", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
}

void lc_terminal_close(int terminal)
{
    if (terminal > 2)
        close(terminal);
}

int lc_terminal_foreground(void)
{
    int terminal = open_controlling();
    pid_t group = tcgetpgrp(terminal);

    /* 0 is a group outside our PID namespace: then ours may be another such one. */
    if (group > 0 && group == getpgrp())
        return terminal;
    lc_terminal_close(terminal);
    return -1;
}

int lc_terminal_give(int terminal, pid_t group, pid_t from)
{
    pid_t current = tcgetpgrp(terminal);

    if (current < 0)
        return -errno;
    if (current != getpgrp() && current != from)
        return -EPERM;
    return tcsetpgrp(terminal, group) < 0 ? -errno : 0;
}

/* The parent of another process, or 0. */
static pid_t parent_of(pid_t pid)
{
    LC_CLEANUP_FD int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct lc_proc_stat stat;

    return proc >= 0 && lc_proc_stat_read(proc, pid, &stat) == 0 ? stat.parent : 0;
}

/* What makes a group not orphaned: a parent in another group of the same session (POSIX, "Orphaned
 * Process Group"). Ours may be a shell of our own group (sh -c), so we climb. */
bool lc_terminal_job_control(void)
{
    for (pid_t ancestor = getppid(); ancestor > 0; ancestor = parent_of(ancestor)) {
        if (getsid(ancestor) != getsid(0))
            return false;
        if (getpgid(ancestor) != getpgrp())
            return true;
    }
    return false;
}

/* Runs with a signal that stops a job at its default action and not blocked; false: cannot be. */
static bool let_stop(int number, struct sigaction *ret_action, uint64_t *ret_mask)
{
    const uint64_t mask = LC_MASK_OF(number);

    if (sigaction(number, &(struct sigaction){.sa_handler = SIG_DFL}, ret_action) < 0)
        return false;
    lc_mask_change(SIG_UNBLOCK, &mask, ret_mask);
    return true;
}

static void let_stop_no_more(int number, const struct sigaction *action, const uint64_t *mask)
{
    lc_mask_change(SIG_SETMASK, mask, NULL);
    sigaction(number, action, NULL);
}

/* In the background tcsetpgrp(3) stops the caller's group with SIGTTOU, and begins anew when it is
 * continued: the kernel looks and stops in one, so no shell's fg can slip in between. */
int lc_terminal_await_foreground(void)
{
    struct sigaction action;
    uint64_t mask;
    int terminal = open_controlling(), r = -EINVAL;

    if (terminal < 0)
        return -ENOTTY;
    if (let_stop(SIGTTOU, &action, &mask)) {
        r = tcsetpgrp(terminal, getpgrp()) < 0 ? -errno : terminal;
        let_stop_no_more(SIGTTOU, &action, &mask);
    }
    if (r < 0)
        lc_terminal_close(terminal);
    return r;
}

/* The whole group, as the terminal would: a shell between us and the one with job control (sh -c)
 * waits for our end only, and a pipeline stops as one. */
void lc_terminal_stop_self(void)
{
    struct sigaction action;
    uint64_t mask;

    if (!lc_terminal_job_control() || !let_stop(SIGTSTP, &action, &mask))
        return;
    kill(0, SIGTSTP); /* returns when we are continued */
    let_stop_no_more(SIGTSTP, &action, &mask);
}
