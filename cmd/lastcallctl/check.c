/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "command.h"
#include "settings.h"
#include "sum.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;

/* What is true of a configuration in which nothing is wrong. */
static void print_truth(const struct lc_config *config)
{
    struct lc_policy policy;

    lc_config_policy(config, &policy);
    printf("good: %s; ", config->why);
    lc_ctl_print_sum(stdout, &policy);
    putchar('\n');
}

static int check_configuration(const struct lc_ctl_arguments *arguments)
{
    struct lc_ctl_settings settings;
    int code = LC_CTL_FAILED;
    int r = lc_ctl_settings_load(&settings, arguments->rest, environ,
                                 arguments->value[LC_CHECK_PLATFORM]);

    if (r < 0)
        lc_ctl_fail("%s", strerror(-r));
    lc_ctl_print_problems("warning: ", &settings.warnings);
    lc_ctl_print_problems("", &settings.errors);
    if (r == 0 && settings.config) {
        print_truth(settings.config);
        code = lc_ctl_printed();
    }
    lc_ctl_settings_deinit(&settings);
    return code;
}

int lc_ctl_check(const struct lc_ctl_arguments *arguments)
{
    return check_configuration(arguments);
}
