/* SPDX-License-Identifier: Apache-2.0 */
#include "config/print.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { HELP_COLUMN = 30 };

int lc_print_result(FILE *out)
{
    if (fflush(out) != 0)
        return -errno;
    return ferror(out) ? -EIO : 0;
}

/* "10s; in a pod or on ECS 30s" */
const char *lc_key_standard(const struct lc_key *key, char buf[static LC_STANDARD_MAX])
{
    const char *plain = key->standard[LC_PLATFORM_PLAIN];
    const char *pod = key->standard[LC_PLATFORM_KUBERNETES], *ecs = key->standard[LC_PLATFORM_ECS];
    bool pod_differs, ecs_differs;

    if (!plain || !pod || !ecs)
        return NULL;
    pod_differs = strcmp(plain, pod) != 0;
    ecs_differs = strcmp(plain, ecs) != 0;
    if (pod_differs && ecs_differs && !strcmp(pod, ecs))
        snprintf(buf, LC_STANDARD_MAX, "%s; in a pod or on ECS %s", plain, pod);
    else
        snprintf(buf, LC_STANDARD_MAX, "%s%s%s%s%s", plain, pod_differs ? "; in a pod " : "",
                 pod_differs ? pod : "", ecs_differs ? "; on ECS " : "", ecs_differs ? ecs : "");
    return buf;
}

/* "TIME", or "flip|after-window|hold"; "" where the option takes no value. */
const char *lc_key_word(const struct lc_key *key, char buf[static LC_STANDARD_MAX])
{
    const char *word = lc_types[key->type].word;
    size_t length = 0;

    buf[0] = '\0';
    if (word)
        snprintf(buf, LC_STANDARD_MAX, "%s", word);
    else if (key->type == LC_TYPE_CHOICE)
        for (size_t i = 0; key->choices[i] && length < LC_STANDARD_MAX; i++)
            length += (size_t)snprintf(buf + length, LC_STANDARD_MAX - length, "%s%s", i ? "|" : "",
                                       key->choices[i]);
    return buf;
}

static void print_option(FILE *out, const struct lc_key *key)
{
    char word[LC_STANDARD_MAX], standard[LC_STANDARD_MAX], left[LC_STANDARD_MAX + 32];
    char letter[] = {' ', ' ', ' ', ' ', '\0'};

    if (key->letter)
        memcpy(letter, (const char[]){'-', key->letter, ',', ' '}, 4);
    lc_key_word(key, word);
    /* Choices would push the help out of the line: they stand in it instead. */
    snprintf(left, sizeof(left), "  %s--%s%s%s%s", letter, key->option,
             key->optional ? "[=" : (*word ? " " : ""), key->type == LC_TYPE_CHOICE ? "WORD" : word,
             key->optional ? "]" : "");
    fprintf(out, "%-*s ", HELP_COLUMN - 1, left);
    if (key->type == LC_TYPE_CHOICE)
        fprintf(out, "%s: ", word);
    fputs(key->help, out);
    if (lc_key_standard(key, standard))
        fprintf(out, " (%s)", standard);
    fputc('\n', out);
}

int lc_config_print_help(FILE *out)
{
    fputs("Usage: lastcall [-c FILE] [OPTION...] [--] COMMAND [ARG...]\n"
          "       lastcall -c FILE | --sidecar [OPTION...]\n"
          "First process of a container: starts COMMAND, and stops it losing no request.\n\n",
          out);
    for (const struct lc_key *key = lc_keys; key < lc_keys + lc_key_count; key++)
        if (key->option)
            print_option(out, key);
    fputs("\nTIME is 500ms, 5s or 2m; WINDOW is TIME, MIN:QUIET:MAX or cluster|alb|neg|nlb.\n"
          "Each has a variable, as LASTCALL_MARGIN, and a key in FILE: lastcall.yaml(5).\n",
          out);
    return lc_print_result(out);
}
