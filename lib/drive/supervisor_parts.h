/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_DRIVE_SUPERVISOR_PARTS_H
#define LC_DRIVE_SUPERVISOR_PARTS_H

/* The supervisor from inside, for its own files alone:
 *   supervisor.c          puts it together and runs it
 *   supervisor_events.c   what happens becomes an event of the lifecycle (signals, exits, reload)
 *   supervisor_actions.c  what the lifecycle decides is carried out
 *   supervisor_checks.c   the application's checks
 *   supervisor_control.c  what lastcallctl asks of it
 *   supervisor_metrics.c  what is counted is shown
 *   supervisor_prestop.c  what preStop hooks ask for, and when they are answered
 *   supervisor_report.c   what is left behind: the termination message, the counters
 *   supervisor_traffic.c  what the kernel sees of the application's connections
 *   supervisor_view.c     what a probe sees of it
 */

#include "base/saver.h"
#include "drive/checkup.h"
#include "drive/clock.h"
#include "drive/engine.h"
#include "drive/hooks.h"
#include "drive/http.h"
#include "drive/metrics.h"
#include "drive/narrate.h"
#include "drive/probes.h"
#include "drive/process.h"
#include "drive/readiness.h"
#include "drive/report.h"
#include "drive/supervisor.h"
#include "drive/traffic.h"
#include "sys/process.h"
#include "sys/signals.h"

#include <limits.h>

/* The hooks that have come since it is awaited what becomes of the pod; before that it is of no use. */
struct lc_prestop_asked {
    unsigned count;
    char query[LC_HTTP_HELD_MAX][LC_HTTP_HELD_QUERY_MAX];
};

struct lc_supervisor {
    const struct lc_supervisor_start *start;
    struct lc_config *config;
    struct lc_log *log;
    struct event_base *base;
    struct lc_engine engine;
    struct lc_process process[LC_LANES_MAX]; /* by lane */
    struct lc_checkup checkup[LC_LANES_MAX];
    struct lc_attempt_world checks; /* what they share */
    char tls_helper[PATH_MAX];
    struct lc_readiness_watch watch[LC_LANES_MAX];
    struct lc_hooks hooks;
    char **child_env;
    int terminal; /* whose foreground was ours when we last looked; -1: none */

    struct lc_signals signals;
    struct event *signal_event;
    struct event *resume_timer;        /* set: signals are not read until then */
    unsigned held[LC_SIGNALS_MAX + 1]; /* by number: how many came for a main process that does
                                          not exist yet */
    bool undeliverable;                /* said once that the main process cannot be signalled */

    struct event *leftovers_timer;
    struct lc_traffic traffic;
    struct lc_report report;
    struct lc_saver *saver; /* NULL: nothing is to be saved */
    int message;            /* its file for the termination message; below 0: none */
    int state;              /* its file for the counters; below 0: none */
    struct lc_metrics metrics;
    char metrics_text[LC_METRICS_TEXT_MAX];
    struct lc_http *http;
    bool prestop_refused; /* and the log has said so */
    struct lc_prestop_asked prestop_asked;
    struct lc_probes probes;
    struct lc_probe_process view[LC_LANES_MAX]; /* as of the last request */
    char missing[LC_LANES_MAX][48];
    char check_name[LC_LANES_MAX][LC_CHECK_KIND_COUNT][80];
};

static inline lc_msec lc_supervisor_elapsed(const struct lc_supervisor *self)
{
    return lc_narrate_elapsed(&self->engine.lifecycle, lc_clock_msec());
}

static inline struct lc_process *lc_supervisor_main(struct lc_supervisor *self)
{
    return &self->process[self->engine.lifecycle.policy.main_lane];
}

void lc_supervisor_post_lane(struct lc_supervisor *self, enum lc_event_kind kind, unsigned lane,
                             uint8_t code);

/* supervisor_events.c */
void lc_supervisor_on_signals(evutil_socket_t fd, short what, void *userdata);
void lc_supervisor_hold_signals(struct lc_supervisor *self);
void lc_supervisor_resume_signals(evutil_socket_t fd, short what, void *userdata);
void lc_supervisor_reap(struct lc_supervisor *self);
void lc_supervisor_on_started(void *userdata, unsigned lane, bool running);
void lc_supervisor_on_ready(void *userdata, unsigned lane, bool ready);
void lc_supervisor_on_hook(void *userdata, unsigned lane, enum lc_hook_kind kind, unsigned index);
void lc_supervisor_on_leftovers(evutil_socket_t fd, short what, void *userdata);
void lc_supervisor_forward(struct lc_supervisor *self, int signal);

/* supervisor_actions.c */
void lc_supervisor_spawn_basics(const struct lc_supervisor *self, struct lc_spawn *ret);
void lc_supervisor_act(void *userdata, const struct lc_action *action, lc_msec now);
void lc_supervisor_count_leftovers(struct lc_supervisor *self);

/* supervisor_checks.c */
int lc_supervisor_start_checks(struct lc_supervisor *self, unsigned lane);
void lc_supervisor_adopt_checks(struct lc_supervisor *self);
bool lc_supervisor_check_reaped(struct lc_supervisor *self, const struct lc_reaped *reaped);

/* supervisor_traffic.c */
int lc_supervisor_start_traffic(struct lc_supervisor *self);
/* How many were in flight at a look; -1: there was none, so that nothing is known. */
int lc_supervisor_in_flight(const struct lc_connections_count *seen);
/* Posts an event that begins a shutdown, unless one is under way: then it says who listens on nothing,
 * and the report what was in flight. `seen`: a look at this moment, or NULL. */
void lc_supervisor_begin(struct lc_supervisor *self, struct lc_event event,
                         const struct lc_connections_count *seen);
void lc_supervisor_note_killed(struct lc_supervisor *self);
void lc_supervisor_follow_phase(struct lc_supervisor *self, const struct lc_action *action);

/* supervisor_prestop.c */
void lc_supervisor_route(void *userdata, const struct lc_http_request *request,
                         struct lc_http_response *ret); /* `userdata`: the probes */
void lc_supervisor_release(struct lc_supervisor *self);

/* supervisor_report.c */
int lc_supervisor_start_report(struct lc_supervisor *self);
void lc_supervisor_save_report(struct lc_supervisor *self, int exit_code);
void lc_supervisor_forget_report(struct lc_supervisor *self);
void lc_supervisor_finish_report(struct lc_supervisor *self);

/* supervisor_control.c */
void lc_supervisor_control_init(struct lc_supervisor *self);

/* supervisor_metrics.c */
void lc_supervisor_metrics_init(struct lc_supervisor *self);

/* supervisor_view.c */
void lc_supervisor_view_init(struct lc_supervisor *self);
void lc_supervisor_refresh_view(void *userdata);

#endif
