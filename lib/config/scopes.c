/* SPDX-License-Identifier: Apache-2.0 */
#include "config/types.h"

#include <string.h>

static void process_init(void *object)
{
    struct lc_process_config *process = object;

    process->stop_timeout = LC_NEVER;
}

/* Whether the command is missing is known once the options have been read. */
static void process_finish(struct lc_loader *loader, const struct lc_node *node, void *object)
{
    struct lc_process_config *process = object;

    if (!lc_node_find(node, "command"))
        lc_origin_set(loader, &process->command, node);
}

/* Which of exec, httpGet, signal, sleep the mapping has; -1: none or several, an error was added. */
static int find_action(struct lc_loader *loader, const struct lc_node *map)
{
    static const char accepted[] = "exactly one of exec, httpGet, signal and sleep";
    int found = -1;

    for (int action = 0; action < LC_HOOK_ACTION_COUNT; action++) {
        if (!lc_node_find(map, lc_hook_actions[action]))
            continue;
        if (found >= 0) {
            lc_fail(loader, map, "found %s and %s; accepted: %s", lc_hook_actions[found],
                    lc_hook_actions[action], accepted);
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
    int action = find_action(loader, node);

    if (action < 0)
        return;
    hook->action = (enum lc_hook_action)action;
    if (hook->action == LC_HOOK_SLEEP && !lc_origin_find(loader, &hook->timeout))
        hook->timeout = hook->sleep;
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
    [LC_SCOPE_HEADER] = {.label = "httpHeaders[].", .size = sizeof(struct lc_header)},
};
