/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <string.h>

static void print_quoted(FILE *out, const char *text)
{
    fputc('\'', out);
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
    fputc('\'', out);
}

static void print_option(FILE *out, const char *begin, const struct lc_docs_option *option)
{
    fprintf(out, "%s -l %s", begin, option->name);
    if (option->letter)
        fprintf(out, " -s %c", option->letter);
    if (option->completed == LC_COMPLETED_FILE)
        fputs(" -r -F", out);
    else if (option->word && !option->optional)
        fputs(" -x", out);
    if (option->completed == LC_COMPLETED_SIGNAL)
        fputs(" -a '(kill -l | string split \" \" | string replace -r ^ SIG)'", out);
    if (option->completed == LC_COMPLETED_CHOICE) {
        fputs(" -a '", out);
        for (const char *const *choice = option->choices; *choice; choice++)
            fprintf(out, "%s%s", *choice, choice[1] ? " " : "'");
    }
    fputs(" -d ", out);
    print_quoted(out, option->help);
    fputc('\n', out);
}

static void print_lastcall(FILE *out)
{
    struct lc_docs_option options[LC_DOCS_OPTIONS_MAX];
    size_t count = lc_docs_lastcall_options(options);

    for (size_t i = 0; i < count; i++)
        print_option(out, "complete -c lastcall", &options[i]);
    fputs("complete -c lastcall -x -a '(__fish_complete_subcommand)'\n", out);
}

static void print_subcommand(FILE *out, const struct lc_ctl_command *row)
{
    struct lc_docs_option options[LC_DOCS_OPTIONS_MAX];
    size_t count = lc_docs_command_options(row, options);
    char begin[128];

    fprintf(out, "complete -c lastcallctl -n __fish_use_subcommand -a %s -d ", row->name);
    print_quoted(out, row->help);
    fputc('\n', out);
    snprintf(begin, sizeof(begin), "complete -c lastcallctl -n '__fish_seen_subcommand_from %s'",
             row->name);
    for (size_t i = 0; i < count; i++)
        print_option(out, begin, &options[i]);
    if (row->rest && !strcmp(row->rest, "DIR"))
        fprintf(out, "%s -a '(__fish_complete_directories)'\n", begin);
    else if (row->rest)
        fprintf(out, "%s -F\n", begin);
}

static void print_lastcallctl(FILE *out)
{
    fputs("complete -c lastcallctl -f\n"
          "complete -c lastcallctl -n __fish_use_subcommand -l help -d 'print a help and exit'\n"
          "complete -c lastcallctl -n __fish_use_subcommand -l version "
          "-d 'print the version and exit'\n",
          out);
    for (const struct lc_ctl_command *row = lc_ctl_commands; row->name; row++)
        print_subcommand(out, row);
}

void lc_docs_complete_fish(FILE *out, const char *program)
{
    fprintf(out, "# fish completion for %s(1), made from the table of its options\n", program);
    if (!strcmp(program, "lastcall"))
        print_lastcall(out);
    else
        print_lastcallctl(out);
}
