/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_BASE_MASK_H
#define LC_BASE_MASK_H

/* The signal mask as the kernel has it: 64 bits, bit N-1 is signal N. Past the C library, which
 * hides its own two or three signals (32 to 34) from sigprocmask(3): an inherited block of those
 * would get lost on its way to the child. */

#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LC_MASK_ALL    UINT64_MAX
#define LC_MASK_OF(nr) (UINT64_C(1) << ((nr)-1))
#define LC_MASK_SIZE   (sizeof(uint64_t)) /* what the kernel calls sigsetsize */

/* `how` as for sigprocmask(2); either may be NULL. For the calling thread alone. Returns 0 or -1
 * with errno. Async-signal-safe. */
static inline int lc_mask_change(int how, const uint64_t *mask, uint64_t *ret_old)
{
    return (int)syscall(SYS_rt_sigprocmask, how, mask, ret_old, LC_MASK_SIZE);
}

#endif
