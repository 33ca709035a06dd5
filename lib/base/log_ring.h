/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_BASE_LOG_RING_H
#define LC_BASE_LOG_RING_H

/* The lines that could not be written at once, and the thread that waits in their stead. One
 * producer (the event loop), one consumer (the thread), no lock between them: the loop never waits
 * for a thread that the scheduler has put aside in a critical section. */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LC_LOG_RING_SIZE = 64 * 1024 }; /* some 300 lines of usual length */

struct lc_log_ring;

/* Writes a line about `count` lost ones into `buf` (LC_LOG_LINE_MAX); called in the thread. */
typedef size_t lc_log_ring_lost(void *userdata, char *buf, uint64_t count);

/* Starts the thread, all signals blocked in it. 0 or -errno. `lost` counts lines that nobody has
 * been told of; the thread adds to it what it fails to write, and tells of it when it is idle. */
int lc_log_ring_new(struct lc_log_ring **ret, int fd, atomic_uint_fast64_t *lost,
                    lc_log_ring_lost *format, void *userdata);
/* Ends the thread and frees, without waiting for a write. False: the thread is stuck in one, and
 * is left behind with the ring and all that was given to lc_log_ring_new(); it ends with the write. */
bool lc_log_ring_free(struct lc_log_ring *self);

/* At most LC_LOG_LINE_MAX bytes, which stand for `lines` lines should they be lost in their turn:
 * 1, or as many as they tell to be lost. False: the ring is full. */
bool lc_log_ring_put(struct lc_log_ring *self, const char *line, size_t len, uint64_t lines);
/* Bytes in use. 0: all that was put has been written, or lost and counted. */
size_t lc_log_ring_used(const struct lc_log_ring *self);
/* Waits for that, at most `timeout_msec`. Called by the producer, as the others are. */
bool lc_log_ring_wait(struct lc_log_ring *self, unsigned timeout_msec);

#endif
