/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/clock.h"
#include "drive/supervisor_parts.h"

#include <stdio.h>

static lc_msec now(void *userdata)
{
    (void)userdata;
    return lc_clock_msec();
}

/* What /readyz says of a process that runs and is not ready. */
static const char *what_is_missing(struct lc_supervisor *self, unsigned lane)
{
    if (self->watch[lane].ends_by)
        return "its container is restarted";
    if (!self->process[lane].running || self->watch[lane].missing <= 0)
        return NULL;
    snprintf(self->missing[lane], sizeof(self->missing[lane]), "nothing listens on port %d",
             self->watch[lane].missing);
    return self->missing[lane];
}

/* Ports are looked at when somebody asks: nothing wakes up meanwhile. */
static void refresh(void *userdata)
{
    struct lc_supervisor *self = userdata;

    for (unsigned lane = 0; lane < self->engine.lifecycle.policy.lanes; lane++) {
        struct lc_process *process = &self->process[lane];

        if (process->running)
            lc_readiness_watch_look(&self->watch[lane]);
        self->view[lane] = (struct lc_probe_process){
            .name = process->config->name,
            .pid = process->child.pid,
            .exit_code = process->exit_code,
            .why = what_is_missing(self, lane),
            .started_at = process->started_at,
            .killed_at = process->killed_at,
            .ended_at = process->ended_at,
        };
    }
}

void lc_supervisor_view_init(struct lc_supervisor *self)
{
    self->probes = (struct lc_probes){
        .lifecycle = &self->engine.lifecycle,
        .process = self->view,
        .hooks = &self->hooks,
        .now = now,
        .refresh = refresh,
        .userdata = self,
    };
    refresh(self);
}
