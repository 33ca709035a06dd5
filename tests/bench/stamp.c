/* SPDX-License-Identifier: Apache-2.0 */

/* stamp: writes the time (CLOCK_MONOTONIC, 8 bytes of nanoseconds) to stdout and ends: when its
 * exec was done, and nearly when it ended. */

#include "nest.h"

#include <unistd.h>

int main(void)
{
    uint64_t now = nest_now_ns();

    return write(STDOUT_FILENO, &now, sizeof now) != sizeof now;
}
