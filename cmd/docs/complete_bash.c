/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <string.h>

/* bash splits words at '=', so that `--margin=1s` comes as three of them. */
static const char prologue[] =
    "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} i\n"
    "    COMPREPLY=()\n"
    "    if [[ $cur == = ]]; then\n"
    "        cur=\n"
    "    elif [[ $prev == = ]]; then\n"
    "        prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
    "    fi\n";

static const char files[] = "        mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
                            "        compopt -o filenames 2>/dev/null\n"
                            "        return\n";

static void print_names(FILE *out, const struct lc_docs_option *option)
{
    if (option->letter)
        fprintf(out, "-%c | ", option->letter);
    fprintf(out, "--%s", option->name);
}

/* "    -c | --config) ..." : the value of the option before the cursor. */
static void print_value(FILE *out, const struct lc_docs_option *option)
{
    fputs("    ", out);
    print_names(out, option);
    fputs(")\n", out);
    if (option->completed == LC_COMPLETED_FILE)
        fputs(files, out);
    if (option->completed == LC_COMPLETED_SIGNAL)
        fputs("        mapfile -t COMPREPLY < <(compgen -A signal -- \"$cur\")\n", out);
    if (option->completed == LC_COMPLETED_CHOICE) {
        fputs("        mapfile -t COMPREPLY < <(compgen -W '", out);
        for (const char *const *choice = option->choices; *choice; choice++)
            fprintf(out, "%s%s", *choice, choice[1] ? " " : "");
        fputs("' -- \"$cur\")\n", out);
    }
    if (option->completed != LC_COMPLETED_FILE)
        fputs("        return\n", out);
    fputs("        ;;\n", out);
}

static void print_values(FILE *out, const struct lc_docs_option *options, size_t count)
{
    fputs("    case $prev in\n", out);
    for (size_t i = 0; i < count; i++)
        if (options[i].word && !options[i].optional)
            print_value(out, &options[i]);
    fputs("    esac\n", out);
}

static void print_option_names(FILE *out, const struct lc_docs_option *options, size_t count)
{
    fputs("    if [[ $cur == -* ]]; then\n        mapfile -t COMPREPLY < <(compgen -W '", out);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%s--%s", i ? " " : "", options[i].name);
    fputs("' -- \"$cur\")\n        return\n    fi\n", out);
}

/* Behind the first word that is no option nothing is lastcall's any more. */
static void print_walk(FILE *out, const struct lc_docs_option *options, size_t count,
                       const char *first)
{
    fprintf(out, "    for ((i = %s; i < COMP_CWORD; i++)); do\n        case ${COMP_WORDS[i]} in\n",
            first);
    fputs("        ", out);
    for (size_t i = 0, some = 0; i < count; i++)
        if (options[i].word && !options[i].optional) {
            fputs(some++ ? " | " : "", out);
            print_names(out, &options[i]);
        }
    fputs(")\n"
          "            ((i++))\n"
          "            [[ ${COMP_WORDS[i]} != = ]] || ((i++))\n"
          "            ;;\n"
          "        --)\n"
          "            ((i++))\n"
          "            break\n"
          "            ;;\n"
          "        -* | =) ;;\n"
          "        *) break ;;\n"
          "        esac\n"
          "    done\n",
          out);
}

/* The command's own completion, where bash-completion is there to find it. */
static const char command[] =
    "    if ((i < COMP_CWORD)) && declare -F _command_offset >/dev/null; then\n"
    "        _command_offset \"$i\"\n"
    "        return\n"
    "    elif ((i < COMP_CWORD)); then\n"
    "        mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
    "        compopt -o filenames 2>/dev/null\n"
    "        return\n"
    "    fi\n";

static const char command_name[] = "    mapfile -t COMPREPLY < <(compgen -c -- \"$cur\")\n";

static void print_configuring(FILE *out, const struct lc_docs_option *options, size_t count,
                              const char *first)
{
    print_walk(out, options, count, first);
    fputs(command, out);
    /* A word behind "--" is the command, whatever it begins with. */
    fputs("    if [[ ${COMP_WORDS[COMP_CWORD - 1]} == -- ]]; then\n    ", out);
    fputs(command_name, out);
    fputs("        return\n    fi\n", out);
    print_values(out, options, count);
    print_option_names(out, options, count);
    fputs(command_name, out);
}

static void print_lastcall(FILE *out)
{
    struct lc_docs_option options[LC_DOCS_OPTIONS_MAX];
    size_t count = lc_docs_lastcall_options(options);

    fputs("_lastcall() {\n", out);
    fputs(prologue, out);
    print_configuring(out, options, count, "1");
    fputs("}\ncomplete -F _lastcall lastcall\n", out);
}

static void print_subcommand(FILE *out, const struct lc_ctl_command *row)
{
    struct lc_docs_option options[LC_DOCS_OPTIONS_MAX];
    size_t count = lc_docs_command_options(row, options);

    fprintf(out, "_lastcallctl_%s() {\n", row->name);
    fputs(prologue, out);
    if (row->configures) {
        print_configuring(out, options, count, "2");
    } else {
        print_values(out, options, count);
        print_option_names(out, options, count);
        if (row->rest)
            fprintf(out,
                    "    mapfile -t COMPREPLY < <(compgen -%s -- \"$cur\")\n"
                    "    compopt -o filenames 2>/dev/null\n",
                    !strcmp(row->rest, "DIR") ? "d" : "f");
    }
    fputs("}\n", out);
}

static void print_lastcallctl(FILE *out)
{
    for (const struct lc_ctl_command *row = lc_ctl_commands; row->name; row++)
        print_subcommand(out, row);
    fputs("_lastcallctl() {\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} name=_lastcallctl_${COMP_WORDS[1]}\n"
          "    COMPREPLY=()\n"
          "    if ((COMP_CWORD > 1)); then\n"
          "        ! declare -F \"$name\" >/dev/null || \"$name\"\n"
          "        return\n"
          "    fi\n"
          "    mapfile -t COMPREPLY < <(compgen -W '",
          out);
    for (const struct lc_ctl_command *row = lc_ctl_commands; row->name; row++)
        fprintf(out, "%s ", row->name);
    fputs("--help --version' -- \"$cur\")\n}\ncomplete -F _lastcallctl lastcallctl\n", out);
}

void lc_docs_complete_bash(FILE *out, const char *program)
{
    fprintf(out, "# bash completion for %s(1), made from the table of its options\n", program);
    if (!strcmp(program, "lastcall"))
        print_lastcall(out);
    else
        print_lastcallctl(out);
}
