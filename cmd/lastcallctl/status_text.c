/* SPDX-License-Identifier: Apache-2.0 */
#include "status_text.h"

#include "chart.h"
#include "record.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

enum { TIME_TEXT_MAX = 64, COLUMN = 14 };

static bool is_map(const struct lc_node *node)
{
    return node && node->kind == LC_NODE_MAP;
}

static const struct lc_node *find(const struct lc_node *node, const char *key)
{
    return is_map(node) ? lc_node_find(node, key) : NULL;
}

/* A member's text; `instead`: it has none, or it is null. */
static const char *text_or(const struct lc_node *node, const char *key, const char *instead)
{
    const struct lc_node *found = find(node, key);

    return found && found->kind == LC_NODE_SCALAR && !lc_node_is_null(found) ? found->text
                                                                             : instead;
}

static const char *text(const struct lc_node *node, const char *key)
{
    return text_or(node, key, "?");
}

/* Seconds as people read them: "2.1 s", "12 min 3 s", "3 h 12 min", "2 d 4 h". */
static const char *time_text(const struct lc_node *node, const char *key,
                             char buf[static TIME_TEXT_MAX])
{
    static const struct {
        int64_t in_seconds;
        const char *unit;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
    int64_t msec = 0, seconds;

    lc_seconds_parse(text(node, key), &msec);
    seconds = msec / 1000;
    if (seconds < 60) {
        snprintf(buf, TIME_TEXT_MAX, "%.1f s", (double)msec / 1000);
        return buf;
    }
    for (size_t i = 0; i + 1 < sizeof(units) / sizeof(units[0]); i++) {
        int64_t whole = seconds / units[i].in_seconds;

        if (!whole)
            continue;
        snprintf(buf, TIME_TEXT_MAX, "%" PRId64 " %s %" PRId64 " %s", whole, units[i].unit,
                 seconds % units[i].in_seconds / units[i + 1].in_seconds, units[i + 1].unit);
        break;
    }
    return buf;
}

static bool is_true(const struct lc_node *node, const char *key)
{
    return !strcmp(text(node, key), "true");
}

static void print_label(FILE *out, const char *label)
{
    fprintf(out, "%-*s", COLUMN, label);
}

/* "began         2.1 s ago, by SIGTERM" */
static void print_shutdown(FILE *out, const struct lc_node *root)
{
    const struct lc_node *cause = find(root, "cause");
    const char *kind = text(cause, "kind");
    char time[TIME_TEXT_MAX];

    print_label(out, "grace");
    fprintf(out, "%s, ", time_text(root, "grace", time));
    fprintf(out, "%s of it kept\n", time_text(root, "margin", time));
    if (!is_map(cause))
        return;
    print_label(out, "began");
    fprintf(out, "%s ago, by ", time_text(root, "elapsed", time));
    if (!strcmp(kind, "signal"))
        fprintf(out, "%s\n", text(cause, "signal"));
    else if (!strcmp(kind, "drain"))
        fputs("a drain\n", out);
    else if (!strcmp(kind, "check"))
        fprintf(out, "a failed check of %s\n", text(cause, "process"));
    else
        fprintf(out, "the end of %s\n", text(cause, "process"));
    print_label(out, "deadline");
    if (text_or(root, "deadline", NULL))
        fprintf(out, "in %s\n", time_text(root, "deadline", time));
    else
        fputs("none before a stop signal comes\n", out);
}

static void print_process(FILE *out, const struct lc_node *process)
{
    const char *pid = text_or(process, "pid", NULL), *code = text_or(process, "exitCode", NULL);

    fprintf(out, "%s: %s", text(process, "name"), text(process, "state"));
    if (code)
        fprintf(out, ", exit code %s", code);
    else if (pid)
        fprintf(out, ", PID %s", pid);
    fputc('\n', out);
}

static void print_check(FILE *out, const struct lc_node *check)
{
    if (is_true(check, "ok"))
        fprintf(out, "%s: ok\n", text(check, "name"));
    else
        fprintf(out, "%s: failed: %s\n", text(check, "name"), text(check, "why"));
}

static void print_phase(FILE *out, const struct lc_node *phase)
{
    char time[TIME_TEXT_MAX];

    fprintf(out, "%s: %s\n", text(phase, "phase"), time_text(phase, "elapsed", time));
}

/* The label stands before the first. */
static void print_list(FILE *out, const struct lc_node *root, const char *key,
                       void (*print)(FILE *out, const struct lc_node *item))
{
    const struct lc_node *list = find(root, key);

    for (size_t i = 0; list && list->kind == LC_NODE_LIST && i < list->count; i++) {
        print_label(out, i ? "" : key);
        print(out, list->items[i]);
    }
}

static void print_connections(FILE *out, const struct lc_node *root)
{
    const struct lc_node *count = find(root, "connections");

    print_label(out, "connections");
    if (is_map(count))
        fprintf(out, "%s in flight of %s open, %s wait to be accepted, %s listening\n",
                text(count, "inFlight"), text(count, "open"), text(count, "waiting"),
                text(count, "listeners"));
    else
        fputs("not known\n", out);
}

void lc_status_print(FILE *out, struct lc_tree *tree)
{
    const struct lc_node *root = tree->root;
    char time[TIME_TEXT_MAX];

    for (struct lc_node *node = tree->nodes; node; node = node->next)
        if (node->kind == LC_NODE_SCALAR)
            lc_chart_scrub(node->text);
    fprintf(out, "lastcall %s\n\n", text(root, "version"));
    print_label(out, "phase");
    fprintf(out, "%s for %s, ", text(root, "phase"), time_text(root, "since", time));
    if (text_or(root, "remaining", NULL))
        fprintf(out, "at most %s more, ", time_text(root, "remaining", time));
    fputs(is_true(root, "ready") ? "ready\n" : "not ready\n", out);
    print_shutdown(out, root);
    print_list(out, root, "processes", print_process);
    print_list(out, root, "checks", print_check);
    print_connections(out, root);
    print_list(out, root, "phases", print_phase);
}
