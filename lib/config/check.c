/* SPDX-License-Identifier: Apache-2.0 */
#include "config/loader.h"

#include "base/signal_name.h"

#include <inttypes.h>

/* Settings that contradict each other, whichever was written first. */

static bool stops(const struct lc_config *config, int number)
{
    return config->stop_on >> (number - 1) & 1;
}

static const char *place(const struct lc_loader *self, const void *target)
{
    const char *where = lc_origin_find(self, target);

    return where ? where : "default";
}

/* A stop signal begins a shutdown: it cannot be something else as well. */
static void check_signal_map(struct lc_loader *self)
{
    const struct lc_config *config = self->config;
    char name[LC_SIGNAL_NAME_MAX], path[LC_PATH_MAX];

    for (int number = 1; number <= LC_SIGNALS_MAX; number++) {
        const char *where = lc_origin_find(self, &config->signals[number]);

        if (!where || !stops(config, number))
            continue;
        snprintf(path, sizeof(path), "signals.%s", lc_signal_format(number, name));
        lc_errors_add(self->errors, where, path,
                      "found a signal that begins a shutdown (shutdown.stopOn: %s); accepted: one "
                      "that is not in shutdown.stopOn",
                      place(self, &config->stop_on));
    }
}

static void check_second(struct lc_loader *self)
{
    const struct lc_config *config = self->config;
    char name[LC_SIGNAL_NAME_MAX], path[LC_PATH_MAX];

    for (int number = 1; number <= LC_SIGNALS_MAX; number++) {
        const char *where = lc_origin_find(self, &config->second[number]);

        if (!where || stops(config, number))
            continue;
        snprintf(path, sizeof(path), "shutdown.secondSignal.%s", lc_signal_format(number, name));
        lc_errors_add(self->errors, where, path,
                      "found a signal that begins no shutdown (shutdown.stopOn: %s); accepted: one "
                      "that is in shutdown.stopOn",
                      place(self, &config->stop_on));
    }
}

void lc_check_signals(struct lc_loader *self)
{
    check_signal_map(self);
    check_second(self);
}
