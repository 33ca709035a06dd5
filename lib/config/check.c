/* SPDX-License-Identifier: Apache-2.0 */
#include "config/loader.h"

#include "base/signal_name.h"
#include "config/types.h"

#include <inttypes.h>

/* Settings that contradict each other, whichever was written first. */

static bool stops(const struct lc_config *config, int number)
{
    return config->stop_on >> (number - 1) & 1;
}

static const char *place(const struct lc_loader *self, const void *target)
{
    const char *where = lc_origin_find(self, target);

    return where ? where : "default";
}

/* A stop signal begins a shutdown: it cannot be something else as well. */
static void check_signal_map(struct lc_loader *self)
{
    const struct lc_config *config = self->config;
    char name[LC_SIGNAL_NAME_MAX], path[LC_PATH_MAX];

    for (int number = 1; number <= LC_SIGNALS_MAX; number++) {
        const char *where = lc_origin_find(self, &config->signals[number]);

        if (!where || !stops(config, number))
            continue;
        snprintf(path, sizeof(path), "signals.%s", lc_signal_format(number, name));
        lc_errors_add(self->errors, where, path,
                      "found a signal that begins a shutdown (shutdown.stopOn: %s); accepted: one "
                      "that is not in shutdown.stopOn",
                      place(self, &config->stop_on));
    }
}

static void check_second(struct lc_loader *self)
{
    const struct lc_config *config = self->config;
    char name[LC_SIGNAL_NAME_MAX], path[LC_PATH_MAX];

    for (int number = 1; number <= LC_SIGNALS_MAX; number++) {
        const char *where = lc_origin_find(self, &config->second[number]);

        if (!where || stops(config, number))
            continue;
        snprintf(path, sizeof(path), "shutdown.secondSignal.%s", lc_signal_format(number, name));
        lc_errors_add(self->errors, where, path,
                      "found a signal that begins no shutdown (shutdown.stopOn: %s); accepted: one "
                      "that is in shutdown.stopOn",
                      place(self, &config->stop_on));
    }
}

void lc_check_signals(struct lc_loader *self)
{
    check_signal_map(self);
    check_second(self);
}

void lc_check_command(struct lc_loader *self, const struct lc_command_line *line)
{
    const struct lc_config *config = self->config;
    const struct lc_process_config *process = config->process;
    const char *where = lc_origin_find(self, &process->command);
    char accepted[LC_ACCEPTED_MAX];

    if (config->sidecar && (line->command || process->command))
        lc_errors_add(self->errors, line->command ? "COMMAND" : where, "sidecar",
                      "found a command; accepted: none, since a sidecar starts no process");
    if (config->sidecar || line->command || self->file_unknown)
        return;
    if (!config->file)
        lc_errors_add(self->errors, "COMMAND", NULL,
                      "missing; accepted: lastcall [OPTION...] COMMAND [ARG...], or lastcall -c "
                      "FILE; see lastcall --help");
    else if (!self->processes_seen)
        lc_errors_add(self->errors, config->file, "processes",
                      "missing; accepted: a process here, or a COMMAND on the command line");
    else if (!process->command && where)
        lc_errors_add(self->errors, where, "processes[0].command",
                      "missing; accepted: %s, or a COMMAND on the command line",
                      lc_key_accepted(lc_key_find(LC_SCOPE_PROCESS, "command"), accepted));
}

/* What only somebody who started the process could do. */
static void check_process_beside(struct lc_loader *self, const struct lc_process_config *process)
{
    const struct {
        const void *target;
        const char *path;
    } not_ours[] = {
        {&process->stop_signal, "processes[0].stopSignal"},
        {&process->stop_target, "processes[0].stopTarget"},
        {&process->reset_signals, "processes[0].resetSignals"},
        {&process->hooks[LC_HOOK_POST_STOP], "processes[0].postStop"},
        {&process->probe[LC_CHECK_STARTUP], "processes[0].startupProbe"},
        {&process->probe[LC_CHECK_LIVENESS], "processes[0].livenessProbe"},
    };

    for (size_t i = 0; i < sizeof(not_ours) / sizeof(not_ours[0]); i++) {
        const char *where = lc_origin_find(self, not_ours[i].target);

        if (where)
            lc_errors_add(self->errors, where, not_ours[i].path,
                          "found in a sidecar, which starts and stops no process; accepted: none");
    }
    for (size_t i = 0; i < process->hook_count[LC_HOOK_PRE_STOP]; i++) {
        const struct lc_hook *hook = &process->hooks[LC_HOOK_PRE_STOP][i];

        if (hook->action == LC_HOOK_SIGNAL)
            lc_errors_add(self->errors, place(self, &hook->signal), "processes[0].preStop",
                          "found a signal in a sidecar, which sees no process; accepted: exec, "
                          "httpGet, sleep");
    }
}

void lc_check_sidecar(struct lc_loader *self, struct lc_config_errors *warnings)
{
    const struct lc_config *config = self->config;
    const char *where = lc_origin_find(self, &config->prestop);
    const char *sidecar = lc_origin_find(self, &config->sidecar);

    if (!config->sidecar)
        return;
    if (where && !config->prestop)
        lc_errors_add(self->errors, where, "http.prestop",
                      "found false in a sidecar; accepted: true, since /prestop is what it is for");
    if (config->listen && !*config->listen)
        lc_errors_add(self->errors, place(self, &config->listen), "http.listen",
                      "found off in a sidecar; accepted: an address for the preStop hooks");
    check_process_beside(self, config->process);
    if (!lc_origin_find(self, &config->process->ports))
        lc_errors_add(
            warnings, sidecar, "processes[0].ports",
            "no ports in a sidecar: readiness says nothing of the application, the window "
            "lasts its least time, and no connection is waited for");
}
