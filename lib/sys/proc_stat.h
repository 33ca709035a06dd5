/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_SYS_PROC_STAT_H
#define LC_SYS_PROC_STAT_H

/* /proc/PID/stat (proc(5)). The one file about a process that can always be read: cmdline and its
 * kin wait for the lock of a process's memory, which one in uninterruptible sleep may hold. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct lc_proc_stat {
    pid_t pid;
    pid_t parent; /* 0: outside our PID namespace */
    char state;   /* R, S, D, T (stopped), Z (zombie) … */
    unsigned threads;
    bool kernel_thread;
    uint64_t start; /* clock ticks since boot; with the PID it tells a process from its successor */
    char name[16];
};

/* `text` is changed nowhere. 0 or -EBADMSG. */
int lc_proc_stat_parse(const char *text, struct lc_proc_stat *ret);

/* `proc_fd`: the directory /proc. 0 or -errno; -ENOENT or -ESRCH: it has gone. */
int lc_proc_stat_read(int proc_fd, pid_t pid, struct lc_proc_stat *ret);

/* It has ended. A leader that has ended before its threads is shown as a zombie, too, but runs. */
static inline bool lc_proc_stat_is_dead(const struct lc_proc_stat *self)
{
    return self->state == 'X' || (self->state == 'Z' && self->threads <= 1);
}

#endif
