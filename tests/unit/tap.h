/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_TESTS_UNIT_TAP_H
#define LC_TESTS_UNIT_TAP_H

/* The Test Anything Protocol, just enough of it: a test is a sentence and a function.
 *
 *     static void a_duration_needs_a_unit(void) { CHECK(lc_duration_parse("5", &msec) == -EINVAL); }
 *     int main(void) { TEST(a_duration_needs_a_unit); return tap_done(); }
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tap {
    unsigned count, failed;
    unsigned checks_failed; /* in the test that is running */
};

__attribute__((unused)) static struct tap tap;

#define CHECK(condition)                                                     \
    do {                                                                     \
        if (!(condition)) {                                                  \
            tap.checks_failed++;                                             \
            printf("# %s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
        }                                                                    \
    } while (0)

#define CHECK_INT(found, expected)                                                             \
    do {                                                                                       \
        long long found_ = (long long)(found), expected_ = (long long)(expected);              \
        if (found_ != expected_) {                                                             \
            tap.checks_failed++;                                                               \
            printf("# %s:%d: %s is %lld, expected %lld\n", __FILE__, __LINE__, #found, found_, \
                   expected_);                                                                 \
        }                                                                                      \
    } while (0)

#define CHECK_STR(found, expected)                                                             \
    do {                                                                                       \
        const char *found_ = (found), *expected_ = (expected);                                 \
        if (!found_ || strcmp(found_, expected_) != 0) {                                       \
            tap.checks_failed++;                                                               \
            printf("# %s:%d: %s is\n#   %s\n# expected\n#   %s\n", __FILE__, __LINE__, #found, \
                   found_ ? found_ : "(null)", expected_);                                     \
        }                                                                                      \
    } while (0)

__attribute__((unused)) static void tap_run(const char *name, void (*test)(void))
{
    tap.checks_failed = 0;
    test();
    tap.count++;
    if (tap.checks_failed)
        tap.failed++;
    printf("%sok %u - ", tap.checks_failed ? "not " : "", tap.count);
    for (; *name; name++)
        putchar(*name == '_' ? ' ' : *name);
    putchar('\n');
    fflush(stdout);
}

#define TEST(function) tap_run(#function, function)

__attribute__((unused)) static int tap_done(void)
{
    printf("1..%u\n", tap.count);
    return tap.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
