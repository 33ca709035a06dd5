/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_DRIVE_ATTEMPT_H
#define LC_DRIVE_ATTEMPT_H

/*
 * One check of the application, from its beginning to its result: a program that exits with 0, an
 * HTTP answer from 200 to 399, a connection that is accepted; and not later than its timeout.
 *
 * HTTPS is not spoken here: TLS would make PID 1 larger than all the rest of it, and would put what
 * a peer sends into a parser of certificates inside the one process that must never die. Beside
 * lastcall lies lastcallctl, which does it in a process of its own (`lastcallctl tls`): it gets the
 * connected socket as its descriptor 0 and one end of a socket pair as 1, on the other end of which
 * HTTP goes on as without TLS.
 */

#include "base/log.h"
#include "drive/check_count.h"
#include "drive/http_get.h"
#include "sys/process.h"

#include <event2/event.h>

enum { LC_ATTEMPT_WHY_MAX = 256, LC_ATTEMPT_OUTPUT_MAX = 512 };

/* `why`: what went wrong, or is odd about what went well; "" where nothing is. The attempt may be
 * started again from within. */
typedef void lc_attempt_done(void *userdata, enum lc_check_result result, const char *why);

/* What attempts need of the rest of lastcall. */
struct lc_attempt_world {
    struct event_base *base;
    struct lc_log *log;
    struct lc_spawn spawn;  /* all but the command and its descriptors */
    const char *tls_helper; /* the path of lastcallctl */
    lc_dial_own *own;
    void *userdata; /* of `own` */
};

struct lc_attempt {
    const struct lc_attempt_world *world;
    const struct lc_probe *probe; /* NULL: none is under way */
    lc_attempt_done *done;
    void *userdata;

    struct event *timer;     /* its timeout */
    struct lc_dial *dial;    /* tcpSocket */
    struct lc_http_get *get; /* httpGet */
    struct lc_child child; /* exec, or HTTPS; .pid 0: none. May outlive the attempt, until reaped */
    int output;            /* what it writes; -1: none */
    struct event *output_event;
    char text[LC_ATTEMPT_OUTPUT_MAX]; /* its beginning */
    size_t length;
    int error;  /* it could not be started: told as soon as we are back in the loop */
    bool stuck; /* its program waits for the last one's end */
};

/* 0 or -ENOMEM. */
int lc_attempt_init(struct lc_attempt *self, const struct lc_attempt_world *world,
                    lc_attempt_done *done, void *userdata);
void lc_attempt_deinit(struct lc_attempt *self);

/* Never calls `done` from within. */
void lc_attempt_start(struct lc_attempt *self, const struct lc_probe *probe);
/* Nothing is told any more; a program gets SIGKILL, its group with it. */
void lc_attempt_cancel(struct lc_attempt *self);
/* True: what was reaped was its program. */
bool lc_attempt_reaped(struct lc_attempt *self, const struct lc_reaped *reaped);

#endif
