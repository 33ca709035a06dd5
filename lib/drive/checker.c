/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/checker.h"

#include "drive/clock.h"
#include "drive/loop.h"

#include <errno.h>
#include <stdio.h>

static void schedule(struct lc_checker *self)
{
    lc_msec due = lc_check_count_due(&self->count, self->probe), now = lc_clock_msec();

    lc_loop_set_timer(self->timer, due > now ? (due - now) * 1000 : 0);
}

static void on_due(evutil_socket_t fd, short what, void *userdata)
{
    struct lc_checker *self = userdata;

    (void)fd;
    (void)what;
    self->count.begun = lc_clock_msec();
    lc_attempt_start(&self->attempt, self->probe);
}

/* Once: nothing else says that nothing is decided any more. */
static void tell_unmade(struct lc_checker *self, bool unmade)
{
    if (unmade && !self->unmade)
        lc_log(self->world->log, LC_LOG_WARN, "check not made", LC_STR("process", self->process),
               LC_STR("check", lc_check_kind_name(self->kind)), LC_STR("why", self->why));
    self->unmade = unmade;
}

/* A line where something has changed, not one a check. */
static void tell(const struct lc_checker *self)
{
    lc_log(self->world->log, self->passing && !*self->why ? LC_LOG_INFO : LC_LOG_WARN, "check",
           LC_STR("process", self->process), LC_STR("check", lc_check_kind_name(self->kind)),
           LC_BOOL("ok", self->passing), LC_STR("why", *self->why ? self->why : NULL));
}

static void on_result(void *userdata, enum lc_check_result result, const char *why)
{
    struct lc_checker *self = userdata;
    enum lc_check_verdict verdict = lc_check_count_take(&self->count, self->probe, result);
    bool passes = verdict == LC_CHECK_PASSES;

    snprintf(self->why, sizeof(self->why), "%s", why);
    lc_log(self->world->log, LC_LOG_DEBUG, "checked", LC_STR("process", self->process),
           LC_STR("check", lc_check_kind_name(self->kind)),
           LC_BOOL("ok", result == LC_CHECK_PASSED), LC_STR("why", *why ? why : NULL));
    tell_unmade(self, result == LC_CHECK_UNKNOWN);
    schedule(self);
    if (verdict == LC_CHECK_UNDECIDED || (self->known && passes == self->passing))
        return;
    self->known = true;
    self->passing = passes;
    tell(self);
    self->decided(self->userdata, self->kind);
}

int lc_checker_init(struct lc_checker *self, enum lc_check_kind kind, const char *process,
                    const struct lc_probe *probe, const struct lc_attempt_world *world,
                    lc_checker_decided *decided, void *userdata)
{
    *self = (struct lc_checker){
        .kind = kind,
        .process = process,
        .probe = probe,
        .world = world,
        .decided = decided,
        .userdata = userdata,
        .timer = evtimer_new(world->base, on_due, self),
    };
    lc_checker_reset(self);
    return self->timer ? lc_attempt_init(&self->attempt, world, on_result, self) : -ENOMEM;
}

void lc_checker_deinit(struct lc_checker *self)
{
    if (!self->timer)
        return;
    lc_attempt_deinit(&self->attempt);
    event_free(self->timer);
    self->timer = NULL;
}

void lc_checker_reset(struct lc_checker *self)
{
    lc_check_count_init(&self->count, lc_clock_msec());
    self->passing = self->kind == LC_CHECK_LIVENESS;
    self->known = self->unmade = false;
    snprintf(self->why, sizeof(self->why), "not checked yet");
}

void lc_checker_resume(struct lc_checker *self)
{
    if (self->active || !self->probe)
        return;
    self->active = true;
    schedule(self);
}

void lc_checker_hasten(struct lc_checker *self)
{
    if (!self->passing && self->count.begun != LC_NEVER &&
        event_pending(self->timer, EV_TIMEOUT, NULL))
        lc_loop_set_timer(self->timer, 0);
}

void lc_checker_pause(struct lc_checker *self)
{
    if (!self->active)
        return;
    self->active = false;
    event_del(self->timer);
    lc_attempt_cancel(&self->attempt);
}

void lc_checker_configure(struct lc_checker *self, const char *process,
                          const struct lc_probe *probe)
{
    self->process = process;
    self->probe = probe;
}
