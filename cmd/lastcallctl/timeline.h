/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_CTL_TIMELINE_H
#define LC_CTL_TIMELINE_H

#include "chart.h"
#include "record.h"

/* The option of `lastcallctl timeline`, by its place in its row. */
enum lc_timeline_option { LC_TIMELINE_FORMAT };

/* The course of a shutdown that happened. *ret is the caller's, zeroed, and deinited in every case.
 * 0 or -ENOMEM. */
int lc_timeline_draw(const struct lc_record *record, struct lc_chart *ret);

#endif
