/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/hooks.h"

#include "drive/clock.h"
#include "drive/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static struct lc_hook_record *record_of(struct lc_hook_run *run)
{
    return &run->hooks->record[run->lane][run->kind][run->index];
}

void lc_hooks_init(struct lc_hooks *self, struct event_base *base, struct lc_log *log,
                   lc_hooks_done *done, void *userdata)
{
    *self = (struct lc_hooks){.base = base, .log = log, .done = done, .userdata = userdata};
    for (unsigned lane = 0; lane < LC_LANES_MAX; lane++)
        for (unsigned kind = 0; kind < LC_HOOK_KIND_COUNT; kind++)
            self->run[lane][kind] = (struct lc_hook_run){
                .hooks = self,
                .lane = lane,
                .kind = (enum lc_hook_kind)kind,
                .child = {.pidfd = -1, .exec_fd = -1},
            };
}

static void clear(struct lc_hook_run *run)
{
    if (run->event)
        event_free(run->event);
    lc_http_get_free(run->get);
    lc_child_deinit(&run->child);
    run->event = NULL;
    run->get = NULL;
    run->child = (struct lc_child){.pidfd = -1, .exec_fd = -1};
    run->hook = NULL;
}

void lc_hooks_deinit(struct lc_hooks *self)
{
    for (unsigned lane = 0; lane < LC_LANES_MAX; lane++)
        for (unsigned kind = 0; kind < LC_HOOK_KIND_COUNT; kind++)
            clear(&self->run[lane][kind]);
}

#define log_run(run, level, msg, ...)                                            \
    lc_log((run)->hooks->log, (level), (msg), LC_STR("process", (run)->process), \
           LC_STR("hook", lc_hook_kind_name((run)->kind)),                       \
           LC_INT("index", (run)->index) __VA_OPT__(, ) __VA_ARGS__)

#define log_failure(run, ...)                                                \
    do {                                                                     \
        record_of(run)->state = LC_HOOK_FAILED;                              \
        log_run(run, LC_LOG_WARN, "hook failed" __VA_OPT__(, ) __VA_ARGS__); \
    } while (0)

static void log_error(struct lc_hook_run *run, int error)
{
    log_failure(run, LC_STR("error", strerrordesc_np(error)));
}

/* Where it had failed it has failed. */
static void record_end(struct lc_hook_run *run, enum lc_hook_state state)
{
    struct lc_hook_record *record = record_of(run);

    record->ended_at = lc_clock_msec();
    if (record->state == LC_HOOK_RUNNING)
        record->state = state;
}

static void done(struct lc_hook_run *run)
{
    struct lc_hooks *hooks = run->hooks;

    log_run(run, LC_LOG_INFO, "hook ended");
    record_end(run, LC_HOOK_DONE);
    clear(run);
    hooks->done(hooks->userdata, run->lane, run->kind, run->index);
}

static void on_get(void *userdata, int status)
{
    struct lc_hook_run *run = userdata;
    int answer = lc_http_get_status(run->get);

    /* What becomes of the body is nobody's business: discardHTTPRespBody() in
     * pkg/kubelet/lifecycle/handlers.go. */
    if (status < 0 && answer)
        status = answer;
    if (status < 0)
        log_error(run, -status);
    else if (status < 200 || status >= 400) /* as the kubelet counts success */
        log_failure(run, LC_INT("status", status));
    done(run);
}

/* A sleep is over, or a signal has been sent. */
static void on_timer(evutil_socket_t fd, short what, void *userdata)
{
    struct lc_hook_run *run = userdata;

    (void)fd;
    (void)what;
    if (run->result < 0)
        log_error(run, -run->result);
    done(run);
}

/* Where exec failed the child ends with an exit code that says little; this says why. */
static void on_exec(evutil_socket_t fd, short what, void *userdata)
{
    struct lc_hook_run *run = userdata;
    struct lc_exec_error error = {0};
    int r = lc_child_exec_result(&run->child, &error);

    (void)fd;
    (void)what;
    if (r == 0)
        return;
    event_free(run->event);
    run->event = NULL;
    if (r < 0)
        log_failure(run, LC_STR("operation", error.operation),
                    LC_STR("error", strerrordesc_np(error.error)));
}

static int start_timer(struct lc_hook_run *run, uint64_t msec)
{
    run->event = evtimer_new(run->hooks->base, on_timer, run);
    return run->event ? lc_loop_set_timer(run->event, msec * 1000) : -ENOMEM;
}

static int start_exec(struct lc_hook_run *run, const struct lc_spawn *spawn)
{
    struct lc_spawn own = *spawn;
    int r;

    own.argv = run->hook->command;
    own.terminal = -1;
    own.listen_fds = 0;
    r = lc_child_spawn(&run->child, &own);
    if (r < 0) {
        run->child = (struct lc_child){.pidfd = -1, .exec_fd = -1};
        return r;
    }
    run->event =
        event_new(run->hooks->base, run->child.exec_fd, EV_READ | EV_PERSIST, on_exec, run);
    if (!run->event || event_priority_set(run->event, LC_PRIORITY_EXEC) < 0 ||
        event_add(run->event, NULL) < 0) {
        lc_child_signal(&run->child, SIGKILL, true);
        return -ENOMEM;
    }
    return 0;
}

static int start_get(struct lc_hook_run *run)
{
    const struct lc_hook *hook = run->hook;
    const struct lc_http_get_options options = {
        .base = run->hooks->base,
        .host = hook->host,
        .port = hook->port,
        .path = hook->path,
        .headers = hook->headers,
        .header_count = hook->header_count,
        .done = on_get,
        .userdata = run,
    };

    return lc_http_get_new(&run->get, &options);
}

static int start(struct lc_hook_run *run, struct lc_process *process, const struct lc_spawn *spawn)
{
    const struct lc_hook *hook = run->hook;

    switch (hook->action) {
    case LC_HOOK_EXEC:
        return start_exec(run, spawn);
    case LC_HOOK_HTTP_GET:
        return start_get(run);
    case LC_HOOK_SIGNAL:
        run->result = lc_process_forward(process, hook->signal);
        return start_timer(run, 0);
    case LC_HOOK_SLEEP:
        run->result = 0;
        return start_timer(run, hook->sleep);
    case LC_HOOK_ACTION_COUNT:
        break;
    }
    return -EINVAL;
}

int lc_hooks_start(struct lc_hooks *self, struct lc_process *process, enum lc_hook_kind kind,
                   unsigned index, const struct lc_spawn *spawn)
{
    struct lc_hook_run *run = &self->run[process->lane][kind];
    int r;

    run->index = index;
    run->hook = &process->config->hooks[kind][index];
    run->process = process->config->name;
    *record_of(run) = (struct lc_hook_record){
        .state = LC_HOOK_RUNNING, .started_at = lc_clock_msec(), .ended_at = LC_NEVER};
    log_run(run, LC_LOG_INFO, "hook started");
    r = start(run, process, spawn);
    if (r < 0) {
        log_error(run, -r);
        record_end(run, LC_HOOK_FAILED);
        clear(run);
    }
    return r;
}

void lc_hooks_kill(struct lc_hooks *self, unsigned lane, enum lc_hook_kind kind)
{
    struct lc_hook_run *run = &self->run[lane][kind];

    if (!run->hook)
        return;
    /* A sleep's own length is its timeout, too: which timer comes first is chance. */
    if (run->hook->action == LC_HOOK_SLEEP) {
        log_run(run, LC_LOG_INFO, "hook ended");
        record_end(run, LC_HOOK_DONE);
    } else {
        log_run(run, LC_LOG_WARN, "hook given up");
        record_end(run, LC_HOOK_GIVEN_UP);
    }
    if (run->child.pid > 0)
        lc_child_signal(&run->child, SIGKILL, true);
    clear(run);
}

bool lc_hooks_reaped(struct lc_hooks *self, const struct lc_reaped *reaped)
{
    for (unsigned lane = 0; lane < LC_LANES_MAX; lane++) {
        for (unsigned kind = 0; kind < LC_HOOK_KIND_COUNT; kind++) {
            struct lc_hook_run *run = &self->run[lane][kind];
            int code = lc_exit_code_of(reaped);

            if (!run->hook || run->child.pid != reaped->pid)
                continue;
            if (code)
                log_failure(run, LC_INT("code", code));
            done(run);
            return true;
        }
    }
    return false;
}
