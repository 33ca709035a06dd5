/* SPDX-License-Identifier: Apache-2.0 */
#include "base/duration.h"

#include "tap.h"

#include <errno.h>

static int64_t parsed(const char *text)
{
    uint64_t msec = 0;
    int r = lc_duration_parse(text, &msec);

    return r < 0 ? r : (int64_t)msec;
}

static const char *formatted(uint64_t msec)
{
    static char buf[LC_DURATION_TEXT_MAX];

    return lc_duration_format(msec, buf);
}

static void a_duration_is_a_number_and_a_unit(void)
{
    CHECK_INT(parsed("500ms"), 500);
    CHECK_INT(parsed("5s"), 5000);
    CHECK_INT(parsed("2m"), 120000);
    CHECK_INT(parsed("1h"), 3600000);
    CHECK_INT(parsed("0s"), 0);
    CHECK_INT(parsed("007s"), 7000);
}

static void a_fraction_is_exact_to_the_millisecond(void)
{
    CHECK_INT(parsed("1.5s"), 1500);
    CHECK_INT(parsed("0.001s"), 1);
    CHECK_INT(parsed("1.050s"), 1050);
    CHECK_INT(parsed("0.25h"), 900000);
    CHECK_INT(parsed("0.1m"), 6000);
    CHECK_INT(parsed("2.0ms"), 2);
}

static void what_is_finer_than_a_millisecond_is_out_of_range(void)
{
    CHECK_INT(parsed("0.5ms"), -ERANGE);
    CHECK_INT(parsed("0.0001s"), -ERANGE);
    CHECK_INT(parsed("1.0000000001s"), -ERANGE);
    CHECK_INT(parsed("1.500000000s"), 1500);
    CHECK_INT(parsed("1.5000000000s"), -ERANGE);
}

static void a_number_needs_a_unit_unless_it_is_0(void)
{
    CHECK_INT(parsed("0"), 0);
    CHECK_INT(parsed("5"), -EINVAL);
    CHECK_INT(parsed("0.5"), -EINVAL);
}

static void what_is_no_duration_is_refused(void)
{
    static const char *const texts[] = {
        "",     "s",     "ms",   " 5s",       "5s ",   "5 s",  "-5s",  "+5s",   ".5s",
        "5.s",  "1..5s", "1.5",  "5S",        "5sec",  "5mss", "5s5s", "1h30m", "0x5s",
        "5e3s", "five",  "5,5s", "\xd9\xa5s", "1.-5s", "nans", "infs",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (parsed(texts[i]) != -EINVAL)
            printf("# accepted: '%s'\n", texts[i]);
        CHECK_INT(parsed(texts[i]), -EINVAL);
    }
}

static void the_longest_is_the_last_that_fits_in_63_bits(void)
{
    CHECK_INT(parsed("9223372036854775807ms"), INT64_MAX);
    CHECK_INT(parsed("9223372036854775.807s"), INT64_MAX);
    CHECK_INT(parsed("9223372036854775808ms"), -ERANGE);
    CHECK_INT(parsed("9223372036854775.808s"), -ERANGE);
    CHECK_INT(parsed("18446744073709551615ms"), -ERANGE);
    CHECK_INT(parsed("18446744073709551616ms"), -ERANGE);
    CHECK_INT(parsed("18446744073709552s"), -ERANGE); /* 384 ms, were it taken modulo 2^64 */
    CHECK_INT(parsed("2562047788016h"), -ERANGE);
    CHECK_INT(parsed("99999999999999999999999999999999s"), -ERANGE);
}

static void a_refused_duration_leaves_the_result_alone(void)
{
    uint64_t msec = 42;

    CHECK(lc_duration_parse("5", &msec) < 0);
    CHECK(lc_duration_parse("0.5ms", &msec) < 0);
    CHECK(lc_duration_parse("9223372036854775808ms", &msec) < 0);
    CHECK_INT(msec, 42);
}

static void a_duration_is_written_in_the_largest_unit_without_a_fraction(void)
{
    CHECK_STR(formatted(0), "0s");
    CHECK_STR(formatted(1), "1ms");
    CHECK_STR(formatted(999), "999ms");
    CHECK_STR(formatted(5000), "5s");
    CHECK_STR(formatted(90000), "90s");
    CHECK_STR(formatted(120000), "2m");
    CHECK_STR(formatted(5400000), "90m");
    CHECK_STR(formatted(7200000), "2h");
}

static void from_1_s_on_milliseconds_are_written_as_a_fraction_of_seconds(void)
{
    CHECK_STR(formatted(1001), "1.001s");
    CHECK_STR(formatted(1010), "1.01s");
    CHECK_STR(formatted(1500), "1.5s");
    CHECK_STR(formatted(100100), "100.1s");
    CHECK_STR(formatted(UINT64_MAX), "18446744073709551.615s");
}

static uint64_t next_random(uint64_t *state) /* xorshift64: Marsaglia, Xorshift RNGs, 2003 */
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void every_duration_is_read_back_as_it_was_written(void)
{
    static const uint64_t steps[] = {1, 10, 100, 1000, 60000, 3600000};
    uint64_t state = UINT64_C(0x9e3779b97f4a7c15);

    for (unsigned i = 0; i < 200000; i++) {
        uint64_t value = next_random(&state) >> (next_random(&state) % 63 + 1);
        uint64_t msec = value - value % steps[i % 6], back = ~msec;

        if (lc_duration_parse(formatted(msec), &back) || back != msec ||
            strlen(formatted(msec)) >= LC_DURATION_TEXT_MAX) {
            printf("# %llu ms: '%s'\n", (unsigned long long)msec, formatted(msec));
            CHECK(back == msec);
            return;
        }
    }
}

int main(void)
{
    TEST(a_duration_is_a_number_and_a_unit);
    TEST(a_fraction_is_exact_to_the_millisecond);
    TEST(what_is_finer_than_a_millisecond_is_out_of_range);
    TEST(a_number_needs_a_unit_unless_it_is_0);
    TEST(what_is_no_duration_is_refused);
    TEST(the_longest_is_the_last_that_fits_in_63_bits);
    TEST(a_refused_duration_leaves_the_result_alone);
    TEST(a_duration_is_written_in_the_largest_unit_without_a_fraction);
    TEST(from_1_s_on_milliseconds_are_written_as_a_fraction_of_seconds);
    TEST(every_duration_is_read_back_as_it_was_written);
    return tap_done();
}
