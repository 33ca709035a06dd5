/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_TESTS_PROPERTY_ORACLE_H
#define LC_TESTS_PROPERTY_ORACLE_H

/*
 * What must hold for every life, whatever the order of events: the README's invariants, said a
 * second time and in another way than lib/core says them. The oracle sees what a driver sees,
 * events and actions, keeps its own account of it, and believes nothing that a lifecycle says of
 * itself; it asks only whether that agrees.
 *
 * Shared by tests/property (random lives), tests/explore (every order of events) and tests/fuzz.
 */

#include "core/lifecycle.h"

struct oracle_lane {
    bool started, ready, gone, asked, forced;
    bool closed; /* gone, and its postStop hooks are over */
    uint8_t code;
    lc_msec asked_at;
    uint8_t next_hook[LC_HOOK_KIND_COUNT];
    bool hook_running[LC_HOOK_KIND_COUNT];
    lc_msec hook_due[LC_HOOK_KIND_COUNT];
};

struct oracle {
    struct oracle_lane lane[LC_LANES_MAX];
    enum lc_phase phase;
    lc_msec now, phase_at;
    bool ready, ran;      /* ran: was running once */
    lc_msec t0, deadline; /* LC_NEVER: none */
    bool committed, cold; /* cold: nothing is to be waited for; T0 was in starting, or is past */
    bool hurried, killed, fan_out, check_failed, late, exited;
    bool may_skip; /* window, preStop hooks and drain may be left out: no time, or no reason */
    uint32_t no_listener;
    bool drained; /* nothing was in flight, in DRAINING */
    uint8_t stop_signal, failed_lane;
    lc_msec last_arrival, held_up, draining_at;
    lc_msec leftovers_at; /* asked */
    bool leftovers_asked, leftovers_forced;
    bool waits;                /* somebody waits at /prestop */
    enum lc_unpaired unpaired; /* a sidecar's hook whose other one has not come */
    lc_msec unpaired_at;
    uint32_t to_restart; /* bit i: lane i is to be looked at anew */
};

void oracle_init(struct oracle *self, lc_msec now);

/* One step of a lifecycle: `wanted` is what lc_lifecycle_next() said before it, `after` what it
 * was left as. Returns what is wrong, in static text, or NULL. */
const char *oracle_step(struct oracle *self, const struct lc_policy *policy, lc_msec wanted,
                        lc_msec now, const struct lc_event *event, const struct lc_actions *actions,
                        const struct lc_lifecycle *after);

#endif
