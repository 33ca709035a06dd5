/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_DRIVE_CHECK_COUNT_H
#define LC_DRIVE_CHECK_COUNT_H

/*
 * When a process is checked, and from when on what the checks say counts: as the kubelet does it
 * (doProbe() and run() in pkg/kubelet/prober/worker.go). Time is an argument.
 */

#include "config/config.h"

enum lc_check_result {
    LC_CHECK_FAILED,
    LC_CHECK_PASSED,
    LC_CHECK_UNKNOWN, /* it could not be made, which says nothing of the application: not counted */
};

enum lc_check_verdict {
    LC_CHECK_UNDECIDED, /* fewer in a row than the threshold: what holds goes on to hold */
    LC_CHECK_FAILS,
    LC_CHECK_PASSES,
};

struct lc_check_count {
    lc_msec started; /* the process */
    lc_msec begun;   /* the last check; LC_NEVER: there was none */
    bool last;       /* passed */
    uint64_t run;    /* so many in a row were as the last */
};

void lc_check_count_init(struct lc_check_count *self, lc_msec started);

enum lc_check_verdict lc_check_count_take(struct lc_check_count *self, const struct lc_probe *probe,
                                          enum lc_check_result result);

/* When the next check is due: one period after the last one began, and not before its initial delay
 * is over. May lie in the past. */
lc_msec lc_check_count_due(const struct lc_check_count *self, const struct lc_probe *probe);

#endif
