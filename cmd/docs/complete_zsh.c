/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <string.h>

/* Inside of '...' in a specification of _arguments or _describe, see zshcompsys(1). */
static void print_text(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("[]:\\", *text))
            fputc('\\', out);
        if (*text == '\'')
            fputs("'\\''", out);
        else
            fputc(*text, out);
    }
}

static void print_value(FILE *out, const struct lc_docs_option *option)
{
    fputs(option->optional ? "::" : ":", out);
    print_text(out, option->word);
    fputc(':', out);
    if (option->completed == LC_COMPLETED_FILE)
        fputs("_files", out);
    else if (option->completed == LC_COMPLETED_SIGNAL)
        fputs("_signals -s", out);
    else if (option->completed == LC_COMPLETED_CHOICE)
        for (const char *const *choice = option->choices; *choice; choice++)
            fprintf(out, "%s%s%s", choice == option->choices ? "(" : "", *choice,
                    choice[1] ? " " : ")");
    else
        fputc(' ', out);
}

static void print_option(FILE *out, const struct lc_docs_option *option, const char *indent)
{
    fputs(indent, out);
    if (option->letter)
        fprintf(out, "'(-%c --%s)'{-%c,--%s=}'[", option->letter, option->name, option->letter,
                option->name);
    else
        fprintf(out, "'%s--%s%s[", option->repeatable ? "*" : "", option->name,
                option->optional ? "=-" : (option->word ? "=" : ""));
    print_text(out, option->help);
    fputc(']', out);
    if (option->word)
        print_value(out, option);
    fputs("' \\\n", out);
}

static void print_options(FILE *out, const struct lc_docs_option *options, size_t count,
                          const char *indent)
{
    for (size_t i = 0; i < count; i++)
        print_option(out, &options[i], indent);
}

static const char command[] = "'(-)1:command:{_command_names -e}' '*::argument:_normal'\n";

static void print_lastcall(FILE *out)
{
    struct lc_docs_option options[LC_DOCS_OPTIONS_MAX];
    size_t count = lc_docs_lastcall_options(options);

    fputs("_arguments -S \\\n", out);
    print_options(out, options, count, "    ");
    fprintf(out, "    %s", command);
}

static void print_subcommand(FILE *out, const struct lc_ctl_command *row)
{
    struct lc_docs_option options[LC_DOCS_OPTIONS_MAX];
    size_t count = lc_docs_command_options(row, options);

    fprintf(out, "    %s)\n        _arguments -S \\\n", row->name);
    print_options(out, options, count, "            ");
    if (row->configures)
        fprintf(out, "            %s", command);
    else if (row->rest)
        fprintf(out, "            '1:%s:_files%s'\n", row->rest,
                !strcmp(row->rest, "DIR") ? " -/" : "");
    else
        fputs("            && return\n", out);
    fputs("        ;;\n", out);
}

static void print_lastcallctl(FILE *out)
{
    fputs("local -a commands=(\n", out);
    for (const struct lc_ctl_command *row = lc_ctl_commands; row->name; row++) {
        fprintf(out, "    '%s:", row->name);
        print_text(out, row->help);
        fputs("'\n", out);
    }
    fputs(")\n"
          "local state line\n"
          "_arguments -C '(- *)--help[print a help and exit]' "
          "'(- *)--version[print the version and exit]' \\\n"
          "    '1:command:->command' '*::argument:->argument'\n"
          "case $state in\n"
          "command) _describe command commands ;;\n"
          "argument)\n"
          "    case $words[1] in\n",
          out);
    for (const struct lc_ctl_command *row = lc_ctl_commands; row->name; row++)
        print_subcommand(out, row);
    fputs("    esac\n    ;;\nesac\n", out);
}

void lc_docs_complete_zsh(FILE *out, const char *program)
{
    fprintf(out, "#compdef %s\n# made from the table of its options\n", program);
    if (!strcmp(program, "lastcall"))
        print_lastcall(out);
    else
        print_lastcallctl(out);
}
