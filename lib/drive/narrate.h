/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_DRIVE_NARRATE_H
#define LC_DRIVE_NARRATE_H

/* What the log says of a lifecycle's course. In a shutdown every line has `t`, seconds since T0. */

#include "base/log.h"
#include "config/config.h"
#include "core/lifecycle.h"
#include "drive/report.h"

/* The time since T0; LC_NEVER outside a shutdown, where LC_T() leaves the field out. */
lc_msec lc_narrate_elapsed(const struct lc_lifecycle *lifecycle, lc_msec now);

#define LC_T(elapsed)                                                               \
    ((elapsed) == LC_NEVER ? (struct lc_field){.kind = LC_FIELD_STRING, .key = "t"} \
                           : LC_SECS("t", (elapsed)))

/* A number that may not be known: then it is -1, and left out. */
#define LC_COUNT(k, v) ((v) < 0 ? LC_STR(k, NULL) : LC_INT(k, v))

/* The first line: which platform's defaults were taken and why. */
void lc_narrate_start(struct lc_log *log, const struct lc_config *config);

/* Readiness, and each phase as it ends. Other actions are told by those who carry them out. */
void lc_narrate_action(struct lc_log *log, const struct lc_lifecycle *lifecycle,
                       const struct lc_action *action, lc_msec now);

/* The last line. */
void lc_narrate_exit(struct lc_log *log, const struct lc_lifecycle *lifecycle,
                     const struct lc_report *report, uint8_t code, lc_msec now);

#endif
