/* SPDX-License-Identifier: Apache-2.0 */
#include "chart.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Room for one more in an array of `size` bytes each, which doubles at powers of two; NULL: no
 * memory, and the chart knows. */
static void *grow(struct lc_chart *self, void *array, size_t *count, size_t size)
{
    if ((*count & (*count - 1)) == 0) {
        void *grown = reallocarray(array, *count ? *count * 2 : 1, size);

        if (!grown) {
            self->no_memory = true;
            return NULL;
        }
        array = grown;
    }
    memset((char *)array + *count * size, 0, size);
    ++*count;
    return array;
}

char *lc_chart_scrub(char *text)
{
    for (char *at = text; *at; at++) {
        bool control = (unsigned char)*at < 0x20 || *at == 0x7f;
        /* U+0080 to U+009F, in UTF-8: some terminals take them for control characters, too */
        bool c1 = (unsigned char)at[0] == 0xc2 && ((unsigned char)at[1] & 0xe0) == 0x80;

        if (control || c1)
            *at = '?';
        if (c1)
            at[1] = '?';
    }
    return text;
}

/* A cell of the text is one byte: labels are ASCII. */
static void set_label(char label[static LC_CHART_LABEL_MAX], const char *text)
{
    snprintf(label, LC_CHART_LABEL_MAX, "%s", text);
    for (char *at = label; *at; at++)
        if ((unsigned char)*at < 0x20 || (unsigned char)*at >= 0x7f)
            *at = '?';
}

size_t lc_chart_add_row(struct lc_chart *self, const char *name)
{
    struct lc_chart_row *rows = grow(self, self->rows, &self->row_count, sizeof(*rows));

    if (!rows)
        return SIZE_MAX;
    self->rows = rows;
    set_label(rows[self->row_count - 1].name, name);
    return self->row_count - 1;
}

void lc_chart_add_bar(struct lc_chart *self, size_t row, int64_t from, int64_t to,
                      enum lc_tone tone, const char *label)
{
    struct lc_chart_bar *bars, *bar;

    if (row >= self->row_count || to < from)
        return;
    bars = grow(self, self->rows[row].bars, &self->rows[row].bar_count, sizeof(*bars));
    if (!bars)
        return;
    self->rows[row].bars = bars;
    bar = &bars[self->rows[row].bar_count - 1];
    *bar = (struct lc_chart_bar){.from = from, .to = to, .tone = tone};
    set_label(bar->label, label);
}

void lc_chart_add_mark(struct lc_chart *self, size_t row, int64_t at, enum lc_sign sign,
                       const char *label)
{
    struct lc_chart_mark *marks, *mark;

    if (row >= self->row_count)
        return;
    marks = grow(self, self->rows[row].marks, &self->rows[row].mark_count, sizeof(*marks));
    if (!marks)
        return;
    self->rows[row].marks = marks;
    mark = &marks[self->rows[row].mark_count - 1];
    *mark = (struct lc_chart_mark){.at = at, .sign = sign};
    set_label(mark->label, label);
}

void lc_chart_add_line(struct lc_chart *self, int64_t at, bool limit, const char *label)
{
    struct lc_chart_line *line = &self->lines[self->line_count];

    if (self->line_count == sizeof(self->lines) / sizeof(self->lines[0]))
        return;
    self->line_count++;
    line->at = at;
    line->limit = limit;
    set_label(line->label, label);
}

void lc_chart_add_level(struct lc_chart *self, int64_t at, uint64_t value)
{
    struct lc_chart_level *levels = grow(self, self->levels, &self->level_count, sizeof(*levels));

    if (!levels)
        return;
    self->levels = levels;
    levels[self->level_count - 1] = (struct lc_chart_level){.at = at, .value = value};
}

void lc_chart_add_step(struct lc_chart *self, int64_t at, const char *format, ...)
{
    struct lc_chart_step *steps = grow(self, self->steps, &self->step_count, sizeof(*steps));
    va_list arguments;
    int r;

    if (!steps)
        return;
    self->steps = steps;
    steps[self->step_count - 1].at = at;
    va_start(arguments, format);
    r = vasprintf(&steps[self->step_count - 1].text, format, arguments);
    va_end(arguments);
    if (r < 0) {
        self->step_count--;
        self->no_memory = true;
    } else {
        lc_chart_scrub(steps[self->step_count - 1].text);
    }
}

int64_t lc_chart_tick(const struct lc_chart *self, unsigned most)
{
    static const int64_t steps[] = {1,      2,       5,       10,       20,      50,
                                    100,    200,     500,     1000,     2000,    5000,
                                    10000,  15000,   30000,   60000,    120000,  300000,
                                    600000, 1800000, 3600000, 21600000, 86400000};
    const size_t last = sizeof(steps) / sizeof(steps[0]) - 1;
    int64_t length = self->to - (self->from < 0 ? 0 : self->from);
    size_t i = 0;

    while (i < last && length / steps[i] > most)
        i++;
    return length / steps[i] > most ? length / most + 1 : steps[i];
}

void lc_chart_deinit(struct lc_chart *self)
{
    for (size_t i = 0; i < self->row_count; i++) {
        free(self->rows[i].bars);
        free(self->rows[i].marks);
    }
    for (size_t i = 0; i < self->step_count; i++)
        free(self->steps[i].text);
    free(self->rows);
    free(self->levels);
    free(self->steps);
    *self = (struct lc_chart){0};
}
