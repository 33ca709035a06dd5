/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log_ring.h"

#include "base/log.h"
#include "base/thread.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The two line buffers that are on the stack at most, and what libc wants: aarch64's
 * PTHREAD_STACK_MIN is as much as this. Only what is touched is resident. */
enum { STACK_SIZE = 128 * 1024 };

static_assert((LC_LOG_RING_SIZE & (LC_LOG_RING_SIZE - 1)) == 0,
              "positions are taken modulo the size, also when they wrap around");

/* Precedes a line in the ring. */
struct record {
    uint64_t lines; /* see lc_log_ring_put() */
    size_t len;
};

/* `head` and `tail` count bytes for ever; a record may wrap around the end. The producer moves
 * `head` when a record is complete, the thread moves `tail` when the line has been written: so
 * empty means written. */
struct lc_log_ring {
    char bytes[LC_LOG_RING_SIZE];
    atomic_size_t head, tail;
    sem_t put;           /* one for each record, and one for `stop` */
    sem_t emptied;       /* posted once for each time that `waiting` was set */
    atomic_bool waiting; /* the producer asks for `emptied` */
    atomic_bool stop;
    bool torn; /* the thread's own: half a line was written, and its newline is missing */
    pthread_t thread;
    int fd;
    atomic_uint_fast64_t *lost;
    lc_log_ring_lost *format_lost;
    void *userdata;
};

static void copy_in(struct lc_log_ring *self, size_t at, const void *data, size_t len)
{
    size_t start = at % LC_LOG_RING_SIZE;
    size_t first = len < LC_LOG_RING_SIZE - start ? len : LC_LOG_RING_SIZE - start;

    memcpy(self->bytes + start, data, first);
    memcpy(self->bytes, (const char *)data + first, len - first);
}

static void copy_out(const struct lc_log_ring *self, size_t at, void *data, size_t len)
{
    size_t start = at % LC_LOG_RING_SIZE;
    size_t first = len < LC_LOG_RING_SIZE - start ? len : LC_LOG_RING_SIZE - start;

    memcpy(data, self->bytes + start, first);
    memcpy((char *)data + first, self->bytes, len - first);
}

/* Blocks as long as it takes: that is what this thread is for. Somebody who shares the descriptor
 * may have made it non-blocking, so EAGAIN is waited for, too. Returns how much was written, which
 * is less than `len` after an error. */
static size_t write_all(int fd, const char *data, size_t len)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = write(fd, data + done, len - done);

        if (n > 0)
            done += (size_t)n;
        else if (n < 0 && errno == EAGAIN)
            poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
        else if (n == 0 || errno != EINTR)
            break;
    }
    return done;
}

/* A full disk takes half a line. Its end is written before the next one, which would be as
 * unreadable else. */
static bool write_line(struct lc_log_ring *self, const char *line, size_t len)
{
    size_t done;

    if (self->torn && write_all(self->fd, "\n", 1) < 1)
        return false;
    done = write_all(self->fd, line, len);
    self->torn = done > 0 && done < len;
    return done == len;
}

static void report_lost(struct lc_log_ring *self, char *buf)
{
    uint64_t count = atomic_exchange(self->lost, 0);

    if (count && !write_line(self, buf, self->format_lost(self->userdata, buf, count)))
        atomic_fetch_add(self->lost, count);
}

static void write_next(struct lc_log_ring *self, char *buf)
{
    size_t tail = atomic_load(&self->tail);
    struct record record;

    copy_out(self, tail, &record, sizeof(record));
    copy_out(self, tail + sizeof(record), buf, record.len);
    if (!write_line(self, buf, record.len))
        atomic_fetch_add(self->lost, record.lines);
    else if (lc_log_ring_used(self) == sizeof(record) + record.len)
        report_lost(self, buf); /* it was the last: nobody else may come and tell */
    atomic_store(&self->tail, tail + sizeof(record) + record.len);
    if (lc_log_ring_used(self) == 0 && atomic_exchange(&self->waiting, false))
        sem_post(&self->emptied);
}

static void *run(void *userdata)
{
    struct lc_log_ring *self = userdata;
    char buf[LC_LOG_LINE_MAX];

    for (;;) {
        while (sem_wait(&self->put) < 0)
            ;
        if (atomic_load(&self->stop))
            return NULL;
        write_next(self, buf);
    }
}

/* All signals are for the event loop. Those that a thread raises itself (SIGPIPE, SIGXFSZ) stay
 * pending in it, unread. */
int lc_log_ring_new(struct lc_log_ring **ret, int fd, atomic_uint_fast64_t *lost,
                    lc_log_ring_lost *format, void *userdata)
{
    struct lc_log_ring *self = calloc(1, sizeof(*self));
    int r;

    if (!self)
        return -ENOMEM;
    self->fd = fd;
    self->lost = lost;
    self->format_lost = format;
    self->userdata = userdata;
    sem_init(&self->put, 0, 0);
    sem_init(&self->emptied, 0, 0);
    r = lc_thread_start(&self->thread, STACK_SIZE, run, self);
    if (r < 0) {
        free(self);
        return r;
    }
    *ret = self;
    return 0;
}

bool lc_log_ring_free(struct lc_log_ring *self)
{
    bool idle = lc_log_ring_used(self) == 0;

    atomic_store(&self->stop, true);
    sem_post(&self->put);
    if (!idle) {
        pthread_detach(self->thread);
        return false;
    }
    pthread_join(self->thread, NULL);
    sem_destroy(&self->put);
    sem_destroy(&self->emptied);
    free(self);
    return true;
}

bool lc_log_ring_put(struct lc_log_ring *self, const char *line, size_t len, uint64_t lines)
{
    struct record record = {.lines = lines, .len = len};
    size_t head = atomic_load(&self->head);

    if (lc_log_ring_used(self) + sizeof(record) + len > LC_LOG_RING_SIZE)
        return false;
    copy_in(self, head, &record, sizeof(record));
    copy_in(self, head + sizeof(record), line, len);
    atomic_store(&self->head, head + sizeof(record) + len);
    sem_post(&self->put);
    return true;
}

size_t lc_log_ring_used(const struct lc_log_ring *self)
{
    size_t tail =
        atomic_load(&self->tail); /* first: it never overtakes a head that is read later */

    return atomic_load(&self->head) - tail;
}

bool lc_log_ring_wait(struct lc_log_ring *self, unsigned timeout_msec)
{
    struct timespec end = lc_thread_deadline(timeout_msec);

    atomic_store(&self->waiting, true);
    while (lc_log_ring_used(self) > 0)
        if (sem_clockwait(&self->emptied, CLOCK_MONOTONIC, &end) < 0 && errno != EINTR)
            break;
    atomic_store(&self->waiting, false); /* one post may be left over: the next wait looks again */
    return lc_log_ring_used(self) == 0;
}
