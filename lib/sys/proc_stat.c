/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/proc_stat.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { KERNEL_THREAD = 0x00200000 }; /* PF_KTHREAD in the flags (include/linux/sched.h) */

/* A name may hold anything, ") R 1 (" included; what follows its last ')' is all numbers. */
static const char *parse_name(const char *text, struct lc_proc_stat *ret)
{
    const char *open = strchr(text, '('), *close = strrchr(text, ')');
    size_t length;

    if (!open || !close || close < open)
        return NULL;
    length = (size_t)(close - open - 1);
    if (length > sizeof ret->name - 1)
        length = sizeof ret->name - 1;
    memcpy(ret->name, open + 1, length);
    return close + 1;
}

int lc_proc_stat_parse(const char *text, struct lc_proc_stat *ret)
{
    unsigned flags;
    const char *rest;

    *ret = (struct lc_proc_stat){.pid = 0};
    rest = parse_name(text, ret);
    if (!rest || sscanf(text, "%d", &ret->pid) != 1)
        return -EBADMSG;
    if (sscanf(rest,
               " %c %d"              /* state, ppid */
               " %*d %*d %*d %*d %u" /* pgrp, session, tty_nr, tpgid; flags */
               " %*u %*u %*u %*u"    /* minflt, cminflt, majflt, cmajflt */
               " %*u %*u %*d %*d"    /* utime, stime, cutime, cstime */
               " %*d %*d %u"         /* priority, nice; num_threads */
               " %*d %" SCNu64,      /* itrealvalue; starttime */
               &ret->state, &ret->parent, &flags, &ret->threads, &ret->start) != 5)
        return -EBADMSG;
    ret->kernel_thread = flags & KERNEL_THREAD;
    return 0;
}

int lc_proc_stat_read(int proc_fd, pid_t pid, struct lc_proc_stat *ret)
{
    char path[32], text[1024];
    ssize_t n;

    snprintf(path, sizeof path, "%d/stat", pid);

    LC_CLEANUP_FD int fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return -errno;
    n = read(fd, text, sizeof text - 1);
    if (n < 0)
        return -errno;
    text[n] = '\0';
    return lc_proc_stat_parse(text, ret);
}
