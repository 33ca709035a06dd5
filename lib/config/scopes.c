/* SPDX-License-Identifier: Apache-2.0 */
#include "config/types.h"

#include <inttypes.h>
#include <string.h>

static void process_init(void *object)
{
    struct lc_process_config *process = object;

    process->stop_timeout = LC_NEVER;
}

/* What either of them decides is decided once: ValidatePodSpec() of Kubernetes refuses more, too. */
static void check_threshold(struct lc_loader *loader, struct lc_probe *probe, const char *name)
{
    char path[LC_PATH_MAX + 32];

    if (!probe || probe->threshold[true] == 1)
        return;
    snprintf(path, sizeof(path), "%s.%s.successThreshold", loader->path, name);
    lc_errors_add(loader->errors, lc_origin_find(loader, &probe->threshold[true]), path,
                  "found %" PRIu64 "; accepted: 1, but in a readinessProbe",
                  probe->threshold[true]);
}

static void process_finish(struct lc_loader *loader, const struct lc_node *node, void *object)
{
    struct lc_process_config *process = object;

    check_threshold(loader, process->probe[LC_CHECK_STARTUP], "startupProbe");
    check_threshold(loader, process->probe[LC_CHECK_LIVENESS], "livenessProbe");
    /* Whether the command is missing is known once the options have been read. */
    if (!lc_node_find(node, "command"))
        lc_origin_set(loader, &process->command, node);
}

/* Which of the actions the mapping has; -1: none or several, an error was added. */
static int find_action(struct lc_loader *loader, const struct lc_node *map,
                       const char *const *actions, const char *accepted)
{
    int found = -1;

    for (int action = 0; actions[action]; action++) {
        if (!lc_node_find(map, actions[action]))
            continue;
        if (found >= 0) {
            lc_fail(loader, map, "found %s and %s; accepted: %s", actions[found], actions[action],
                    accepted);
            return -1;
        }
        found = action;
    }
    if (found < 0)
        lc_fail(loader, map, "found none of its actions; accepted: %s", accepted);
    return found;
}

static void hook_finish(struct lc_loader *loader, const struct lc_node *node, void *object)
{
    struct lc_hook *hook = object;
    int action = find_action(loader, node, lc_hook_actions,
                             "exactly one of exec, httpGet, signal and sleep");

    if (action < 0)
        return;
    hook->action = (enum lc_hook_action)action;
    if (hook->action == LC_HOOK_SLEEP && !lc_origin_find(loader, &hook->timeout))
        hook->timeout = hook->sleep;
}

static void probe_finish(struct lc_loader *loader, const struct lc_node *node, void *object)
{
    struct lc_probe *probe = object;
    int action =
        find_action(loader, node, lc_probe_actions, "exactly one of exec, httpGet and tcpSocket");

    if (action >= 0)
        probe->action = (enum lc_probe_action)action;
}

const struct lc_scope_info lc_scopes[LC_SCOPE_COUNT] = {
    [LC_SCOPE_COMMAND_LINE] = {.label = "", .size = sizeof(struct lc_command_line)},
    [LC_SCOPE_ROOT] = {.label = "", .size = sizeof(struct lc_config)},
    [LC_SCOPE_PROCESS] = {.label = "processes[].",
                          .size = sizeof(struct lc_process_config),
                          .init = process_init,
                          .finish = process_finish},
    [LC_SCOPE_HOOK] = {.label = "preStop[].",
                       .size = sizeof(struct lc_hook),
                       .finish = hook_finish},
    [LC_SCOPE_PROBE] = {.label = "readinessProbe.",
                        .size = sizeof(struct lc_probe),
                        .finish = probe_finish},
    [LC_SCOPE_HEADER] = {.label = "httpHeaders[].", .size = sizeof(struct lc_header)},
};
