/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/signals.h"

#include "base/cleanup.h"
#include "base/mask.h"
#include "base/thread.h"
#include "sys/entry.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/signalfd.h>

enum {
    THREAD_STACK_BYTES = 64 * 1024,
    PENDING_MAX = 128, /* records that an empty pipe of one page holds; the rest stays pending */
};
_Static_assert(PENDING_MAX * sizeof(struct lc_signal) <= 4096, "a pipe holds a page at the least");

void lc_signal_state_read(struct lc_signal_state *ret)
{
    struct sigaction chld;

    *ret = (struct lc_signal_state){.mask = lc_entry_mask};
    if (ret->mask == LC_ENTRY_MASK_UNKNOWN)
        lc_mask_change(SIG_SETMASK, NULL, &ret->mask);
    ret->chld_ignored = sigaction(SIGCHLD, NULL, &chld) == 0 && chld.sa_handler == SIG_IGN;
}

/* Only where it is not the default already: sigaction(2) throws away a SIGCHLD that waits. */
static int unignore_chld(void)
{
    struct sigaction chld;

    if (sigaction(SIGCHLD, NULL, &chld) < 0)
        return -errno;
    if (chld.sa_handler == SIG_DFL)
        return 0;
    return sigaction(SIGCHLD, &(struct sigaction){.sa_handler = SIG_DFL}, NULL) < 0 ? -errno : 0;
}

/*
 * The fallback: a thread that waits for signals and writes them down.
 */

/* si_pid is a field of a union: a POSIX timer's signal has something else in its place. */
static bool has_sender(const siginfo_t *info)
{
    return info->si_code == SI_USER || info->si_code == SI_QUEUE || info->si_code == SI_TKILL ||
           info->si_signo == SIGCHLD;
}

static struct lc_signal signal_of(const siginfo_t *info)
{
    bool sender = has_sender(info);

    return (struct lc_signal){
        .number = info->si_signo,
        .code = info->si_code,
        .pid = sender ? info->si_pid : 0,
        .uid = sender ? info->si_uid : 0,
    };
}

/* lc_signals_deinit() calls the thread back with a signal that only our own process can send. */
static bool is_farewell(const struct lc_signal *signal)
{
    return signal->number == SIGURG && signal->code == SI_TKILL && signal->pid == getpid();
}

/* The next one, or -errno: -EAGAIN when the timeout (NULL: none) is over. */
static int wait_for_signal(struct lc_signal *ret, const struct timespec *timeout)
{
    const uint64_t all = LC_MASK_ALL;
    siginfo_t info;
    long r;

    do
        r = syscall(SYS_rt_sigtimedwait, &all, &info, timeout, LC_MASK_SIZE);
    while (r < 0 && errno == EINTR); /* after a SIGSTOP and SIGCONT (signal(7)) */
    if (r < 0)
        return -errno;
    *ret = signal_of(&info);
    return 0;
}

static int write_record(int fd, const struct lc_signal *signal)
{
    return write(fd, signal, sizeof *signal) < 0 ? -errno : 0;
}

/* Its end of the pipe blocks: while the reader is behind, the kernel's queue keeps the rest. */
static void *feed(void *argument)
{
    LC_CLEANUP_FD int fd = (int)(intptr_t)argument;
    struct lc_signal signal;

    while (wait_for_signal(&signal, NULL) == 0 && !is_farewell(&signal) &&
           write_record(fd, &signal) == 0)
        continue;
    return NULL;
}

/* What came before us can be read as soon as lc_signals_init() returns, as from a signalfd, and not
 * when the thread comes to it: a stop signal that waits already means that nothing is started. */
static int feed_pending(int fd)
{
    const struct timespec no_wait = {.tv_sec = 0};
    struct lc_signal signal;
    int r = 0;

    for (int i = 0; r == 0 && i < PENDING_MAX; i++) {
        r = wait_for_signal(&signal, &no_wait);
        if (r == 0)
            r = write_record(fd, &signal);
    }
    return r == -EAGAIN ? 0 : r;
}

static int init_threaded(struct lc_signals *self)
{
    int ends[2], r;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;

    LC_CLEANUP_FD int reader = ends[0];
    LC_CLEANUP_FD int writer = ends[1];

    if (fcntl(reader, F_SETFL, O_NONBLOCK) < 0)
        return -errno;
    r = feed_pending(writer);
    if (r == 0)
        r = lc_thread_start(&self->thread, THREAD_STACK_BYTES, feed, (void *)(intptr_t)writer);
    if (r < 0)
        return r;
    lc_steal_fd(&writer); /* the thread's now */
    self->fd = lc_steal_fd(&reader);
    self->threaded = true;
    return 0;
}

static int init_signalfd(struct lc_signals *self)
{
    const uint64_t all = LC_MASK_ALL;

    self->fd =
        (int)syscall(SYS_signalfd4, -1, &all, LC_MASK_SIZE, (int)(SFD_CLOEXEC | SFD_NONBLOCK));
    return self->fd < 0 ? -errno : 0;
}

int lc_signals_init(struct lc_signals *self)
{
    const uint64_t all = LC_MASK_ALL;
    int r;

    *self = (struct lc_signals){.fd = -1};
    if (lc_mask_change(SIG_SETMASK, &all, NULL) < 0)
        return -errno;
    r = unignore_chld();
    if (r < 0)
        return r;
    r = init_signalfd(self);
    return r == -ENOSYS || r == -EPERM ? init_threaded(self) : r;
}

void lc_signals_deinit(struct lc_signals *self)
{
    if (self->fd < 0)
        return;
    close(self->fd); /* a thread that waits for room in the pipe gets EPIPE */
    if (self->threaded) {
        pthread_kill(self->thread, SIGURG);
        pthread_join(self->thread, NULL);
    }
    *self = (struct lc_signals){.fd = -1};
}

/* As many whole records as there are; neither source sends part of one. Their number, or -errno. */
static int read_records(int fd, void *records, size_t size)
{
    ssize_t n;

    do
        n = read(fd, records, size * LC_SIGNALS_BATCH);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN ? 0 : -errno;
    return n == 0 ? -EIO : (int)((size_t)n / size); /* the thread never closes its end first */
}

static int read_signalfd(int fd, struct lc_signal *ret)
{
    struct signalfd_siginfo info[LC_SIGNALS_BATCH];
    int count = read_records(fd, info, sizeof *info);

    for (int i = 0; i < count; i++)
        ret[i] = (struct lc_signal){
            .number = (int)info[i].ssi_signo,
            .code = info[i].ssi_code,
            .pid = (pid_t)info[i].ssi_pid,
            .uid = info[i].ssi_uid,
        };
    return count;
}

/* What write(2) does to the writer to a closed pipe or socket, or to a file at RLIMIT_FSIZE. */
static bool is_of_own_write(const struct lc_signal *signal)
{
    return (signal->number == SIGPIPE || signal->number == SIGXFSZ) && signal->code == SI_USER &&
           signal->pid == getpid();
}

static int fill(struct lc_signals *self)
{
    int count = self->threaded ? read_records(self->fd, self->batch, sizeof *self->batch)
                               : read_signalfd(self->fd, self->batch);

    self->next = 0;
    self->count = count > 0 ? (unsigned)count : 0;
    self->drained = count < LC_SIGNALS_BATCH;
    return count;
}

static int next_signal(struct lc_signals *self, struct lc_signal *ret)
{
    int r = 1;

    if (self->next == self->count) {
        r = self->drained ? 0 : fill(self);
        self->drained = self->drained && r > 0;
    }
    if (r > 0)
        *ret = self->batch[self->next++];
    return r > 0 ? 1 : r;
}

int lc_signals_read(struct lc_signals *self, struct lc_signal *ret)
{
    int r;

    do
        r = next_signal(self, ret);
    while (r > 0 && is_of_own_write(ret));
    return r;
}
