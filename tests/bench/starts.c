/* SPDX-License-Identifier: Apache-2.0 */

/* starts ROUNDS STAMP ::: INIT [ARG...] ::: INIT [ARG...] …
 *
 * Starts each init once a round, as PID 1, in front of STAMP (stamp.c, or `true`, which stamps
 * nothing), each round beginning with another one: what disturbs the machine disturbs all. A line
 * a start: the init's place in the list, and nanoseconds from its exec to its exit and, after
 * stamp.c, from its exec to that of the child and from the child's last act to the init's exit. */

#include "nest.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void start(int index, char **argv, bool stamped)
{
    struct nest nest;
    uint64_t exec_ns, child_ns, exit_ns;

    nest_start(&nest, argv);
    child_ns = stamped ? nest_read_stamp(&nest) : 0;
    exit_ns = nest_end(&nest);
    exec_ns = *nest.exec_ns;
    printf("%d %llu", index, (unsigned long long)(exit_ns - exec_ns));
    if (stamped)
        printf(" %llu %llu", (unsigned long long)(child_ns - exec_ns),
               (unsigned long long)(exit_ns - child_ns));
    puts("");
}

int main(int argc, char **argv)
{
    int rounds = argc > 3 ? atoi(argv[1]) : 0;
    struct nest_programs programs;
    bool stamped;

    if (rounds <= 0) {
        fputs("usage: starts ROUNDS STAMP ::: INIT [ARG...] …\n", stderr);
        return EXIT_FAILURE;
    }
    nest_programs_parse(&programs, argv + 3, argv[2]);
    stamped = strcmp(strrchr(argv[2], '/'), "/stamp") == 0;
    for (int round = 0; round < rounds; round++)
        for (int i = 0; i < programs.count; i++) {
            int index = (round + i) % programs.count;

            start(index, programs.argv[index], stamped);
        }
    return EXIT_SUCCESS;
}
