/* SPDX-License-Identifier: Apache-2.0 */
#include "base/duration.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct unit {
    const char *name;
    uint64_t msec;
};

/* From the largest: formatting takes the first that divides. */
static const struct unit units[] = {
    {"h", 3600000},
    {"m", 60000},
    {"s", 1000},
    {"ms", 1},
};

enum { UNIT_COUNT = sizeof(units) / sizeof(units[0]), FRACTION_DIGITS_MAX = 9 };

static const struct unit *find_unit(const char *name)
{
    for (size_t i = 0; i < UNIT_COUNT; i++)
        if (!strcmp(units[i].name, name))
            return &units[i];
    return NULL;
}

static int parse_digits(const char **text, uint64_t *ret)
{
    const char *at = *text;
    uint64_t value = 0;

    for (; *at >= '0' && *at <= '9'; at++)
        if (__builtin_mul_overflow(value, UINT64_C(10), &value) ||
            __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value))
            return -ERANGE;
    if (at == *text)
        return -EINVAL;
    *text = at;
    *ret = value;
    return 0;
}

/* The digits after the point, and the power of ten that they are parts of. */
static int parse_fraction(const char **text, uint64_t *ret_digits, uint64_t *ret_scale)
{
    const char *start = *text;
    int r = parse_digits(text, ret_digits);

    if (r < 0)
        return r;
    if (*text - start > FRACTION_DIGITS_MAX)
        return -ERANGE;
    *ret_scale = 1;
    for (const char *at = start; at < *text; at++)
        *ret_scale *= 10;
    return 0;
}

int lc_duration_parse(const char *text, uint64_t *ret_msec)
{
    uint64_t whole, fraction = 0, scale = 1, msec;
    const struct unit *unit;
    int r;

    r = parse_digits(&text, &whole);
    if (r < 0)
        return r;
    if (*text == '\0' && whole == 0) {
        *ret_msec = 0;
        return 0;
    }
    if (*text == '.') {
        text++;
        r = parse_fraction(&text, &fraction, &scale);
        if (r < 0)
            return r;
    }
    unit = find_unit(text);
    if (!unit)
        return -EINVAL;
    if (fraction * unit->msec % scale)
        return -ERANGE; /* finer than 1 ms */
    if (__builtin_mul_overflow(whole, unit->msec, &msec) ||
        __builtin_add_overflow(msec, fraction * unit->msec / scale, &msec) || msec > INT64_MAX)
        return -ERANGE;
    *ret_msec = msec;
    return 0;
}

const char *lc_duration_format(uint64_t msec, char buf[static LC_DURATION_TEXT_MAX])
{
    const struct unit *unit = &units[UNIT_COUNT - 1];

    if (msec == 0) {
        snprintf(buf, LC_DURATION_TEXT_MAX, "0s");
        return buf;
    }
    for (size_t i = 0; i < UNIT_COUNT; i++) {
        if (msec % units[i].msec == 0) {
            unit = &units[i];
            break;
        }
    }
    if (unit->msec > 1 || msec < 1000) {
        snprintf(buf, LC_DURATION_TEXT_MAX, "%" PRIu64 "%s", msec / unit->msec, unit->name);
        return buf;
    }
    int len =
        snprintf(buf, LC_DURATION_TEXT_MAX, "%" PRIu64 ".%03" PRIu64, msec / 1000, msec % 1000);
    while (buf[len - 1] == '0') /* ends at the latest before the point: msec % 1000 is not 0 */
        len--;
    memcpy(buf + len, "s", sizeof("s"));
    return buf;
}
