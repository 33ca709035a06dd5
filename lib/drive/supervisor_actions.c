/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/clock.h"
#include "drive/loop.h"
#include "drive/supervisor_parts.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

enum {
    /* Not every leftover is our child: nobody tells us of the end of what `kubectl exec` started. */
    LEFTOVERS_POLL_MSEC = 50,
};

void lc_supervisor_spawn_basics(const struct lc_supervisor *self, struct lc_spawn *ret)
{
    *ret = (struct lc_spawn){
        .envp = self->child_env,
        .signals = self->start->signals,
        .terminal = -1,
    };
}

static void forward_held(struct lc_supervisor *self)
{
    for (int signal = 1; signal <= LC_SIGNALS_MAX; signal++)
        for (; self->held[signal] > 0; self->held[signal]--)
            lc_supervisor_forward(self, signal);
}

/* A sidecar's processes are started, and restarted, by others: it only looks when they are ready. */
static void await_lane(struct lc_supervisor *self, unsigned lane)
{
    struct lc_process *process = &self->process[lane];

    if (process->running)
        lc_readiness_watch_restart(&self->watch[lane]);
    process->running = true;
    lc_checkup_begin(&self->checkup[lane]);
    lc_readiness_watch_look(&self->watch[lane]);
}

static void start_lane(struct lc_supervisor *self, unsigned lane)
{
    bool is_main = lane == self->engine.lifecycle.policy.main_lane;
    struct lc_spawn spawn;

    if (self->config->sidecar) {
        await_lane(self, lane);
        return;
    }
    lc_supervisor_spawn_basics(self, &spawn);
    if (is_main) {
        spawn.terminal = self->terminal;
        spawn.listen_fds = self->start->listen_fds;
    }
    if (lc_process_start(&self->process[lane], &spawn) < 0) {
        lc_supervisor_post_lane(self, LC_EVENT_LANE_GONE, lane, LC_EXIT_OWN_FAILURE);
        return;
    }
    lc_supervisor_hold_signals(self);
    if (is_main)
        forward_held(self);
}

/* The main process gets the signal that we got: an image's STOPSIGNAL is meant for it. */
static int stop_signal(const struct lc_supervisor *self, unsigned lane)
{
    const struct lc_lifecycle *lifecycle = &self->engine.lifecycle;
    int configured = self->process[lane].config->stop_signal;

    if (configured)
        return configured;
    return lane == lifecycle->policy.main_lane && lifecycle->stop_signal ? lifecycle->stop_signal
                                                                         : SIGTERM;
}

static void start_hook(struct lc_supervisor *self, const struct lc_action *action)
{
    struct lc_spawn spawn;

    lc_supervisor_spawn_basics(self, &spawn);
    if (lc_hooks_start(&self->hooks, &self->process[action->lane], action->hook, action->hook_index,
                       &spawn) < 0)
        lc_supervisor_on_hook(self, action->lane, action->hook, action->hook_index);
}

static void log_leftovers(struct lc_supervisor *self, const char *msg,
                          const struct lc_leftovers *left)
{
    lc_log(self->log, LC_LOG_WARN, msg, LC_INT("count", left->alive), LC_INT("pid", left->example),
           LC_STR("name", left->example_name), LC_INT("refused", left->refused),
           LC_T(lc_supervisor_elapsed(self)));
}

static void report_leftovers(struct lc_supervisor *self, unsigned alive)
{
    if (alive)
        lc_loop_set_timer(self->leftovers_timer, LEFTOVERS_POLL_MSEC * 1000);
    lc_engine_post(&self->engine, &(struct lc_event){.kind = LC_EVENT_LEFTOVERS, .count = alive});
}

static void signal_leftovers(struct lc_supervisor *self, int signal, struct lc_leftovers *ret)
{
    int r = lc_leftovers_signal(signal, ret);

    if (r < 0)
        lc_log(self->log, LC_LOG_ERROR, "leftover processes cannot be found",
               LC_STR("error", strerrordesc_np(-r)));
}

static void end_leftovers(struct lc_supervisor *self, int signal, const char *msg)
{
    struct lc_leftovers left = {0};

    signal_leftovers(self, signal, &left);
    if (signal == SIGKILL && left.example && left.alive)
        self->report.leftovers_killed = true;
    if (left.example) /* none: what is left has ended, and is about to be reaped */
        log_leftovers(self, msg, &left);
    if (left.zombies)
        lc_log(self->log, LC_LOG_WARN, "zombies left: their parent lives and does not wait",
               LC_INT("count", left.zombies));
    report_leftovers(self, left.alive);
}

/* Killed again each time: one that forked at the moment of the first SIGKILL may have slipped a
 * child past it. */
void lc_supervisor_count_leftovers(struct lc_supervisor *self)
{
    struct lc_leftovers left = {0};

    signal_leftovers(self, self->engine.lifecycle.leftovers_forced ? SIGKILL : 0, &left);
    report_leftovers(self, left.alive);
}

static void leave(struct lc_supervisor *self)
{
    lc_supervisor_reap(self);
    for (unsigned lane = 0; lane < self->engine.lifecycle.policy.lanes; lane++)
        if (lc_process_alive(&self->process[lane]))
            lc_log(self->log, LC_LOG_ERROR, "process has not ended, left behind",
                   LC_STR("process", self->process[lane].config->name),
                   LC_INT("pid", self->process[lane].child.pid));
    event_base_loopbreak(self->base);
}

static void follow_phase(struct lc_supervisor *self, const struct lc_action *action)
{
    lc_supervisor_follow_phase(self, action);
    for (unsigned lane = 0; lane < self->engine.lifecycle.policy.lanes; lane++)
        lc_checkup_follow(&self->checkup[lane], action->phase);
}

void lc_supervisor_act(void *userdata, const struct lc_action *action, lc_msec now)
{
    struct lc_supervisor *self = userdata;
    lc_msec elapsed = lc_narrate_elapsed(&self->engine.lifecycle, now);

    switch (action->kind) {
    case LC_ACTION_PHASE:
        follow_phase(self, action);
        lc_metrics_phase(&self->metrics, action->from, action->at - action->since);
        lc_supervisor_save_report(self, -1);
        lc_narrate_action(self->log, &self->engine.lifecycle, action, now);
        break;
    case LC_ACTION_READY_ON:
    case LC_ACTION_READY_OFF: /* /readyz reads the lifecycle itself */
        lc_narrate_action(self->log, &self->engine.lifecycle, action, now);
        break;
    case LC_ACTION_LANE_START:
        start_lane(self, action->lane);
        break;
    case LC_ACTION_LANE_ASK:
        lc_process_ask(&self->process[action->lane], stop_signal(self, action->lane), elapsed);
        break;
    case LC_ACTION_LANE_FORCE:
        lc_supervisor_note_killed(self);
        lc_process_force(&self->process[action->lane], elapsed);
        break;
    case LC_ACTION_HOOK_START:
        start_hook(self, action);
        break;
    case LC_ACTION_HOOK_KILL:
        lc_hooks_kill(&self->hooks, action->lane, action->hook);
        break;
    case LC_ACTION_LEFTOVERS_ASK:
        end_leftovers(self, SIGTERM, "leftover processes asked to stop");
        break;
    case LC_ACTION_LEFTOVERS_FORCE:
        end_leftovers(self, SIGKILL, "leftover processes killed");
        break;
    case LC_ACTION_RELEASE:
        lc_supervisor_release(self);
        break;
    case LC_ACTION_EXIT:
        leave(self);
        break;
    case LC_ACTION_COUNT:
        break;
    }
}
