/* SPDX-License-Identifier: Apache-2.0 */
#include "config/types.h"

#include "base/cleanup.h"
#include "base/duration.h"
#include "base/signal_name.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

int lc_choice_find(const char *const *choices, const char *text)
{
    for (int i = 0; choices[i]; i++)
        if (!strcmp(choices[i], text))
            return i;
    return -1;
}

bool lc_read_number(struct lc_loader *loader, const struct lc_node *node, uint64_t min,
                    uint64_t max, const char *accepted, uint64_t *ret)
{
    LC_CLEANUP_FREE char *text = lc_read_scalar(loader, node, accepted);
    unsigned long long value;
    char *end;

    if (!text)
        return false;
    errno = 0;
    value = strtoull(text, &end, 10);
    /* strtoull() takes signs and leading blanks, and makes a huge number of "-1". */
    if (*text < '0' || *text > '9' || *end != '\0' || errno || value < min || value > max) {
        lc_fail_found(loader, node, text, accepted);
        return false;
    }
    *ret = value;
    return true;
}

bool lc_read_signal(struct lc_loader *loader, const struct lc_node *node, const char *accepted,
                    int *ret)
{
    LC_CLEANUP_FREE char *text = lc_read_scalar(loader, node, accepted);
    int number;

    if (!text)
        return false;
    number = lc_signal_parse(text);
    if (number < 0) {
        lc_fail_found(loader, node, text, accepted);
        return false;
    }
    *ret = number;
    return true;
}

static bool read_text(struct lc_loader *loader, const struct lc_key *key,
                      const struct lc_node *node, void *object)
{
    const struct lc_form_info *form = &lc_forms[key->form];
    char **target = lc_key_target(key, object), *text;

    text = lc_read_scalar(loader, node, form->accepted);
    if (!text)
        return false;
    if (!form->check(text)) {
        lc_fail_found(loader, node, text, form->accepted);
        free(text);
        return false;
    }
    if (key->form == LC_FORM_HOST && !*text) {
        free(text);
        return true;
    }
    free(*target);
    *target = NULL;
    if (key->form == LC_FORM_FILE_PATH && !strcmp(text, "off"))
        free(text);
    else
        *target = text;
    return true;
}

static void clear_text(const struct lc_key *key, void *object)
{
    char **target = lc_key_target(key, object);

    free(*target);
    *target = NULL;
}

static bool read_bool(struct lc_loader *loader, const struct lc_key *key,
                      const struct lc_node *node, void *object)
{
    static const char *const spellings[] = {"false", "true", NULL};
    LC_CLEANUP_FREE char *text = lc_read_scalar(loader, node, "true or false");
    int value = text ? lc_choice_find(spellings, text) : -1;

    if (text && value < 0)
        lc_fail_found(loader, node, text, "true or false");
    if (value < 0)
        return false;
    *(bool *)lc_key_target(key, object) = value;
    return true;
}

static bool read_choice(struct lc_loader *loader, const struct lc_key *key,
                        const struct lc_node *node, void *object)
{
    char accepted[LC_ACCEPTED_MAX];
    LC_CLEANUP_FREE char *text = lc_read_scalar(loader, node, lc_key_accepted(key, accepted));
    int value = text ? lc_choice_find(key->choices, text) : -1;

    if (text && value < 0)
        lc_fail_found(loader, node, text, accepted);
    if (value < 0)
        return false;
    *(int *)lc_key_target(key, object) = value;
    return true;
}

/* "5s" is a time out of bounds where "fast" is none at all: two different things to be told. */
static void fail_duration(struct lc_loader *loader, const struct lc_key *key,
                          const struct lc_node *node, const char *text, int reason)
{
    char min[LC_DURATION_TEXT_MAX], max[LC_DURATION_TEXT_MAX], accepted[LC_ACCEPTED_MAX];

    lc_duration_format(key->min, min);
    lc_duration_format(key->max, max);
    if (reason == -ERANGE)
        snprintf(accepted, sizeof(accepted), "a duration from %s to %s, no finer than 1ms", min,
                 max);
    else
        lc_key_accepted(key, accepted);
    lc_fail_found(loader, node, text, accepted);
}

static bool read_duration(struct lc_loader *loader, const struct lc_key *key,
                          const struct lc_node *node, void *object)
{
    char accepted[LC_ACCEPTED_MAX];
    LC_CLEANUP_FREE char *text = lc_read_scalar(loader, node, lc_key_accepted(key, accepted));
    uint64_t value;
    int r = text ? lc_duration_parse(text, &value) : -EINVAL;

    if (r == 0 && (value < key->min || value > key->max))
        r = -ERANGE;
    if (r == 0) {
        *(uint64_t *)lc_key_target(key, object) = value;
        return true;
    }
    if (text)
        fail_duration(loader, key, node, text, r);
    loader->times_unknown = true;
    return false;
}

static bool read_seconds(struct lc_loader *loader, const struct lc_key *key,
                         const struct lc_node *node, void *object)
{
    char accepted[LC_ACCEPTED_MAX];
    uint64_t value;

    if (!lc_read_number(loader, node, key->min, key->max, lc_key_accepted(key, accepted), &value)) {
        loader->times_unknown = true;
        return false;
    }
    *(uint64_t *)lc_key_target(key, object) = value * 1000;
    return true;
}

static bool read_number(struct lc_loader *loader, const struct lc_key *key,
                        const struct lc_node *node, void *object)
{
    char accepted[LC_ACCEPTED_MAX];

    return lc_read_number(loader, node, key->min, key->max, lc_key_accepted(key, accepted),
                          lc_key_target(key, object));
}

static bool read_port(struct lc_loader *loader, const struct lc_key *key,
                      const struct lc_node *node, void *object)
{
    char accepted[LC_ACCEPTED_MAX];
    uint64_t value;

    if (!lc_read_number(loader, node, 1, UINT16_MAX, lc_key_accepted(key, accepted), &value))
        return false;
    *(uint16_t *)lc_key_target(key, object) = (uint16_t)value;
    return true;
}

static bool read_signal(struct lc_loader *loader, const struct lc_key *key,
                        const struct lc_node *node, void *object)
{
    char accepted[LC_ACCEPTED_MAX];

    return lc_read_signal(loader, node, lc_key_accepted(key, accepted), lc_key_target(key, object));
}

static void clear_words(const struct lc_key *key, void *object)
{
    char ***target = lc_key_target(key, object);

    lc_words_free(*target);
    *target = NULL;
}

static void clear_array(const struct lc_key *key, void *object)
{
    void **target = lc_key_target(key, object);

    free(*target);
    *target = NULL;
}

void lc_words_free(char **words)
{
    for (char **word = words; word && *word; word++)
        free(*word);
    free((void *)words);
}

const struct lc_type_info lc_types[LC_TYPE_COUNT] = {
    [LC_TYPE_FLAG] = {.name = "flag"},
    [LC_TYPE_FILE] = {.name = "file", .word = "FILE"},
    [LC_TYPE_TEXT] = {.name = "text", .word = "TEXT", .read = read_text, .clear = clear_text},
    [LC_TYPE_BOOL] = {.name = "true or false", .word = "true|false", .read = read_bool},
    [LC_TYPE_CHOICE] = {.name = "choice", .read = read_choice},
    [LC_TYPE_DURATION] = {.name = "duration", .word = "TIME", .read = read_duration},
    [LC_TYPE_SECONDS] = {.name = "number of seconds", .word = "SECONDS", .read = read_seconds},
    [LC_TYPE_NUMBER] = {.name = "number", .word = "NUMBER", .read = read_number},
    [LC_TYPE_PORT] = {.name = "port", .word = "PORT", .read = read_port},
    [LC_TYPE_SIGNAL] = {.name = "signal", .word = "SIG", .read = read_signal},
    [LC_TYPE_STOP_ON] = {.name = "list of signals",
                         .word = "SIG,...",
                         .shape = LC_NODE_LIST,
                         .read = lc_read_stop_on},
    [LC_TYPE_COMMAND] = {.name = "list of words",
                         .word = "WORD,...",
                         .shape = LC_NODE_LIST,
                         .read = lc_read_command,
                         .clear = clear_words},
    [LC_TYPE_LISTEN] = {.name = "address, or a list of them",
                        .word = "ADDRESS",
                        .shape = LC_NODE_LIST,
                        .read = lc_read_listen,
                        .clear = clear_words},
    [LC_TYPE_PORTS] = {.name = "list of ports",
                       .word = "PORT,...",
                       .shape = LC_NODE_LIST,
                       .read = lc_read_ports,
                       .clear = clear_array},
    [LC_TYPE_SECOND] = {.name = "mapping",
                        .word = "SIG=WHAT,...",
                        .shape = LC_NODE_MAP,
                        .read = lc_read_second},
    [LC_TYPE_SIGNAL_MAP] = {.name = "mapping",
                            .word = "SIG=WHAT,...",
                            .shape = LC_NODE_MAP,
                            .read = lc_read_signal_map},
    [LC_TYPE_EXIT_CODES] = {.name = "mapping",
                            .word = "CODE=CODE,...",
                            .shape = LC_NODE_MAP,
                            .read = lc_read_exit_codes},
    [LC_TYPE_WINDOW] = {.name = "duration, MIN:QUIET:MAX, or a preset",
                        .word = "WINDOW",
                        .read = lc_read_window},
    [LC_TYPE_WAIT] = {.name = "true or false", .word = "TIME", .read = lc_read_wait},
    [LC_TYPE_NETWORKS] = {.name = "list of networks",
                          .word = "CIDR,...",
                          .shape = LC_NODE_LIST,
                          .read = lc_read_networks,
                          .clear = clear_array},
    [LC_TYPE_OBJECTS] = {.name = "list",
                         .shape = LC_NODE_LIST,
                         .read = lc_read_objects,
                         .clear = lc_objects_clear},
    [LC_TYPE_OBJECT] = {.name = "mapping",
                        .shape = LC_NODE_MAP,
                        .read = lc_read_object,
                        .clear = lc_objects_clear},
};
