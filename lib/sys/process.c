/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/process.h"

#include "base/cleanup.h"
#include "sys/pidfd.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

static void close_exec_fd(struct lc_child *self)
{
    lc_cleanup_fd(&self->exec_fd);
    self->exec_fd = -1;
}

void lc_child_deinit(struct lc_child *self)
{
    lc_cleanup_fd(&self->pidfd);
    self->pidfd = -1;
    close_exec_fd(self);
}

int lc_child_exec_result(struct lc_child *self, struct lc_exec_error *ret)
{
    ssize_t n;

    do
        n = read(self->exec_fd, ret, sizeof *ret);
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EAGAIN)
        return 0;
    close_exec_fd(self);
    return n == sizeof *ret ? -ECHILD : 1;
}

/* There is no pidfd of a group; the group's number stays taken until its leader is reaped. The
 * child may have left its group, and be the only one that was in it. */
int lc_child_signal(const struct lc_child *self, int signal, bool group)
{
    if (group && kill(-self->pid, signal) == 0)
        return 0;
    if (group && errno != ESRCH)
        return -errno;
    return lc_pidfd_signal(self->pidfd, self->pid, signal);
}
