/* SPDX-License-Identifier: Apache-2.0 */
#include "command.h"

#include "config/keys.h"
#include "config/nearest.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

int lc_ctl_fail(const char *format, ...)
{
    va_list arguments;

    fputs("lastcallctl: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return LC_CTL_FAILED;
}

int lc_ctl_printed(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return EXIT_SUCCESS;
    return lc_ctl_fail("stdout: %s", strerror(errno));
}

/* "svg, text": what an option accepts. */
static const char *list_choices(const char *const *choices, char *buf, size_t size)
{
    size_t length = 0;

    buf[0] = '\0';
    for (; *choices && length < size; choices++)
        length +=
            (size_t)snprintf(buf + length, size - length, "%s%s", length ? ", " : "", *choices);
    return buf;
}

static int check_value(const struct lc_ctl_option *option, const char *value)
{
    char accepted[128];

    if (!option->choices)
        return 0;
    for (const char *const *choice = option->choices; *choice; choice++)
        if (!strcmp(*choice, value))
            return 0;
    lc_ctl_fail("--%s: found \"%s\"; accepted: %s", option->name, value,
                list_choices(option->choices, accepted, sizeof(accepted)));
    return -EINVAL;
}

static const struct lc_ctl_option *find_option(const struct lc_ctl_command *command,
                                               const char *name, size_t length)
{
    for (const struct lc_ctl_option *option = command->options; option && option->name; option++)
        if (strlen(option->name) == length && !memcmp(option->name, name, length))
            return option;
    return NULL;
}

/* One of the command's own. Returns how many words it took, or -EINVAL. */
static int take_own(struct lc_ctl_arguments *ret, const struct lc_ctl_command *command,
                    const struct lc_ctl_option *option, char *const *words)
{
    const char *equals = strchr(words[0], '='), *value = equals ? equals + 1 : words[1];

    if (!option->word) {
        if (equals) {
            lc_ctl_fail("--%s: found a value; accepted: none", option->name);
            return -EINVAL;
        }
        value = "";
    }
    if (!value) {
        lc_ctl_fail("--%s: found no value; accepted: --%s %s", option->name, option->name,
                    option->word);
        return -EINVAL;
    }
    if (check_value(option, value) < 0)
        return -EINVAL;
    ret->value[option - command->options] = value;
    return option->word && !equals ? 2 : 1;
}

/* lastcall's own parser says what is wrong with one that is not known. */
int lc_ctl_words_of_option(const char *word)
{
    const struct lc_key *key = NULL;

    if (word[1] == '-')
        key = strchr(word, '=') ? NULL : lc_key_find_option(word + 2, strlen(word + 2));
    else if (!word[2])
        for (const struct lc_key *row = lc_keys; row < lc_keys + lc_key_count && !key; row++)
            key = row->letter == word[1] ? row : NULL;
    return key && key->type != LC_TYPE_FLAG && !key->optional ? 2 : 1;
}

static int refuse_unknown(const struct lc_ctl_command *command, const char *word)
{
    struct lc_nearest nearest;
    size_t length = strcspn(word, "=");
    char name[LC_NEAREST_MAX];

    snprintf(name, sizeof(name), "%.*s", length < sizeof(name) ? (int)length : 0, word);
    lc_nearest_init(&nearest, name + strspn(name, "-"));
    for (const struct lc_ctl_option *option = command->options; option && option->name; option++)
        lc_nearest_offer(&nearest, option->name, strlen(option->name));
    if (nearest.best)
        lc_ctl_fail("%s: unknown option; did you mean --%s?", name, nearest.best);
    else
        lc_ctl_fail("%s: unknown option; see lastcallctl %s --help", name, command->name);
    return -EINVAL;
}

/* Appends the words that are none of the command's own. */
static void keep(struct lc_ctl_arguments *ret, size_t *count, char **words, size_t length)
{
    for (size_t i = 0; i < length && words[i]; i++)
        ret->rest[(*count)++] = words[i];
}

static int sort_words(struct lc_ctl_arguments *ret, const struct lc_ctl_command *command,
                      char **words)
{
    size_t count = 1;

    while (*words) {
        const char *word = *words;
        const struct lc_ctl_option *option = NULL;
        int length = 1;

        if (word[0] != '-' || !word[1] || !strcmp(word, "--")) {
            /* Behind the command's name its own options begin, as with lastcall. */
            if (command->configures)
                break;
            if (!strcmp(word, "--")) {
                words++;
                break;
            }
        } else if (!strncmp(word, "--", 2)) {
            option = find_option(command, word + 2, strcspn(word + 2, "="));
        }
        if (!strcmp(word, "--help")) {
            ret->help = true;
            return 0;
        }
        if (option)
            length = take_own(ret, command, option, words);
        else if (command->configures)
            length = lc_ctl_words_of_option(word);
        else if (word[0] == '-' && word[1])
            length = refuse_unknown(command, word);
        if (length < 0)
            return length;
        if (!option)
            keep(ret, &count, words, (size_t)length);
        for (; length > 0 && *words; length--)
            words++;
    }
    keep(ret, &count, words, SIZE_MAX);
    return 0;
}

int lc_ctl_arguments_parse(struct lc_ctl_arguments *ret, const struct lc_ctl_command *command,
                           char **words)
{
    size_t count = 0;
    int r;

    while (words[count])
        count++;
    *ret = (struct lc_ctl_arguments){.rest = calloc(count + 1, sizeof(*ret->rest))};
    if (!ret->rest) {
        lc_ctl_fail("%s", strerror(ENOMEM));
        return -ENOMEM;
    }
    ret->rest[0] = words[0];
    r = sort_words(ret, command, words + 1);
    if (r < 0 || ret->help || command->configures)
        return r;
    if (!command->rest && ret->rest[1]) {
        lc_ctl_fail("%s: found \"%s\"; accepted: no further word", command->name, ret->rest[1]);
        return -EINVAL;
    }
    if (command->rest && (!ret->rest[1] || ret->rest[2])) {
        lc_ctl_fail("%s: found %s; accepted: one %s", command->name,
                    ret->rest[1] ? "several words" : "nothing", command->rest);
        return -EINVAL;
    }
    return 0;
}

void lc_ctl_arguments_deinit(struct lc_ctl_arguments *self)
{
    free(self->rest);
    *self = (struct lc_ctl_arguments){0};
}
