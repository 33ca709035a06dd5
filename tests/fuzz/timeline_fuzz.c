/* SPDX-License-Identifier: Apache-2.0 */

/* Any bytes as a log, drawn both ways: what the sanitizers see, and that no character of it can move
 * a cursor or be markup. */

#include "fuzz.h"

#include "../../cmd/lastcallctl/timeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef void print(FILE *out, const struct lc_charts *charts);

static void draw(const struct lc_charts *charts, print *how)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    expect(stream != NULL);
    how(stream, charts);
    fclose(stream);
    expect_printable(text, size);
    if (how == lc_charts_print_svg)
        expect(!strstr(text, "<script"));
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FILE *file = size ? fmemopen((void *)(uintptr_t)data, size, "r") : NULL;
    struct lc_record record;
    struct lc_chart chart = {0};
    struct lc_charts charts = {.title = "", .subtitle = "", .list = &chart, .count = 1};
    int r;

    if (!file)
        return 0;
    r = lc_record_read(&record, file);
    fclose(file);
    expect(r == 0 || r == -ENODATA || r == -ENOMEM);
    if (r == 0 && lc_timeline_draw(&record, &chart) == 0) {
        draw(&charts, lc_charts_print_text);
        draw(&charts, lc_charts_print_svg);
    }
    lc_chart_deinit(&chart);
    lc_record_deinit(&record);
    return 0;
}
