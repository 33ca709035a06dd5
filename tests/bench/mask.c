/* SPDX-License-Identifier: Apache-2.0 */

/* mask ROUNDS STAMP ::: INIT [ARG...] ::: INIT [ARG...] …
 *
 * As starts.c; a line a start: the init's place in the list, and the nanoseconds from its exec until
 * it has SIGTERM blocked or caught. A SIGTERM that comes before is dropped, since a PID 1 is not
 * killed by a signal that it has no handler for (pid_namespaces(7)). */

#include "nest.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static unsigned long long mask_of(const char *status, const char *name)
{
    const char *line = strstr(status, name);

    return line ? strtoull(line + strlen(name), NULL, 16) : 0;
}

/* Either keeps the kernel from dropping it. */
static bool keeps_sigterm(int fd)
{
    const unsigned long long sigterm = 1ull << (SIGTERM - 1);
    char status[4096];
    ssize_t n = pread(fd, status, sizeof status - 1, 0);

    if (n <= 0)
        nest_fail("/proc/PID/status: ended before it blocked SIGTERM");
    status[n] = '\0';
    return (mask_of(status, "\nSigBlk:\t") | mask_of(status, "\nSigCgt:\t")) & sigterm;
}

static uint64_t time_to_mask(char **argv)
{
    struct nest nest;
    uint64_t now;
    char path[64];
    int fd;

    nest_start(&nest, argv);
    snprintf(path, sizeof path, "/proc/%d/status", (int)nest.pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        nest_fail(path);
    while (*nest.exec_ns == 0)
        continue;
    do
        now = nest_now_ns(); /* before the look: what is seen then was so at this time or after */
    while (!keeps_sigterm(fd));
    close(fd);
    nest_read_stamp(&nest);
    nest_end(&nest);
    return now - *nest.exec_ns;
}

int main(int argc, char **argv)
{
    int rounds = argc > 3 ? atoi(argv[1]) : 0;
    struct nest_programs programs;

    if (rounds <= 0) {
        fputs("usage: mask ROUNDS STAMP ::: INIT [ARG...] …\n", stderr);
        return EXIT_FAILURE;
    }
    nest_programs_parse(&programs, argv + 3, argv[2]);
    for (int round = 0; round < rounds; round++)
        for (int i = 0; i < programs.count; i++) {
            int index = (round + i) % programs.count;

            printf("%d %llu\n", index, (unsigned long long)time_to_mask(programs.argv[index]));
        }
    return EXIT_SUCCESS;
}
