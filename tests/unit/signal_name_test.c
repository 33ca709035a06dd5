/* SPDX-License-Identifier: Apache-2.0 */
#include "base/signal_name.h"

#include "tap.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>

static const char *formatted(int number)
{
    static char buf[LC_SIGNAL_NAME_MAX];

    return lc_signal_format(number, buf);
}

static void a_signal_is_known_by_its_name_with_and_without_SIG_in_any_case(void)
{
    CHECK_INT(lc_signal_parse("SIGTERM"), SIGTERM);
    CHECK_INT(lc_signal_parse("TERM"), SIGTERM);
    CHECK_INT(lc_signal_parse("sigterm"), SIGTERM);
    CHECK_INT(lc_signal_parse("SigQuit"), SIGQUIT);
    CHECK_INT(lc_signal_parse("winch"), SIGWINCH);
}

static void a_signal_is_known_by_its_number(void)
{
    CHECK_INT(lc_signal_parse("1"), 1);
    CHECK_INT(lc_signal_parse("15"), SIGTERM);
    CHECK_INT(lc_signal_parse("37"), 37);
    CHECK_INT(lc_signal_parse("64"), 64);
}

static void real_time_signals_count_from_34_whatever_the_libc(void)
{
    CHECK_INT(lc_signal_parse("SIGRTMIN"), 34);
    CHECK_INT(lc_signal_parse("SIGRTMIN+3"), 37);
    CHECK_INT(lc_signal_parse("rtmin+0"), 34);
    CHECK_INT(lc_signal_parse("RTMIN+30"), 64);
    CHECK_INT(lc_signal_parse("SIGRTMAX"), 64);
    CHECK_INT(lc_signal_parse("RTMAX-1"), 63);
    CHECK_INT(lc_signal_parse("SIGRTMAX-30"), 34);
}

static void the_other_names_of_a_signal_are_known(void)
{
    CHECK_INT(lc_signal_parse("SIGIOT"), SIGABRT);
    CHECK_INT(lc_signal_parse("SIGCLD"), SIGCHLD);
    CHECK_INT(lc_signal_parse("SIGPOLL"), SIGIO);
    CHECK_STR(formatted(SIGABRT), "SIGABRT");
    CHECK_STR(formatted(SIGCHLD), "SIGCHLD");
    CHECK_STR(formatted(SIGIO), "SIGIO");
}

static void what_is_no_signal_is_refused(void)
{
    static const char *const texts[] = {
        "",           "SIG",      "0",       "65",     "-1",         "+15",
        " 15",        "15 ",      "TERM ",   " TERM",  "SIGSIGTERM", "TERMS",
        "SIGTERM15",  "0x0f",     "1e1",     "SIG15",  "SIG0",       "SIG65",
        "RTMIN+31",   "RTMIN-1",  "RTMIN+",  "RTMIN3", "RTMIN++1",   "RTMIN+-1",
        "RTMIN+ 1",   "RTMAX-31", "RTMAX+1", "RTMAX-", "RT",         "99999999999999999999",
        "4294967311", /* 15, were it cut to 32 bits */
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (lc_signal_parse(texts[i]) != -EINVAL)
            printf("# accepted: '%s'\n", texts[i]);
        CHECK_INT(lc_signal_parse(texts[i]), -EINVAL);
    }
}

static void the_name_of_every_signal_is_read_back_as_its_number(void)
{
    for (int number = 1; number <= LC_SIGNAL_MAX; number++) {
        if (lc_signal_parse(formatted(number)) != number)
            printf("# %d: %s\n", number, formatted(number));
        CHECK_INT(lc_signal_parse(formatted(number)), number);
    }
}

/* The oracle is glibc's table, which has it that SIGIO is POLL: kill(1) and signal(7) do not. */
static void standard_signals_are_called_what_the_libc_calls_them(void)
{
    for (int number = 1; number < 32; number++) {
        const char *name = number == SIGIO ? "IO" : sigabbrev_np(number);

        CHECK(name != NULL);
        if (!name)
            continue;
        CHECK_STR(formatted(number) + 3, name);
        CHECK_INT(lc_signal_parse(name), number);
    }
}

static void real_time_signals_are_written_from_the_lowest(void)
{
    CHECK_STR(formatted(34), "SIGRTMIN");
    CHECK_STR(formatted(37), "SIGRTMIN+3");
    CHECK_STR(formatted(63), "SIGRTMIN+29");
    CHECK_STR(formatted(64), "SIGRTMAX");
    CHECK_STR(formatted(32), "SIG32");
}

static void a_number_that_is_no_signal_fits_in_its_buffer(void)
{
    CHECK_STR(formatted(0), "SIG0");
    CHECK_STR(formatted(INT_MAX), "SIG2147483647");
    CHECK_STR(formatted(INT_MIN), "SIG-2147483648");
}

int main(void)
{
    TEST(a_signal_is_known_by_its_name_with_and_without_SIG_in_any_case);
    TEST(a_signal_is_known_by_its_number);
    TEST(real_time_signals_count_from_34_whatever_the_libc);
    TEST(the_other_names_of_a_signal_are_known);
    TEST(what_is_no_signal_is_refused);
    TEST(the_name_of_every_signal_is_read_back_as_its_number);
    TEST(standard_signals_are_called_what_the_libc_calls_them);
    TEST(real_time_signals_are_written_from_the_lowest);
    TEST(a_number_that_is_no_signal_fits_in_its_buffer);
    return tap_done();
}
