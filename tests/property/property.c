/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random policies and random lives, held against the oracle. The seed is printed; with --seed the
 * same lives are lived again, and the story of one that goes wrong is told.
 *
 *     property [--seed N] [--runs N]
 */
#include "life.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BYTES = 600 };

struct tally {
    uint64_t lives, steps, forced;
    uint64_t phases[LC_PHASE_COUNT];
};

/* splitmix64: small, and the same everywhere. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static const char *live(uint64_t seed, FILE *story, struct tally *tally)
{
    uint8_t bytes[BYTES];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(next_random(&seed) >> 32);
    struct life life = {
        .bytes = bytes, .size = (size_t)(next_random(&seed) % BYTES), .story = story};
    life_live(&life);
    tally->lives++;
    tally->steps += life.steps;
    tally->forced += life.forced;
    for (size_t i = 0; i < LC_PHASE_COUNT; i++)
        tally->phases[i] += life.phases >> i & 1;
    return life.wrong;
}

static uint64_t number(const char *text)
{
    char *end = NULL;

    errno = 0;
    uint64_t value = strtoull(text, &end, 10);
    if (errno || *end) {
        fprintf(stderr, "property: not a number: %s\n", text);
        exit(2);
    }
    return value;
}

int main(int argc, char **argv)
{
    struct timespec now;
    struct tally tally = {0};
    uint64_t runs = 100000;

    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t seed = (uint64_t)now.tv_sec * 1000003 ^ (uint64_t)now.tv_nsec;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--seed") == 0)
            seed = number(argv[i + 1]);
        else if (strcmp(argv[i], "--runs") == 0)
            runs = number(argv[i + 1]);
    }
    printf("1..1\n# seed %llu\n", (unsigned long long)seed);
    fflush(stdout);
    for (uint64_t i = 0; i < runs; i++) {
        const char *wrong = live(seed + i, NULL, &tally);

        if (wrong) {
            printf("# in the life of seed %llu: %s\n", (unsigned long long)(seed + i), wrong);
            live(seed + i, stdout, &tally);
            printf("not ok 1 - every life keeps to the invariants and comes to an exit\n");
            return EXIT_FAILURE;
        }
    }
    printf("# %llu lives, %llu steps, %llu lanes killed\n", (unsigned long long)tally.lives,
           (unsigned long long)tally.steps, (unsigned long long)tally.forced);
    /* A test in which hardly a life got anywhere would be green too. */
    bool all_phases = true;
    for (size_t i = 0; i < LC_PHASE_COUNT; i++) {
        printf("# %llu lives were %s\n", (unsigned long long)tally.phases[i],
               lc_phase_name((enum lc_phase)i));
        all_phases = all_phases && tally.phases[i] >= runs / 200;
    }
    printf("%sok 1 - every life keeps to the invariants and comes to an exit\n",
           all_phases ? "" : "not ");
    return all_phases ? EXIT_SUCCESS : EXIT_FAILURE;
}
