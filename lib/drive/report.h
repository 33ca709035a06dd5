/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_DRIVE_REPORT_H
#define LC_DRIVE_REPORT_H

/* How the shutdown went, in one line: for the log's last line and for the file that the platform
 * shows (Kubernetes: terminationMessagePath, `kubectl describe pod`). */

#include "core/lifecycle.h"

#include <stdbool.h>
#include <stddef.h>

enum { LC_REPORT_MAX = 1024 };

/* What the lifecycle does not know. */
struct lc_report {
    int in_flight; /* connections, when the shutdown began; -1: not known */
    int cut;       /* those that were in flight still when the drain was given up or a process was
                      killed; -1: not known */
    bool leftovers_killed;
};

/* `names`: of the lanes. `exit_code`: -1 while there is none. One line of JSON without its end, and
 * a NUL; returns the length. */
size_t lc_report_format(const struct lc_report *self, const struct lc_lifecycle *lifecycle,
                        const char *const names[], int exit_code, lc_msec now,
                        char buf[static LC_REPORT_MAX]);

#endif
