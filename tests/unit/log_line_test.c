/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log_line.h"

#include "json_check.h"
#include "tap.h"

#include <time.h>

#define FIELDS(...) ((const struct lc_field[]){__VA_ARGS__, {0}})

static const struct timespec noon = {.tv_sec = 1767268800, .tv_nsec = 123999999};

static char line[LC_LOG_LINE_MAX + 1];

/* The line without its newline; checks what is true of every line. */
static const char *make(enum lc_log_format format, const struct timespec *time,
                        enum lc_log_level level, const char *msg, const struct lc_field *fields)
{
    size_t len = lc_log_line(line, format, time, level, msg, fields);

    CHECK(len >= 1 && len <= LC_LOG_LINE_MAX);
    CHECK_INT(line[len - 1], '\n');
    line[len - 1] = '\0';
    CHECK_INT(strlen(line), len - 1);
    for (const char *at = line; *at; at++)
        CHECK((unsigned char)*at >= 0x20 && *at != 0x7f);
    if (format == LC_LOG_JSON)
        CHECK(json_valid(line));
    return line;
}

static const char *time_of(time_t seconds, long nsec)
{
    static char text[64];
    struct timespec time = {.tv_sec = seconds, .tv_nsec = nsec};
    const char *made = make(LC_LOG_JSON, &time, LC_LOG_INFO, "x", FIELDS({0}));

    snprintf(text, sizeof(text), "%.24s", made + strlen("{\"time\":\""));
    return text;
}

static void a_json_line_is_time_level_msg_and_the_fields(void)
{
    CHECK_STR(make(LC_LOG_JSON, &noon, LC_LOG_WARN, "phase ended",
                   FIELDS(LC_STR("phase", "draining"), LC_INT("pid", -7), LC_BOOL("late", true),
                          LC_SECS("elapsed", 5003))),
              "{\"time\":\"2026-01-01T12:00:00.123Z\",\"level\":\"warn\",\"msg\":\"phase ended\","
              "\"phase\":\"draining\",\"pid\":-7,\"late\":true,\"elapsed\":5.003}");
}

static void a_text_line_is_the_time_of_day_level_msg_and_the_fields(void)
{
    CHECK_STR(
        make(LC_LOG_TEXT, &noon, LC_LOG_WARN, "phase \"x\" ended",
             FIELDS(LC_STR("phase", "draining"), LC_INT("pid", -7), LC_BOOL("late", false),
                    LC_SECS("elapsed", 5003))),
        "12:00:00.123 warn  phase \"x\" ended phase=draining pid=-7 late=false elapsed=5.003s");
}

static void a_string_that_is_null_is_left_out(void)
{
    CHECK(!strstr(make(LC_LOG_JSON, &noon, LC_LOG_INFO, "x", FIELDS(LC_STR("why", NULL))), "why"));
    CHECK(!strstr(make(LC_LOG_TEXT, &noon, LC_LOG_INFO, "x", FIELDS(LC_STR("why", NULL))), "why"));
}

static void a_text_value_that_could_be_taken_for_more_is_quoted(void)
{
    CHECK_STR(make(LC_LOG_TEXT, &noon, LC_LOG_INFO, "x",
                   FIELDS(LC_STR("a", ""), LC_STR("b", "two words"), LC_STR("c", "say \"no\""),
                          LC_STR("d", "k=v"), LC_STR("e", "back\\slash"))),
              "12:00:00.123 info  x a=\"\" b=\"two words\" c=\"say \\\"no\\\"\" d=\"k=v\" "
              "e=\"back\\\\slash\"");
}

static void nothing_in_a_text_line_drives_the_terminal(void)
{
    CHECK_STR(make(LC_LOG_TEXT, &noon, LC_LOG_INFO, "bell\a", FIELDS(LC_STR("a", "\x1b[2J\n\x7f"))),
              "12:00:00.123 info  bell\\u0007 a=\\u001b[2J\\n\\u007f");
    CHECK_STR(make(LC_LOG_TEXT, &noon, LC_LOG_INFO, "x", FIELDS(LC_STR("a", "\xc2\x9b\x9b"))) +
                  strlen("12:00:00.123 info  "),
              "x a=\\u009b\xef\xbf\xbd");
}

static void times_are_rfc_3339_in_utc(void)
{
    CHECK_STR(time_of(0, 0), "1970-01-01T00:00:00.000Z");
    CHECK_STR(time_of(68169599, 999999999), "1972-02-28T23:59:59.999Z");
    CHECK_STR(time_of(68169600, 1000000), "1972-02-29T00:00:00.001Z");
    CHECK_STR(time_of(951782400, 0), "2000-02-29T00:00:00.000Z");
    CHECK_STR(time_of(951868800, 0), "2000-03-01T00:00:00.000Z");
    CHECK_STR(time_of(978307199, 0), "2000-12-31T23:59:59.000Z");
    CHECK_STR(time_of(2147483647, 0), "2038-01-19T03:14:07.000Z");
    CHECK_STR(time_of(2147483648, 0), "2038-01-19T03:14:08.000Z");
    CHECK_STR(time_of(4107542399, 0), "2100-02-28T23:59:59.000Z");
    CHECK_STR(time_of(4107542400, 0), "2100-03-01T00:00:00.000Z");
}

static void a_clock_beyond_four_digit_years_stays_rfc_3339(void)
{
    CHECK_STR(time_of(253402300799, 0), "9999-12-31T23:59:59.000Z");
    CHECK_STR(time_of(253402300800, 0), "9999-12-31T23:59:59.000Z");
    CHECK_STR(time_of(INT64_MAX, 0), "9999-12-31T23:59:59.000Z");
    CHECK_STR(time_of(-1, 0), "1970-01-01T00:00:00.000Z");
}

/* The libc as the oracle: every day up to 2420, at a different second of each. */
static void every_day_is_what_the_libc_says(void)
{
    for (time_t day = 0; day < 450 * 365; day++) {
        time_t seconds = day * 86400 + day * 7919 % 86400;
        const char *found = time_of(seconds, 0);
        char expected[40];
        struct tm tm;

        gmtime_r(&seconds, &tm);
        strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%S.000Z", &tm);
        if (strcmp(found, expected) != 0) {
            CHECK_STR(found, expected);
            return;
        }
    }
}

/* `unit` over and over, `len` bytes of it, followed by `end`. */
static char *repeated(const char *unit, size_t len, const char *end)
{
    size_t unit_len = strlen(unit);
    char *text = malloc(len + strlen(end) + 1);

    if (!text)
        abort();
    for (size_t i = 0; i < len; i++)
        text[i] = unit[i % unit_len];
    strcpy(text + len, end);
    return text;
}

static void a_long_string_is_cut_and_marked(void)
{
    char *fits = repeated("x", LC_LOG_VALUE_MAX, ""), *more = repeated("x", LC_LOG_VALUE_MAX, "y");

    for (int format = LC_LOG_JSON; format <= LC_LOG_TEXT; format++) {
        const char *made =
            make((enum lc_log_format)format, &noon, LC_LOG_INFO, fits, FIELDS(LC_STR("a", fits)));

        CHECK(!strstr(made, "\xe2\x80\xa6"));
        made = make((enum lc_log_format)format, &noon, LC_LOG_INFO, "x", FIELDS(LC_STR("a", more)));
        CHECK(strstr(made, "xxx\xe2\x80\xa6"));
        CHECK(!strstr(made, "truncated"));
        made = make((enum lc_log_format)format, &noon, LC_LOG_INFO, more, FIELDS(LC_INT("a", 1)));
        CHECK(strstr(made, "xxx\xe2\x80\xa6"));
    }
    free(fits);
    free(more);
}

static void a_long_string_is_cut_between_two_characters(void)
{
    for (size_t shift = 0; shift < 4; shift++) {
        char *euros = repeated("\xe2\x82\xac", LC_LOG_VALUE_MAX / 3 * 3 + 3, "");
        char *smiles = repeated("\xf0\x9f\x98\x80", LC_LOG_VALUE_MAX + 4, "");
        char text[LC_LOG_VALUE_MAX + 8];

        snprintf(text, sizeof(text), "%.*s%s", (int)shift, "xxx", euros);
        make(LC_LOG_JSON, &noon, LC_LOG_INFO, "x", FIELDS(LC_STR("a", text)));
        CHECK(!strstr(line, "\xef\xbf\xbd"));
        CHECK(strstr(line, "\xe2\x82\xac\xe2\x80\xa6"));
        snprintf(text, sizeof(text), "%.*s%s", (int)shift, "xxx", smiles);
        make(LC_LOG_TEXT, &noon, LC_LOG_INFO, "x", FIELDS(LC_STR("a", text)));
        CHECK(!strstr(line, "\xef\xbf\xbd"));
        CHECK(strstr(line, "\xf0\x9f\x98\x80\xe2\x80\xa6"));
        free(euros);
        free(smiles);
    }
}

static void a_json_line_says_that_fields_are_left_out(void)
{
    char *text = repeated("x", LC_LOG_VALUE_MAX, "");
    const char *made = make(LC_LOG_JSON, &noon, LC_LOG_INFO, "x",
                            FIELDS(LC_STR("a", text), LC_STR("b", text), LC_STR("c", text),
                                   LC_STR("d", text), LC_INT("e", 5)));

    CHECK(strstr(made, "\"c\":"));
    CHECK(!strstr(made, "\"d\":"));
    CHECK(strstr(made, ",\"e\":5,\"truncated\":true}"));
    for (size_t len = 0; len <= LC_LOG_VALUE_MAX; len++) { /* however little room is left */
        const char *end = text + LC_LOG_VALUE_MAX - len;

        made = make(LC_LOG_JSON, &noon, LC_LOG_INFO, "x",
                    FIELDS(LC_STR("a", text), LC_STR("b", text), LC_STR("c", text),
                           LC_STR("d", end), LC_STR("e", text)));
        CHECK(strstr(made, ",\"truncated\":true}"));
    }
    free(text);
}

/* Escapes make up to six bytes of one. */
static void any_strings_make_a_line_that_fits(void)
{
    static const char *const units[] = {"\x01", "\"", "\xff", "\xe2\x82\xac", "x y", "\xc2\x80"};

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        for (size_t len = 0; len < 5000; len = len * 5 / 4 + 1) {
            char *text = repeated(units[i], len, "");
            const struct lc_field *fields =
                FIELDS(LC_STR("a", text), LC_STR("b", text), LC_STR("c", text), LC_STR("d", text),
                       LC_STR("e", "end"));

            make(LC_LOG_JSON, &noon, LC_LOG_ERROR, text, fields);
            CHECK((strstr(line, "\"d\":") != NULL) == !strstr(line, ",\"truncated\":true}"));
            make(LC_LOG_TEXT, &noon, LC_LOG_ERROR, text, fields);
            free(text);
        }
    }
}

static void levels_and_formats_have_names(void)
{
    CHECK_STR(lc_log_level_name(LC_LOG_DEBUG), "debug");
    CHECK_STR(lc_log_level_name(LC_LOG_ERROR), "error");
    CHECK_STR(lc_log_level_name(LC_LOG_LEVEL_COUNT), "?");
    CHECK_STR(lc_log_format_name(LC_LOG_AUTO), "auto");
    CHECK_STR(lc_log_format_name(LC_LOG_TEXT), "text");
    CHECK_STR(lc_log_format_name(LC_LOG_FORMAT_COUNT), "?");
}

int main(void)
{
    TEST(a_json_line_is_time_level_msg_and_the_fields);
    TEST(a_text_line_is_the_time_of_day_level_msg_and_the_fields);
    TEST(a_string_that_is_null_is_left_out);
    TEST(a_text_value_that_could_be_taken_for_more_is_quoted);
    TEST(nothing_in_a_text_line_drives_the_terminal);
    TEST(times_are_rfc_3339_in_utc);
    TEST(a_clock_beyond_four_digit_years_stays_rfc_3339);
    TEST(every_day_is_what_the_libc_says);
    TEST(a_long_string_is_cut_and_marked);
    TEST(a_long_string_is_cut_between_two_characters);
    TEST(a_json_line_says_that_fields_are_left_out);
    TEST(any_strings_make_a_line_that_fits);
    TEST(levels_and_formats_have_names);
    return tap_done();
}
