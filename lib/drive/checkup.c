/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/checkup.h"

static bool holds(const struct lc_checkup *self, enum lc_check_kind kind)
{
    return !self->checker[kind].probe || self->checker[kind].passing;
}

bool lc_checkup_passes(const struct lc_checkup *self)
{
    return holds(self, LC_CHECK_STARTUP) && holds(self, LC_CHECK_READINESS);
}

static bool is_due(const struct lc_checkup *self, enum lc_check_kind kind)
{
    bool started = holds(self, LC_CHECK_STARTUP), in_shutdown = self->phase > LC_PHASE_RUNNING;

    if (!self->running || self->phase > LC_PHASE_DRAINED)
        return false;
    switch (kind) {
    case LC_CHECK_STARTUP:
        return !started && !in_shutdown;
    case LC_CHECK_READINESS:
        return started;
    case LC_CHECK_LIVENESS:
        return started && !in_shutdown && self->checker[kind].passing;
    case LC_CHECK_KIND_COUNT:
        break;
    }
    return false;
}

static void apply(struct lc_checkup *self)
{
    for (int kind = 0; kind < LC_CHECK_KIND_COUNT; kind++) {
        if (is_due(self, (enum lc_check_kind)kind))
            lc_checker_resume(&self->checker[kind]);
        else
            lc_checker_pause(&self->checker[kind]);
    }
}

static void on_decided(void *userdata, enum lc_check_kind kind)
{
    struct lc_checkup *self = userdata;
    bool failed = kind != LC_CHECK_READINESS && !self->checker[kind].passing;

    if (failed)
        self->running = false; /* nothing is left to be decided */
    apply(self);
    self->changed(self->userdata, self->lane, failed);
}

int lc_checkup_init(struct lc_checkup *self, unsigned lane, const struct lc_process_config *config,
                    const struct lc_attempt_world *world, lc_checkup_changed *changed,
                    void *userdata)
{
    int r = 0;

    *self = (struct lc_checkup){
        .lane = lane,
        .changed = changed,
        .userdata = userdata,
    };
    for (int kind = 0; kind < LC_CHECK_KIND_COUNT && r == 0; kind++)
        r = lc_checker_init(&self->checker[kind], (enum lc_check_kind)kind, config->name,
                            config->probe[kind], world, on_decided, self);
    return r;
}

void lc_checkup_deinit(struct lc_checkup *self)
{
    for (int kind = 0; kind < LC_CHECK_KIND_COUNT; kind++)
        lc_checker_deinit(&self->checker[kind]);
}

void lc_checkup_begin(struct lc_checkup *self)
{
    for (int kind = 0; kind < LC_CHECK_KIND_COUNT; kind++) {
        /* An answer that is on its way is the last process's. */
        lc_checker_pause(&self->checker[kind]);
        lc_checker_reset(&self->checker[kind]);
    }
    self->running = true;
    apply(self);
}

void lc_checkup_end(struct lc_checkup *self)
{
    self->running = false;
    apply(self);
}

void lc_checkup_follow(struct lc_checkup *self, enum lc_phase phase)
{
    self->phase = phase;
    apply(self);
}

void lc_checkup_hasten(struct lc_checkup *self)
{
    lc_checker_hasten(&self->checker[LC_CHECK_READINESS]);
}

void lc_checkup_configure(struct lc_checkup *self, const struct lc_process_config *config)
{
    for (int kind = 0; kind < LC_CHECK_KIND_COUNT; kind++) {
        lc_checker_pause(&self->checker[kind]);
        lc_checker_configure(&self->checker[kind], config->name, config->probe[kind]);
    }
    apply(self);
}

bool lc_checkup_reaped(struct lc_checkup *self, const struct lc_reaped *reaped)
{
    for (int kind = 0; kind < LC_CHECK_KIND_COUNT; kind++)
        if (lc_attempt_reaped(&self->checker[kind].attempt, reaped))
            return true;
    return false;
}
