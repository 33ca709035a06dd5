/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_DRIVE_CLOCK_H
#define LC_DRIVE_CLOCK_H

#include "core/lifecycle.h"

#include <time.h>

/* The lifecycle's clock: CLOCK_MONOTONIC, which no clock step touches. */

static inline uint64_t lc_clock_usec(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail: the clock exists, the pointer is ours */
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* What the processor has done for us: does not go on while others have it. */
static inline uint64_t lc_clock_cpu_usec(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Rounded up: what begins at a time that was rounded so never ends before its time. */
static inline lc_msec lc_clock_msec(void)
{
    return (lc_clock_usec() + 999) / 1000;
}

#endif
