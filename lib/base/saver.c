/* SPDX-License-Identifier: Apache-2.0 */
#include "base/saver.h"

#include "base/cleanup.h"
#include "base/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Two paths on the stack, and what libc wants: see base/log_ring.c. */
enum { STACK_SIZE = 128 * 1024, BUFFERS = 3, FRESH = 4 };

struct content {
    size_t size;
    char data[LC_SAVER_SIZE_MAX];
};

/* Each of the three buffers belongs to the producer, to the thread, or lies between them; either
 * side takes that one in exchange for its own. */
struct file {
    char *path;
    enum lc_saver_mode mode;
    struct content content[BUFFERS];
    unsigned producers, threads; /* each side's own buffer */
    atomic_uint between;         /* the third, and FRESH where the thread has not taken it yet */
    atomic_int result;
};

struct lc_saver {
    struct file file[LC_SAVER_FILES_MAX];
    int count;
    bool started;
    pthread_t thread;
    sem_t put;             /* one for each lc_saver_put(), and one for `stop` */
    sem_t done;            /* one for each of them that was dealt with */
    atomic_uint requested; /* calls of lc_saver_put() */
    atomic_uint finished;  /* of these, dealt with */
    atomic_bool stop;
};

static int write_all(int fd, const struct content *content)
{
    size_t done = 0;

    while (done < content->size) {
        ssize_t n = write(fd, content->data + done, content->size - done);

        if (n < 0 && errno != EINTR)
            return -errno;
        done += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

static int write_in_place(const char *path, const struct content *content)
{
    LC_CLEANUP_FD int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW);
    int r = fd < 0 ? -errno : write_all(fd, content);

    /* Cut last: whoever reads meanwhile finds something. */
    return r == 0 && ftruncate(fd, (off_t)content->size) < 0 ? -errno : r;
}

static int write_beside(const char *path, const char *beside, const struct content *content)
{
    LC_CLEANUP_FD int fd =
        open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, 0644);
    int r = fd < 0 ? -errno : write_all(fd, content);

    if (r == 0 && fsync(fd) < 0)
        r = -errno;
    if (r == 0 && rename(beside, path) < 0)
        r = -errno;
    if (r < 0 && fd >= 0)
        unlink(beside);
    return r;
}

static int replace(const char *path, const struct content *content)
{
    char beside[PATH_MAX];
    int length = snprintf(beside, sizeof(beside), "%s.new", path);

    return length < 0 || (size_t)length >= sizeof(beside) ? -ENAMETOOLONG
                                                          : write_beside(path, beside, content);
}

static void save(struct file *file)
{
    unsigned taken;
    const struct content *content;

    if (!(atomic_load(&file->between) & FRESH))
        return;
    taken = atomic_exchange(&file->between, file->threads);
    file->threads = taken & ~(unsigned)FRESH;
    content = &file->content[file->threads];
    atomic_store(&file->result, file->mode == LC_SAVER_REPLACE
                                    ? replace(file->path, content)
                                    : write_in_place(file->path, content));
}

static void *run(void *userdata)
{
    struct lc_saver *self = userdata;

    for (;;) {
        unsigned requested;

        while (sem_wait(&self->put) < 0)
            ;
        if (atomic_load(&self->stop))
            return NULL;
        requested = atomic_load(&self->requested);
        for (int i = 0; i < self->count; i++)
            save(&self->file[i]);
        atomic_store(&self->finished, requested);
        sem_post(&self->done);
    }
}

int lc_saver_new(struct lc_saver **ret)
{
    struct lc_saver *self = calloc(1, sizeof(*self));

    if (!self)
        return -ENOMEM;
    sem_init(&self->put, 0, 0);
    sem_init(&self->done, 0, 0);
    *ret = self;
    return 0;
}

static bool is_idle(const struct lc_saver *self)
{
    return atomic_load(&self->finished) == atomic_load(&self->requested);
}

void lc_saver_free(struct lc_saver *self)
{
    if (!self)
        return;
    if (self->started) {
        bool idle = is_idle(self);

        atomic_store(&self->stop, true);
        sem_post(&self->put);
        if (!idle) {
            pthread_detach(self->thread);
            return;
        }
        pthread_join(self->thread, NULL);
    }
    for (int i = 0; i < self->count; i++)
        free(self->file[i].path);
    sem_destroy(&self->put);
    sem_destroy(&self->done);
    free(self);
}

int lc_saver_add(struct lc_saver *self, const char *path, enum lc_saver_mode mode)
{
    struct file *file = &self->file[self->count];

    if (self->count == LC_SAVER_FILES_MAX)
        return -ENOSPC;
    file->path = strdup(path);
    if (!file->path)
        return -ENOMEM;
    file->mode = mode;
    file->producers = 0;
    file->threads = 1;
    atomic_init(&file->between, 2);
    return self->count++;
}

int lc_saver_put(struct lc_saver *self, int file, const void *data, size_t size)
{
    struct file *it = &self->file[file];
    int r;

    if (size > LC_SAVER_SIZE_MAX)
        return -EFBIG;
    if (!self->started) {
        r = lc_thread_start(&self->thread, STACK_SIZE, run, self);
        if (r < 0)
            return r;
        self->started = true;
    }
    memcpy(it->content[it->producers].data, data, size);
    it->content[it->producers].size = size;
    it->producers = atomic_exchange(&it->between, it->producers | FRESH) & ~(unsigned)FRESH;
    atomic_fetch_add(&self->requested, 1);
    sem_post(&self->put);
    return 0;
}

bool lc_saver_wait(struct lc_saver *self, unsigned timeout_msec)
{
    struct timespec end = lc_thread_deadline(timeout_msec);

    while (!is_idle(self))
        if (sem_clockwait(&self->done, CLOCK_MONOTONIC, &end) < 0 && errno != EINTR)
            break;
    return is_idle(self);
}

int lc_saver_result(const struct lc_saver *self, int file)
{
    return atomic_load(&self->file[file].result);
}
