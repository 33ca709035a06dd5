/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_CTL_CHART_H
#define LC_CTL_CHART_H

/*
 * The course of a shutdown as a picture: rows of bars, like the tracks of a railway diagram, over one
 * axis of time. The plan makes two of them, the timeline one; each is written as text or as SVG.
 *
 * Times are milliseconds from T0, the begin of the shutdown; before it they are negative.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What a bar is about, and so how it looks. */
enum lc_tone {
    LC_TONE_SERVING,
    LC_TONE_WINDOW,
    LC_TONE_DRAIN,
    LC_TONE_HOOK,
    LC_TONE_STOPPING,
    LC_TONE_KILLING,
    LC_TONE_OFF,
    LC_TONE_COUNT,
};

/* What happens at a point of a row. */
enum lc_sign {
    LC_SIGN_SIGNAL, /* a signal comes or is sent */
    LC_SIGN_KILL,   /* SIGKILL */
    LC_SIGN_END,    /* a process has ended */
    LC_SIGN_COUNT,
};

enum { LC_CHART_LABEL_MAX = 64 };

struct lc_chart_bar {
    int64_t from, to;
    enum lc_tone tone;
    char label[LC_CHART_LABEL_MAX];
};

struct lc_chart_mark {
    int64_t at;
    enum lc_sign sign;
    char label[LC_CHART_LABEL_MAX];
};

struct lc_chart_row {
    char name[LC_CHART_LABEL_MAX];
    struct lc_chart_bar *bars;
    size_t bar_count;
    struct lc_chart_mark *marks;
    size_t mark_count;
};

/* Across all rows. */
struct lc_chart_line {
    int64_t at;
    bool limit; /* a time that something must be over by */
    char label[LC_CHART_LABEL_MAX];
};

/* The area above the rows: from here on, up to the next, it is `value`. */
struct lc_chart_level {
    int64_t at;
    uint64_t value;
};

/* One line of the account. */
struct lc_chart_step {
    int64_t at;
    char *text;
};

struct lc_chart {
    char title[192];
    int64_t from, to; /* the axis */
    struct lc_chart_row *rows;
    size_t row_count;
    struct lc_chart_line lines[4];
    size_t line_count;
    struct lc_chart_level *levels;
    size_t level_count;
    struct lc_chart_step *steps;
    size_t step_count;
    bool no_memory; /* something could not be added: the chart must not be shown */
};

void lc_chart_deinit(struct lc_chart *self);

/* A new row; the others name a row by what this returns. */
size_t lc_chart_add_row(struct lc_chart *self, const char *name);
void lc_chart_add_bar(struct lc_chart *self, size_t row, int64_t from, int64_t to,
                      enum lc_tone tone, const char *label);
void lc_chart_add_mark(struct lc_chart *self, size_t row, int64_t at, enum lc_sign sign,
                       const char *label);
void lc_chart_add_line(struct lc_chart *self, int64_t at, bool limit, const char *label);
void lc_chart_add_level(struct lc_chart *self, int64_t at, uint64_t value);
__attribute__((format(printf, 3, 4))) void lc_chart_add_step(struct lc_chart *self, int64_t at,
                                                             const char *format, ...);

/* Whatever a log or a file calls things must not move a cursor: takes control characters out, in
 * place. Rows, labels and steps are scrubbed as they are added. */
char *lc_chart_scrub(char *text);

/* The distance between two ticks of an axis so long, so that there are at most `most` of them. */
int64_t lc_chart_tick(const struct lc_chart *self, unsigned most);

/* Several below each other, on axes of their own. */
struct lc_charts {
    const char *title, *subtitle;
    const struct lc_chart *list;
    size_t count;
};

void lc_charts_print_text(FILE *out, const struct lc_charts *charts);
void lc_charts_print_svg(FILE *out, const struct lc_charts *charts);

#endif
