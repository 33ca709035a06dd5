/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_CTL_SUM_H
#define LC_CTL_SUM_H

#include "core/lifecycle.h"

#include <stdio.h>

/* "margin 1s + window 5s + stop 500ms = 6.5s of 30s": the longest path of a shutdown, from what was
 * set; where no stopTimeout was, a process has its reserve for sure, and all that is left. */
void lc_ctl_print_sum(FILE *out, const struct lc_policy *policy);

#endif
