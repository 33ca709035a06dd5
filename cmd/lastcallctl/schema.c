/* SPDX-License-Identifier: Apache-2.0 */
#include "command.h"

#include "config/config.h"

int lc_ctl_schema(const struct lc_ctl_arguments *arguments)
{
    (void)arguments;
    lc_config_print_schema(stdout);
    return lc_ctl_printed();
}
