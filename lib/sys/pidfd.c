/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/pidfd.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

int lc_pidfd_open(pid_t pid)
{
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);

    return fd < 0 ? -errno : fd;
}

int lc_pidfd_signal(int pidfd, pid_t pid, int signal)
{
    if (pidfd >= 0) {
        if (syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) == 0)
            return 0;
        /* EPERM is a filter's, or the kernel's own: then kill(2) says it again. */
        if (errno != ENOSYS && errno != EPERM)
            return -errno;
    }
    return kill(pid, signal) < 0 ? -errno : 0;
}
