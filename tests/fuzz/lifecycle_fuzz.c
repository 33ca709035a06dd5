/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Any bytes as a life: a policy, then events and the passing of time. The oracle of tests/property
 * says whether it went as it must; see life.h.
 */

#include "fuzz.h"

#include "life.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct life life = {.bytes = data, .size = size};

    life_live(&life);
    if (life.wrong) {
        fprintf(stderr, "%s\n", life.wrong);
        life = (struct life){.bytes = data, .size = size, .story = stderr};
        life_live(&life);
        abort();
    }
    return 0;
}
