/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Memory that runs out: the first allocation fails, then the second, and so on until all succeed.
 * Linked with --wrap, so that calls from lib/config come through here.
 */

#include "config_load.h"

#include <errno.h>
#include <stdarg.h>

static unsigned long allocations, failing; /* since the test began; the one that fails, from 1 */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *pointer, size_t size);
void *__real_reallocarray(void *pointer, size_t count, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t length);
int __real_vasprintf(char **ret, const char *format, va_list arguments);
int __real_yaml_parser_initialize(void *parser);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *pointer, size_t size);
void *__wrap_reallocarray(void *pointer, size_t count, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t length);
__attribute__((format(printf, 2, 0))) int __wrap_vasprintf(char **ret, const char *format,
                                                           va_list arguments);
int __wrap_yaml_parser_initialize(void *parser);

static bool fails(void)
{
    return ++allocations == failing;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *pointer, size_t size)
{
    return fails() ? NULL : __real_realloc(pointer, size);
}

void *__wrap_reallocarray(void *pointer, size_t count, size_t size)
{
    return fails() ? NULL : __real_reallocarray(pointer, count, size);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t length)
{
    return fails() ? NULL : __real_strndup(text, length);
}

int __wrap_vasprintf(char **ret, const char *format, va_list arguments)
{
    return fails() ? -1 : __real_vasprintf(ret, format, arguments);
}

int __wrap_yaml_parser_initialize(void *parser)
{
    return fails() ? 0 : __real_yaml_parser_initialize(parser);
}

/* Loads until no allocation fails; returns how many there were to fail. */
static unsigned long fail_each(const char *const *argv, const char *const *envp, int expected)
{
    struct lc_config_errors errors, warnings;
    struct lc_config *config;
    enum lc_cli cli;
    int r;

    for (unsigned long n = 1;; n++) {
        errors = warnings = (struct lc_config_errors){0};
        config = NULL;
        allocations = 0;
        failing = n;
        r = lc_config_load(unconst(argv), unconst(envp), &config, &cli, &errors, &warnings);
        failing = 0;
        lc_config_free(config);
        lc_config_errors_deinit(&errors);
        lc_config_errors_deinit(&warnings);
        if (allocations < n) {
            CHECK_INT(r, expected);
            return n - 1;
        }
        CHECK_INT(r, -ENOMEM);
        if (r != -ENOMEM) {
            printf("# allocation %lu\n", n);
            return 0;
        }
    }
}

static unsigned long fail_each_of_file(const char *content, int expected)
{
    char name[32];
    int fd = make_file(content, strlen(content), name);
    unsigned long count = fail_each(WORDS("-c", name), ENV("A=b"), expected);

    close(fd);
    return count;
}

static void no_memory_for_the_command_line(void)
{
    CHECK(
        fail_each(WORDS("--margin", "2s", "--listen=:1", "--listen=:2,:3", "--ports=1,2", "x", "y"),
                  ENV("LASTCALL_STOP_ON=TERM,INT", "LASTCALL_LISTEN=off"), 0) > 50);
}

static void no_memory_for_a_file(void)
{
    CHECK(fail_each_of_file("shutdown: {gracePeriod: 60s, stopOn: &s [TERM, INT], "
                            "secondSignal: {INT: kill}}\n"
                            "signals: {USR1: USR2}\n"
                            "exitCodes: {1: 2, forced: 3}\n"
                            "http: {listen: [':1', 'unix:/x']}\n"
                            "processes: [{name: web, command: [a, '${A}', '${B:-c}'], ports: [1], "
                            "preStop: [{exec: {command: [b]}}, {httpGet: {port: 1, httpHeaders: "
                            "[{name: a, value: b}]}}], postStop: [{sleep: 1s}, {signal: INT}]}]\n",
                            0) > 100);
}

static void no_memory_for_the_errors(void)
{
    CHECK(fail_each_of_file("shutdown: {margn: 1s, readiness: flop, stopOn: [X], margin: ${NOPE}}\n"
                            "processes: [{command: a}, {}]\nprocesses: x\n",
                            -EINVAL) > 20);
    CHECK(fail_each_of_file("a: [", -EINVAL) > 5);
    CHECK(fail_each(WORDS("--nope", "-x", "--margin=9s", "--stop-timeout=9s"), ENV(), -EINVAL) > 5);
    CHECK(fail_each(WORDS("-c", "/nowhere/x", "x"), ENV(), -EINVAL) > 5);
}

int main(void)
{
    TEST(no_memory_for_the_command_line);
    TEST(no_memory_for_a_file);
    TEST(no_memory_for_the_errors);
    return tap_done();
}
