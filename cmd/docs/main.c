/* SPDX-License-Identifier: Apache-2.0 */

/* Build-time only: what is documented of the keys and options, from their table.
 *
 *     lastcall-docs help | schema        to stdout
 *     lastcall-docs man TEMPLATE         a manual page; its lines .\" OPTIONS and .\" KEYS become
 *                                        the tables
 */

#include "base/cleanup.h"
#include "config/config.h"

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
        else
            r = fputs(line, stdout) < 0 ? -1 : 0;
    }
    return r;
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
    else
        fputs("usage: lastcall-docs help | schema | man TEMPLATE\n", stderr);
    return r < 0 || fflush(stdout) < 0;
}
