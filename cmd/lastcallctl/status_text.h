/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_CTL_STATUS_TEXT_H
#define LC_CTL_STATUS_TEXT_H

#include "config/node.h"

#include <stdio.h>

/* What /status says, for a person: one screen. What it does not say is shown as "?". `tree` is changed:
 * whatever a name has that could move a cursor goes. */
void lc_status_print(FILE *out, struct lc_tree *tree);

#endif
