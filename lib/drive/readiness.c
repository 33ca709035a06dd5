/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/readiness.h"

#include "drive/clock.h"
#include "drive/loop.h"
#include "sys/ports.h"

#include <errno.h>
#include <string.h>

static void on_timer(evutil_socket_t fd, short what, void *userdata)
{
    (void)fd;
    (void)what;
    lc_readiness_watch_look(userdata);
}

int lc_readiness_watch_init(struct lc_readiness_watch *self, struct event_base *base,
                            struct lc_process *process, struct lc_checkup *checkup,
                            struct lc_log *log, lc_readiness_changed *changed, void *userdata)
{
    *self = (struct lc_readiness_watch){
        .process = process,
        .checkup = checkup,
        .log = log,
        .timer = evtimer_new(base, on_timer, self),
        .changed = changed,
        .userdata = userdata,
    };
    return self->timer ? 0 : -ENOMEM;
}

void lc_readiness_watch_deinit(struct lc_readiness_watch *self)
{
    if (self->timer)
        event_free(self->timer);
    self->timer = NULL;
}

/* Where the kernel does not tell (no /proc), a process that runs has to do. */
static int missing_port(struct lc_readiness_watch *self)
{
    const struct lc_process_config *config = self->process->config;
    int missing = lc_ports_missing(config->ports, config->port_count);

    if (missing < 0 && self->missing != missing)
        lc_log(self->log, LC_LOG_WARN, "listening ports cannot be read, taken as listening",
               LC_STR("process", config->name), LC_STR("error", strerrordesc_np(-missing)));
    return missing;
}

/* How long what listens may go on to do so once it is asked to end. */
static lc_msec time_to_end(const struct lc_process_config *config)
{
    bool longer =
        config->stop_timeout != LC_NEVER && config->stop_timeout > LC_READINESS_RESTART_MSEC;

    return longer ? config->stop_timeout : LC_READINESS_RESTART_MSEC;
}

void lc_readiness_watch_expect(struct lc_readiness_watch *self, lc_msec patience)
{
    bool anew = lc_clock_msec() >= self->expects;

    if (!self->process->config->port_count)
        return;
    self->expects = lc_clock_msec() + patience;
    lc_readiness_watch_look(self);
    if (anew) /* what this look saw closed was so before */
        self->closed = false;
}

void lc_readiness_watch_restart(struct lc_readiness_watch *self)
{
    const struct lc_process_config *config = self->process->config;

    self->ready = false;
    self->ends_by = config->port_count && !self->closed ? lc_clock_msec() + time_to_end(config) : 0;
    self->expects = 0;
    self->closed = false;
}

/* What listens is the one that is about to end. */
static bool still_ends(struct lc_readiness_watch *self)
{
    if (self->missing > 0 || lc_clock_msec() >= self->ends_by)
        self->ends_by = 0;
    return self->ends_by;
}

/* A process that others start is seen to be another one by its ports alone, and what was found out of
 * the last one says nothing of it: the kubelet, too, begins with a failure for each new container
 * (doProbe() in pkg/kubelet/prober/worker.go). */
static void on_listening(struct lc_readiness_watch *self)
{
    if (lc_process_alive(self->process))
        lc_checkup_hasten(self->checkup);
    else
        lc_checkup_begin(self->checkup);
}

void lc_readiness_watch_look(struct lc_readiness_watch *self)
{
    bool running = self->process->running, missed = self->missing > 0, ready;

    if (running)
        self->missing = self->process->config->port_count ? missing_port(self) : 0;
    self->closed |= self->expects && !missed && self->missing > 0;
    if (running && missed && self->missing <= 0)
        on_listening(self);
    ready = running && !still_ends(self) && self->missing <= 0 && lc_checkup_passes(self->checkup);
    if (ready != self->ready) {
        self->ready = ready;
        self->changed(self->userdata, self->process->lane, ready);
    }
    if (running && (self->missing > 0 || self->ends_by || lc_clock_msec() < self->expects))
        lc_loop_set_timer(self->timer, LC_READINESS_POLL_MSEC * 1000);
}
