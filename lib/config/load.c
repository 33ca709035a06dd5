/* SPDX-License-Identifier: Apache-2.0 */
#include "config/loader.h"

#include "base/cleanup.h"
#include "config/expand.h"
#include "config/types.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool has_variable(char *const *envp, const char *name)
{
    return lc_env_get(envp, name, strlen(name)) != NULL;
}

static enum lc_platform detect_platform(char *const *envp)
{
    if (has_variable(envp, "KUBERNETES_SERVICE_HOST"))
        return LC_PLATFORM_KUBERNETES;
    if (has_variable(envp, "ECS_CONTAINER_METADATA_URI_V4") ||
        has_variable(envp, "ECS_CONTAINER_METADATA_URI"))
        return LC_PLATFORM_ECS;
    return LC_PLATFORM_PLAIN;
}

static struct lc_config *config_new(char *const *envp, const char *file)
{
    struct lc_config *config = calloc(1, sizeof(*config));

    if (!config)
        return NULL;
    config->platform = detect_platform(envp);
    for (size_t i = 0; i < 256; i++)
        config->exit_codes.code[i] = -1;
    for (size_t i = 0; i < LC_OUTCOME_COUNT; i++)
        config->exit_codes.outcome[i] = -1;
    config->file = file ? strdup(file) : NULL;
    if (file && !config->file) {
        free(config);
        return NULL;
    }
    return config;
}

void lc_config_free(struct lc_config *self)
{
    if (!self)
        return;
    lc_object_clear(LC_SCOPE_ROOT, self);
    free(self->file);
    free(self->why);
    free(self);
}

/* Without `processes` in the file, or where they could not be read, there is one all the same: for
 * options to set, and to be checked. */
static void ensure_process(struct lc_loader *self)
{
    struct lc_config *config = self->config;

    if (config->process_count)
        return;
    free(config->process);
    config->process = calloc(1, sizeof(*config->process));
    if (!config->process) {
        self->no_memory = true;
        return;
    }
    config->process_count = 1;
    lc_scopes[LC_SCOPE_PROCESS].init(config->process);
    lc_loader_read_defaults(self, LC_SCOPE_PROCESS, config->process);
}

/* A copy, since the command line's words do not outlive a configuration that is freed later; as
 * they stand, since the shell or the runtime has expanded them already. */
static void set_command(struct lc_loader *self, char *const *command)
{
    size_t count = 0;
    char **words;

    if (command[0][0] == '\0') {
        lc_errors_add(self->errors, "COMMAND", NULL,
                      "found \"\"; accepted: a program's name or path");
        return;
    }
    while (command[count])
        count++;
    words = calloc(count + 1, sizeof(*words));
    for (size_t i = 0; words && i < count; i++) {
        words[i] = strdup(command[i]);
        if (!words[i]) {
            lc_words_free(words);
            words = NULL;
        }
    }
    if (!words) {
        self->no_memory = true;
        return;
    }
    lc_words_free(self->config->process->command);
    self->config->process->command = words;
}

/* What is taken from other settings where it was not set. */
static void derive(struct lc_loader *self)
{
    struct lc_config *config = self->config;
    struct lc_process_config *process = config->process;
    const char *program =
        config->sidecar || !process->command ? "application" : process->command[0];
    const char *slash = program ? strrchr(program, '/') : NULL;

    /* Without its listener a sidecar does nothing. */
    config->listen_set = config->sidecar || lc_origin_find(self, &config->listen);
    config->prestop |= config->sidecar;
    process->ports_set = lc_origin_find(self, &process->ports) != NULL;
    if (process->name || !program)
        return;
    process->name = strdup(slash && slash[1] ? slash + 1 : program);
    self->no_memory |= !process->name;
}

static void read_sources(struct lc_loader *self, const struct lc_command_line *line,
                         const char *bytes, size_t size, struct lc_config_errors *warnings)
{
    lc_loader_read_defaults(self, LC_SCOPE_ROOT, self->config);
    if (bytes)
        lc_loader_read_file(self, bytes, size);
    else
        self->file_unknown = line->file != NULL;
    ensure_process(self);
    if (self->no_memory)
        return;
    lc_loader_read_environment(self, warnings);
    lc_loader_read_options(self, line);
    if (line->command)
        set_command(self, line->command);
    if (self->no_memory)
        return;
    lc_check_command(self, line);
    lc_check_sidecar(self, warnings);
    derive(self);
    lc_check_signals(self);
    lc_fit_times(self);
}

int lc_config_build(const struct lc_command_line *line, char *const *envp, const char *bytes,
                    size_t size, struct lc_config **ret, struct lc_config_errors *errors,
                    struct lc_config_errors *warnings)
{
    struct lc_loader loader = {.errors = errors, .envp = envp, .source_name = ""};
    bool cut_short;

    loader.config = config_new(envp, line->file);
    if (!loader.config)
        return -ENOMEM;
    read_sources(&loader, line, bytes, size, warnings);
    lc_loader_deinit(&loader);
    /* A list that is incomplete though there was room lacked memory. */
    cut_short = errors->incomplete && errors->count < LC_CONFIG_ERRORS_MAX;
    if (loader.no_memory || cut_short || errors->count) {
        lc_config_free(loader.config);
        return loader.no_memory || cut_short ? -ENOMEM : -EINVAL;
    }
    *ret = loader.config;
    return 0;
}

static int load(struct lc_command_line *line, char *const *envp, struct lc_config **ret,
                struct lc_config_errors *errors, struct lc_config_errors *warnings)
{
    static const char variable[] = "LASTCALL_CONFIG";
    LC_CLEANUP_FREE char *bytes = NULL;
    size_t size = 0;
    int r;

    if (!line->file)
        line->file = lc_env_get(envp, variable, sizeof(variable) - 1);
    if (line->file) {
        r = lc_file_read(line->file, &bytes, &size, errors);
        if (r == -ENOMEM)
            return r;
    }
    return lc_config_build(line, envp, bytes, size, ret, errors, warnings);
}

int lc_config_load(char *const *argv, char *const *envp, struct lc_config **ret,
                   enum lc_cli *ret_cli, struct lc_config_errors *errors,
                   struct lc_config_errors *warnings)
{
    struct lc_command_line line;
    int r = lc_command_line_parse(&line, argv, errors);

    *ret = NULL;
    *ret_cli = line.help ? LC_CLI_HELP : (line.version ? LC_CLI_VERSION : LC_CLI_RUN);
    if (r == 0 && *ret_cli == LC_CLI_RUN)
        r = load(&line, envp, ret, errors, warnings);
    else if (r == 0)
        lc_config_errors_deinit(errors); /* who asks for help wants that, whatever else is wrong */
    lc_command_line_deinit(&line);
    return r;
}
