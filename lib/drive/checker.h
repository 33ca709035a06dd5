/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_DRIVE_CHECKER_H
#define LC_DRIVE_CHECKER_H

/* One of a process's checks: attempts, one after another, counted until they decide something. */

#include "drive/attempt.h"

/* The checks have decided, for the first time or anew. Never called from a call of ours. */
typedef void lc_checker_decided(void *userdata, enum lc_check_kind kind);

struct lc_checker {
    enum lc_check_kind kind;
    const char *process;          /* its name */
    const struct lc_probe *probe; /* NULL: there is no such check */
    const struct lc_attempt_world *world;
    lc_checker_decided *decided;
    void *userdata;

    struct event *timer;
    struct lc_attempt attempt;
    struct lc_check_count count;
    bool active;  /* checks are made */
    bool passing; /* what holds, decided or not: before the first decision only liveness does */
    bool known;   /* was decided */
    bool unmade;  /* the last one could not be made */
    char why[LC_ATTEMPT_WHY_MAX]; /* of the last attempt; "" where nothing was wrong */
};

/* 0 or -ENOMEM. */
int lc_checker_init(struct lc_checker *self, enum lc_check_kind kind, const char *process,
                    const struct lc_probe *probe, const struct lc_attempt_world *world,
                    lc_checker_decided *decided, void *userdata);
void lc_checker_deinit(struct lc_checker *self);

/* In a pause: nothing is known any more, since the process has just started. */
void lc_checker_reset(struct lc_checker *self);
/* Goes on, at once where a check is due already; what is known stays. */
void lc_checker_resume(struct lc_checker *self);
/* What it waited for may be there: a check that does not pass is made now, but none before its first
 * is due. */
void lc_checker_hasten(struct lc_checker *self);
void lc_checker_pause(struct lc_checker *self);
/* Another configuration, in a pause. */
void lc_checker_configure(struct lc_checker *self, const char *process,
                          const struct lc_probe *probe);

#endif
