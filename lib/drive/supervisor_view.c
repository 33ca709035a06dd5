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

static struct lc_probe_check view_check(struct lc_supervisor *self, unsigned lane, int kind)
{
    const struct lc_checker *checker = &self->checkup[lane].checker[kind];
    char *name = self->check_name[lane][kind];

    if (!checker->probe)
        return (struct lc_probe_check){0};
    snprintf(name, sizeof(self->check_name[lane][kind]), "%s/%s", checker->process,
             lc_check_kind_name(checker->kind));
    return (struct lc_probe_check){.name = name, .ok = checker->passing, .why = checker->why};
}

/* Ports are looked at when somebody asks: nothing wakes up meanwhile. */
void lc_supervisor_refresh_view(void *userdata)
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
            .up = process->running && self->watch[lane].missing <= 0 && !self->watch[lane].ends_by,
        };
        for (int kind = 0; kind < LC_CHECK_KIND_COUNT; kind++)
            self->view[lane].check[kind] = view_check(self, lane, kind);
    }
}

void lc_supervisor_view_init(struct lc_supervisor *self)
{
    self->probes = (struct lc_probes){
        .lifecycle = &self->engine.lifecycle,
        .process = self->view,
        .hooks = &self->hooks,
        .now = now,
        .refresh = lc_supervisor_refresh_view,
        .userdata = self,
    };
    lc_supervisor_refresh_view(self);
}
