/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include "base/log_line.h"
#include "base/log_ring.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct lc_log {
    int fd;
    bool direct;                       /* lines are tried here before they go to the ring */
    _Atomic enum lc_log_format format; /* never LC_LOG_AUTO; the ring's thread reads it, too */
    enum lc_log_level level;
    struct lc_log_ring *ring;  /* NULL until a line could not be written at once */
    atomic_uint_fast64_t lost; /* that nobody has been told of */
};

/* A regular file is the thread's alone. RWF_NOWAIT is no help there: before it counts, the kernel
 * takes the lock of the file's position (fdget_pos() in its fs/file.c), and the application, whose
 * open file it is as well, holds that for as long as its own write hangs in a stalled disk. Hence
 * AT_STATX_DONT_SYNC, too: a network file system is not asked. */
static bool is_direct(int fd)
{
    struct statx stx;

    return statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &stx) == 0 &&
           (S_ISFIFO(stx.stx_mode) || S_ISCHR(stx.stx_mode));
}

int lc_log_new(struct lc_log **ret, int fd)
{
    struct lc_log *self = calloc(1, sizeof(*self));

    if (!self)
        return -ENOMEM;
    self->fd = fd;
    self->direct = is_direct(fd);
    lc_log_configure(self, LC_LOG_AUTO, LC_LOG_INFO);
    *ret = self;
    return 0;
}

void lc_log_configure(struct lc_log *self, enum lc_log_format format, enum lc_log_level level)
{
    if (format == LC_LOG_AUTO)
        format = isatty(self->fd) ? LC_LOG_TEXT : LC_LOG_JSON;
    atomic_store(&self->format, format);
    self->level = level;
}

void lc_log_free(struct lc_log *self)
{
    if (!self)
        return;
    if (!self->ring || lc_log_ring_free(self->ring))
        free(self);
}

/* The signal of a write to a closed pipe goes to the thread that wrote. */
static void take_sigpipe(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    (void)sigtimedwait(&set, NULL, &(struct timespec){0});
}

/* Returns what was written, or -errno. */
static ssize_t write_now(struct lc_log *self, const char *line, size_t len)
{
    struct iovec iov = {.iov_base = (char *)(uintptr_t)line, .iov_len = len};
    ssize_t n = pwritev2(self->fd, &iov, 1, -1, RWF_NOWAIT);

    if (n >= 0)
        return n;
    n = -errno;
    if (n == -EPIPE)
        take_sigpipe();
    return n;
}

static size_t format_lost(void *userdata, char *buf, uint64_t count)
{
    struct lc_log *self = userdata;
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return lc_log_line(buf, atomic_load(&self->format), &now, LC_LOG_WARN, "log lines lost",
                       (const struct lc_field[]){LC_INT("count", (int64_t)count), {0}});
}

/* False: without a thread, or where it cannot be had (a limit on processes). */
static bool write_later(struct lc_log *self, const char *line, size_t len, uint64_t lines)
{
    if (!self->ring)
        (void)lc_log_ring_new(&self->ring, self->fd, &self->lost, format_lost, self);
    return self->ring && lc_log_ring_put(self->ring, line, len, lines);
}

/* `lines` as in lc_log_ring_put(). A line never overtakes those in the ring. */
static bool send_line(struct lc_log *self, const char *line, size_t len, uint64_t lines)
{
    bool waiting = self->ring && lc_log_ring_used(self->ring) > 0;
    ssize_t n = self->direct && !waiting ? write_now(self, line, len) : -EAGAIN;

    if (n == (ssize_t)len)
        return true;
    if (n == -EPIPE || n == -EBADF) /* a thread could do no better */
        return false;
    return write_later(self, line + (n > 0 ? n : 0), len - (size_t)(n > 0 ? n : 0), lines);
}

/* Nothing gets through after a loss before a line about it. Once the ring was full, that waits
 * until half of it is free: one line about many, instead of many about one each. */
static bool report_lost(struct lc_log *self)
{
    char line[LC_LOG_LINE_MAX];
    uint64_t count;

    if (atomic_load(&self->lost) == 0)
        return true;
    if (self->ring && lc_log_ring_used(self->ring) > LC_LOG_RING_SIZE / 2)
        return false;
    count = atomic_exchange(&self->lost, 0);
    if (count == 0 || send_line(self, line, format_lost(self, line, count), count))
        return true;
    atomic_fetch_add(&self->lost, count);
    return false;
}

bool lc_log_flush(struct lc_log *self, unsigned timeout_msec)
{
    (void)report_lost(self);
    return !self->ring || lc_log_ring_wait(self->ring, timeout_msec);
}

bool lc_log_enabled(const struct lc_log *self, enum lc_log_level level)
{
    return level >= self->level;
}

void lc_log_write(struct lc_log *self, enum lc_log_level level, const char *msg,
                  const struct lc_field *fields)
{
    char line[LC_LOG_LINE_MAX];
    struct timespec now;
    size_t len;

    if (!lc_log_enabled(self, level))
        return;
    clock_gettime(CLOCK_REALTIME, &now);
    len = lc_log_line(line, atomic_load(&self->format), &now, level, msg, fields);
    if (!report_lost(self) || !send_line(self, line, len, 1))
        atomic_fetch_add(&self->lost, 1);
}
