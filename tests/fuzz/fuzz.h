/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_TESTS_FUZZ_H
#define LC_TESTS_FUZZ_H

/* What the fuzz targets hold what they find to. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void expect(bool condition)
{
    if (!condition)
        abort();
}

/* No character of it can move a cursor; lines may end in between. */
static inline void expect_printable(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        expect((unsigned char)text[i] >= 0x20 || text[i] == '\n');
}

#endif
