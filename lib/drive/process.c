/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/process.h"

#include "base/signal_name.h"
#include "drive/clock.h"
#include "drive/loop.h"
#include "drive/narrate.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

void lc_process_init(struct lc_process *self, unsigned lane, const struct lc_process_config *config,
                     struct lc_log *log, struct event_base *base, lc_process_started *started,
                     void *userdata)
{
    *self = (struct lc_process){
        .lane = lane,
        .config = config,
        .log = log,
        .base = base,
        .started = started,
        .userdata = userdata,
        .child = {.pidfd = -1, .exec_fd = -1},
        .exit_code = -1,
        .started_at = LC_NEVER,
        .killed_at = LC_NEVER,
        .ended_at = LC_NEVER,
    };
}

static void forget_exec_event(struct lc_process *self)
{
    if (self->exec_event)
        event_free(self->exec_event);
    self->exec_event = NULL;
}

void lc_process_deinit(struct lc_process *self)
{
    forget_exec_event(self);
    lc_child_deinit(&self->child);
}

static void log_failure(struct lc_process *self, const char *operation, int error)
{
    lc_log(self->log, LC_LOG_ERROR, "cannot start", LC_STR("process", self->config->name),
           LC_STR("command", self->config->command[0]), LC_STR("operation", operation),
           LC_STR("error", strerrordesc_np(error)));
}

static void on_exec(evutil_socket_t fd, short what, void *userdata)
{
    struct lc_process *self = userdata;
    struct lc_exec_error error = {0};
    int r = lc_child_exec_result(&self->child, &error);

    (void)fd;
    (void)what;
    if (r == 0)
        return;
    forget_exec_event(self);
    self->running = r > 0;
    if (r < 0)
        log_failure(self, error.operation, error.error);
    /* Found out now rather than when the platform says stop: the program may have another uid. */
    else if (lc_child_signal(&self->child, 0, false) == -EPERM)
        lc_log(self->log, LC_LOG_WARN,
               "process cannot be signalled: it has another uid, and "
               "lastcall lacks CAP_KILL",
               LC_STR("process", self->config->name));
    self->started(self->userdata, self->lane, self->running);
}

int lc_process_start(struct lc_process *self, const struct lc_spawn *spawn)
{
    struct lc_spawn own = *spawn;
    int r;

    own.argv = self->config->command;
    own.reset_signals = self->config->reset_signals;
    r = lc_child_spawn(&self->child, &own);
    if (r < 0) {
        self->child = (struct lc_child){.pidfd = -1, .exec_fd = -1};
        log_failure(self, "fork", -r);
        return r;
    }
    self->started_at = lc_clock_msec();
    lc_log(self->log, LC_LOG_INFO, "process started", LC_STR("process", self->config->name),
           LC_INT("pid", self->child.pid));
    /* Before signals (the lowest priority): a signal that comes right after the start finds a
     * process that is known to run. */
    self->exec_event =
        event_new(self->base, self->child.exec_fd, EV_READ | EV_PERSIST, on_exec, self);
    if (!self->exec_event || event_priority_set(self->exec_event, LC_PRIORITY_EXEC) < 0 ||
        event_add(self->exec_event, NULL) < 0) {
        /* Without memory for an event its end still tells all that has to be known. */
        forget_exec_event(self);
        log_failure(self, "event", ENOMEM);
        lc_child_signal(&self->child, SIGKILL, false);
    }
    return 0;
}

static int deliver(struct lc_process *self, int signal)
{
    bool group = self->config->stop_target == LC_STOP_TARGET_GROUP;
    int r = lc_child_signal(&self->child, signal, group);

    if (r == 0 && self->stopped) {
        self->stopped = false;
        r = lc_child_signal(&self->child, SIGCONT, group);
    }
    return r == -ESRCH ? 0 : r; /* it has just ended: its exit is on the way */
}

static void log_delivery(struct lc_process *self, const char *msg, int signal, int r,
                         lc_msec elapsed)
{
    char name[LC_SIGNAL_NAME_MAX];

    lc_log(self->log, r < 0 ? LC_LOG_ERROR : LC_LOG_INFO, msg,
           LC_STR("process", self->config->name), LC_INT("pid", self->child.pid),
           LC_STR("signal", lc_signal_format(signal, name)),
           LC_STR("error", r < 0 ? strerrordesc_np(-r) : NULL), LC_T(elapsed));
}

void lc_process_ask(struct lc_process *self, int signal, lc_msec elapsed)
{
    int r = lc_process_alive(self) ? deliver(self, signal) : 0;

    log_delivery(self, r < 0 ? "stop signal not delivered" : "stop signal sent", signal, r,
                 elapsed);
}

void lc_process_force(struct lc_process *self, lc_msec elapsed)
{
    int r = lc_process_alive(self) ? deliver(self, SIGKILL) : 0;

    self->killed_at = lc_clock_msec();
    log_delivery(self, r < 0 ? "not killed" : "killed", SIGKILL, r, elapsed);
}

int lc_process_forward(struct lc_process *self, int signal)
{
    return lc_process_alive(self) ? lc_child_signal(&self->child, signal, false) : -ESRCH;
}

void lc_process_ended(struct lc_process *self, const struct lc_reaped *reaped, lc_msec elapsed)
{
    char name[LC_SIGNAL_NAME_MAX];
    bool killed = reaped->kind == LC_REAP_KILLED;

    self->exit_code = lc_exit_code_of(reaped);
    self->ended_at = lc_clock_msec();
    lc_log(self->log, LC_LOG_INFO, "process ended", LC_STR("process", self->config->name),
           LC_INT("pid", reaped->pid), LC_INT("code", self->exit_code),
           LC_STR("signal", killed ? lc_signal_format(reaped->status, name) : NULL),
           LC_STR("core", reaped->core_dumped ? "dumped" : NULL), LC_T(elapsed));
    forget_exec_event(self);
    lc_child_deinit(&self->child);
    self->child = (struct lc_child){.pidfd = -1, .exec_fd = -1};
    self->running = self->stopped = false;
}
