/* SPDX-License-Identifier: Apache-2.0 */
#include "config/loader.h"
#include "config/nearest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * The command line, read without getopt(3): that would look for options behind the command's name,
 * too, and take `lastcall sh -c '...'` for a --config of ours.
 */

struct cursor {
    char *const *word; /* the one being looked at */
    struct lc_command_line *line;
    struct lc_config_errors *errors;
};

static int remember(struct lc_command_line *line, const struct lc_key *key, const char *text)
{
    struct lc_given *grown = reallocarray(line->given, line->given_count + 1, sizeof(*line->given));

    if (!grown)
        return -ENOMEM;
    line->given = grown;
    grown[line->given_count++] = (struct lc_given){key, text};
    return 0;
}

static void fail_unknown(struct cursor *self, const char *name, size_t length)
{
    struct lc_nearest nearest;
    char wanted[LC_NEAREST_MAX], where[LC_NEAREST_MAX + 8];

    snprintf(wanted, sizeof(wanted), "%.*s", length < sizeof(wanted) ? (int)length : 0, name);
    snprintf(where, sizeof(where), "--%s", wanted);
    lc_nearest_init(&nearest, wanted);
    for (const struct lc_key *key = lc_keys; key < lc_keys + lc_key_count; key++)
        if (key->option)
            lc_nearest_offer(&nearest, key->option, strlen(key->option));
    if (nearest.best)
        lc_errors_add(self->errors, where, NULL, "unknown option; did you mean --%s?",
                      nearest.best);
    else
        lc_errors_add(self->errors, where, NULL,
                      "unknown option; accepted: those that lastcall --help shows");
}

/* Gives `key` its value. */
static int assign(struct cursor *self, const struct lc_key *key, const char *text)
{
    if (key->scope != LC_SCOPE_COMMAND_LINE)
        return remember(self->line, key, text);
    if (key->type == LC_TYPE_FILE)
        *(const char **)lc_key_target(key, self->line) = text;
    else
        *(bool *)lc_key_target(key, self->line) = true;
    return 0;
}

/* An option that is known, spelled `spelling`; `value` NULL: none was written to it with '='. */
static int take(struct cursor *self, const struct lc_key *key, const char *spelling,
                const char *value)
{
    if (key->type == LC_TYPE_FLAG) {
        if (value)
            lc_errors_add(self->errors, spelling, NULL, "found a value; accepted: none");
        return assign(self, key, NULL);
    }
    if (!value && key->optional)
        value = "true";
    if (!value) {
        value = self->word[1];
        if (!value) {
            lc_errors_add(self->errors, spelling, NULL, "found no value; accepted: %s VALUE",
                          spelling);
            return 0;
        }
        self->word++;
    }
    return assign(self, key, value);
}

/* "--name", "--name=value" */
static int take_long(struct cursor *self)
{
    const char *name = *self->word + 2;
    size_t length = strcspn(name, "=");
    const struct lc_key *key = lc_key_find_option(name, length);
    char spelling[LC_NEAREST_MAX];

    if (!key) {
        fail_unknown(self, name, length);
        return 0;
    }
    snprintf(spelling, sizeof(spelling), "--%s", key->option);
    return take(self, key, spelling, name[length] ? name + length + 1 : NULL);
}

/* "-c", "-cVALUE" */
static int take_short(struct cursor *self)
{
    const char *word = *self->word;
    char spelling[] = {'-', word[1], '\0'}, quoted[LC_QUOTED_MAX];

    for (const struct lc_key *key = lc_keys; key < lc_keys + lc_key_count; key++)
        if (key->letter && key->letter == word[1])
            return take(self, key, spelling, word[2] ? word + 2 : NULL);
    lc_errors_add(self->errors, "COMMAND", NULL,
                  "found the unknown option %s; accepted: those that lastcall --help shows",
                  lc_quote(word, strlen(word), quoted));
    return 0;
}

int lc_command_line_parse(struct lc_command_line *ret, char *const *argv,
                          struct lc_config_errors *errors)
{
    struct cursor cursor = {.word = argv, .line = ret, .errors = errors};
    int r = 0;

    *ret = (struct lc_command_line){0};
    if (!*cursor.word) /* execve(2) may leave even the program's name out */
        return 0;
    for (cursor.word++; *cursor.word && r == 0; cursor.word++) {
        const char *word = *cursor.word;

        if (word[0] != '-' || word[1] == '\0')
            break;
        if (!strcmp(word, "--")) {
            cursor.word++;
            break;
        }
        r = word[1] == '-' ? take_long(&cursor) : take_short(&cursor);
        if (ret->help || ret->version)
            return r;
    }
    if (*cursor.word)
        ret->command = cursor.word;
    return r;
}

void lc_command_line_deinit(struct lc_command_line *self)
{
    free(self->given);
    *self = (struct lc_command_line){0};
}

static bool given_before(const struct lc_command_line *line, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (line->given[i].key == line->given[at].key)
            return true;
    return false;
}

void lc_loader_read_options(struct lc_loader *self, const struct lc_command_line *line)
{
    self->source = LC_SOURCE_TEXT;
    for (size_t i = 0; i < line->given_count; i++) {
        const struct lc_given *given = &line->given[i];
        char name[LC_NEAREST_MAX];

        snprintf(name, sizeof(name), "--%s", given->key->option);
        self->source_name = name;
        self->appending = given->key->repeatable && given_before(line, i);
        lc_loader_read_text(self, given->key, given->text);
    }
    self->appending = false;
    self->source_name = "";
}
