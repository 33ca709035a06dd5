/* SPDX-License-Identifier: Apache-2.0 */

/* orphans N: leaves N orphans behind, as fast as it can, for init to reap; each ends at once with
 * exit code 0. Returns when all have been made. */

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ORPHANS_PER_PARENT = 64 };

/* A fork may fail where the process limit is reached: init frees room as it reaps. */
static pid_t fork_patiently(void)
{
    for (;;) {
        pid_t pid = fork();

        if (pid >= 0)
            return pid;
        usleep(1000);
    }
}

_Noreturn static void be_parent(long count)
{
    while (count-- > 0)
        if (fork_patiently() == 0)
            _exit(EXIT_SUCCESS);
    _exit(EXIT_SUCCESS);
}

int main(int argc, char **argv)
{
    long left = argc == 2 ? strtol(argv[1], NULL, 10) : 0;

    if (left <= 0) {
        fputs("usage: orphans N\n", stderr);
        return EXIT_FAILURE;
    }
    while (left > 0) {
        long count = left < ORPHANS_PER_PARENT ? left : ORPHANS_PER_PARENT;
        pid_t parent = fork_patiently();

        if (parent == 0)
            be_parent(count);
        waitpid(parent, NULL, 0);
        left -= count;
    }
    return EXIT_SUCCESS;
}
