/* SPDX-License-Identifier: Apache-2.0 */
#include "timeline.h"

#include "base/duration.h"
#include "command.h"
#include "read.h"

#include <errno.h>
#include <string.h>

/* "A shutdown on SIGTERM, 2026-11-24 11:13:20 UTC" */
static void write_title(const struct lc_record *record, char *buf, size_t size)
{
    const struct lc_entry *entry = lc_record_cause(record);
    const char *cause = entry ? lc_entry_cause(entry) : NULL;

    snprintf(buf, size, "A shutdown%s%s, %.10s %.8s UTC", cause ? " on " : "", cause ? cause : "",
             record->when, record->when + strlen("2026-11-24T"));
}

/* "exit code 0 (stopped) after 1.057s, of 3s" */
static void write_outcome(const struct lc_record *record, char *buf, size_t size)
{
    const struct lc_entry *first = &record->list[0], *last = &record->list[record->count - 1];
    const char *code = lc_entry_text(last, "code"), *outcome = lc_entry_text(last, "outcome");
    const struct lc_entry *cause = lc_record_cause(record);
    char time[LC_DURATION_TEXT_MAX], grace_text[LC_DURATION_TEXT_MAX];
    int64_t grace = 0, in_flight, cut;
    int length;

    lc_duration_format(last->at > 0 ? (uint64_t)last->at : 0, time);
    if (lc_entry_is(last, "exit"))
        length = snprintf(buf, size, "exit code %s (%s) after %s", code ? code : "?",
                          outcome ? outcome : "?", time);
    else
        length = snprintf(buf, size, "the log ends after %s, before lastcall does", time);
    if (lc_entry_seconds(first, "grace", &grace) && grace > 0 && (size_t)length < size)
        length += snprintf(buf + length, size - (size_t)length, ", of %s",
                           lc_duration_format((uint64_t)grace, grace_text));
    if (lc_entry_number(last, "in_flight", &in_flight) && (size_t)length < size)
        length += snprintf(buf + length, size - (size_t)length, "; %lld in flight at the %s",
                           (long long)in_flight, cause ? cause->msg : "begin");
    if (lc_entry_number(last, "cut", &cut) && (size_t)length < size)
        length += snprintf(buf + length, size - (size_t)length, ", %lld cut", (long long)cut);
    if (record->shutdowns > 1 && (size_t)length < size)
        snprintf(buf + length, size - (size_t)length, "; the last of %zu shutdowns in this log",
                 record->shutdowns);
}

static int print(const struct lc_record *record, enum lc_ctl_format format)
{
    char title[128], subtitle[192];
    struct lc_chart chart = {0};
    struct lc_charts charts = {.title = title, .subtitle = subtitle, .list = &chart, .count = 1};
    int r = lc_timeline_draw(record, &chart);

    write_title(record, title, sizeof(title));
    write_outcome(record, subtitle, sizeof(subtitle));
    lc_chart_scrub(title);
    lc_chart_scrub(subtitle);
    if (r == 0 && format == LC_CTL_SVG)
        lc_charts_print_svg(stdout, &charts);
    else if (r == 0)
        lc_charts_print_text(stdout, &charts);
    lc_chart_deinit(&chart);
    return r < 0 ? lc_ctl_fail("%s", strerror(-r)) : lc_ctl_printed();
}

int lc_ctl_timeline(const struct lc_ctl_arguments *arguments)
{
    const char *name = arguments->rest[1];
    FILE *file = lc_ctl_open(name);
    struct lc_record record;
    int r, code;

    if (!file)
        return lc_ctl_fail("%s: %s", name, strerror(errno));
    r = lc_record_read(&record, file);
    lc_ctl_close(file);
    if (r == -ENODATA)
        code = lc_ctl_fail("%s: found no shutdown; accepted: lastcall's log with --log-format json",
                           name);
    else if (r < 0)
        code = lc_ctl_fail("%s: %s", name, strerror(-r));
    else
        code = print(&record, lc_ctl_format_of(arguments->value[LC_TIMELINE_FORMAT]));
    lc_record_deinit(&record);
    return code;
}
