/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/supervisor.h"

#include "drive/clock.h"
#include "drive/loop.h"
#include "drive/supervisor_parts.h"
#include "sys/terminal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char supervised[] = "LASTCALL_SUPERVISED=1";

/* Our environment, and the sign by which a lastcall inside knows that there is one outside. */
static char **make_child_env(char *const *envp)
{
    size_t count = 0, kept = 0;
    char **env;

    while (envp[count])
        count++;
    env = calloc(count + 2, sizeof(*env));
    if (!env)
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (strncmp(envp[i], supervised, sizeof(supervised) - 2) != 0)
            env[kept++] = envp[i];
    env[kept] = (char *)(uintptr_t)supervised; /* execve(2) takes char *, and writes nothing */
    return env;
}

static int listen_on(struct lc_supervisor *self, const char *address)
{
    int r = lc_http_listen(self->http, address);

    if (r == 0)
        return 0;
    lc_log(self->log, self->config->listen_set ? LC_LOG_ERROR : LC_LOG_WARN, "cannot listen",
           LC_STR("address", address), LC_STR("error", strerrordesc_np(-r)));
    return self->config->listen_set ? r : 0;
}

/* Up before the first process starts. */
static int start_http(struct lc_supervisor *self)
{
    int r;

    lc_supervisor_view_init(self);
    r = lc_http_new(&self->http, self->base, self->log, lc_supervisor_route, &self->probes);

    if (r < 0)
        return r;
    lc_supervisor_metrics_init(self);
    lc_supervisor_control_init(self);
    for (char **address = self->config->listen; *address; address++) {
        r = listen_on(self, *address);
        if (r < 0)
            return r;
    }
    r = lc_http_listen_control(self->http);
    if (r < 0)
        lc_log(self->log, LC_LOG_DEBUG, "no control socket", LC_STR("error", strerrordesc_np(-r)));
    return 0;
}

static int start_lanes(struct lc_supervisor *self)
{
    struct lc_policy policy;
    const char *why = NULL;
    int r;

    lc_config_policy(self->config, &policy);
    r = lc_engine_init(&self->engine, self->base, &policy, lc_supervisor_act, self, &why);
    if (r < 0 && why)
        lc_log(self->log, LC_LOG_ERROR, "configuration", LC_STR("error", why));
    for (unsigned lane = 0; r == 0 && lane < policy.lanes; lane++) {
        lc_process_init(&self->process[lane], lane, &self->config->process[lane], self->log,
                        self->base, lc_supervisor_on_started, self);
        r = lc_supervisor_start_checks(self, lane);
        if (r == 0)
            r = lc_readiness_watch_init(&self->watch[lane], self->base, &self->process[lane],
                                        &self->checkup[lane], self->log, lc_supervisor_on_ready,
                                        self);
    }
    return r;
}

static int start_signals(struct lc_supervisor *self)
{
    int r = lc_signals_init(&self->signals);

    if (r < 0)
        return r;
    self->signal_event = event_new(self->base, self->signals.fd, EV_READ | EV_PERSIST,
                                   lc_supervisor_on_signals, self);
    if (!self->signal_event || event_priority_set(self->signal_event, LC_PRIORITY_SIGNAL) < 0)
        return -ENOMEM;
    return event_add(self->signal_event, NULL) < 0 ? -ENOMEM : 0;
}

/* Not fatal where it fails: an orphan then goes to another reaper, and is not ours to end. */
static void adopt_orphans(struct lc_supervisor *self)
{
    int r = getpid() == 1 ? 0 : lc_subreaper();

    if (r < 0)
        lc_log(self->log, LC_LOG_WARN, "orphans cannot be adopted",
               LC_STR("error", strerrordesc_np(-r)));
}

static int start(struct lc_supervisor *self)
{
    int r;

    self->terminal = lc_terminal_foreground();
    self->child_env = make_child_env(self->start->envp);
    self->base = lc_loop_new(self->log);
    if (!self->child_env || !self->base)
        return -ENOMEM;
    lc_hooks_init(&self->hooks, self->base, self->log, lc_supervisor_on_hook, self);
    self->leftovers_timer = evtimer_new(self->base, lc_supervisor_on_leftovers, self);
    self->resume_timer = evtimer_new(self->base, lc_supervisor_resume_signals, self);
    if (!self->leftovers_timer || !self->resume_timer)
        return -ENOMEM;
    r = start_signals(self);
    if (r == 0)
        r = start_lanes(self);
    if (r == 0 && !self->start->nested)
        r = start_http(self);
    if (r == 0)
        r = lc_supervisor_start_traffic(self);
    if (r == 0)
        r = lc_supervisor_start_report(self);
    if (r == 0)
        adopt_orphans(self);
    return r;
}

static void stop(struct lc_supervisor *self)
{
    lc_saver_free(self->saver);
    lc_traffic_deinit(&self->traffic);
    lc_http_free(self->http);
    if (self->engine.timer) {
        for (unsigned lane = 0; lane < self->engine.lifecycle.policy.lanes; lane++) {
            lc_readiness_watch_deinit(&self->watch[lane]);
            lc_checkup_deinit(&self->checkup[lane]);
            lc_process_deinit(&self->process[lane]);
        }
        lc_hooks_deinit(&self->hooks);
        lc_engine_deinit(&self->engine);
    }
    if (self->leftovers_timer)
        event_free(self->leftovers_timer);
    if (self->resume_timer)
        event_free(self->resume_timer);
    if (self->signal_event)
        event_free(self->signal_event);
    lc_signals_deinit(&self->signals);
    lc_terminal_close(self->terminal);
    lc_loop_free(self->base);
    free(self->child_env);
    lc_config_free(self->config);
    munmap(self, sizeof(*self));
}

/* Zeroed, as from calloc(3), which would touch every page: what is there for sixteen processes and
 * their longest queue of events costs memory, and a fork its copying, only where it is used. */
static struct lc_supervisor *map(void)
{
    void *self = mmap(NULL, sizeof(struct lc_supervisor), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return self == MAP_FAILED ? NULL : self;
}

static int run(struct lc_supervisor *self)
{
    const struct lc_lifecycle *lifecycle = &self->engine.lifecycle;
    uint8_t code;

    /* Children that ended before there was somebody to read their SIGCHLD: whoever ran exec to
     * become lastcall may have had some. */
    lc_supervisor_reap(self);
    /* A stop signal that came before there is a child is read before one is started. */
    lc_supervisor_on_signals(self->signals.fd, EV_READ, self);
    lc_engine_post(&self->engine, &(struct lc_event){.kind = LC_EVENT_TICK});
    if (!lifecycle->done) /* libevent forgets a loopbreak that comes before its loop */
        event_base_dispatch(self->base);

    code = lc_config_exit_code(self->config, lc_lifecycle_exit_code(lifecycle),
                               lc_lifecycle_outcome(lifecycle));
    self->metrics.shutdowns[lc_lifecycle_outcome(lifecycle)]++;
    lc_supervisor_save_report(self, code);
    lc_narrate_exit(self->log, lifecycle, &self->report, code, lc_clock_msec());
    return code;
}

int lc_supervisor_run(const struct lc_supervisor_start *start_with)
{
    struct lc_supervisor *self = map();
    int r;

    if (!self) {
        lc_config_free(start_with->config);
        return -ENOMEM;
    }
    self->start = start_with;
    self->config = start_with->config;
    self->log = start_with->log;
    self->signals.fd = -1;
    lc_log_configure(self->log, (enum lc_log_format)self->config->log_format,
                     (enum lc_log_level)self->config->log_level);
    lc_narrate_start(self->log, self->config);
    r = start(self);
    if (r == 0)
        r = run(self);
    lc_supervisor_finish_report(self);
    lc_log_flush(self->log, LC_FLUSH_MSEC);
    stop(self);
    return r;
}
