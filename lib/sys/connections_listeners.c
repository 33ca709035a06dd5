/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/connections_listeners.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BATCH = 256 }; /* descriptors, at about 1 us each */

static void close_fds(struct lc_listeners *self)
{
    if (self->fds)
        closedir(self->fds);
    self->fds = NULL;
}

void lc_listeners_deinit(struct lc_listeners *self)
{
    close_fds(self);
    free(self->list);
    free(self->pids);
    *self = (struct lc_listeners){.list = NULL};
}

int lc_listeners_begin(struct lc_listeners *self, const pid_t *pids, size_t count)
{
    lc_listeners_deinit(self);
    if (count == 0)
        return 0;
    self->pids = reallocarray(NULL, count, sizeof *pids);
    if (!self->pids)
        return -ENOMEM;
    memcpy(self->pids, pids, count * sizeof *pids);
    self->pid_count = count;
    return 0;
}

void lc_listeners_rewind(struct lc_listeners *self)
{
    close_fds(self);
    self->count = self->held = self->pid = self->refused = 0;
}

int lc_listeners_add(struct lc_listeners *self, const struct lc_connection *found)
{
    struct lc_listener *new;

    if (self->count == self->room) {
        size_t room = self->room ? self->room * 2 : 32;
        struct lc_listener *list = NULL;

        if (room > LC_LISTENERS_MAX)
            return -E2BIG;
        list = reallocarray(self->list, room, sizeof *list);
        if (!list)
            return -ENOMEM;
        self->list = list;
        self->room = room;
    }
    new = &self->list[self->count++];
    *new = (struct lc_listener){.port = found->local_port, .inode = found->inode};
    memcpy(new->address, found->local, sizeof new->address);
    return 0;
}

static void mark_held(struct lc_listeners *self, uint32_t inode)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->list[i].inode == inode && !self->list[i].held) {
            self->list[i].held = true;
            self->held++;
        }
}

/* It runs as another user, and we lack CAP_SYS_PTRACE (proc(5)), rather than that it has just ended, or
 * has closed what we were about to look at. */
static bool is_refusal(int error)
{
    return error != 0 && error != ENOENT && error != ESRCH;
}

static void go_to_next(struct lc_listeners *self, int error)
{
    self->refused += is_refusal(error);
    close_fds(self);
    self->pid++;
}

/* False: there is none left. */
static bool open_next(struct lc_listeners *self)
{
    while (!self->fds && self->pid < self->pid_count) {
        char path[32];

        snprintf(path, sizeof path, "/proc/%d/fd", self->pids[self->pid]);
        self->fds = opendir(path);
        if (self->fds)
            break;
        go_to_next(self, errno);
    }
    return self->fds;
}

/* With CAP_DAC_OVERRIDE, which a container's root has, the names are given, and not what they are. */
static int look_at(struct lc_listeners *self, const char *name)
{
    char target[64];
    uint32_t inode;
    ssize_t length;

    if (name[0] == '.')
        return 0;
    length = readlinkat(dirfd(self->fds), name, target, sizeof target - 1);
    if (length < 0)
        return errno;
    target[length] = '\0';
    if (sscanf(target, "socket:[%" SCNu32, &inode) == 1)
        mark_held(self, inode);
    return 0;
}

bool lc_listeners_search(struct lc_listeners *self)
{
    for (int i = 0; i < BATCH; i++) {
        const struct dirent *entry;
        int error;

        if (self->held == self->count || !open_next(self)) {
            close_fds(self);
            return false;
        }
        errno = 0;
        entry = readdir(self->fds);
        error = entry ? look_at(self, entry->d_name) : errno;
        if (!entry || is_refusal(error))
            go_to_next(self, error);
    }
    return true;
}
