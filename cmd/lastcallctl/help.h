/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_CTL_HELP_H
#define LC_CTL_HELP_H

#include "command.h"

void lc_ctl_print_help(FILE *out);
void lc_ctl_print_command_help(FILE *out, const struct lc_ctl_command *command);

#endif
