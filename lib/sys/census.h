/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_SYS_CENSUS_H
#define LC_SYS_CENSUS_H

/* Who is ours among the processes that /proc shows: as PID 1 every one of the namespace; else our own
 * descendants. */

#include "sys/proc_stat.h"

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>

enum lc_kinship { LC_KINSHIP_UNKNOWN, LC_KINSHIP_OURS, LC_KINSHIP_FOREIGN };

struct lc_relative {
    struct lc_proc_stat stat;
    enum lc_kinship kinship;
};

/* By PID. Not a snapshot: they live on while it is taken. */
struct lc_census {
    DIR *proc;
    struct lc_relative *all;
    size_t count, room;
    bool torn; /* somebody's parent had gone before it was its turn */
};

/* `self` is {0} or an older census; `init`: we are PID 1. 0, -ENOENT where /proc is not ours, or
 * another -errno; *self is to be deinitialised in any case. Never blocks. */
int lc_census_take(struct lc_census *self, bool init);
void lc_census_deinit(struct lc_census *self);

/* Whether the directory `proc_fd` has our own numbers. */
bool lc_census_is_our_proc(int proc_fd);

#endif
