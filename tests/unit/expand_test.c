/* SPDX-License-Identifier: Apache-2.0 */
#include "config/expand.h"
#include "tap.h"

#include <errno.h>

static const char *const variables[] = {"PORT=8080",           "EMPTY=", "PORTAL=x", "A_1=y",
                                        "MONEY=$PORT ${PORT}", NULL};

/* Literals are const to us; the program's environment is not. */
static char *const *environment(void)
{
    char *const *plain;
    const char *const *words = variables;

    memcpy(&plain, &words, sizeof(plain));
    return plain;
}

/* What `text` becomes, in a buffer; "?problem piece" where it is refused. */
static const char *expand_at_most(const char *text, size_t limit)
{
    static const char *const problems[] = {[LC_EXPAND_UNSET] = "unset",
                                           [LC_EXPAND_MALFORMED] = "malformed",
                                           [LC_EXPAND_TOO_LONG] = "too long"};
    static char buf[256];
    struct lc_expand_error error;
    char *result = NULL;
    int r = lc_expand(text, environment(), limit, &result, &error);

    if (r == -EINVAL && error.problem == LC_EXPAND_TOO_LONG)
        snprintf(buf, sizeof(buf), "?too long");
    else if (r == -EINVAL)
        snprintf(buf, sizeof(buf), "?%s %.*s", problems[error.problem], (int)error.length,
                 error.at);
    else
        snprintf(buf, sizeof(buf), "%s", r == 0 ? result : "?no memory");
    free(result);
    return buf;
}

static const char *expand(const char *text)
{
    return expand_at_most(text, 1000);
}

static void a_variable_stands_for_its_value(void)
{
    CHECK_STR(expand("${PORT}"), "8080");
    CHECK_STR(expand("a${PORT}b${A_1}c"), "a8080byc");
    CHECK_STR(expand("${EMPTY}"), "");
}

static void a_default_stands_for_what_is_unset_or_empty(void)
{
    CHECK_STR(expand("${NOPE:-5s}"), "5s");
    CHECK_STR(expand("${NOPE:-}"), "");
    CHECK_STR(expand("${EMPTY:-5s}"), "5s");
    CHECK_STR(expand("${PORT:-5s}"), "8080");
    CHECK_STR(expand("${NOPE:-$$ :-$$$$}"), "$ :-$$");
}

static void what_is_unset_without_a_default_is_an_error(void)
{
    CHECK_STR(expand("a${NOPE}b"), "?unset ${NOPE}");
    CHECK_STR(expand("${POR}"), "?unset ${POR}");
    CHECK_STR(expand("${port}"), "?unset ${port}");
}

static void two_dollars_are_a_literal_one(void)
{
    CHECK_STR(expand("$$"), "$");
    CHECK_STR(expand("$${PORT}"), "${PORT}");
    CHECK_STR(expand("$$$${PORT}$${"), "$${PORT}${");
    CHECK_STR(expand("$$${PORT}"), "$8080");
}

static void a_dollar_before_anything_else_stays(void)
{
    CHECK_STR(expand("$PORT $1 $"), "$PORT $1 $");
    CHECK_STR(expand("$(date)"), "$(date)");
    CHECK_STR(expand(""), "");
}

static void a_value_is_not_expanded_again(void)
{
    CHECK_STR(expand("${MONEY}"), "$PORT ${PORT}");
}

static void other_forms_are_errors_that_show_the_piece(void)
{
    CHECK_STR(expand("x${}y"), "?malformed ${}");
    CHECK_STR(expand("x${PORT"), "?malformed ${PORT");
    CHECK_STR(expand("${PORT:?no}"), "?malformed ${PORT:?no}");
    CHECK_STR(expand("${PORT%x} y"), "?malformed ${PORT%x}");
    CHECK_STR(expand("${1}"), "?malformed ${1}");
    CHECK_STR(expand("${ PORT}"), "?malformed ${ PORT}");
    CHECK_STR(expand("${NOPE:-${PORT}}"), "?malformed ${NOPE:-${PORT}");
    CHECK_STR(expand("${PORT:}"), "?malformed ${PORT:}");
}

static void the_length_is_bounded(void)
{
    CHECK_STR(expand_at_most("a${PORT}", 5), "a8080");
    CHECK_STR(expand_at_most("a${PORT}", 4), "?too long");
    CHECK_STR(expand_at_most("abcde", 4), "?too long");
    CHECK_STR(expand_at_most("", 0), "");
}

static void an_environment_may_be_empty(void)
{
    CHECK(!lc_env_get(NULL, "PORT", 4));
    CHECK(!lc_env_get((char *const[]){NULL}, "PORT", 4));
    CHECK_STR(lc_env_get(environment(), "PORT", 4), "8080");
}

int main(void)
{
    TEST(a_variable_stands_for_its_value);
    TEST(a_default_stands_for_what_is_unset_or_empty);
    TEST(what_is_unset_without_a_default_is_an_error);
    TEST(two_dollars_are_a_literal_one);
    TEST(a_dollar_before_anything_else_stays);
    TEST(a_value_is_not_expanded_again);
    TEST(other_forms_are_errors_that_show_the_piece);
    TEST(the_length_is_bounded);
    TEST(an_environment_may_be_empty);
    return tap_done();
}
