/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/census.h"

#include "sys/proc_stat.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { CENSUS_ATTEMPTS = 3 };

void lc_census_deinit(struct lc_census *self)
{
    if (self->proc)
        closedir(self->proc);
    free(self->all);
    *self = (struct lc_census){.proc = NULL};
}

static int census_add(struct lc_census *self, const struct lc_proc_stat *stat)
{
    if (self->count == self->room) {
        size_t room = self->room ? self->room * 2 : 256;
        struct lc_relative *all = reallocarray(self->all, room, sizeof *all);

        if (!all)
            return -ENOMEM;
        self->all = all;
        self->room = room;
    }
    self->all[self->count++] = (struct lc_relative){.stat = *stat};
    return 0;
}

/* A name in /proc that is a PID, or 0. */
static pid_t parse_pid(const char *name)
{
    return *name >= '1' && *name <= '9' ? (pid_t)strtol(name, NULL, 10) : 0;
}

/* A /proc of another PID namespace (bound from the host, or left over by unshare(1)) has other
 * numbers than kill(2). */
bool lc_census_is_our_proc(int proc_fd)
{
    char target[16] = "";

    return readlinkat(proc_fd, "self", target, sizeof target - 1) > 0 &&
           parse_pid(target) == getpid();
}

static int by_pid(const void *a, const void *b)
{
    const struct lc_relative *left = a, *right = b;

    return (left->stat.pid > right->stat.pid) - (left->stat.pid < right->stat.pid);
}

static int census_count(struct lc_census *self)
{
    const struct dirent *entry;

    self->proc = opendir("/proc");
    if (!self->proc)
        return -errno;
    if (!lc_census_is_our_proc(dirfd(self->proc)))
        return -ENOENT;
    while ((entry = readdir(self->proc))) {
        struct lc_proc_stat stat;
        pid_t pid = parse_pid(entry->d_name);

        if (pid == 0 || lc_proc_stat_read(dirfd(self->proc), pid, &stat) < 0 || stat.kernel_thread)
            continue;
        if (census_add(self, &stat) < 0)
            return -ENOMEM;
    }
    if (self->count > 0)
        qsort(self->all, self->count, sizeof *self->all, by_pid);
    return 0;
}

static struct lc_relative *census_find(const struct lc_census *self, pid_t pid)
{
    const struct lc_relative key = {.stat = {.pid = pid}};

    return self->count ? bsearch(&key, self->all, self->count, sizeof key, by_pid) : NULL;
}

/* A parent is never younger than its child, and those who adopt orphans (a subreaper, the
 * namespace's init) are older still: one that is has only got the PID of the real one. */
static struct lc_relative *find_parent(const struct lc_census *self,
                                       const struct lc_relative *child)
{
    struct lc_relative *parent = census_find(self, child->stat.parent);

    return parent && parent->stat.start <= child->stat.start ? parent : NULL;
}

/* Goes up the family tree until somebody knows, then tells everyone on the way. `count` bounds the
 * climb, since what was read at different times might hold a circle. */
static void find_kinship(struct lc_census *self, struct lc_relative *process)
{
    enum lc_kinship kinship = LC_KINSHIP_FOREIGN;
    struct lc_relative *ancestor = process;

    for (size_t steps = 0; steps < self->count; steps++) {
        if (ancestor->kinship != LC_KINSHIP_UNKNOWN || ancestor->stat.parent == getpid()) {
            kinship = ancestor->kinship != LC_KINSHIP_UNKNOWN ? ancestor->kinship : LC_KINSHIP_OURS;
            break;
        }
        struct lc_relative *parent = find_parent(self, ancestor);

        if (!parent) {
            self->torn |= ancestor->stat.parent != 0;
            break;
        }
        ancestor = parent;
    }
    for (; process && process->kinship == LC_KINSHIP_UNKNOWN; process = find_parent(self, process))
        process->kinship = kinship;
}

/* Ourselves first: who is found above us, on the way up from a descendant, is not ours. A descendant
 * may have a lower PID than we, once PIDs have come round. */
static void find_family(struct lc_census *self, bool init)
{
    struct lc_relative *own = census_find(self, getpid());

    if (own)
        own->kinship = LC_KINSHIP_FOREIGN;
    for (size_t i = 0; i < self->count; i++)
        if (init && &self->all[i] != own)
            self->all[i].kinship = LC_KINSHIP_OURS;
        else if (!init)
            find_kinship(self, &self->all[i]);
}

/* A torn census is taken again: the orphan that looked foreign is our child by now. Where parents
 * are hidden (hidepid in proc(5)) it stays torn, so not for ever. */
int lc_census_take(struct lc_census *self, bool init)
{
    int r = -ENOENT;

    for (int attempt = 0; attempt < CENSUS_ATTEMPTS; attempt++) {
        lc_census_deinit(self);
        r = census_count(self);
        if (r < 0)
            break;
        find_family(self, init);
        if (!self->torn)
            break;
    }
    return r;
}
