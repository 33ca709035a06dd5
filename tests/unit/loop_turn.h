/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_TESTS_UNIT_LOOP_TURN_H
#define LC_TESTS_UNIT_LOOP_TURN_H

#include <event2/event.h>
#include <sys/time.h>

/* A turn of the loop, at most a millisecond long. */
static inline void loop_turn(struct event_base *base)
{
    struct timeval pause = {.tv_usec = 1000};

    event_base_loopexit(base, &pause);
    event_base_loop(base, EVLOOP_ONCE);
}

#endif
