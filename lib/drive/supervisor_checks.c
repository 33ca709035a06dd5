/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/supervisor_parts.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void on_own(void *userdata, const struct sockaddr *local, bool made)
{
    struct lc_supervisor *self = userdata;

    lc_traffic_own_check(&self->traffic, local, made);
}

static void on_changed(void *userdata, unsigned lane, bool failed)
{
    struct lc_supervisor *self = userdata;

    if (failed)
        lc_supervisor_begin(self,
                            (struct lc_event){.kind = LC_EVENT_LANE_FAILED, .lane = (uint8_t)lane},
                            lc_traffic_glance(&self->traffic));
    else
        lc_readiness_watch_look(&self->watch[lane]);
    lc_supervisor_refresh_view(self); /* /livez asks for no fresh one */
}

/* Both are installed together; else it has to be in PATH. */
static void find_tls_helper(char path[static PATH_MAX])
{
    static const char name[] = "lastcallctl";
    ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - sizeof(name));

    while (length > 0 && path[length - 1] != '/')
        length--;
    memcpy(path + (length > 0 ? length : 0), name, sizeof(name));
    if (access(path, X_OK) < 0)
        memcpy(path, name, sizeof(name));
}

static void describe_world(struct lc_supervisor *self)
{
    find_tls_helper(self->tls_helper);
    self->checks = (struct lc_attempt_world){
        .base = self->base,
        .log = self->log,
        .tls_helper = self->tls_helper,
        .own = on_own,
        .userdata = self,
    };
    lc_supervisor_spawn_basics(self, &self->checks.spawn);
}

int lc_supervisor_start_checks(struct lc_supervisor *self, unsigned lane)
{
    if (self->start->nested)
        return 0; /* whoever supervises us does */
    if (!self->checks.base)
        describe_world(self);
    return lc_checkup_init(&self->checkup[lane], lane, &self->config->process[lane], &self->checks,
                           on_changed, self);
}

/* The processes have their new configuration already. */
void lc_supervisor_adopt_checks(struct lc_supervisor *self)
{
    for (unsigned lane = 0; lane < self->engine.lifecycle.policy.lanes; lane++) {
        lc_checkup_configure(&self->checkup[lane], self->process[lane].config);
        lc_readiness_watch_look(&self->watch[lane]);
    }
}

bool lc_supervisor_check_reaped(struct lc_supervisor *self, const struct lc_reaped *reaped)
{
    for (unsigned lane = 0; lane < self->engine.lifecycle.policy.lanes; lane++)
        if (lc_checkup_reaped(&self->checkup[lane], reaped))
            return true;
    return false;
}
