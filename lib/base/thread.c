/* SPDX-License-Identifier: Apache-2.0 */
#include "base/thread.h"

#include "base/mask.h"

#include <errno.h>
#include <semaphore.h>

enum { LIBC_CANCEL = 32 }; /* glibc's SIGCANCEL: not to be had from sigaction(3) */

/* The kernel's own structure, whose first word is the handler; large enough on any architecture. */
struct disposition {
    uintptr_t words[8];
};

struct start {
    void *(*run)(void *argument);
    void *argument;
    sem_t blocked; /* its signals are */
};

static void block_all(uint64_t *ret_old)
{
    const uint64_t all = LC_MASK_ALL;

    lc_mask_change(SIG_SETMASK, &all, ret_old);
}

static void change_cancel(const struct disposition *new, struct disposition *ret_old)
{
    syscall(SYS_rt_sigaction, LIBC_CANCEL, new, ret_old, LC_MASK_SIZE);
}

static void *begin(void *argument)
{
    struct start *start = argument, own = *start;

    block_all(NULL);
    sem_post(&start->blocked); /* from here on *start may be gone */
    return own.run(own.argument);
}

static int create(pthread_t *ret, size_t stack_bytes, struct start *start)
{
    pthread_attr_t attributes;
    int r = pthread_attr_init(&attributes);

    if (r != 0)
        return -r;
    /* aarch64 needs 128 KiB at the least; refused, the libc's own size has to do. */
    (void)pthread_attr_setstacksize(&attributes, stack_bytes);
    r = pthread_create(ret, &attributes, begin, start);
    pthread_attr_destroy(&attributes);
    return -r;
}

int lc_thread_start(pthread_t *ret, size_t stack_bytes, void *(*run)(void *argument),
                    void *argument)
{
    const struct disposition ignore = {.words = {(uintptr_t)SIG_IGN}};
    struct start start = {.run = run, .argument = argument};
    struct disposition old;
    uint64_t mask;
    int r;

    sem_init(&start.blocked, 0, 0);
    block_all(&mask);
    change_cancel(&ignore, &old);
    r = create(ret, stack_bytes, &start);
    while (r == 0 && sem_wait(&start.blocked) < 0 && errno == EINTR)
        continue;
    lc_mask_change(SIG_SETMASK, &mask, NULL);
    change_cancel(&old, NULL);
    sem_destroy(&start.blocked);
    return r;
}

struct timespec lc_thread_deadline(unsigned msec)
{
    struct timespec end;

    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += msec / 1000;
    end.tv_nsec += (long)(msec % 1000) * 1000000;
    if (end.tv_nsec >= 1000000000) {
        end.tv_sec++;
        end.tv_nsec -= 1000000000;
    }
    return end;
}
