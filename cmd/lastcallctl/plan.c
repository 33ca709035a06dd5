/* SPDX-License-Identifier: Apache-2.0 */
#include "plan.h"

#include "chart.h"
#include "command.h"
#include "plan_run.h"
#include "settings.h"

#include <string.h>

static const char *const titles[] = {
    [LC_LUCK_BEST] = "At best: all that lastcall waits for ends at once.",
    [LC_LUCK_WORST] = "At worst: nothing ends before it is killed.",
};
_Static_assert(sizeof(titles) / sizeof(titles[0]) == LC_LUCK_COUNT, "a title each");

static int print(const struct lc_config *config, enum lc_ctl_format format)
{
    struct lc_chart list[LC_LUCK_COUNT] = {0};
    struct lc_charts charts = {.title = config->sidecar ? "What the preStop hooks would do"
                                                        : "What a SIGTERM would do",
                               .subtitle = config->why,
                               .list = list,
                               .count = LC_LUCK_COUNT};
    const char *why = NULL;
    int r = 0;

    for (int luck = 0; luck < LC_LUCK_COUNT && r == 0; luck++) {
        snprintf(list[luck].title, sizeof(list[luck].title), "%s", titles[luck]);
        r = lc_plan_run(config, (enum lc_luck)luck, &list[luck], &why);
    }
    if (r == 0 && format == LC_CTL_SVG)
        lc_charts_print_svg(stdout, &charts);
    else if (r == 0)
        lc_charts_print_text(stdout, &charts);
    for (int luck = 0; luck < LC_LUCK_COUNT; luck++)
        lc_chart_deinit(&list[luck]);
    return r < 0 ? lc_ctl_fail("%s", why ? why : strerror(-r)) : lc_ctl_printed();
}

int lc_ctl_plan(const struct lc_ctl_arguments *arguments)
{
    struct lc_ctl_settings settings;
    int code = LC_CTL_FAILED;

    if (lc_ctl_settings_open(&settings, arguments->rest, arguments->value[LC_PLAN_PLATFORM]))
        code = print(settings.config, lc_ctl_format_of(arguments->value[LC_PLAN_FORMAT]));
    lc_ctl_settings_deinit(&settings);
    return code;
}
