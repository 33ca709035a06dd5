/* SPDX-License-Identifier: Apache-2.0 */
#include "settings.h"

#include "base/cleanup.h"
#include "command.h"
#include "config/expand.h"
#include "config/loader.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

extern char **environ;

const char *const lc_ctl_platforms[] = {
    [LC_PLATFORM_PLAIN] = "plain",
    [LC_PLATFORM_KUBERNETES] = "kubernetes",
    [LC_PLATFORM_ECS] = "ecs",
    [LC_PLATFORM_COUNT] = NULL,
};

/* What lastcall tells the platforms by, and what makes it believe in one. */
static const struct {
    const char *name, *entry;
} platform_variables[] = {
    {"KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_HOST=kubernetes.default.svc"},
    {"ECS_CONTAINER_METADATA_URI_V4", "ECS_CONTAINER_METADATA_URI_V4=http://169.254.170.2/v4"},
    {"ECS_CONTAINER_METADATA_URI", NULL},
};

static bool names_platform(const char *entry)
{
    for (size_t i = 0; i < sizeof(platform_variables) / sizeof(platform_variables[0]); i++) {
        size_t length = strlen(platform_variables[i].name);

        if (!strncmp(entry, platform_variables[i].name, length) && entry[length] == '=')
            return true;
    }
    return false;
}

static size_t count_words(char *const *words)
{
    size_t count = 0;

    while (words[count])
        count++;
    return count;
}

/* `envp` as it would be on that platform. The array is the caller's, the texts are not. */
static char **environment_on(char *const *envp, const char *platform)
{
    const char *entry = NULL;
    char **copy = calloc(count_words(envp) + 2, sizeof(*copy));
    size_t count = 0;

    if (!copy)
        return NULL;
    for (; *envp; envp++)
        if (!platform || !names_platform(*envp))
            copy[count++] = *envp;
    if (platform && !strcmp(platform, lc_ctl_platforms[LC_PLATFORM_KUBERNETES]))
        entry = platform_variables[0].entry;
    if (platform && !strcmp(platform, lc_ctl_platforms[LC_PLATFORM_ECS]))
        entry = platform_variables[1].entry;
    if (entry)
        copy[count] = (char *)(uintptr_t)entry; /* execve(2)'s type; nobody writes to it */
    return copy;
}

static bool is_set(char *const *envp, const char *variable)
{
    return lc_env_get(envp, variable, strlen(variable));
}

static bool is_sidecar(const struct lc_command_line *line, char *const *envp)
{
    for (size_t i = 0; i < line->given_count; i++)
        if (!strcmp(line->given[i].key->option, "sidecar"))
            return true;
    return is_set(envp, "LASTCALL_SIDECAR");
}

/* Whether lastcall would know what to run, or that it is to run nothing. */
static int names_something_to_run(char *const *words, char *const *envp)
{
    struct lc_config_errors ignored = {0};
    struct lc_command_line line;
    int r = lc_command_line_parse(&line, words, &ignored);

    if (r == 0)
        r = line.file || line.command || line.help || line.version ||
            is_set(envp, "LASTCALL_CONFIG") || is_sidecar(&line, envp);
    lc_command_line_deinit(&line);
    lc_config_errors_deinit(&ignored);
    return r;
}

static int load(struct lc_ctl_settings *ret, char *const *words, char *const *envp)
{
    enum lc_cli cli = LC_CLI_RUN;
    int r = lc_config_load(words, envp, &ret->config, &cli, &ret->errors, &ret->warnings);

    if (r == 0 && cli != LC_CLI_RUN)
        lc_errors_add(&ret->errors, cli == LC_CLI_HELP ? "--help" : "--version", NULL,
                      "found an option that runs nothing; accepted: one that does");
    return r;
}

static int load_file(struct lc_ctl_settings *ret, char *const *words, char *const *envp,
                     const struct lc_ctl_file *file)
{
    struct lc_command_line line;
    int r = lc_command_line_parse(&line, words, &ret->errors);

    line.file = file->name;
    if (r == 0)
        r = lc_config_build(&line, envp, file->bytes, file->size, &ret->config, &ret->errors,
                            &ret->warnings);
    lc_command_line_deinit(&line);
    return r;
}

int lc_ctl_settings_load(struct lc_ctl_settings *ret, char *const *words, char *const *envp,
                         const char *platform, const struct lc_ctl_file *file)
{
    static char end[] = "--", stand_in[] = "application";
    size_t count = count_words(words);
    LC_CLEANUP_FREE char **line = calloc(count + 3, sizeof(*line));
    LC_CLEANUP_FREE char **environment = environment_on(envp, platform);
    int r;

    *ret = (struct lc_ctl_settings){0};
    if (!line || !environment)
        return -ENOMEM;
    memcpy(line, words, count * sizeof(*line));
    r = file ? 1 : names_something_to_run(words, environment);
    if (r < 0)
        return r;
    if (r == 0) {
        /* Behind a "--" that stands there already another one would be a command's name. */
        if (count < 2 || strcmp(words[count - 1], end) != 0)
            line[count++] = end;
        line[count] = stand_in;
    }
    r = file ? load_file(ret, line, environment, file) : load(ret, line, environment);
    return r == -ENOMEM ? r : 0;
}

bool lc_ctl_settings_open(struct lc_ctl_settings *ret, char *const *words, const char *platform)
{
    int r = lc_ctl_settings_load(ret, words, environ, platform, NULL);

    if (r < 0)
        lc_ctl_fail("%s", strerror(-r));
    lc_ctl_print_problems("warning: ", &ret->warnings);
    lc_ctl_print_problems("", &ret->errors);
    return r == 0 && ret->config;
}

void lc_ctl_settings_deinit(struct lc_ctl_settings *self)
{
    lc_config_free(self->config);
    lc_config_errors_deinit(&self->errors);
    lc_config_errors_deinit(&self->warnings);
    self->config = NULL;
}

void lc_ctl_print_problems(const char *prefix, const struct lc_config_errors *problems)
{
    char text[2048];

    for (size_t i = 0; i < problems->count; i++)
        fprintf(stderr, "%s%s\n", prefix,
                lc_config_error_format(&problems->list[i], text, sizeof(text)));
    if (problems->incomplete)
        fprintf(stderr, "%sthere are more, not shown\n", prefix);
}
