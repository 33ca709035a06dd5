/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/clock.h"
#include "drive/supervisor_parts.h"

static const struct lc_connections_count *connected(void *userdata)
{
    struct lc_supervisor *self = userdata;

    return lc_traffic_recent(&self->traffic);
}

static size_t metrics_text(void *userdata, const char **ret)
{
    struct lc_supervisor *self = userdata;
    const char *names[LC_LANES_MAX];
    bool up[LC_LANES_MAX];
    const struct lc_metrics_view view = {
        .lifecycle = &self->engine.lifecycle,
        .names = names,
        .up = up,
        .connected = connected(self),
    };

    for (size_t i = 0; i < view.lifecycle->policy.lanes; i++) {
        names[i] = self->process[i].config->name;
        up[i] = self->config->sidecar ? self->watch[i].ready : lc_process_alive(&self->process[i]);
    }
    *ret = self->metrics_text;
    return lc_metrics_text(&self->metrics, &view, self->metrics_text, sizeof(self->metrics_text));
}

static void on_answer(void *userdata, const char *path, int status)
{
    struct lc_probes *probes = userdata;
    struct lc_supervisor *self = probes->userdata;

    lc_metrics_request(&self->metrics, path, status);
}

void lc_supervisor_metrics_init(struct lc_supervisor *self)
{
    self->probes.connected = connected;
    self->probes.metrics = metrics_text;
    lc_http_set_answered(self->http, on_answer);
}
