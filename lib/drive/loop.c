/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/loop.h"

#include "sys/process.h"

#include <errno.h>
#include <unistd.h>

/* libevent's log callback has no userdata: this is the one place where it forces a global. */
static struct lc_log *libevent_log;

static void on_log(int severity, const char *msg)
{
    static const enum lc_log_level levels[] = {
        [EVENT_LOG_DEBUG] = LC_LOG_DEBUG,
        [EVENT_LOG_MSG] = LC_LOG_INFO,
        [EVENT_LOG_WARN] = LC_LOG_WARN,
        [EVENT_LOG_ERR] = LC_LOG_ERROR,
    };

    if (libevent_log && severity >= EVENT_LOG_DEBUG && severity <= EVENT_LOG_ERR)
        lc_log(libevent_log, levels[severity], "libevent", LC_STR("detail", msg));
}

/* Where libevent gives up it exits with 1. */
static void on_fatal(int error)
{
    (void)error; /* has been logged */
    if (libevent_log)
        lc_log_flush(libevent_log, LC_FLUSH_MSEC);
    _exit(LC_EXIT_OWN_FAILURE);
}

struct event_base *lc_loop_new(struct lc_log *log)
{
    struct event_config *config = event_config_new();
    struct event_base *self = NULL;

    libevent_log = log;
    event_set_log_callback(on_log);
    event_set_fatal_callback(on_fatal);
    if (!config)
        return NULL;
    /* Without PRECISE_TIMER libevent reads CLOCK_MONOTONIC_COARSE, which is up to 4 ms late; a
     * cached time would let the work of one callback shorten the next timer. No environment: what
     * EVENT_NOEPOLL and its kin say is meant for the application. */
    if (event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER |
                                          EVENT_BASE_FLAG_NO_CACHE_TIME | EVENT_BASE_FLAG_NOLOCK |
                                          EVENT_BASE_FLAG_IGNORE_ENV) == 0)
        self = event_base_new_with_config(config);
    event_config_free(config);
    /* libevent's default priority is the middle one. */
    if (self && event_base_priority_init(self, 2 * LC_PRIORITY_HTTP + 1) < 0) {
        event_base_free(self);
        return NULL;
    }
    return self;
}

int lc_loop_set_timer(struct event *timer, uint64_t usec)
{
    struct timeval delay = {.tv_sec = (time_t)(usec / 1000000),
                            .tv_usec = (suseconds_t)(usec % 1000000)};

    if (event_add(timer, &delay) == 0)
        return 0;
    event_active(timer, EV_TIMEOUT, 1);
    return -ENOMEM;
}

void lc_loop_free(struct event_base *self)
{
    if (self)
        event_base_free(self);
    event_set_log_callback(NULL);
    libevent_log = NULL;
}
