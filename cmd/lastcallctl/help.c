/* SPDX-License-Identifier: Apache-2.0 */
#include "help.h"

enum { HELP_COLUMN = 12, OPTION_COLUMN = 24 };

void lc_ctl_print_help(FILE *out)
{
    fputs("Usage: lastcallctl COMMAND [ARGUMENT...]\n"
          "Looks after lastcall: before a shutdown, in it, and after it.\n\n",
          out);
    for (const struct lc_ctl_command *row = lc_ctl_commands; row->name; row++)
        fprintf(out, "  %-*s%s\n", HELP_COLUMN, row->name, row->help);
    fputs("\nlastcallctl COMMAND --help says more of one; so does lastcallctl(1).\n"
          "lastcallctl --version prints the version.\n",
          out);
}

static void print_option(FILE *out, const struct lc_ctl_option *option)
{
    char left[OPTION_COLUMN * 2];

    snprintf(left, sizeof(left), "  --%s%s%s", option->name, option->word ? " " : "",
             option->word ? option->word : "");
    fprintf(out, "%-*s ", OPTION_COLUMN - 1, left);
    fputs(option->help, out);
    for (const char *const *choice = option->choices; choice && *choice; choice++)
        fprintf(out, "%s%s", choice == option->choices ? ": " : ", ", *choice);
    fputc('\n', out);
}

void lc_ctl_print_command_help(FILE *out, const struct lc_ctl_command *command)
{
    fprintf(out, "Usage: lastcallctl %s%s%s\n", command->name, command->synopsis[0] ? " " : "",
            command->synopsis);
    fprintf(out, "To %s.\n", command->help);
    if (command->options)
        fputc('\n', out);
    for (const struct lc_ctl_option *option = command->options; option && option->name; option++)
        print_option(out, option);
    if (command->configures)
        fputs("\nFILE, OPTION and COMMAND are lastcall's own: lastcall --help shows them.\n", out);
}
