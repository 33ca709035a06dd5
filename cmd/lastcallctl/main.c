/* SPDX-License-Identifier: Apache-2.0 */
#include "command.h"
#include "help.h"

#include "config/nearest.h"

#include <string.h>

static int refuse(const char *word)
{
    struct lc_nearest nearest;

    if (strlen(word) >= LC_NEAREST_MAX)
        return lc_ctl_fail("found a command that is none; see lastcallctl --help");
    lc_nearest_init(&nearest, word);
    for (const struct lc_ctl_command *row = lc_ctl_commands; row->name; row++)
        lc_nearest_offer(&nearest, row->name, strlen(row->name));
    if (nearest.best)
        return lc_ctl_fail("%s: unknown command; did you mean %s?", word, nearest.best);
    return lc_ctl_fail("%s: unknown command; see lastcallctl --help", word);
}

static int run(const struct lc_ctl_command *command, char **words)
{
    struct lc_ctl_arguments arguments;
    int code = LC_CTL_FAILED;

    if (lc_ctl_arguments_parse(&arguments, command, words) == 0) {
        if (arguments.help) {
            lc_ctl_print_command_help(stdout, command);
            code = lc_ctl_printed();
        } else {
            code = command->run(&arguments);
        }
    }
    lc_ctl_arguments_deinit(&arguments);
    return code;
}

int main(int argc, char **argv)
{
    const struct lc_ctl_command *command;

    if (argc < 2) {
        lc_ctl_print_help(stderr);
        return LC_CTL_FAILED;
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
        lc_ctl_print_help(stdout);
        return lc_ctl_printed();
    }
    if (!strcmp(argv[1], "--version")) {
        puts("lastcallctl " LC_VERSION);
        return lc_ctl_printed();
    }
    command = lc_ctl_command_find(argv[1]);
    return command ? run(command, argv + 1) : refuse(argv[1]);
}
