/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Any bytes as a configuration file. Besides what the sanitizers see:
 * - a refusal has errors, each with a place and a text, in printable characters;
 * - a configuration has a command, and times that fit in its grace.
 */

#include "fuzz.h"

#include "config/loader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Not literals, which are const: the program's environment is not. */
static char pod[] = "KUBERNETES_SERVICE_HOST=10.0.0.1", port[] = "PORT=8080",
            empty[] = "EMPTY=", yaml[] = "YAML=[1, 2]: &x", program[] = "true";
static char *const envp[] = {pod, port, empty, yaml, NULL};

static void check_errors(const struct lc_config_errors *errors)
{
    char line[2048];

    for (size_t i = 0; i < errors->count; i++) {
        expect(errors->list[i].where && *errors->list[i].where);
        expect(errors->list[i].text && *errors->list[i].text);
        lc_config_error_format(&errors->list[i], line, sizeof(line));
        for (const char *at = line; *at; at++)
            expect((unsigned char)*at >= 0x20 && *at != 0x7f);
    }
}

static void check_config(const struct lc_config *config)
{
    struct lc_policy policy;
    char text[256];
    uint64_t needed;

    expect(config->process_count == 1 && config->process->command && config->process->command[0]);
    expect(config->process->name && config->why);
    expect(lc_config_fixed_differences(config, config, text, sizeof(text)) == 0);
    lc_config_policy(config, &policy);
    needed = policy.margin + policy.stop_reserve;
    if (policy.lane[0].serves)
        needed += policy.window_max;
    for (size_t kind = 0; kind < LC_HOOK_KIND_COUNT; kind++)
        for (size_t i = 0; i < policy.lane[0].hooks[kind]; i++)
            if (config->process->hooks[kind][i].action != LC_HOOK_SIGNAL)
                needed += policy.lane[0].hook_timeout[kind][i];
    expect(needed <= policy.grace);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* Every other input has a command of its own, so that files without a process get through. */
    struct lc_command_line line = {.file = "fuzz.yaml"};
    char *const command[] = {program, NULL};
    struct lc_config_errors errors = {0}, warnings = {0};
    struct lc_config *config = NULL;
    int r;

    if (size % 2)
        line.command = command;
    r = lc_config_build(&line, envp, (const char *)data, size, &config, &errors, &warnings);
    expect(r == 0 ? config && !errors.count : r == -EINVAL && !config && errors.count);
    check_errors(&errors);
    if (config)
        check_config(config);
    lc_config_free(config);
    lc_config_errors_deinit(&errors);
    lc_config_errors_deinit(&warnings);
    return 0;
}
