/* SPDX-License-Identifier: Apache-2.0 */
#include "base/signal_name.h"
#include "drive/clock.h"
#include "drive/loop.h"
#include "drive/supervisor_parts.h"
#include "sys/terminal.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum {
    SIGNALS_PER_TURN = 16, /* each costs a walk through all that are queued, in the kernel */
    EXEC_PATIENCE_MSEC = 1000,
    FIRST_THAT_QUEUES = 32, /* the kernel's SIGRTMIN: the C library's is higher */
};

void lc_supervisor_post_lane(struct lc_supervisor *self, enum lc_event_kind kind, unsigned lane,
                             uint8_t code)
{
    lc_engine_post(&self->engine,
                   &(struct lc_event){.kind = kind, .lane = (uint8_t)lane, .code = code});
}

static void pause_signals(struct lc_supervisor *self, unsigned msec)
{
    if (lc_loop_set_timer(self->resume_timer, msec * UINT64_C(1000)) == 0)
        event_del(self->signal_event);
}

/* A signal that comes right after the start waits in the kernel until exec has taken place: before
 * that it would kill the copy of ourselves that the child still is, and a stop signal would find
 * nobody running yet. Exec may hang on a network file system, so not for long. */
void lc_supervisor_hold_signals(struct lc_supervisor *self)
{
    pause_signals(self, EXEC_PATIENCE_MSEC);
}

void lc_supervisor_resume_signals(evutil_socket_t fd, short what, void *userdata)
{
    struct lc_supervisor *self = userdata;

    (void)fd;
    (void)what;
    event_del(self->resume_timer);
    if (event_add(self->signal_event, NULL) < 0)
        lc_loop_set_timer(self->resume_timer, EXEC_PATIENCE_MSEC * 1000);
    else if (lc_signals_buffered(&self->signals))
        event_active(self->signal_event, EV_READ, 0);
}

void lc_supervisor_on_started(void *userdata, unsigned lane, bool running)
{
    struct lc_supervisor *self = userdata;

    if (running) {
        lc_checkup_begin(&self->checkup[lane]);
        lc_readiness_watch_look(&self->watch[lane]);
    }
    for (unsigned i = 0; i < self->engine.lifecycle.policy.lanes; i++)
        if (self->process[i].exec_event)
            return;
    lc_supervisor_resume_signals(-1, 0, self);
}

void lc_supervisor_on_ready(void *userdata, unsigned lane, bool ready)
{
    lc_supervisor_post_lane(userdata, ready ? LC_EVENT_LANE_READY : LC_EVENT_LANE_UNREADY, lane, 0);
}

void lc_supervisor_on_hook(void *userdata, unsigned lane, enum lc_hook_kind kind, unsigned index)
{
    struct lc_supervisor *self = userdata;

    lc_engine_post(&self->engine, &(struct lc_event){.kind = LC_EVENT_HOOK_DONE,
                                                     .lane = (uint8_t)lane,
                                                     .hook = kind,
                                                     .hook_index = (uint8_t)index});
}

void lc_supervisor_on_leftovers(evutil_socket_t fd, short what, void *userdata)
{
    (void)fd;
    (void)what;
    lc_supervisor_count_leftovers(userdata);
}

static struct lc_process *find_process(struct lc_supervisor *self, pid_t pid)
{
    for (unsigned lane = 0; lane < self->engine.lifecycle.policy.lanes; lane++)
        if (self->process[lane].child.pid == pid)
            return &self->process[lane];
    return NULL;
}

static void continue_process(struct lc_process *process)
{
    process->stopped = false;
    lc_child_signal(&process->child, SIGCONT, true);
}

/* Once: one that stops itself again and again would keep us busy until the deadline. */
static void continue_asked(struct lc_process *process)
{
    if (!process->continued)
        continue_process(process);
    process->continued = true;
}

/* Ctrl-Z: we stop, too, so that the shell above sees a stopped job. Its fg makes the foreground
 * ours, which the process then gets; its bg does not. */
static void stop_with(struct lc_supervisor *self, struct lc_process *process)
{
    /* Started in the background, and brought to the foreground since: nobody tells us of that. */
    if (self->terminal < 0)
        self->terminal = lc_terminal_foreground();
    if (self->terminal < 0)
        return;
    lc_terminal_stop_self(); /* returns at once where nobody above could continue us: we do */
    lc_terminal_give(self->terminal, process->child.pid, getpgrp());
    continue_process(process);
}

/* It wants the terminal and is in the background. So are we, until a shell's fg; where there is no
 * shell it stays stopped, since it would only stop again. */
static void await_foreground_for(struct lc_supervisor *self, struct lc_process *process)
{
    int terminal = lc_terminal_await_foreground();

    if (terminal < 0)
        return;
    lc_terminal_close(self->terminal);
    self->terminal = terminal;
    lc_terminal_give(terminal, process->child.pid, getpgrp());
    continue_process(process);
}

static void on_stopped(struct lc_supervisor *self, struct lc_process *process, int signal)
{
    process->stopped = true;
    lc_log(self->log, LC_LOG_INFO, "process stopped", LC_STR("process", process->config->name),
           LC_INT("pid", process->child.pid));
    /* SIGCHLD comes after SIGTERM where both wait: it may have been stopped before it was asked. */
    if (self->engine.lifecycle.lane[process->lane].state == LC_LANE_ASKED)
        continue_asked(process);
    else if (process != lc_supervisor_main(self))
        return;
    else if (signal == SIGTTIN || signal == SIGTTOU)
        await_foreground_for(self, process);
    else if (signal == SIGTSTP)
        stop_with(self, process);
}

static void on_ended(struct lc_supervisor *self, struct lc_process *process,
                     const struct lc_reaped *reaped)
{
    /* A shell without job control above us does not take the terminal back by itself. */
    if (self->terminal >= 0 && process == lc_supervisor_main(self))
        lc_terminal_give(self->terminal, getpgrp(), reaped->pid);
    lc_process_ended(process, reaped, lc_supervisor_elapsed(self));
    lc_checkup_end(&self->checkup[process->lane]);
    lc_supervisor_post_lane(self, LC_EVENT_LANE_GONE, process->lane, lc_exit_code_of(reaped));
}

static void on_reaped(struct lc_supervisor *self, const struct lc_reaped *reaped)
{
    struct lc_process *process = find_process(self, reaped->pid);
    enum lc_reaped_kind kind = LC_REAPED_PROCESS;

    if (reaped->kind == LC_REAP_STOPPED) {
        if (process)
            on_stopped(self, process, reaped->status);
        return;
    }
    if (process)
        on_ended(self, process, reaped);
    else if (lc_hooks_reaped(&self->hooks, reaped))
        kind = LC_REAPED_HOOK;
    else
        kind = lc_supervisor_check_reaped(self, reaped) ? LC_REAPED_CHECK : LC_REAPED_ORPHAN;
    self->metrics.reaped[kind]++;
    if (kind == LC_REAPED_ORPHAN)
        lc_log(self->log, LC_LOG_DEBUG, "orphan reaped", LC_INT("pid", reaped->pid),
               LC_INT("code", lc_exit_code_of(reaped)));
}

/* One SIGCHLD may stand for many: signals coalesce. */
void lc_supervisor_reap(struct lc_supervisor *self)
{
    struct lc_reaped reaped;

    while (lc_reap(&reaped) > 0)
        on_reaped(self, &reaped);
    if (self->engine.lifecycle.phase == LC_PHASE_EXITED && !self->engine.lifecycle.done)
        lc_supervisor_count_leftovers(self);
}

static void log_signal(struct lc_supervisor *self, enum lc_log_level level,
                       const struct lc_signal *signal, enum lc_signal_action action, int in_flight)
{
    char name[LC_SIGNAL_NAME_MAX];

    lc_metrics_signal(&self->metrics, signal->number, action);
    lc_log(self->log, level, "signal", LC_STR("signal", lc_signal_format(signal->number, name)),
           LC_INT("sender", signal->pid), LC_INT("uid", signal->uid),
           LC_STR("action", lc_signal_action_name(action)), LC_COUNT("in_flight", in_flight),
           LC_T(lc_supervisor_elapsed(self)));
}

void lc_supervisor_forward(struct lc_supervisor *self, int signal)
{
    struct lc_process *process = lc_supervisor_main(self);
    char name[LC_SIGNAL_NAME_MAX];
    int r = lc_process_forward(process, signal);

    /* -ESRCH: it has just ended. */
    if (r == 0 || r == -ESRCH || self->undeliverable)
        return;
    self->undeliverable = true;
    lc_log(self->log, LC_LOG_ERROR, "signal not delivered",
           LC_STR("process", process->config->name),
           LC_STR("signal", lc_signal_format(signal, name)), LC_STR("error", strerrordesc_np(-r)));
}

static void log_problems(struct lc_supervisor *self, enum lc_log_level level, const char *msg,
                         const struct lc_config_errors *errors)
{
    for (size_t i = 0; i < errors->count; i++)
        lc_log(self->log, level, msg, LC_STR("where", errors->list[i].where),
               LC_STR("key", errors->list[i].path), LC_STR("error", errors->list[i].text));
}

/* Takes the new configuration over, or says why not. */
static bool adopt(struct lc_supervisor *self, struct lc_config *fresh)
{
    char fixed[256];
    struct lc_policy policy;
    const char *why = NULL;
    int r;

    if (lc_config_fixed_differences(self->config, fresh, fixed, sizeof(fixed))) {
        lc_log(self->log, LC_LOG_ERROR, "reload refused: these cannot change while running",
               LC_STR("keys", fixed));
        return false;
    }
    lc_config_policy(fresh, &policy);
    r = lc_engine_reload(&self->engine, &policy, &why);
    if (r < 0) {
        lc_log(self->log, LC_LOG_ERROR, "reload refused",
               LC_STR("error", r == -EBUSY ? "a shutdown is under way" : why));
        return false;
    }
    for (unsigned lane = 0; lane < policy.lanes; lane++)
        self->process[lane].config = &fresh->process[lane];
    lc_log_configure(self->log, (enum lc_log_format)fresh->log_format,
                     (enum lc_log_level)fresh->log_level);
    lc_traffic_configure(&self->traffic, fresh);
    lc_supervisor_adopt_checks(self);
    lc_config_free(self->config);
    self->config = fresh;
    return true;
}

/* All or nothing: a bad file changes nothing. */
static void reload(struct lc_supervisor *self)
{
    struct lc_config_errors errors = {0}, warnings = {0};
    struct lc_config *fresh = NULL;
    enum lc_cli cli;
    int r = lc_config_load(self->start->argv, self->start->envp, &fresh, &cli, &errors, &warnings);

    if (r < 0 && errors.count == 0)
        lc_log(self->log, LC_LOG_ERROR, "reload refused", LC_STR("error", strerrordesc_np(-r)));
    else if (r < 0)
        log_problems(self, LC_LOG_ERROR, "reload refused", &errors);
    else if (adopt(self, fresh))
        lc_log(self->log, LC_LOG_INFO, "reloaded", LC_STR("why", fresh->why));
    else
        lc_config_free(fresh);
    log_problems(self, LC_LOG_WARN, "configuration", &warnings);
    lc_config_errors_deinit(&errors);
    lc_config_errors_deinit(&warnings);
}

static void on_stop_signal(struct lc_supervisor *self, const struct lc_signal *signal)
{
    const struct lc_lifecycle *lifecycle = &self->engine.lifecycle;
    /* The keyboard's Ctrl-C: nobody at a keyboard waits for endpoints. */
    bool keyboard = signal->number == SIGINT && signal->code == SI_KERNEL;
    static const enum lc_signal_action second_actions[] = {
        [LC_SECOND_IGNORE] = LC_SIGNAL_ACTION_IGNORE,
        [LC_SECOND_HURRY] = LC_SIGNAL_ACTION_HURRY,
        [LC_SECOND_KILL] = LC_SIGNAL_ACTION_KILL,
    };
    uint8_t second = lifecycle->policy.second[signal->number];
    bool first = lifecycle->stop_signal == 0;
    const struct lc_connections_count *seen = first ? lc_traffic_glance(&self->traffic) : NULL;

    log_signal(self, LC_LOG_INFO, signal, first ? LC_SIGNAL_ACTION_STOP : second_actions[second],
               lc_supervisor_in_flight(seen));
    lc_supervisor_begin(self,
                        (struct lc_event){.kind = LC_EVENT_STOP,
                                          .signal = (uint8_t)signal->number,
                                          .hurry = keyboard},
                        seen);
}

/* As the kernel keeps those that wait: ordinary ones once, real-time ones each (signal(7)). */
static void hold(struct lc_supervisor *self, int signal)
{
    if (signal >= FIRST_THAT_QUEUES || self->held[signal] == 0)
        self->held[signal]++;
}

static void on_other_signal(struct lc_supervisor *self, const struct lc_signal *signal)
{
    int to = self->start->nested ? LC_SIGNAL_FORWARD : self->config->signals[signal->number];

    if (to == LC_SIGNAL_DROP) {
        log_signal(self, LC_LOG_DEBUG, signal, LC_SIGNAL_ACTION_IGNORE, -1);
        return;
    }
    if (to == LC_SIGNAL_RELOAD) {
        log_signal(self, LC_LOG_INFO, signal, LC_SIGNAL_ACTION_RELOAD, -1);
        reload(self);
        return;
    }
    if (to == LC_SIGNAL_FORWARD)
        to = signal->number;
    log_signal(self, LC_LOG_DEBUG, signal, LC_SIGNAL_ACTION_FORWARD, -1);
    if (self->engine.lifecycle.lane[self->engine.lifecycle.policy.main_lane].started)
        lc_supervisor_forward(self, to);
    else
        hold(self, to);
}

static void on_signal(struct lc_supervisor *self, const struct lc_signal *signal)
{
    if (signal->number == SIGCHLD)
        lc_supervisor_reap(self);
    else if (!self->start->nested && self->config->stop_on >> (signal->number - 1) & 1)
        on_stop_signal(self, signal);
    else
        on_other_signal(self, signal);
}

void lc_supervisor_on_signals(evutil_socket_t fd, short what, void *userdata)
{
    struct lc_supervisor *self = userdata;
    struct lc_signal signal;
    int r = 0;

    (void)fd;
    (void)what;
    for (unsigned i = 0; i < SIGNALS_PER_TURN; i++) {
        r = lc_signals_read(&self->signals, &signal);
        if (r <= 0)
            break;
        on_signal(self, &signal);
    }
    /* A flood: the loop gives clients no turn while something of a higher priority is there to be
     * read. The timer has theirs. */
    if (r > 0)
        pause_signals(self, 0);
    if (r < 0)
        lc_log(self->log, LC_LOG_ERROR, "signals cannot be read",
               LC_STR("error", strerrordesc_np(-r)));
}
