/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_CORE_LIFECYCLE_H
#define LC_CORE_LIFECYCLE_H

/*
 * The lifecycle: everything that lastcall decides.
 *
 *     (state, event, now) -> actions        and        "when do you want to be woken next?"
 *
 * No clock is read here, no system call made, nothing allocated. A driver turns signals, exits,
 * timers and requests into events, calls lc_lifecycle_step(), and carries out the actions in
 * their order. Struct lc_lifecycle is plain data: copy it, compare it, print it.
 *
 * Time is milliseconds on any monotonic clock of the driver's choice. All times inside are
 * absolute and saturate at LC_NEVER. Timers fire at the time they were due, not at the time the
 * driver came round to it: a late wake-up does not push later phases back. In one step the event
 * counts first, then every timer due by `now`: a lane that has just gone is never killed.
 *
 * Words (see the README): T0 is the time of the trigger; deadline = T0 + grace - margin; a lane
 * is one thing being stopped (a process; in liblastcall a server or a pool of workers).
 *
 * A sidecar (`sidecar` in the policy) is told by preStop hooks what happens to the containers beside
 * it: LC_EVENT_PRESTOP_CONTAINER of an application's, LC_EVENT_PRESTOP_POD of its own. The kubelet
 * calls them all when the pod goes, in any order (killContainersWithSyncResult() in
 * pkg/kubelet/kuberuntime/kuberuntime_container.go: a goroutine each), but a container's alone when
 * it restarts that container: after a failed liveness probe, say.
 *
 *   a container's first    The shutdown begins at once: were it to wait for the pod's hook, guests
 *                          would be sent to us meanwhile. Both hooks wait until it is drained.
 *   the pod's first        Nothing is done but to remember it: alone it also comes where the sidecar
 *                          itself is restarted, and must leave nothing behind.
 *   both, `pair_time`      The pod goes. T0 is the container's hook: its own grace began there.
 *   apart at the most
 *   a container's alone    Only that container is restarted, whatever we say: its hook is let go, the
 *                          shutdown is taken back, and LC_ACTION_LANE_START asks the driver when the
 *                          application is there again. Until then readiness stays off: the kubelet's
 *                          SIGTERM is under way, and guests sent to us now would meet a server that
 *                          is about to close.
 *   the pod's alone        It is let go.
 *
 * Of several containers' hooks the last one counts: the pod's may be on its way with it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t lc_msec;

#define LC_NEVER UINT64_MAX

enum {
    LC_LANES_MAX = 16,   /* lanes in one policy */
    LC_HOOKS_MAX = 8,    /* hooks of one kind (preStop or postStop) in one lane */
    LC_SIGNALS_MAX = 64, /* Linux: _NSIG - 1 on every architecture we build for */
};

enum lc_phase {
    LC_PHASE_STARTING,    /* lanes start in dependency order */
    LC_PHASE_RUNNING,     /* all were ready once */
    LC_PHASE_PROPAGATING, /* readiness is off; we serve on until the endpoints have forgotten us */
    LC_PHASE_DRAINING,    /* preStop hooks, then the wait until nothing is in flight */
    LC_PHASE_DRAINED,     /* only after LC_EVENT_DRAIN: the stop signal is awaited */
    LC_PHASE_STOPPING,    /* lanes are asked to stop, dependents first */
    LC_PHASE_KILLING,     /* whatever was left at the deadline has been forced */
    LC_PHASE_EXITED,      /* all lanes are gone; leftover descendants are ended */
    LC_PHASE_COUNT,
};

/* When readiness goes off in a shutdown. */
enum lc_readiness {
    LC_READINESS_FLIP,         /* at T0 */
    LC_READINESS_AFTER_WINDOW, /* when the window is over */
    LC_READINESS_HOLD,         /* when we exit */
    LC_READINESS_COUNT,
};

/* What a further stop signal does in a shutdown that a stop signal has already reached. */
enum lc_second {
    LC_SECOND_IGNORE,
    LC_SECOND_HURRY, /* skip the waits, ask every lane at once, keep the deadline */
    LC_SECOND_KILL,  /* force every lane at once */
    LC_SECOND_COUNT,
};

enum lc_hook_kind { LC_HOOK_PRE_STOP, LC_HOOK_POST_STOP, LC_HOOK_KIND_COUNT };

struct lc_lane_policy {
    uint32_t needs; /* bit i: lane i is started before this one and asked to stop after it */
    lc_msec
        stop_timeout; /* from being asked to being forced; LC_NEVER: what is left of the budget */
    bool serves;      /* has listeners: the window and the drain are for it */
    bool essential;   /* when it ends by itself, everything is shut down */
    uint8_t hooks[LC_HOOK_KIND_COUNT];                      /* how many */
    lc_msec hook_timeout[LC_HOOK_KIND_COUNT][LC_HOOKS_MAX]; /* of each */
};

/* All of it is copied by lc_lifecycle_init(). */
struct lc_policy {
    lc_msec grace;            /* what the platform gives from T0 to its own SIGKILL */
    lc_msec margin;           /* the part of it we keep for our own last steps */
    lc_msec stop_reserve;     /* what each stage still to come is left with, at the least */
    lc_msec leftover_timeout; /* for leftover descendants, from being asked to being forced */

    /* The window lasts `window_min`, goes on until no arrival has come for `window_quiet`, and
     * never beyond `window_max`. Without LC_EVENT_ARRIVAL it lasts `window_min`. The time of
     * LC_EVENT_HELD_UP counts as neither, but for `window_max`. */
    lc_msec window_min, window_quiet, window_max;

    bool drain;            /* wait until nothing is in flight */
    lc_msec drain_timeout; /* of that wait */

    enum lc_readiness readiness;
    uint8_t second[LC_SIGNALS_MAX + 1]; /* by signal number: enum lc_second */

    /* The lanes run in containers beside ours: LC_ACTION_LANE_START only asks when they are ready,
     * and a stop signal says that they have ended, since a sidecar gets its own after them. */
    bool sidecar;
    lc_msec pair_time; /* how far apart the hooks of a pod that goes can be */

    size_t lanes;
    size_t main_lane; /* its code is the exit code where it is not 0 */
    struct lc_lane_policy lane[LC_LANES_MAX];
};

/* Whether a lane does: without one there is neither window nor drain. */
bool lc_policy_serves(const struct lc_policy *self);

enum lc_event_kind {
    LC_EVENT_TICK,       /* time has passed; also the first event of all, which starts the lanes */
    LC_EVENT_LANE_READY, /* the lane runs and all that makes it ready holds */
    LC_EVENT_LANE_UNREADY, /* it was ready and is not any more; it runs still */
    LC_EVENT_LANE_FAILED,  /* its liveness or startup check failed; it runs still */
    LC_EVENT_LANE_GONE,    /* the lane ended, or never came up: `code` */
    LC_EVENT_STOP,  /* a stop signal: `signal`; `hurry`: it came from the terminal's keyboard */
    LC_EVENT_DRAIN, /* /prestop, lastcallctl drain */
    LC_EVENT_PRESTOP_CONTAINER, /* in a sidecar: an application container's preStop hook */
    LC_EVENT_PRESTOP_POD,       /* in a sidecar: its own preStop hook */
    LC_EVENT_UNDO,              /* lastcallctl drain --undo */
    LC_EVENT_ARRIVAL,           /* a new connection, or peer's data on an older one */
    LC_EVENT_HELD_UP,   /* nobody could look for arrivals in the last `count` milliseconds */
    LC_EVENT_INFLIGHT,  /* connections in flight now: `count`; to be looked at again and again in
                          LC_PHASE_DRAINING, where the first 0 after the hooks ends the wait */
    LC_EVENT_HOOK_DONE, /* the lane's running hook ended, well or not */
    LC_EVENT_LEFTOVERS, /* descendants that are left: `count`; in LC_PHASE_EXITED */
    LC_EVENT_COUNT,
};

struct lc_event {
    enum lc_event_kind kind;
    uint8_t lane;           /* LANE_*, HOOK_DONE */
    uint8_t code;           /* LANE_GONE: exit code, or 128 + the signal that killed it */
    uint8_t signal;         /* STOP */
    bool hurry;             /* STOP */
    enum lc_hook_kind hook; /* HOOK_DONE */
    uint8_t hook_index;     /* HOOK_DONE: an answer for a hook that was given up is dropped */
    uint32_t count;         /* HELD_UP, INFLIGHT, LEFTOVERS */
    uint32_t no_listener;   /* where it begins a shutdown: bit i: lane i listens on nothing now, so
                               that it serves nobody, whatever its policy says */
};

enum lc_action_kind {
    LC_ACTION_PHASE, /* `phase` has begun, at `at`; the one before was `from` */
    LC_ACTION_READY_ON,
    LC_ACTION_READY_OFF,
    LC_ACTION_LANE_START,
    LC_ACTION_LANE_ASK,        /* send its stop signal */
    LC_ACTION_LANE_FORCE,      /* SIGKILL */
    LC_ACTION_HOOK_START,      /* `hook`, `hook_index`; answer with LC_EVENT_HOOK_DONE */
    LC_ACTION_HOOK_KILL,       /* its time is over: end it, no answer is expected */
    LC_ACTION_LEFTOVERS_ASK,   /* SIGTERM to all descendants; answer with LC_EVENT_LEFTOVERS,
                                  now and whenever their number has changed */
    LC_ACTION_LEFTOVERS_FORCE, /* SIGKILL to all descendants */
    LC_ACTION_RELEASE,         /* whoever waits at /prestop has nothing to wait for any more */
    LC_ACTION_EXIT,            /* with lc_lifecycle_exit_code() */
    LC_ACTION_COUNT,
};

struct lc_action {
    enum lc_action_kind kind;
    uint8_t lane;
    enum lc_hook_kind hook;
    uint8_t hook_index;
    enum lc_phase phase, from;
    lc_msec since; /* PHASE: when `from` began; an undo makes the lifecycle forget it */
    lc_msec at;    /* when it was due; in a step that came late this lies before `now` */
};

enum {
    /* The most one step can emit: a lane can be started, have every hook started and killed, be
     * asked and forced once each; the rest happens once or once a phase. */
    LC_ACTIONS_MAX = LC_LANES_MAX * (3 + 4 * LC_HOOKS_MAX) + LC_PHASE_COUNT + 8,
};

struct lc_actions {
    size_t count;
    struct lc_action list[LC_ACTIONS_MAX];
};

enum lc_lane_state {
    LC_LANE_WAITING,  /* not started: what it needs is not ready, or never was */
    LC_LANE_STARTING, /* started, not ready */
    LC_LANE_READY,
    LC_LANE_ASKED,  /* has got its stop signal */
    LC_LANE_FORCED, /* has got SIGKILL */
    LC_LANE_GONE,   /* ended; its postStop hooks may run still */
    LC_LANE_COUNT,
};

/* In a sidecar: a hook has come, and it is not known yet whether the other one will. */
enum lc_unpaired { LC_UNPAIRED_NONE, LC_UNPAIRED_CONTAINER, LC_UNPAIRED_POD };

/* What began the shutdown. */
enum lc_cause {
    LC_CAUSE_NONE,
    LC_CAUSE_SIGNAL, /* lc_lifecycle.cause_signal */
    LC_CAUSE_DRAIN,
    LC_CAUSE_LANE,  /* lc_lifecycle.cause_lane ended by itself */
    LC_CAUSE_CHECK, /* lc_lifecycle.cause_lane failed its liveness or startup check */
    LC_CAUSE_COUNT,
};

/* How the whole went, for the exit code's remapping and the metrics. */
enum lc_outcome {
    LC_OUTCOME_STOPPED, /* everything ended in its own time */
    LC_OUTCOME_FORCED,  /* something had to be killed */
    LC_OUTCOME_CRASHED, /* a lane that ended by itself with a code other than 0 began it, or one
                           that failed a check */
    LC_OUTCOME_COUNT,
};

struct lc_lane {
    enum lc_lane_state state;
    bool started; /* LC_ACTION_LANE_START was emitted */
    bool forced;  /* has got SIGKILL: its time was over, or a second signal said so */
    bool failed;  /* a check of it began the shutdown */
    uint8_t code; /* once gone */
    uint8_t next_hook[LC_HOOK_KIND_COUNT]; /* hooks before this one are done or given up */
    bool hook_running[LC_HOOK_KIND_COUNT];
    lc_msec hook_due[LC_HOOK_KIND_COUNT]; /* when the running one is given up */
    lc_msec asked_at;                     /* LC_NEVER: not asked */
};

/* Only lc_lifecycle_init(), _reload() and _step() write it. Anyone may read it. */
struct lc_lifecycle {
    struct lc_policy policy;
    struct lc_lane lane[LC_LANES_MAX];
    uint8_t order[LC_LANES_MAX];  /* the lanes from the ground up */
    uint32_t above[LC_LANES_MAX]; /* bit i: lane i needs this one, directly or not */

    enum lc_phase phase;
    lc_msec now;                     /* of the last step: time never goes back */
    lc_msec entered[LC_PHASE_COUNT]; /* when each phase began; LC_NEVER: not yet */
    bool ready;                      /* what /readyz answers */

    enum lc_cause cause;
    uint8_t cause_signal, cause_lane; /* cause_lane: wherever `fan_out` */
    bool fan_out;                     /* cause_lane ended by itself or failed a check, so all are
                                         stopped; in a shutdown that began as a drain the cause
                                         stays that */
    lc_msec t0;                       /* LC_NEVER: no shutdown */
    uint8_t stop_signal;              /* the first stop signal; 0: none came yet */
    bool committed;                   /* a stop signal or a lane's end has come: no way back */
    bool asked; /* by a drain or a preStop hook, and LC_ACTION_RELEASE is still to come */
    enum lc_unpaired unpaired; /* CONTAINER: the shutdown may be taken back; POD: there is none */
    lc_msec unpaired_at;
    bool hurried, killed; /* by a further stop signal or the terminal */
    lc_msec deadline;     /* once committed; T0 + grace - margin, seldom later */

    uint32_t no_listener;         /* as the event said that began the shutdown */
    bool window_over, drain_over; /* once they have been sat out, or nobody is to wait for */
    lc_msec last_arrival;         /* LC_NEVER: none in this window; later by what held us up */
    lc_msec held_up;              /* the time of this window in which nobody could look */
    lc_msec drain_since;          /* when the hooks were done; LC_NEVER: not yet */
    uint32_t leftovers;           /* as last reported */
    bool leftovers_forced;
    lc_msec leftovers_asked_at;
    bool done; /* LC_ACTION_EXIT was emitted: nothing happens any more */
};

/* Checks `policy` and starts from LC_PHASE_STARTING; nothing is started before the first step.
 * Returns 0, or -EINVAL with *ret_why (static text; may be NULL) where the policy contradicts
 * itself: a cycle, an unknown lane, or stages whose stop reserves do not fit in the grace. */
int lc_lifecycle_init(struct lc_lifecycle *self, const struct lc_policy *policy, lc_msec now,
                      const char **ret_why);

/* Replaces the policy's times and tables while no shutdown is under way; what lanes there are and
 * what they need stays. Returns 0; -EBUSY in a shutdown; -EINVAL as above. On error nothing has
 * changed. */
int lc_lifecycle_reload(struct lc_lifecycle *self, const struct lc_policy *policy,
                        const char **ret_why);

/* One event, then every timer due by `now`. Overwrites *ret. */
void lc_lifecycle_step(struct lc_lifecycle *self, lc_msec now, const struct lc_event *event,
                       struct lc_actions *ret);

/* When to call lc_lifecycle_step() with LC_EVENT_TICK, at the latest; LC_NEVER: no need. */
lc_msec lc_lifecycle_next(const struct lc_lifecycle *self);

/* When a hook that came alone is taken for the only one; LC_NEVER: none has. */
lc_msec lc_lifecycle_pair_end(const struct lc_lifecycle *self);

/* When the window or the drain would end at the latest, as the state stands; for display. */
lc_msec lc_lifecycle_phase_end(const struct lc_lifecycle *self);

/* How long a phase took, up to the next one or to `now`; LC_NEVER: it has not begun. */
lc_msec lc_lifecycle_phase_time(const struct lc_lifecycle *self, enum lc_phase phase, lc_msec now);

/* The exit code by the rules of the README's "The exit code", before `exitCodes` remaps it. */
uint8_t lc_lifecycle_exit_code(const struct lc_lifecycle *self);
enum lc_outcome lc_lifecycle_outcome(const struct lc_lifecycle *self);

/* Field names: "starting", "flip", "stopped" …; never NULL. */
const char *lc_phase_name(enum lc_phase phase);
const char *lc_readiness_name(enum lc_readiness readiness);
const char *lc_second_name(enum lc_second second);
const char *lc_event_name(enum lc_event_kind kind);
const char *lc_action_name(enum lc_action_kind kind);
const char *lc_lane_state_name(enum lc_lane_state state);
const char *lc_hook_kind_name(enum lc_hook_kind kind); /* as a pod's spec has it: "preStop" */
const char *lc_cause_name(enum lc_cause cause);
const char *lc_outcome_name(enum lc_outcome outcome);

#endif
