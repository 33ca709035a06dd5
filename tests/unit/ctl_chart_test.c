/* SPDX-License-Identifier: Apache-2.0 */

/* What lastcallctl draws with: the chart, its axis, and pieces of SVG. */

#include "../../cmd/lastcallctl/chart.h"
#include "../../cmd/lastcallctl/svg.h"

#include "base/cleanup.h"
#include "tap.h"

static void an_axis_has_round_ticks_and_few(void)
{
    static const struct {
        int64_t to, tick;
    } axes[] = {
        {1, 1},         {8, 1},         {1057, 200},     {4000, 500},       {30000, 5000},
        {45000, 10000}, {60000, 10000}, {100000, 15000}, {3600000, 600000}, {604800000, 86400000}};

    for (size_t i = 0; i < sizeof(axes) / sizeof(axes[0]); i++) {
        struct lc_chart chart = {.from = -axes[i].to / 10, .to = axes[i].to};

        CHECK_INT(lc_chart_tick(&chart, 8), axes[i].tick);
    }
}

static void an_axis_longer_than_any_has_ticks_too(void)
{
    struct lc_chart chart = {.to = INT64_MAX / 2};

    CHECK(chart.to / lc_chart_tick(&chart, 8) <= 8);
}

static void a_name_cannot_move_a_cursor_and_is_cut(void)
{
    struct lc_chart chart = {0};
    char name[2 * LC_CHART_LABEL_MAX];

    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    memcpy(name, "\033[2J", 4);
    CHECK_INT(lc_chart_add_row(&chart, name), 0);
    CHECK(!strncmp(chart.rows[0].name, "?[2Jxxx", 7));
    CHECK_INT(strlen(chart.rows[0].name), LC_CHART_LABEL_MAX - 1);
    lc_chart_deinit(&chart);
}

static void an_account_cannot_move_a_cursor_either(void)
{
    struct lc_chart chart = {0};

    lc_chart_add_step(&chart, 0, "%s",
                      "a\033[2J\xc2\x9b"
                      "2J \xc3\xa4\n");
    CHECK_STR(chart.steps[0].text, "a?[2J??2J \xc3\xa4?");
    lc_chart_deinit(&chart);
}

static void what_belongs_to_no_row_or_goes_back_in_time_is_left_out(void)
{
    struct lc_chart chart = {0};

    lc_chart_add_bar(&chart, 0, 1, 2, LC_TONE_SERVING, "no row");
    lc_chart_add_mark(&chart, SIZE_MAX, 1, LC_SIGN_END, "no row");
    lc_chart_add_row(&chart, "web");
    lc_chart_add_bar(&chart, 0, 2, 1, LC_TONE_SERVING, "backwards");
    CHECK_INT(chart.rows[0].bar_count, 0);
    CHECK(!chart.no_memory);
    lc_chart_deinit(&chart);
}

static void many_bars_keep_their_order(void)
{
    struct lc_chart chart = {0};

    lc_chart_add_row(&chart, "web");
    for (int i = 0; i < 100; i++)
        lc_chart_add_bar(&chart, 0, i, i + 1, LC_TONE_SERVING, "");
    CHECK_INT(chart.rows[0].bar_count, 100);
    for (int i = 0; i < 100; i++)
        CHECK_INT(chart.rows[0].bars[i].from, i);
    lc_chart_deinit(&chart);
}

static void text_in_an_svg_cannot_be_markup(void)
{
    LC_CLEANUP_FREE char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    lc_svg_escape(stream, "<a b=\"c\">&\x1b\xc3\xa4\n");
    fclose(stream);
    CHECK_STR(text, "&lt;a b=&quot;c&quot;&gt;&amp;?\xc3\xa4\n");
}

static void wide_letters_are_wider(void)
{
    CHECK(lc_svg_width("MMM", 12) > lc_svg_width("nnn", 12));
    CHECK(lc_svg_width("nnn", 12) > lc_svg_width("iii", 12));
    CHECK(lc_svg_width("", 12) <= 0);
}

int main(void)
{
    TEST(an_axis_has_round_ticks_and_few);
    TEST(an_axis_longer_than_any_has_ticks_too);
    TEST(a_name_cannot_move_a_cursor_and_is_cut);
    TEST(an_account_cannot_move_a_cursor_either);
    TEST(what_belongs_to_no_row_or_goes_back_in_time_is_left_out);
    TEST(many_bars_keep_their_order);
    TEST(text_in_an_svg_cannot_be_markup);
    TEST(wide_letters_are_wider);
    return tap_done();
}
