/* SPDX-License-Identifier: Apache-2.0 */
#include "chart.h"

#include "base/duration.h"

#include <string.h>

/* A chart for a terminal of 80 columns: the lanes, then the account of what happens when. */

enum { NAME_COLUMNS = 16, PLOT_COLUMNS = 62, LEVEL_ROWS = 3 };

/* A line of the plot; a cell is one character, in UTF-8. */
struct canvas {
    const char *cell[PLOT_COLUMNS];
    char ascii[PLOT_COLUMNS][2]; /* what cells of plain letters point to */
};

static void canvas_init(struct canvas *self)
{
    for (int i = 0; i < PLOT_COLUMNS; i++)
        self->cell[i] = " ";
}

static void canvas_put(struct canvas *self, int column, const char *cell)
{
    if (column >= 0 && column < PLOT_COLUMNS)
        self->cell[column] = cell;
}

static void canvas_write(struct canvas *self, int column, const char *text)
{
    for (; *text && column < PLOT_COLUMNS; text++, column++) {
        if (column < 0)
            continue;
        self->ascii[column][0] = *text;
        self->ascii[column][1] = '\0';
        self->cell[column] = self->ascii[column];
    }
}

/* Spaces at its end are left out. */
static void canvas_print(FILE *out, const char *name, const struct canvas *self)
{
    int last = PLOT_COLUMNS;

    while (last > 0 && !strcmp(self->cell[last - 1], " "))
        last--;
    fprintf(out, "%-*.*s", last ? NAME_COLUMNS : 0, NAME_COLUMNS - 1, name);
    for (int i = 0; i < last; i++)
        fputs(self->cell[i], out);
    fputc('\n', out);
}

static int column_of(const struct lc_chart *chart, int64_t at)
{
    int64_t length = chart->to - chart->from;

    if (at < chart->from)
        return 0;
    if (at >= chart->to || length <= 0)
        return PLOT_COLUMNS - 1;
    return (int)((double)(at - chart->from) / (double)length * (PLOT_COLUMNS - 1) + 0.5);
}

static void print_axis(FILE *out, const struct lc_chart *chart)
{
    int64_t tick = lc_chart_tick(chart, 8);
    struct canvas numbers, line;
    char text[LC_DURATION_TEXT_MAX];

    canvas_init(&numbers);
    canvas_init(&line);
    for (int i = 0; i < PLOT_COLUMNS; i++)
        canvas_put(&line, i, "\u2500");
    for (int64_t at = 0; at <= chart->to; at += tick) {
        lc_duration_format((uint64_t)at, text);
        canvas_put(&line, column_of(chart, at), "\u252c");
        if (column_of(chart, at) + (int)strlen(text) <= PLOT_COLUMNS)
            canvas_write(&numbers, column_of(chart, at), text);
    }
    for (size_t i = 0; i < chart->line_count; i++)
        canvas_put(&line, column_of(chart, chart->lines[i].at),
                   chart->lines[i].limit ? "\u2573" : "\u25bc");
    canvas_print(out, "", &numbers);
    canvas_print(out, "", &line);
}

static const char *fill_of(enum lc_tone tone)
{
    static const char *const fills[] = {
        [LC_TONE_SERVING] = "\u2501", [LC_TONE_WINDOW] = "\u2500",   [LC_TONE_DRAIN] = "\u2500",
        [LC_TONE_HOOK] = "\u2550",    [LC_TONE_STOPPING] = "\u254c", [LC_TONE_KILLING] = "\u2573",
        [LC_TONE_OFF] = "\u00b7",
    };
    _Static_assert(sizeof(fills) / sizeof(fills[0]) == LC_TONE_COUNT, "a fill for each");

    return fills[tone];
}

/* "├─ propagating ────" : the next bar's begin is this one's end. */
static void draw_bar(struct canvas *canvas, const struct lc_chart *chart,
                     const struct lc_chart_bar *bar)
{
    int from = column_of(chart, bar->from), to = column_of(chart, bar->to);
    int length = (int)strlen(bar->label);
    char label[LC_CHART_LABEL_MAX + 2];

    if (bar->to < chart->from)
        return;
    for (int i = from; i <= to; i++)
        canvas_put(canvas, i, fill_of(bar->tone));
    if (bar->from >= chart->from)
        canvas_put(canvas, from, "\u251c");
    if (bar->to <= chart->to)
        canvas_put(canvas, to, "\u2524");
    if (!length || to - from < length + 3)
        return;
    snprintf(label, sizeof(label), " %s ", bar->label);
    canvas_write(canvas, from + (bar->from >= chart->from ? 1 : 0), label);
}

static const char *sign_of(enum lc_sign sign)
{
    static const char *const signs[] = {
        [LC_SIGN_SIGNAL] = "\u25bc",
        [LC_SIGN_KILL] = "\u2716",
        [LC_SIGN_END] = "\u25cf",
    };
    _Static_assert(sizeof(signs) / sizeof(signs[0]) == LC_SIGN_COUNT, "a sign for each");

    return signs[sign];
}

static void print_row(FILE *out, const struct lc_chart *chart, const struct lc_chart_row *row)
{
    struct canvas canvas;

    canvas_init(&canvas);
    for (size_t i = 0; i < row->bar_count; i++)
        draw_bar(&canvas, chart, &row->bars[i]);
    for (size_t i = 0; i < row->mark_count; i++)
        canvas_put(&canvas, column_of(chart, row->marks[i].at), sign_of(row->marks[i].sign));
    canvas_print(out, row->name, &canvas);
}

/* The most that there was within a column. */
static uint64_t level_at(const struct lc_chart *chart, int column)
{
    uint64_t value = 0, most = 0;

    for (size_t i = 0; i < chart->level_count; i++) {
        int at = column_of(chart, chart->levels[i].at);

        if (at > column)
            break;
        value = chart->levels[i].value;
        most = at == column && value > most ? value : most;
    }
    return most > value ? most : value;
}

static void print_area(FILE *out, const struct lc_chart *chart)
{
    static const char *const eighths[] = {" ",      "\u2581", "\u2582", "\u2583", "\u2584",
                                          "\u2585", "\u2586", "\u2587", "\u2588"};
    uint64_t most = 0;
    char name[32];

    for (size_t i = 0; i < chart->level_count; i++)
        most = chart->levels[i].value > most ? chart->levels[i].value : most;
    if (!most)
        return;
    snprintf(name, sizeof(name), "in flight %5llu", (unsigned long long)most);
    for (int row = LEVEL_ROWS - 1; row >= 0; row--) {
        struct canvas canvas;

        canvas_init(&canvas);
        for (int i = 0; i < PLOT_COLUMNS; i++) {
            uint64_t full = (level_at(chart, i) * LEVEL_ROWS * 8 + most - 1) / most;
            uint64_t below = (uint64_t)row * 8;

            full = full > below ? full - below : 0;
            canvas_put(&canvas, i, eighths[full > 8 ? 8 : full]);
        }
        canvas_print(out, row == LEVEL_ROWS - 1 ? name : "", &canvas);
    }
}

/* "T+29s", "T-500ms" */
static void print_time(FILE *out, int64_t at)
{
    char text[LC_DURATION_TEXT_MAX], time[LC_DURATION_TEXT_MAX + 2];

    snprintf(time, sizeof(time), "T%c%s", at < 0 ? '-' : '+',
             lc_duration_format((uint64_t)(at < 0 ? -at : at), text));
    fprintf(out, "  %-10s", time);
}

static void print_chart(FILE *out, const struct lc_chart *chart)
{
    fputc('\n', out);
    if (chart->title[0])
        fprintf(out, "%s\n\n", chart->title);
    print_axis(out, chart);
    print_area(out, chart);
    for (size_t i = 0; i < chart->row_count; i++)
        print_row(out, chart, &chart->rows[i]);
    fputc('\n', out);
    for (size_t i = 0; i < chart->step_count; i++) {
        print_time(out, chart->steps[i].at);
        fprintf(out, "  %s\n", chart->steps[i].text);
    }
}

void lc_charts_print_text(FILE *out, const struct lc_charts *charts)
{
    fprintf(out, "%s\n%s\n", charts->title, charts->subtitle);
    for (size_t i = 0; i < charts->count; i++)
        print_chart(out, &charts->list[i]);
}
