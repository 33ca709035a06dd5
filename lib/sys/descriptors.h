/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_SYS_DESCRIPTORS_H
#define LC_SYS_DESCRIPTORS_H

/* The descriptors that we were started with. One that leaks into an application keeps a pipe, a
 * socket or a mount open for as long as it runs. */

enum { LC_LISTEN_FDS_START = 3 }; /* sd_listen_fds(3): SD_LISTEN_FDS_START */

/* Closes every inherited descriptor from 3 on but those of socket activation meant for us
 * (LISTEN_PID is our PID), which it makes close-on-exec, and fills 0-2 where they are closed, so
 * that nothing of ours lands there (the filler is close-on-exec: a child finds them closed, too,
 * and reading or writing it is EBADF, as before).
 * Returns how many are passed on, or -errno: -EBADF where LISTEN_FDS counts one that is not open.
 * Works without /proc and where close_range(2) is refused. */
int lc_descriptors_inherit(char *const *envp);

#endif
