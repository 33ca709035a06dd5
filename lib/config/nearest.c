/* SPDX-License-Identifier: Apache-2.0 */
#include "config/nearest.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

/* Without case and separators. Returns the length; SIZE_MAX where it is too long. */
static size_t normalize(const char *name, size_t length, char buf[static LC_NEAREST_MAX])
{
    size_t kept = 0;

    for (size_t i = 0; i < length; i++) {
        if (name[i] == '-' || name[i] == '_')
            continue;
        if (kept == LC_NEAREST_MAX)
            return SIZE_MAX;
        buf[kept++] = (char)tolower((unsigned char)name[i]);
    }
    return kept;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment: insertions, deletions, changes, and neighbours that changed places. */
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t rows[3][LC_NEAREST_MAX + 1]; /* this row of the matrix and the two before it */

    for (size_t j = 0; j <= b_length; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3], *above_that = rows[(i + 1) % 3];

        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], above_that[j - 2] + 1);
        }
    }
    return rows[a_length % 3][b_length];
}

void lc_nearest_init(struct lc_nearest *self, const char *wanted)
{
    *self = (struct lc_nearest){.wanted = wanted, .best_distance = SIZE_MAX};
}

void lc_nearest_offer(struct lc_nearest *self, const char *name, size_t length)
{
    char a[LC_NEAREST_MAX], b[LC_NEAREST_MAX];
    size_t a_length = normalize(self->wanted, strlen(self->wanted), a);
    size_t b_length = normalize(name, length, b);
    size_t found;

    if (a_length == SIZE_MAX || b_length == SIZE_MAX)
        return;
    found = distance(a, a_length, b, b_length);
    /* A third of the letters may be wrong: beyond that a guess misleads. */
    if (found > (a_length > b_length ? a_length : b_length) / 3 || found >= self->best_distance)
        return;
    self->best = name;
    self->best_length = length;
    self->best_distance = found;
}
