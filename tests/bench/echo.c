/* SPDX-License-Identifier: Apache-2.0 */

/* echo: writes the time (8 bytes of nanoseconds) to stdout when it is ready, and then for each
 * SIGUSR1, until SIGTERM. */

#include "nest.h"

#include <signal.h>
#include <unistd.h>

int main(void)
{
    sigset_t set;
    int number = 0;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    while (number != SIGTERM) {
        uint64_t now = nest_now_ns();

        if (write(STDOUT_FILENO, &now, sizeof now) != sizeof now)
            return 1;
        sigwait(&set, &number);
    }
    return 0;
}
