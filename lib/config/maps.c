/* SPDX-License-Identifier: Apache-2.0 */
#include "config/types.h"

#include "base/cleanup.h"
#include "base/signal_name.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* Readers of mappings whose keys are free: signals and exit codes. */

/* One entry into `target`. False: an error was added. */
typedef bool read_entry(struct lc_loader *loader, const struct lc_node *key,
                        const struct lc_node *value, void *target);

static bool read_map(struct lc_loader *loader, const struct lc_key *key, const struct lc_node *node,
                     void *object, read_entry *read)
{
    char accepted[LC_ACCEPTED_MAX];
    bool good = true;

    if (node->kind != LC_NODE_MAP) {
        lc_fail_found(loader, node, NULL, lc_key_accepted(key, accepted));
        return false;
    }
    for (size_t i = 0; i < node->count; i += 2) {
        const struct lc_node *name = node->items[i];
        size_t mark = loader->path_length;

        if (name->kind == LC_NODE_SCALAR)
            lc_path_enter(loader, name->text, strlen(name->text));
        good &= read(loader, name, node->items[i + 1], lc_key_target(key, object));
        lc_path_leave(loader, mark);
    }
    return good;
}

/* Keys are compared by what they mean: SIGTERM, TERM and 15 are one. */
static bool is_first(struct lc_loader *loader, const struct lc_node *name, const void *entry)
{
    const char *earlier = lc_origin_find(loader, entry);

    if (earlier)
        lc_fail(loader, name, "set before, at %s; accepted: once", earlier);
    return !earlier;
}

static bool read_signal_key(struct lc_loader *loader, const struct lc_node *name, int *ret)
{
    static const char accepted[] = "a signal that can be caught, such as SIGUSR1";
    char *text;

    if (name->kind != LC_NODE_SCALAR) {
        lc_fail_found(loader, name, NULL, accepted);
        return false;
    }
    /* A key is taken as it stands: ${...} is for values. */
    text = name->text;
    *ret = lc_signal_parse(text);
    if (*ret > 0 && *ret != SIGKILL && *ret != SIGSTOP && *ret != SIGCHLD)
        return true;
    lc_fail_found(loader, name, text, accepted);
    return false;
}

static bool read_second_entry(struct lc_loader *loader, const struct lc_node *name,
                              const struct lc_node *value, void *target)
{
    static const char accepted[] = "kill, hurry or ignore";
    LC_CLEANUP_FREE char *text = NULL;
    int number = 0, choice;
    uint8_t *entry = target;

    if (!read_signal_key(loader, name, &number) || !is_first(loader, name, entry + number))
        return false;
    text = lc_read_scalar(loader, value, accepted);
    if (!text)
        return false;
    choice = lc_choice_find(lc_second_choices, text);
    if (choice < 0) {
        lc_fail_found(loader, value, text, accepted);
        return false;
    }
    entry[number] = (uint8_t)choice;
    lc_origin_set(loader, entry + number, name);
    return true;
}

bool lc_read_second(struct lc_loader *loader, const struct lc_key *key, const struct lc_node *node,
                    void *object)
{
    return read_map(loader, key, node, object, read_second_entry);
}

/* A reload may hang on those that mean "reload" to somebody; a fault, a stop or a timer does not. */
static bool can_reload(int number)
{
    return number == SIGHUP || number == SIGUSR1 || number == SIGUSR2 || number >= LC_SIGNAL_RTMIN;
}

static bool read_signal_entry(struct lc_loader *loader, const struct lc_node *name,
                              const struct lc_node *value, void *target)
{
    static const char accepted[] = "a signal such as SIGUSR2, ignore or reload";
    LC_CLEANUP_FREE char *text = NULL;
    int number = 0, action;
    int8_t *entry = target;

    if (!read_signal_key(loader, name, &number) || !is_first(loader, name, entry + number))
        return false;
    text = lc_read_scalar(loader, value, accepted);
    if (!text)
        return false;
    if (!strcmp(text, "ignore"))
        action = LC_SIGNAL_DROP;
    else if (!strcmp(text, "reload"))
        action = can_reload(number) ? LC_SIGNAL_RELOAD : 0;
    else
        action = lc_signal_parse(text);
    if (action != LC_SIGNAL_DROP && action != LC_SIGNAL_RELOAD && action <= 0) {
        lc_fail_found(loader, value, text,
                      action ? accepted : "reload for SIGHUP, SIGUSR1, SIGUSR2, SIGRTMIN+N");
        return false;
    }
    entry[number] = (int8_t)action;
    lc_origin_set(loader, entry + number, name);
    return true;
}

bool lc_read_signal_map(struct lc_loader *loader, const struct lc_key *key,
                        const struct lc_node *node, void *object)
{
    return read_map(loader, key, node, object, read_signal_entry);
}

/* The entry that an exit code or an outcome stands for; NULL: an error was added. */
static int16_t *find_exit_entry(struct lc_loader *loader, const struct lc_node *name,
                                struct lc_exit_code_map *map)
{
    static const char accepted[] = "an exit code from 0 to 255, stopped, forced or crashed";
    int outcome;
    uint64_t code = 0;

    if (name->kind == LC_NODE_SCALAR) {
        outcome = lc_choice_find(lc_outcome_choices, name->text);
        if (outcome >= 0)
            return &map->outcome[outcome];
        /* A key is taken as it stands. */
        if (strchr(name->text, '$')) {
            lc_fail_found(loader, name, name->text, accepted);
            return NULL;
        }
    }
    return lc_read_number(loader, name, 0, UINT8_MAX, accepted, &code) ? &map->code[code] : NULL;
}

static bool read_exit_entry(struct lc_loader *loader, const struct lc_node *name,
                            const struct lc_node *value, void *target)
{
    int16_t *entry = find_exit_entry(loader, name, target);
    uint64_t code;

    if (!entry || !is_first(loader, name, entry))
        return false;
    if (!lc_read_number(loader, value, 0, UINT8_MAX, "an exit code from 0 to 255", &code))
        return false;
    *entry = (int16_t)code;
    lc_origin_set(loader, entry, name);
    return true;
}

bool lc_read_exit_codes(struct lc_loader *loader, const struct lc_key *key,
                        const struct lc_node *node, void *object)
{
    return read_map(loader, key, node, object, read_exit_entry);
}
