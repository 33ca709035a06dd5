/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/leftovers.h"

#include "base/cleanup.h"
#include "sys/pidfd.h"
#include "sys/proc_stat.h"
#include "sys/reap.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { CENSUS_ATTEMPTS = 3 };

enum kinship { UNKNOWN, OURS, FOREIGN };

struct process {
    struct lc_proc_stat stat;
    enum kinship kinship;
};

/* All processes that /proc shows, by PID. Not a snapshot: they live on while it is taken. */
struct census {
    DIR *proc;
    struct process *all;
    size_t count, room;
    bool torn; /* somebody's parent had gone before it was its turn */
};

static void census_clear(struct census *self)
{
    if (self->proc)
        closedir(self->proc);
    free(self->all);
    *self = (struct census){.proc = NULL};
}

static int census_add(struct census *self, const struct lc_proc_stat *stat)
{
    if (self->count == self->room) {
        size_t room = self->room ? self->room * 2 : 256;
        struct process *all = reallocarray(self->all, room, sizeof *all);

        if (!all)
            return -ENOMEM;
        self->all = all;
        self->room = room;
    }
    self->all[self->count++] = (struct process){.stat = *stat};
    return 0;
}

/* A name in /proc that is a PID, or 0. */
static pid_t parse_pid(const char *name)
{
    return *name >= '1' && *name <= '9' ? (pid_t)strtol(name, NULL, 10) : 0;
}

/* A /proc of another PID namespace (bound from the host, or left over by unshare(1)) has other
 * numbers than kill(2). */
static bool is_our_proc(int proc_fd)
{
    char target[16] = "";

    return readlinkat(proc_fd, "self", target, sizeof target - 1) > 0 &&
           parse_pid(target) == getpid();
}

static int by_pid(const void *a, const void *b)
{
    const struct process *left = a, *right = b;

    return (left->stat.pid > right->stat.pid) - (left->stat.pid < right->stat.pid);
}

static int census_count(struct census *self)
{
    const struct dirent *entry;

    self->proc = opendir("/proc");
    if (!self->proc)
        return -errno;
    if (!is_our_proc(dirfd(self->proc)))
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

static struct process *census_find(const struct census *self, pid_t pid)
{
    const struct process key = {.stat = {.pid = pid}};

    return self->count ? bsearch(&key, self->all, self->count, sizeof key, by_pid) : NULL;
}

/* A parent is never younger than its child, and those who adopt orphans (a subreaper, the
 * namespace's init) are older still: one that is has only got the PID of the real one. */
static struct process *find_parent(const struct census *self, const struct process *child)
{
    struct process *parent = census_find(self, child->stat.parent);

    return parent && parent->stat.start <= child->stat.start ? parent : NULL;
}

/* Goes up the family tree until somebody knows, then tells everyone on the way. `count` bounds the
 * climb, since what was read at different times might hold a circle. */
static void find_kinship(struct census *self, struct process *process)
{
    enum kinship kinship = FOREIGN;
    struct process *ancestor = process;

    for (size_t steps = 0; steps < self->count; steps++) {
        if (ancestor->kinship != UNKNOWN || ancestor->stat.parent == getpid()) {
            kinship = ancestor->kinship != UNKNOWN ? ancestor->kinship : OURS;
            break;
        }
        struct process *parent = find_parent(self, ancestor);

        if (!parent) {
            self->torn |= ancestor->stat.parent != 0;
            break;
        }
        ancestor = parent;
    }
    for (; process && process->kinship == UNKNOWN; process = find_parent(self, process))
        process->kinship = kinship;
}

/* Ourselves first: who is found above us, on the way up from a descendant, is not ours. A descendant
 * may have a lower PID than we, once PIDs have come round. */
static void find_family(struct census *self, bool init)
{
    struct process *own = census_find(self, getpid());

    if (own)
        own->kinship = FOREIGN;
    for (size_t i = 0; i < self->count; i++)
        if (init && &self->all[i] != own)
            self->all[i].kinship = OURS;
        else if (!init)
            find_kinship(self, &self->all[i]);
}

/* A torn census is taken again: the orphan that looked foreign is our child by now. Where parents
 * are hidden (hidepid in proc(5)) it stays torn, so not for ever. */
static int census_take(struct census *self, bool init)
{
    int r = -ENOENT;

    for (int attempt = 0; attempt < CENSUS_ATTEMPTS; attempt++) {
        census_clear(self);
        r = census_count(self);
        if (r < 0)
            break;
        find_family(self, init);
        if (!self->torn)
            break;
    }
    return r;
}

/* Between the census and the signal the process may have ended, and its PID be another's: the pidfd
 * holds on to whoever has it now, and the time of its start tells who that is. */
static int deliver(const struct census *census, const struct process *process, int signal,
                   bool wake)
{
    pid_t pid = process->stat.pid;
    LC_CLEANUP_FD int pidfd = lc_pidfd_open(pid);
    struct lc_proc_stat now;
    int r;

    if (pidfd == -ESRCH || lc_proc_stat_read(dirfd(census->proc), pid, &now) < 0 ||
        now.start != process->stat.start)
        return -ESRCH;
    r = lc_pidfd_signal(pidfd, pid, signal);
    /* Every signal but SIGKILL waits in a stopped process until it is continued. */
    if (r == 0 && wake && now.state == 'T')
        lc_pidfd_signal(pidfd, pid, SIGCONT);
    return r;
}

static void note_example(struct lc_leftovers *ret, const struct process *process)
{
    ret->example = process->stat.pid;
    memcpy(ret->example_name, process->stat.name, sizeof ret->example_name);
}

static void tally(const struct census *census, const struct process *process, int signal, bool wake,
                  struct lc_leftovers *ret)
{
    unsigned *kind;

    if (lc_proc_stat_is_dead(&process->stat)) {
        if (process->stat.parent == getpid())
            return; /* ours to reap */
        kind = &ret->zombies;
    } else {
        int r = deliver(census, process, signal, wake);

        if (r == -ESRCH)
            return;
        kind = r == 0 ? &ret->alive : &ret->refused;
    }
    if (++*kind == 1 && (kind == &ret->alive || ret->example == 0))
        note_example(ret, process);
}

/* Spares a look at /proc where nobody is left, as mostly. Every descendant has an ancestor among our
 * children; in an init's namespace there may be others, and kill(2) with -1 finds any but us. */
static bool has_candidates(bool init)
{
    return init ? kill(-1, 0) == 0 || errno != ESRCH : lc_reap_has_children();
}

int lc_leftovers_signal(int signal, struct lc_leftovers *ret)
{
    __attribute__((__cleanup__(census_clear))) struct census census = {.proc = NULL};
    bool init = getpid() == 1, wake = signal != 0 && signal != SIGKILL;
    int r;

    *ret = (struct lc_leftovers){.alive = 0};
    if (!has_candidates(init))
        return 0;
    r = census_take(&census, init);
    /* To all at one moment: nobody slips through by forking. Counted before, for the log. */
    if (init && signal != 0)
        kill(-1, signal);
    if (r < 0) {
        ret->alive = lc_reap_has_children();
        return init || ret->alive == 0 ? 0 : r;
    }
    for (size_t i = 0; i < census.count; i++)
        if (census.all[i].kinship == OURS)
            tally(&census, &census.all[i], init ? 0 : signal, wake, ret);
    if (ret->alive == 0 && ret->refused == 0 && lc_reap_has_children())
        ret->alive = 1; /* not reaped yet, or hidden from us */
    return 0;
}
