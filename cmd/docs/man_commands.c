/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <ctype.h>
#include <string.h>

/* Hyphens such that they can be copied into a shell; \& before what may be a macro. */
static void print_text(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '-')
            fputs("\\-", out);
        else if (*text == '\\')
            fputs("\\e", out);
        else
            fputc(*text, out);
    }
}

static void print_sentence(FILE *out, const char *text)
{
    fprintf(out, "\\&%c", toupper((unsigned char)*text));
    print_text(out, text + 1);
    fputs(".\n", out);
}

static void print_option(FILE *out, const struct lc_ctl_option *option)
{
    fprintf(out, ".It Fl -%s", option->name);
    if (option->word)
        fprintf(out, " Ar \\&%s", option->word);
    fputc('\n', out);
    print_sentence(out, option->help);
    if (option->choices) {
        fputs("One of ", out);
        for (const char *const *choice = option->choices; *choice; choice++) {
            print_text(out, *choice);
            fputs(choice[1] ? ", " : ".\n", out);
        }
    }
}

void lc_docs_man_commands(FILE *out)
{
    fputs(".Bl -tag -width Ds\n", out);
    for (const struct lc_ctl_command *row = lc_ctl_commands; row->name; row++) {
        fprintf(out, ".It Cm %s", row->name);
        if (row->synopsis[0]) {
            fputs(" No \\&", out);
            print_text(out, row->synopsis);
        }
        fputc('\n', out);
        print_sentence(out, row->help);
        if (!row->options)
            continue;
        fputs(".Bl -tag -width Ds\n", out);
        for (const struct lc_ctl_option *option = row->options; option->name; option++)
            print_option(out, option);
        fputs(".El\n", out);
    }
    fputs(".El\n", out);
}
