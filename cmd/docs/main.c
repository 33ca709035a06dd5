/* SPDX-License-Identifier: Apache-2.0 */

/* Build-time only: what is documented of the keys and options, from their table.
 *
 *     lastcall-docs help | schema        to stdout
 *     lastcall-docs man TEMPLATE         a manual page; its lines .\" OPTIONS, .\" KEYS and
 *                                        .\" COMMANDS become the tables
 *     lastcall-docs bash | zsh | fish PROGRAM    the completion of lastcall or lastcallctl
 */

#include "base/cleanup.h"
#include "config/config.h"
#include "options.h"

#include <stdio.h>
#include <string.h>

static int fill_template(const char *path)
{
    LC_CLEANUP_FILE FILE *template = fopen(path, "re");
    char line[1024];
    int r = 0;

    if (!template) {
        perror(path);
        return -1;
    }
    while (r == 0 && fgets(line, sizeof(line), template)) {
        if (!strcmp(line, ".\\\" OPTIONS\n"))
            r = lc_config_print_man_options(stdout);
        else if (!strcmp(line, ".\\\" KEYS\n"))
            r = lc_config_print_man_table(stdout);
        else if (!strcmp(line, ".\\\" COMMANDS\n"))
            lc_docs_man_commands(stdout);
        else
            r = fputs(line, stdout) < 0 ? -1 : 0;
    }
    return r;
}

static int complete(const char *shell, const char *program)
{
    static const struct {
        const char *shell;
        void (*print)(FILE *out, const char *program);
    } shells[] = {{"bash", lc_docs_complete_bash},
                  {"zsh", lc_docs_complete_zsh},
                  {"fish", lc_docs_complete_fish}};

    for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
        if (!strcmp(shells[i].shell, shell)) {
            shells[i].print(stdout, program);
            return 0;
        }
    return -1;
}

int main(int argc, char **argv)
{
    int r = -1;

    if (argc == 2 && !strcmp(argv[1], "help"))
        r = lc_config_print_help(stdout);
    else if (argc == 2 && !strcmp(argv[1], "schema"))
        r = lc_config_print_schema(stdout);
    else if (argc == 3 && !strcmp(argv[1], "man"))
        r = fill_template(argv[2]);
    else if (argc == 3)
        r = complete(argv[1], argv[2]);
    if (r < 0)
        fputs("usage: lastcall-docs help | schema | man TEMPLATE | bash|zsh|fish PROGRAM\n",
              stderr);
    return r < 0 || fflush(stdout) < 0;
}
