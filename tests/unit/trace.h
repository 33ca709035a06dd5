/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_TESTS_UNIT_TRACE_H
#define LC_TESTS_UNIT_TRACE_H

/*
 * Golden traces: a lifecycle's course as text, under a clock that only the text moves.
 *
 *     [     0] SIGTERM          -> propagating: readiness off
 *     [  5000] tick             -> stopping: ask web
 *
 * The left side of each line is done to a lifecycle, the right side is what must come of it; so
 * a trace is input and expectation at once. `tick` is a wake-up in time: it fails unless
 * lc_lifecycle_next() asked for just that moment; `late` is one that comes after it, and `begin`
 * the first of all. An action that was due before its line's time has the time it was due behind
 * it: `ask web @5000`.
 *
 * Left: begin, tick, late, ready LANE, unready LANE, failed LANE, gone LANE CODE, SIGTERM, SIGINT,
 * SIGQUIT, a signal's name with `!` where it came from the terminal, drain, undo, container, pod,
 * arrival, inflight N, done LANE pre|post INDEX, leftovers N; behind it, `deaf LANE`: it listens on
 * nothing. The lanes are called web, worker and db.
 */

#include "core/lifecycle.h"

/* The whole trace as it really went, in a buffer that the next call overwrites. With `running`
 * all lanes were started and made ready at 0 before the first line. */
const char *trace_of(const struct lc_policy *policy, bool running, const char *expected);

/* The lifecycle as the last trace left it. */
const struct lc_lifecycle *trace_lifecycle(void);

#endif
