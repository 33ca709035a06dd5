/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/clock.h"
#include "drive/state.h"
#include "drive/supervisor_parts.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* For the last write, where the disk is slow, as a busy node's is: as much of the time that the
 * platform still gives as nobody minds. */
enum { SAVE_MIN_MSEC = 100, SAVE_MAX_MSEC = 750 };

static int add_file(struct lc_supervisor *self, const char *path, enum lc_saver_mode mode)
{
    int r = self->saver ? 0 : lc_saver_new(&self->saver);

    return r < 0 ? r : lc_saver_add(self->saver, path, mode);
}

/* What cannot be trusted is kept for whoever wants to know, and counting begins anew. */
static void set_aside(struct lc_supervisor *self, const char *path)
{
    char aside[PATH_MAX];
    int length = snprintf(aside, sizeof(aside), "%s.bad", path);

    if (length < 0 || (size_t)length >= sizeof(aside) || rename(path, aside) < 0)
        return;
    lc_log(self->log, LC_LOG_WARN, "state set aside: it is torn, or not ours",
           LC_STR("path", aside));
}

static int start_state(struct lc_supervisor *self)
{
    char path[PATH_MAX];
    int length = snprintf(path, sizeof(path), "%s/lastcall.state", self->config->state_dir);
    int r;

    if (length < 0 || (size_t)length >= sizeof(path))
        return -ENAMETOOLONG;
    r = lc_state_load(path, &self->metrics);
    if (r == -EBADMSG)
        set_aside(self, path);
    else if (r < 0)
        lc_log(self->log, LC_LOG_WARN, "state not read", LC_STR("path", path),
               LC_STR("error", strerrordesc_np(-r)));
    self->state = add_file(self, path, LC_SAVER_REPLACE);
    return self->state < 0 ? self->state : 0;
}

/* Kubernetes makes the message's file and mounts it into the container; elsewhere there is none. */
int lc_supervisor_start_report(struct lc_supervisor *self)
{
    const char *path = self->config->termination_message;

    self->message = self->state = -1;
    if (path && access(path, W_OK) == 0) {
        self->message = add_file(self, path, LC_SAVER_IN_PLACE);
        if (self->message < 0)
            return self->message;
    }
    return self->config->state_dir ? start_state(self) : 0;
}

static void save_message(struct lc_supervisor *self, int exit_code)
{
    const char *names[LC_LANES_MAX];
    char text[LC_REPORT_MAX];
    size_t length;

    for (size_t i = 0; i < self->engine.lifecycle.policy.lanes; i++)
        names[i] = self->process[i].config->name;
    length = lc_report_format(&self->report, &self->engine.lifecycle, names, exit_code,
                              lc_clock_msec(), text);
    text[length] = '\n'; /* in place of the NUL */
    lc_saver_put(self->saver, self->message, text, length + 1);
}

/* As things stand, so that it is there even where the platform kills us next. */
void lc_supervisor_save_report(struct lc_supervisor *self, int exit_code)
{
    char text[LC_STATE_MAX];

    if (self->engine.lifecycle.t0 == LC_NEVER)
        return;
    if (self->message >= 0)
        save_message(self, exit_code);
    if (self->state >= 0)
        lc_saver_put(self->saver, self->state, text, lc_state_format(&self->metrics, text));
}

/* A drain that is taken back was no shutdown: the next reader must not take it for one. */
void lc_supervisor_forget_report(struct lc_supervisor *self)
{
    self->report = (struct lc_report){.in_flight = -1, .cut = -1};
    if (self->saver && self->message >= 0)
        lc_saver_put(self->saver, self->message, "", 0);
}

static void tell_result(struct lc_supervisor *self, int file, const char *msg)
{
    int r = file < 0 ? 0 : lc_saver_result(self->saver, file);

    if (r < 0)
        lc_log(self->log, LC_LOG_WARN, msg, LC_STR("error", strerrordesc_np(-r)));
}

static unsigned time_to_save(const struct lc_lifecycle *lifecycle)
{
    lc_msec now = lc_clock_msec(), end = lifecycle->deadline;

    if (end < now + SAVE_MIN_MSEC)
        return SAVE_MIN_MSEC;
    return end - now < SAVE_MAX_MSEC ? (unsigned)(end - now) : SAVE_MAX_MSEC;
}

void lc_supervisor_finish_report(struct lc_supervisor *self)
{
    if (!self->saver)
        return;
    lc_saver_wait(self->saver, time_to_save(&self->engine.lifecycle));
    tell_result(self, self->message, "termination message not written");
    tell_result(self, self->state, "state not written");
}
