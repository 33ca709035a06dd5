/* SPDX-License-Identifier: Apache-2.0 */
#include "config/print.h"

#include <ctype.h>
#include <string.h>

/* Lists for the man pages, in mdoc(7). */

/* Hyphens are made such that they can be copied into a shell. */
static void print_letter(FILE *out, char letter)
{
    if (letter == '-')
        fputs("\\-", out);
    else if (letter == '\\')
        fputs("\\e", out);
    else
        fputc(letter, out);
}

void lc_print_man_text(FILE *out, const char *text)
{
    for (; *text; text++)
        print_letter(out, *text);
}

void lc_print_man_sentence(FILE *out, const char *text)
{
    /* A dot at the start of a line would be a request. */
    fputs("\\&", out);
    fputc(toupper((unsigned char)*text), out);
    lc_print_man_text(out, text + 1);
    fputs(".\n", out);
}

/* A macro takes words of up to three letters for macros: \& before a word makes it text. */
static void print_word(FILE *out, const char *text)
{
    fputs("\\&", out);
    for (; *text; text++) {
        if (*text == '"')
            fputs("\\(dq", out);
        else
            print_letter(out, *text);
    }
}

static void print_path(FILE *out, const struct lc_key *key)
{
    fprintf(out, "\\&%s%s", lc_scopes[key->scope].label, key->path);
}

static void print_standard(FILE *out, const struct lc_key *key)
{
    char standard[LC_STANDARD_MAX];

    if (lc_key_standard(key, standard)) {
        fputs("Default: ", out);
        print_word(out, standard);
        fputs(".\n", out);
    }
}

static void print_bounds(FILE *out, const struct lc_key *key)
{
    char accepted[LC_ACCEPTED_MAX];

    /* Of objects the help says what they are, and their own keys follow. */
    if (key->type == LC_TYPE_OBJECTS || key->type == LC_TYPE_OBJECT)
        return;
    fputs("Accepted: ", out);
    print_word(out, lc_key_accepted(key, accepted));
    fputs(".\n", out);
}

static void print_key(FILE *out, const struct lc_key *key)
{
    char variable[LC_VARIABLE_MAX];

    fputs(".It Sy ", out);
    print_path(out, key);
    fputc('\n', out);
    lc_print_man_sentence(out, key->help);
    print_bounds(out, key);
    print_standard(out, key);
    if (key->option)
        fprintf(out, "Option:\n.Fl -%s ;\nvariable:\n.Ev %s .\n", key->option,
                lc_key_variable(key, variable));
    if (key->fixed)
        fputs("Cannot change while running.\n", out);
}

int lc_config_print_man_table(FILE *out)
{
    fputs(".Bl -tag -width Ds\n", out);
    for (int scope = LC_SCOPE_ROOT; scope < LC_SCOPE_COUNT; scope++)
        for (const struct lc_key *key = lc_keys; key < lc_keys + lc_key_count; key++)
            if (key->scope == (enum lc_scope)scope)
                print_key(out, key);
    fputs(".El\n", out);
    return lc_print_result(out);
}

/* ".It Fl -margin Ar TIME" */
static void print_option(FILE *out, const struct lc_key *key)
{
    char word[LC_STANDARD_MAX];

    fprintf(out, ".It Fl -%s Ar ", key->option);
    print_word(out, lc_key_word(key, word));
    fputc('\n', out);
    lc_print_man_sentence(out, key->help);
    print_standard(out, key);
    fputs("In the file:\n.Sy ", out);
    print_path(out, key);
    fputs(" .\n", out);
}

int lc_config_print_man_options(FILE *out)
{
    for (const struct lc_key *key = lc_keys; key < lc_keys + lc_key_count; key++)
        if (key->option && key->path)
            print_option(out, key);
    return lc_print_result(out);
}
