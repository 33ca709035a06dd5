/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/family.h"

#include "base/cleanup.h"
#include "sys/census.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct family {
    pid_t *pids; /* the first is ourselves: each one's children are put behind those there are */
    size_t count;
};

static void add(struct family *self, pid_t pid)
{
    if (self->count <= LC_FAMILY_MAX)
        self->pids[self->count++] = pid;
}

/* "7 12 345 ": all that are in the file. */
static void add_children(struct family *self, int fd)
{
    char text[4096];
    pid_t pid = 0;
    ssize_t n;

    while ((n = read(fd, text, sizeof(text))) > 0) {
        for (ssize_t i = 0; i < n; i++) {
            if (text[i] >= '0' && text[i] <= '9') {
                pid = pid * 10 + (text[i] - '0');
            } else if (pid > 0) {
                add(self, pid);
                pid = 0;
            }
        }
    }
}

/* Each thread has its own children. 0, or -errno where there are no such files. */
static int add_children_of(struct family *self, pid_t pid)
{
    char path[64];
    DIR *tasks;
    const struct dirent *entry;
    int r = 0;

    snprintf(path, sizeof(path), "/proc/%d/task", pid);
    tasks = opendir(path);
    if (!tasks)
        return 0; /* it has just ended */
    while (r == 0 && (entry = readdir(tasks))) {
        LC_CLEANUP_FD int fd = -1;

        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%.16s/children", entry->d_name);
        fd = openat(dirfd(tasks), path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0)
            add_children(self, fd);
        else if (pid == getpid()) /* we are there */
            r = -errno;
    }
    closedir(tasks);
    return r;
}

static int walk(struct family *self)
{
    LC_CLEANUP_FD int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = proc < 0 ? -errno : lc_census_is_our_proc(proc) ? 0 : -ENXIO;

    add(self, getpid());
    for (size_t i = 0; r == 0 && i < self->count; i++)
        r = add_children_of(self, self->pids[i]);
    return r;
}

static int count_all(struct family *self)
{
    __attribute__((__cleanup__(lc_census_deinit))) struct lc_census census = {.proc = NULL};
    int r = lc_census_take(&census, getpid() == 1);

    self->count = 1;
    for (size_t i = 0; r == 0 && i < census.count; i++)
        if (census.all[i].kinship == LC_KINSHIP_OURS && !lc_proc_stat_is_dead(&census.all[i].stat))
            add(self, census.all[i].stat.pid);
    return r;
}

ssize_t lc_family_list(pid_t **ret)
{
    struct family self = {.pids = calloc(LC_FAMILY_MAX + 1, sizeof(pid_t))};
    int r = self.pids ? walk(&self) : -ENOMEM;

    if (r == -ENOENT)
        r = count_all(&self);
    if (r < 0) {
        free(self.pids);
        return r;
    }
    /* Without ourselves. */
    self.count--;
    for (size_t i = 0; i < self.count; i++)
        self.pids[i] = self.pids[i + 1];
    *ret = self.pids;
    return (ssize_t)self.count;
}
