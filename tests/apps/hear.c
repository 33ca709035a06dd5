/* SPDX-License-Identifier: Apache-2.0 */

/* hear: blocks all 64 signals, says "up PID", and for each that comes
 *
 *     got NUMBER CODE SENDER UID VALUE
 *
 * as siginfo_t has them, in the order in which the kernel delivers them. Exits with 0 at SIGTERM. */

#include "base/mask.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
    const uint64_t all = LC_MASK_ALL;
    siginfo_t info = {.si_signo = 0};

    if (lc_mask_change(SIG_SETMASK, &all, NULL) < 0) {
        perror("hear: rt_sigprocmask");
        return EXIT_FAILURE;
    }
    setvbuf(stdout, NULL, _IOLBF, 0); /* a line is one write */
    printf("up %d\n", getpid());
    while (info.si_signo != SIGTERM) {
        if (syscall(SYS_rt_sigtimedwait, &all, &info, NULL, LC_MASK_SIZE) >= 0)
            printf("got %d %d %d %u %d\n", info.si_signo, info.si_code, info.si_pid, info.si_uid,
                   info.si_value.sival_int);
        else if (errno != EINTR) { /* after a SIGSTOP and SIGCONT (signal(7)) */
            perror("hear: rt_sigtimedwait");
            return EXIT_FAILURE;
        }
    }
    return EXIT_SUCCESS;
}
