/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "command.h"
#include "manifest.h"
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
                                 arguments->value[LC_CHECK_PLATFORM], NULL);

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

static int check_manifest(const struct lc_ctl_arguments *arguments)
{
    const char *file = arguments->value[LC_CHECK_POD];
    struct lc_manifest_findings findings = {0};
    char text[2048];
    int code = LC_CTL_FAILED;
    int r = lc_manifest_check(file, arguments->rest, environ, &findings);

    if (r < 0)
        lc_ctl_fail("%s: %s", file, strerror(-r));
    lc_ctl_print_problems("note: ", &findings.notes);
    lc_ctl_print_problems("", &findings.problems);
    if (r == 0 && !findings.problems.count && !findings.problems.incomplete) {
        for (size_t i = 0; i < findings.truths.count; i++)
            printf("good: %s\n",
                   lc_config_error_format(&findings.truths.list[i], text, sizeof(text)));
        code = lc_ctl_printed();
    }
    lc_manifest_findings_deinit(&findings);
    return code;
}

int lc_ctl_check(const struct lc_ctl_arguments *arguments)
{
    return arguments->value[LC_CHECK_POD] ? check_manifest(arguments)
                                          : check_configuration(arguments);
}
