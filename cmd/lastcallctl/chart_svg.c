/* SPDX-License-Identifier: Apache-2.0 */
#include "chart.h"

#include "base/duration.h"
#include "svg.h"

#include <stdlib.h>
#include <string.h>

enum {
    WIDTH = 960,
    LEFT = 128,   /* where the plot begins: names stand before it */
    RIGHT = 36,   /* room behind its end, for half of the last tick's label */
    TOP = 84,     /* title and subtitle */
    HEADING = 34, /* of each chart */
    LABELS = 18,  /* a level of labels of lines */
    AXIS = 22,    /* the ticks' labels */
    AREA = 64,
    ROW = 34,
    BAR = 22,
    BELOW = 26, /* between two charts, and at the end */
    FONT = 12,
    SMALL = 10,
    SUBTITLE_MAX = 140, /* characters a line */
};

static const char *const tone_classes[] = {
    [LC_TONE_SERVING] = "serving", [LC_TONE_WINDOW] = "window",     [LC_TONE_DRAIN] = "drain",
    [LC_TONE_HOOK] = "hook",       [LC_TONE_STOPPING] = "stopping", [LC_TONE_KILLING] = "killing",
    [LC_TONE_OFF] = "off",
};
_Static_assert(sizeof(tone_classes) / sizeof(tone_classes[0]) == LC_TONE_COUNT, "a class each");

/* A chart at its place on the page. */
struct page {
    FILE *out;
    const struct lc_chart *chart;
    double top;          /* of the plot: below the labels of the lines */
    double label_end[4]; /* how far to the right each level of labels is taken */
    double label_begin[4];
};

static double x_of(const struct lc_chart *chart, int64_t at)
{
    double length = (double)(chart->to - chart->from), plot = WIDTH - LEFT - RIGHT;
    double x = length > 0 ? (double)(at - chart->from) / length * plot : 0;

    return LEFT + (x < 0 ? 0 : x > plot ? plot : x);
}

static uint64_t most_of(const struct lc_chart *chart)
{
    uint64_t most = 0;

    for (size_t i = 0; i < chart->level_count; i++)
        most = chart->levels[i].value > most ? chart->levels[i].value : most;
    return most;
}

static double area_height(const struct lc_chart *chart)
{
    return most_of(chart) ? AREA : 0;
}

static double plot_height(const struct lc_chart *chart)
{
    return area_height(chart) + (double)chart->row_count * ROW;
}

static void print_ticks(const struct page *page, double bottom)
{
    const struct lc_chart *chart = page->chart;
    int64_t tick = lc_chart_tick(chart, 10);
    char text[LC_DURATION_TEXT_MAX];

    for (int64_t at = 0; at <= chart->to; at += tick) {
        double x = x_of(chart, at);

        fprintf(page->out,
                "<line class=\"grid\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", x,
                page->top, x, bottom);
        lc_svg_text(page->out, x, bottom + AXIS - 6, "quiet", "middle",
                    lc_duration_format((uint64_t)at, text));
    }
}

/* The lowest level on which a label has room; the plot's right half has its labels to the left. */
static void print_line_label(struct page *page, const struct lc_chart_line *line)
{
    double x = x_of(page->chart, line->at), width = lc_svg_width(line->label, FONT);
    bool left = x + width > WIDTH - RIGHT / 2.0;
    double begin = left ? x - width : x, end = left ? x : x + width;
    size_t level = 0;

    while (level < 3 && page->label_end[level] > 0 && begin < page->label_end[level] + 8 &&
           end > page->label_begin[level] - 8)
        level++;
    page->label_begin[level] = begin;
    page->label_end[level] = end;
    lc_svg_text(page->out, x, page->top - 8 - (double)level * LABELS,
                line->limit ? "limit" : "name", left ? "end" : "start", line->label);
}

static void print_lines(struct page *page, double bottom)
{
    for (size_t i = 0; i < page->chart->line_count; i++) {
        const struct lc_chart_line *line = &page->chart->lines[i];
        double x = x_of(page->chart, line->at);

        fprintf(page->out, "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n",
                line->limit ? "line-limit" : "line", x, page->top - 4, x, bottom);
        print_line_label(page, line);
    }
}

/* Steps, not slopes: between two looks nothing is known. */
static void print_area(const struct page *page)
{
    const struct lc_chart *chart = page->chart;
    uint64_t most = most_of(chart);
    double floor = page->top + AREA - 8, height = AREA - 20;
    double end = x_of(chart, chart->levels[chart->level_count - 1].at);
    char text[32];

    fprintf(page->out, "<path class=\"area\" d=\"M%.1f %.1f", x_of(chart, chart->levels[0].at),
            floor);
    for (size_t i = 0; i < chart->level_count; i++)
        fprintf(page->out, "H%.1fV%.1f", x_of(chart, chart->levels[i].at),
                floor - height * (double)chart->levels[i].value / (double)most);
    fprintf(page->out, "H%.1fV%.1fZ\"/>\n", end, floor);
    lc_svg_text(page->out, LEFT - 14, floor - height / 2 - 2, "name", "end", "in flight");
    snprintf(text, sizeof(text), "at most %llu", (unsigned long long)most);
    lc_svg_text(page->out, LEFT - 14, floor - height / 2 + 13, "quiet", "end", text);
}

/* Where the next bar or mark of the row begins, seen from `x` at that time: labels may stand before
 * it. */
static double free_until(const struct lc_chart *chart, const struct lc_chart_row *row,
                         const struct lc_chart_bar *own, int64_t at, double x)
{
    double until = WIDTH - 8;

    for (size_t i = 0; i < row->bar_count; i++) {
        double begin = x_of(chart, row->bars[i].from);

        if (&row->bars[i] != own && row->bars[i].from >= at && begin < until)
            until = begin;
    }
    for (size_t i = 0; i < row->mark_count; i++) {
        double begin = x_of(chart, row->marks[i].at) - 8;

        if (begin > x && begin < until)
            until = begin;
    }
    return until;
}

/* For whoever points at it, or has it read aloud. */
static void print_hint(const struct page *page, const struct lc_chart_row *row,
                       const struct lc_chart_bar *bar)
{
    char from[LC_DURATION_TEXT_MAX], to[LC_DURATION_TEXT_MAX];

    fputs("<title>", page->out);
    lc_svg_escape(page->out, row->name + strspn(row->name, " "));
    fputs(": ", page->out);
    lc_svg_escape(page->out, bar->label);
    fprintf(page->out, ", %s to %s</title>",
            lc_duration_format(bar->from > 0 ? (uint64_t)bar->from : 0, from),
            lc_duration_format(bar->to > 0 ? (uint64_t)bar->to : 0, to));
}

/* A label stands in its bar, smaller if need be; else behind it, where nothing else stands. */
static void print_bar_label(const struct page *page, const struct lc_chart_row *row,
                            const struct lc_chart_bar *bar, double x, double width, double middle)
{
    double until = free_until(page->chart, row, bar, bar->to, x + width);

    if (!bar->label[0])
        return;
    if (lc_svg_width(bar->label, FONT) + 16 <= width)
        lc_svg_text(page->out, x + width / 2, middle + 4, "label", "middle", bar->label);
    else if (lc_svg_width(bar->label, SMALL) + 3 <= width)
        lc_svg_text(page->out, x + width / 2, middle + 3.5, "small", "middle", bar->label);
    else if (x + width + 12 + lc_svg_width(bar->label, FONT) <= until)
        lc_svg_text(page->out, x + width + 12, middle + 4, "beside", "start", bar->label);
}

static void print_bar(const struct page *page, const struct lc_chart_row *row,
                      const struct lc_chart_bar *bar, double middle)
{
    double x = x_of(page->chart, bar->from), width = x_of(page->chart, bar->to) - x;
    double radius = width < BAR ? width / 2 : BAR / 2.0;

    if (bar->to < page->chart->from)
        return;
    if (width < 3) { /* what took no time is seen all the same */
        width = 3;
        radius = 1.5;
    }
    fprintf(page->out,
            "<rect class=\"bar %s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" "
            "rx=\"%.1f\">",
            tone_classes[bar->tone], x, middle - BAR / 2.0, width, BAR, radius);
    print_hint(page, row, bar);
    fputs("</rect>\n", page->out);
    print_bar_label(page, row, bar, x, width, middle);
}

static void print_mark(const struct page *page, const struct lc_chart_row *row,
                       const struct lc_chart_mark *mark, double middle)
{
    static const char *const classes[] = {
        [LC_SIGN_SIGNAL] = "dot", [LC_SIGN_KILL] = "dot-kill", [LC_SIGN_END] = "dot-end"};
    _Static_assert(sizeof(classes) / sizeof(classes[0]) == LC_SIGN_COUNT, "a class each");
    double x = x_of(page->chart, mark->at), label = x + 13;

    fprintf(page->out, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%s\"/>\n",
            classes[mark->sign], x, middle, mark->sign == LC_SIGN_KILL ? "8.5" : "6");
    if (mark->sign == LC_SIGN_KILL)
        fprintf(page->out, "<path class=\"cross\" d=\"M%.1f %.1fl6 6m0 -6l-6 6\"/>\n", x - 3,
                middle - 3);
    if (mark->label[0] &&
        label + lc_svg_width(mark->label, FONT) <= free_until(page->chart, row, NULL, mark->at, x))
        lc_svg_text(page->out, label, middle + 4, "beside", "start", mark->label);
}

static void print_row(const struct page *page, const struct lc_chart_row *row, double middle)
{
    fputs("<g>\n", page->out);
    lc_svg_text(page->out, LEFT - 14, middle + 4, row->name[0] == ' ' ? "quiet" : "name", "end",
                row->name + strspn(row->name, " "));
    fprintf(page->out, "<line class=\"track\" x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/>\n",
            LEFT, middle, WIDTH - RIGHT, middle);
    for (size_t i = 0; i < row->bar_count; i++)
        print_bar(page, row, &row->bars[i], middle);
    for (size_t i = 0; i < row->mark_count; i++)
        print_mark(page, row, &row->marks[i], middle);
    fputs("</g>\n", page->out);
}

static double heading_height(const struct lc_chart *chart)
{
    return (chart->title[0] ? HEADING : 0) + (chart->line_count > 1 ? 2 : 1) * LABELS;
}

/* Returns where it ends. */
static double print_chart(FILE *out, const struct lc_chart *chart, double top)
{
    struct page page = {.out = out, .chart = chart};
    double bottom, middle;

    if (chart->title[0])
        lc_svg_text(out, 24, top + 16, "chart", "start", chart->title);
    page.top = top + heading_height(chart);
    bottom = page.top + plot_height(chart);
    print_ticks(&page, bottom);
    print_lines(&page, bottom);
    if (area_height(chart) > 0)
        print_area(&page);
    middle = page.top + area_height(chart) + ROW / 2.0;
    for (size_t i = 0; i < chart->row_count; i++, middle += ROW)
        print_row(&page, &chart->rows[i], middle);
    return bottom + AXIS + BELOW;
}

static double chart_height(const struct lc_chart *chart)
{
    return heading_height(chart) + plot_height(chart) + AXIS + BELOW;
}

/* For whoever does not see the picture: the account of the text format. */
static void print_description(FILE *out, const struct lc_charts *charts)
{
    char time[LC_DURATION_TEXT_MAX];

    fputs("<desc id=\"desc\">", out);
    lc_svg_escape(out, charts->subtitle);
    for (size_t i = 0; i < charts->count; i++) {
        const struct lc_chart *chart = &charts->list[i];

        fputs("\n", out);
        lc_svg_escape(out, chart->title);
        for (size_t j = 0; j < chart->step_count; j++) {
            int64_t at = chart->steps[j].at;

            fprintf(out, "\nT%c%s: ", at < 0 ? '-' : '+',
                    lc_duration_format((uint64_t)(at < 0 ? -at : at), time));
            lc_svg_escape(out, chart->steps[j].text);
        }
    }
    fputs("</desc>\n", out);
}

/* In lines that fit, broken at spaces. Returns how many. */
static int print_subtitle(FILE *out, const char *text)
{
    char line[SUBTITLE_MAX + 1];
    int lines = 0;

    while (*text) {
        size_t length = strlen(text);

        if (length > SUBTITLE_MAX) {
            length = SUBTITLE_MAX;
            while (length > SUBTITLE_MAX / 2 && text[length] != ' ')
                length--;
        }
        snprintf(line, sizeof(line), "%.*s", (int)length, text);
        if (out)
            lc_svg_text(out, 24, 58 + 17.0 * lines, "quiet", "start", line);
        lines++;
        text += length;
        text += strspn(text, " ");
    }
    return lines;
}

void lc_charts_print_svg(FILE *out, const struct lc_charts *charts)
{
    int lines = print_subtitle(NULL, charts->subtitle);
    double top = TOP + (lines > 1 ? 17.0 * (lines - 1) : 0), height = top;

    for (size_t i = 0; i < charts->count; i++)
        height += chart_height(&charts->list[i]);
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %.0f\" width=\"%d\" "
            "height=\"%.0f\" role=\"img\" aria-labelledby=\"title desc\">\n<title id=\"title\">",
            WIDTH, height, WIDTH, height);
    lc_svg_escape(out, charts->title);
    fputs("</title>\n", out);
    print_description(out, charts);
    lc_svg_print_style(out);
    fprintf(out,
            "<rect class=\"page\" x=\"0.5\" y=\"0.5\" width=\"%d\" height=\"%.0f\" rx=\"10\"/>\n",
            WIDTH - 1, height - 1);
    lc_svg_text(out, 24, 34, "title", "start", charts->title);
    print_subtitle(out, charts->subtitle);
    for (size_t i = 0; i < charts->count; i++)
        top = print_chart(out, &charts->list[i], top);
    fputs("</svg>\n", out);
}
