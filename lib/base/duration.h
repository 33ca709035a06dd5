/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_BASE_DURATION_H
#define LC_BASE_DURATION_H

#include <stddef.h>
#include <stdint.h>

/* Durations as people write them in YAML and on command lines: "500ms", "5s", "1.5s", "2m", "1h".
 * A number without a unit is refused, except 0. Inside, milliseconds. */

enum { LC_DURATION_TEXT_MAX = 24 }; /* longest formatted duration, with its NUL */

/* 0; -EINVAL where `text` is no duration; -ERANGE where it is finer than 1 ms, has more than nine
 * digits after the point, or is beyond 2^63 ms. */
int lc_duration_parse(const char *text, uint64_t *ret_msec);

/* The exact form that lc_duration_parse() reads back, in the largest unit that leaves no fraction,
 * but in seconds from 1 s on: "0s", "500ms", "1.5s", "5s", "2m". Returns `buf`. */
const char *lc_duration_format(uint64_t msec, char buf[static LC_DURATION_TEXT_MAX]);

#endif
