/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_TESTS_PROPERTY_LIFE_H
#define LC_TESTS_PROPERTY_LIFE_H

/*
 * A whole life out of a string of bytes: a policy, then events and the passing of time, each step
 * held against the oracle; at last a stop signal, and nobody does anything any more but time: it
 * must come to an exit. Random bytes make tests/property, a fuzzer's bytes tests/fuzz.
 */

#include "core/lifecycle.h"

#include <stdio.h>

struct life {
    const uint8_t *bytes;
    size_t size;
    FILE *story; /* each step in words; NULL: none */

    /* What came of it. */
    unsigned steps;
    unsigned phases;   /* bit i: phase i was seen */
    unsigned forced;   /* lanes */
    const char *wrong; /* NULL: all was well */
};

void life_live(struct life *self);

#endif
