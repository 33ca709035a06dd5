/* SPDX-License-Identifier: Apache-2.0 */
/* When checks are due, and from when on they count: a sentence and a pattern each. */
#include "drive/check_count.h"
#include "tap.h"

#include <string.h>

static const char *verdicts(uint64_t success, uint64_t failure, const char *results)
{
    static char text[64];
    const struct lc_probe probe = {.threshold = {[true] = success, [false] = failure}};
    struct lc_check_count count;
    size_t i = 0;

    lc_check_count_init(&count, 0);
    for (; results[i] && i + 1 < sizeof(text); i++) {
        enum lc_check_result result = results[i] == 'p'   ? LC_CHECK_PASSED
                                      : results[i] == 'f' ? LC_CHECK_FAILED
                                                          : LC_CHECK_UNKNOWN;

        text[i] = ".FP"[lc_check_count_take(&count, &probe, result)];
    }
    text[i] = '\0';
    return text;
}

/* p: passed, f: failed, ?: unknown. P: passes, F: fails, a dot: what holds goes on to hold. */
#define CHECK_PATTERN(success, failure, results, expected) \
    CHECK_STR(verdicts(success, failure, results), expected)

static void the_first_success_passes(void)
{
    CHECK_PATTERN(1, 3, "p", "P");
    CHECK_PATTERN(1, 3, "ppp", "PPP");
    CHECK_PATTERN(1, 3, "fp", ".P");
}

static void three_failures_in_a_row_fail(void)
{
    CHECK_PATTERN(1, 3, "fff", "..F");
    CHECK_PATTERN(1, 3, "pfff", "P..F");
    CHECK_PATTERN(1, 3, "pffff", "P..FF");
}

static void a_success_between_begins_the_count_anew(void)
{
    CHECK_PATTERN(1, 3, "pffpff", "P..P..");
    CHECK_PATTERN(1, 3, "pffpfff", "P..P..F");
}

static void successes_are_counted_likewise(void)
{
    CHECK_PATTERN(2, 1, "pfpp", ".F.P");
    CHECK_PATTERN(3, 2, "ppfppp", ".....P");
    CHECK_PATTERN(3, 2, "ppffppp", "...F..P");
}

static void one_failure_is_enough_where_the_threshold_is_1(void)
{
    CHECK_PATTERN(1, 1, "pfpfp", "PFPFP");
}

static void what_is_not_known_counts_neither_way_and_breaks_no_row(void)
{
    CHECK_PATTERN(1, 3, "f?f?f", "....F");
    CHECK_PATTERN(2, 3, "p?p", "..P");
    CHECK_PATTERN(1, 1, "???", "...");
}

static void the_first_check_comes_after_the_initial_delay(void)
{
    struct lc_probe probe = {.initial_delay = 5000, .period = 10000};
    struct lc_check_count count;

    lc_check_count_init(&count, 1000);
    CHECK_INT(lc_check_count_due(&count, &probe), 6000);
    probe.initial_delay = 0;
    CHECK_INT(lc_check_count_due(&count, &probe), 1000);
}

static void checks_begin_one_period_apart_however_long_one_takes(void)
{
    const struct lc_probe probe = {.initial_delay = 5000, .period = 10000};
    struct lc_check_count count;

    lc_check_count_init(&count, 1000);
    count.begun = 6002;
    CHECK_INT(lc_check_count_due(&count, &probe), 16002);
}

int main(void)
{
    TEST(the_first_success_passes);
    TEST(three_failures_in_a_row_fail);
    TEST(a_success_between_begins_the_count_anew);
    TEST(successes_are_counted_likewise);
    TEST(one_failure_is_enough_where_the_threshold_is_1);
    TEST(what_is_not_known_counts_neither_way_and_breaks_no_row);
    TEST(the_first_check_comes_after_the_initial_delay);
    TEST(checks_begin_one_period_apart_however_long_one_takes);
    return tap_done();
}
