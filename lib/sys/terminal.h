/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_SYS_TERMINAL_H
#define LC_SYS_TERMINAL_H

/* The terminal's foreground (tty_ioctl(4), credentials(7)): given to the child where we had it,
 * never taken from somebody else. Ctrl-Z stops the child's group; we then stop, too, so that the
 * shell above sees a stopped job, and with its fg both go on. Where nobody is above who could
 * continue us (PID 1, an orphaned group), the child is continued at once: the kernel does not let
 * the terminal stop an orphaned group either. */

#include <stdbool.h>
#include <sys/types.h>

/* The terminal whose foreground group is ours: a descriptor among 0-2 (stays whose it was), or
 * /dev/tty; -1: none. To be closed by lc_terminal_close(). */
int lc_terminal_foreground(void);

/* Closes what was opened here; nothing for 0-2 and -1. */
void lc_terminal_close(int terminal);

/* Makes `group` the foreground group of `terminal`, if ours (or `from`) is now. 0 or -errno. */
int lc_terminal_give(int terminal, pid_t group, pid_t from);

/* Somebody above us can continue us after a stop. */
bool lc_terminal_job_control(void);

/* Returns the terminal, as lc_terminal_foreground(), once our group is its foreground group; until
 * then we are stopped as a job. -errno where nobody could bring us there: -EIO our group is
 * orphaned, -ENOTTY. */
int lc_terminal_await_foreground(void);

/* Stops ourselves and our group as a job; returns when continued, or at once where there is no job
 * control. */
void lc_terminal_stop_self(void);

#endif
