/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_SYS_PIDFD_H
#define LC_SYS_PIDFD_H

/* Signals through a pidfd (Linux 5.1, 5.3), with kill(2) where it is refused: older kernels and
 * gVisor say ENOSYS, a seccomp filter may say EPERM. */

#include <sys/types.h>

/* A close-on-exec descriptor, or -errno. */
int lc_pidfd_open(pid_t pid);

/* `pidfd` is that of `pid`, or -1. 0 or -errno. */
int lc_pidfd_signal(int pidfd, pid_t pid, int signal);

#endif
