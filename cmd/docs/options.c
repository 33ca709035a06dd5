/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include "config/types.h"

#include <string.h>

static enum lc_completed completed_of(const struct lc_key *key)
{
    switch ((int)key->type) {
    case LC_TYPE_CHOICE:
        return LC_COMPLETED_CHOICE;
    case LC_TYPE_FILE:
        return LC_COMPLETED_FILE;
    case LC_TYPE_SIGNAL:
    case LC_TYPE_STOP_ON:
        return LC_COMPLETED_SIGNAL;
    default:
        return LC_COMPLETED_NOTHING;
    }
}

size_t lc_docs_lastcall_options(struct lc_docs_option ret[static LC_DOCS_OPTIONS_MAX])
{
    size_t count = 0;

    for (const struct lc_key *key = lc_keys; key < lc_keys + lc_key_count; key++)
        if (key->option && count < LC_DOCS_OPTIONS_MAX)
            ret[count++] = (struct lc_docs_option){
                .name = key->option,
                .letter = key->letter,
                .word = key->type == LC_TYPE_FLAG     ? NULL
                        : key->type == LC_TYPE_CHOICE ? "WORD"
                                                      : lc_types[key->type].word,
                .optional = key->optional,
                .repeatable = key->repeatable,
                .completed = completed_of(key),
                .choices = key->choices,
                .help = key->help,
            };
    return count;
}

size_t lc_docs_command_options(const struct lc_ctl_command *command,
                               struct lc_docs_option ret[static LC_DOCS_OPTIONS_MAX])
{
    size_t count = 0;

    for (const struct lc_ctl_option *option = command->options; option && option->name; option++)
        ret[count++] = (struct lc_docs_option){
            .name = option->name,
            .word = option->word,
            .completed = option->choices                                 ? LC_COMPLETED_CHOICE
                         : option->word && !strcmp(option->word, "FILE") ? LC_COMPLETED_FILE
                                                                         : LC_COMPLETED_NOTHING,
            .choices = option->choices,
            .help = option->help,
        };
    if (command->configures) {
        struct lc_docs_option more[LC_DOCS_OPTIONS_MAX];
        size_t more_count = lc_docs_lastcall_options(more);

        for (size_t i = 0; i < more_count && count < LC_DOCS_OPTIONS_MAX; i++)
            if (strcmp(more[i].name, "version") != 0)
                ret[count++] = more[i];
    } else {
        ret[count++] = (struct lc_docs_option){.name = "help", .help = "print this and exit"};
    }
    return count;
}
