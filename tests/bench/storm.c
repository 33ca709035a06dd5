/* SPDX-License-Identifier: Apache-2.0 */

/* storm ORPHANS: on a byte from stdin, leaves so many orphans for init to reap, who die a hundred
 * at a time, and watches each until it is gone. Then writes the longest and the median time that
 * one was a zombie (nanoseconds), and ends with stdin. */

#include "nest.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BURST = 100 };

/* Shared with the orphans, who cannot say when they died once they have. */
struct orphan {
    pid_t pid;
    volatile uint64_t died_ns; /* about: the last thing that it does */
};

static pid_t fork_surely(void)
{
    pid_t pid = fork();

    if (pid < 0)
        nest_fail("fork");
    return pid;
}

/* The gate opens when its last writer has closed it. */
_Noreturn static void be_orphan(struct orphan *self, const int gate[2])
{
    char byte;

    close(gate[1]);
    (void)!read(gate[0], &byte, 1);
    self->died_ns = nest_now_ns();
    _exit(EXIT_SUCCESS);
}

static void make_burst(struct orphan *orphans, const int gate[2])
{
    for (int i = 0; i < BURST; i++) {
        pid_t pid;

        orphans[i].died_ns = 0;
        pid = fork_surely();
        if (pid == 0)
            be_orphan(&orphans[i], gate);
        orphans[i].pid = pid;
    }
}

static void make_orphans(struct orphan *orphans)
{
    int gate[2];
    pid_t parent;

    if (pipe(gate) < 0)
        nest_fail("pipe");
    parent = fork_surely();
    if (parent == 0) {
        make_burst(orphans, gate);
        _exit(EXIT_SUCCESS);
    }
    if (waitpid(parent, NULL, 0) != parent)
        nest_fail("waitpid");
    close(gate[0]);
    close(gate[1]);
}

/* A zombie can still be sent a signal; nobody else gets its PID while it is one. */
static int watch(struct orphan *orphans, uint64_t *lives)
{
    int gone = 0;

    for (int i = 0; i < BURST; i++) {
        if (orphans[i].pid == 0 || orphans[i].died_ns == 0)
            continue;
        if (kill(orphans[i].pid, 0) == 0 || errno != ESRCH)
            continue;
        lives[gone++] = nest_now_ns() - orphans[i].died_ns;
        orphans[i].pid = 0;
    }
    sched_yield();
    return gone;
}

static int by_length(const void *a, const void *b)
{
    const uint64_t *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

int main(int argc, char **argv)
{
    int bursts = argc == 2 ? atoi(argv[1]) / BURST : 0;
    size_t count = (size_t)bursts * BURST, gone = 0;
    uint64_t *lives = calloc(count, sizeof *lives);
    struct orphan *orphans = mmap(NULL, BURST * sizeof *orphans, PROT_READ | PROT_WRITE,
                                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    char byte;

    if (count == 0 || !lives || orphans == MAP_FAILED)
        nest_fail("usage: storm ORPHANS (a multiple of 100)");
    (void)!read(STDIN_FILENO, &byte, 1);
    for (int burst = 0; burst < bursts; burst++) {
        make_orphans(orphans);
        for (int left = BURST; left > 0;) {
            int now_gone = watch(orphans, lives + gone);

            gone += (size_t)now_gone;
            left -= now_gone;
        }
    }
    qsort(lives, count, sizeof *lives, by_length);
    printf("%llu %llu\n", (unsigned long long)lives[count - 1],
           (unsigned long long)lives[count / 2]);
    fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0)
        continue;
    return EXIT_SUCCESS;
}
