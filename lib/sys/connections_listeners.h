/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_SYS_CONNECTIONS_LISTENERS_H
#define LC_SYS_CONNECTIONS_LISTENERS_H

/* The listening sockets of the network namespace, and which of them given processes hold: the same
 * inode is in the kernel's list of sockets and in /proc/PID/fd. Others listen here as well: a mesh's
 * proxy, the pod's other containers. */

#include "sys/connections_class.h"

#include <dirent.h>
#include <stddef.h>
#include <sys/types.h>

enum { LC_LISTENERS_MAX = 4096 };

struct lc_listener {
    uint8_t address[LC_ADDRESS_SIZE];
    uint16_t port;
    bool held; /* by one of the processes */
    uint32_t inode;
};

struct lc_listeners {
    struct lc_listener *list;
    size_t count, room;
    size_t held;

    pid_t *pids; /* whose descriptors are to be looked through */
    size_t pid_count, pid;
    DIR *fds;       /* of pids[pid], while that goes on */
    size_t refused; /* processes that could not be looked into */
};

/* Enough for {0} to be an empty list. */
void lc_listeners_deinit(struct lc_listeners *self);

/* An empty list; `pids` are copied. 0 or -ENOMEM. */
int lc_listeners_begin(struct lc_listeners *self, const pid_t *pids, size_t count);
/* Forgets what listened, not the processes. */
void lc_listeners_rewind(struct lc_listeners *self);
/* 0, -ENOMEM, or -E2BIG beyond LC_LISTENERS_MAX. */
int lc_listeners_add(struct lc_listeners *self, const struct lc_connection *found);

/* Looks at some hundred descriptors more. False: done, each listener's `held` is final. A process
 * has a hundred thousand of them, so that all at once would hold the caller for a tenth of a second.
 * Where every listener has got its holder, the rest is left. */
bool lc_listeners_search(struct lc_listeners *self);

#endif
