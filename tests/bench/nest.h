/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_NEST_H
#define BENCH_NEST_H

/* An init as PID 1 of a PID namespace of its own, with its own /proc: started from C, since a
 * runtime between would be part of what is measured. Whatever fails ends the program. */

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct nest {
    pid_t pid;                        /* the init's, as we see it */
    int in;                           /* the application's stdin: open until nest_end() */
    int out;                          /* what the application writes */
    int err;                          /* the log: a pipe, as a runtime's is */
    const volatile uint64_t *exec_ns; /* just before the init's execve(2); 0: not yet */
};

/* The commands that follow one another in argv, each after a word ":::". */
enum { NEST_PROGRAMS_MAX = 8, NEST_WORDS_MAX = 32 };
struct nest_programs {
    char *argv[NEST_PROGRAMS_MAX][NEST_WORDS_MAX];
    int count;
};

/* CLOCK_MONOTONIC: the same in all namespaces, unless one asks for another (time_namespaces(7)). */
static inline uint64_t nest_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

_Noreturn void nest_fail(const char *what);

void nest_start(struct nest *self, char **argv);
/* The next time that the application wrote down (stamp.c). */
uint64_t nest_read_stamp(const struct nest *self);
/* Waits for the init's end, and says when that was. */
uint64_t nest_end(struct nest *self);

/* `child` is put at the end of each command. */
void nest_programs_parse(struct nest_programs *ret, char **argv, char *child);

#endif
