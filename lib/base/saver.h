/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_BASE_SAVER_H
#define LC_BASE_SAVER_H

/*
 * Small files, written by a thread: a disk that stalls holds up nobody but the thread. The newest
 * content wins: what has not been written when newer content comes never will be. No lock lies
 * between the producer (the event loop) and the thread, see base/log_ring.h.
 */

#include <stdbool.h>
#include <stddef.h>

enum { LC_SAVER_FILES_MAX = 2, LC_SAVER_SIZE_MAX = 8 * 1024 };

enum lc_saver_mode {
    LC_SAVER_IN_PLACE, /* for a file that is a mount of its own and cannot be replaced, such as
                          /dev/termination-log. It is not created */
    LC_SAVER_REPLACE,  /* a new file beside it, synced, then renamed: who reads sees the old content
                          or the new one, whenever we or the machine stop */
};

struct lc_saver;

/* Nothing runs before the first lc_saver_put(). 0 or -ENOMEM. */
int lc_saver_new(struct lc_saver **ret);
/* Without waiting for a write: a thread that is stuck in one is left behind with its memory, and
 * ends with it. NULL is allowed. */
void lc_saver_free(struct lc_saver *self);

/* Returns the file's number for lc_saver_put(), or -ENOSPC, -ENOMEM. `path` is copied. */
int lc_saver_add(struct lc_saver *self, const char *path, enum lc_saver_mode mode);

/* At most LC_SAVER_SIZE_MAX bytes. 0; -EFBIG; -errno where no thread can be had. */
int lc_saver_put(struct lc_saver *self, int file, const void *data, size_t size);

/* Waits until all has been written or has failed, at most so long. */
bool lc_saver_wait(struct lc_saver *self, unsigned timeout_msec);

/* Of the last write that ended: 0 or -errno. */
int lc_saver_result(const struct lc_saver *self, int file);

#endif
