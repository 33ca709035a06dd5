/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_BASE_THREAD_H
#define LC_BASE_THREAD_H

/* A thread that takes no signal, all 64 of them counted.
 *
 * glibc makes holes in that: its first pthread_create(3) unblocks its two own signals, 32 and 33,
 * in the caller, and every new thread starts with 32 unblocked (nptl/pthread_create.c). A signal 32
 * from outside would then end the process. */

#include <pthread.h>
#include <stddef.h>
#include <time.h>

/* Starts run(argument) with a stack of that size, where the libc allows one so small. When it
 * returns, all signals are blocked in the new thread, and the caller's mask is what it was; only a
 * signal 32 that comes at this very moment is lost. 0 or -errno. */
int lc_thread_start(pthread_t *ret, size_t stack_bytes, void *(*run)(void *argument),
                    void *argument);

/* So many milliseconds from now on CLOCK_MONOTONIC, as sem_clockwait(3) wants it. */
struct timespec lc_thread_deadline(unsigned msec);

#endif
