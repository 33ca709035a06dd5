/* SPDX-License-Identifier: Apache-2.0 */

/* latency ROUNDS PID:FD...: sends SIGUSR1 to each init in turn, and reads from FD when echo.c
 * behind it got it. A line a signal: the init's place in the list, and nanoseconds. */

#include "nest.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PAUSE_USEC = 500 }; /* between signals: each finds an init that sleeps */

static uint64_t latency(const char *target)
{
    int pid, fd;
    uint64_t sent, got;

    if (sscanf(target, "%d:%d", &pid, &fd) != 2)
        nest_fail("PID:FD");
    usleep(PAUSE_USEC);
    sent = nest_now_ns();
    if (kill(pid, SIGUSR1) < 0 || read(fd, &got, sizeof got) != sizeof got)
        nest_fail(target);
    return got - sent;
}

int main(int argc, char **argv)
{
    int rounds = argc > 2 ? atoi(argv[1]) : 0, count = argc - 2;

    if (rounds <= 0) {
        fputs("usage: latency ROUNDS PID:FD...\n", stderr);
        return EXIT_FAILURE;
    }
    for (int round = 0; round < rounds; round++)
        for (int i = 0; i < count; i++) {
            int index = (round + i) % count;

            printf("%d %llu\n", index, (unsigned long long)latency(argv[2 + index]));
        }
    return EXIT_SUCCESS;
}
