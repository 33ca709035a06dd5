/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include "config/print.h"

static void print_option(FILE *out, const struct lc_ctl_option *option)
{
    fprintf(out, ".It Fl -%s", option->name);
    if (option->word)
        fprintf(out, " Ar \\&%s", option->word);
    fputc('\n', out);
    lc_print_man_sentence(out, option->help);
    if (option->choices) {
        fputs("One of ", out);
        for (const char *const *choice = option->choices; *choice; choice++) {
            lc_print_man_text(out, *choice);
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
            lc_print_man_text(out, row->synopsis);
        }
        fputc('\n', out);
        lc_print_man_sentence(out, row->help);
        if (!row->options)
            continue;
        fputs(".Bl -tag -width Ds\n", out);
        for (const struct lc_ctl_option *option = row->options; option->name; option++)
            print_option(out, option);
        fputs(".El\n", out);
    }
    fputs(".El\n", out);
}
