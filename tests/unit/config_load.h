/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_TESTS_UNIT_CONFIG_LOAD_H
#define LC_TESTS_UNIT_CONFIG_LOAD_H

/* A configuration, loaded from words and variables that a test writes down. */

#include "config/config.h"
#include "tap.h"

#include <sys/mman.h>
#include <unistd.h>

struct loaded {
    int result;
    enum lc_cli cli;
    struct lc_config *config;
    struct lc_config_errors errors, warnings;
    char text[8192]; /* the errors, then the warnings, a line each */
};

#define WORDS(...) ((const char *const[]){"lastcall" __VA_OPT__(, ) __VA_ARGS__, NULL})
#define ENV(...)   ((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

/* Literals are const to us; the program's words are not. */
static inline char *const *unconst(const char *const *words)
{
    char *const *plain;

    memcpy(&plain, &words, sizeof(plain));
    return plain;
}

static inline void load(struct loaded *self, const char *const *argv, const char *const *envp)
{
    const struct lc_config_errors *lists[] = {&self->errors, &self->warnings};
    size_t length = 0;

    *self = (struct loaded){0};
    self->result = lc_config_load(unconst(argv), unconst(envp), &self->config, &self->cli,
                                  &self->errors, &self->warnings);
    for (size_t list = 0; list < 2; list++) {
        for (size_t i = 0; i < lists[list]->count; i++) {
            char line[2048];

            lc_config_error_format(&lists[list]->list[i], line, sizeof(line));
            if (length < sizeof(self->text))
                length += (size_t)snprintf(self->text + length, sizeof(self->text) - length, "%s\n",
                                           line);
        }
    }
}

static inline void unload(struct loaded *self)
{
    lc_config_free(self->config);
    lc_config_errors_deinit(&self->errors);
    lc_config_errors_deinit(&self->warnings);
}

/* A file with that content, for as long as its descriptor is open: "/proc/self/fd/N" into `name`. */
static inline int make_file(const char *content, size_t size, char name[static 32])
{
    int fd = memfd_create("lastcall.yaml", MFD_CLOEXEC);

    CHECK(fd >= 0 && write(fd, content, size) == (ssize_t)size);
    snprintf(name, 32, "/proc/self/fd/%d", fd);
    return fd;
}

/* As load(), with the file's content in front of the words. */
static inline void load_file(struct loaded *self, const char *content, const char *const *words,
                             const char *const *envp)
{
    const char *argv[32] = {"lastcall", "-c"};
    char name[32];
    int fd = make_file(content, strlen(content), name);

    argv[2] = name;
    for (size_t i = 3; words[i - 2] && i < 31; i++)
        argv[i] = words[i - 2];
    load(self, argv, envp);
    close(fd);
}

#endif
