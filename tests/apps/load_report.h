/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_TESTS_APPS_LOAD_REPORT_H
#define LC_TESTS_APPS_LOAD_REPORT_H

/* What became of every request: each has exactly one outcome, and each failure its name. Times
 * are nanoseconds of CLOCK_MONOTONIC. A request's time runs from when it was due, not from when
 * it could be sent: a server that stalls must not be flattered by the requests it held up
 * ("coordinated omission").
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum load_failure {
    LOAD_CONNECT_REFUSED,
    LOAD_CONNECT_TIMEOUT,
    LOAD_CONNECT_FAILED,
    LOAD_RESET_BEFORE_ANSWER,
    LOAD_CLOSED_BEFORE_ANSWER,
    LOAD_REUSED_CLOSED, /* a kept-alive connection was closed or reset before any byte came */
    LOAD_CLOSED_IN_ANSWER,
    LOAD_TIMEOUT,
    LOAD_STATUS,
    LOAD_MALFORMED,
    LOAD_FAILURE_COUNT
};

enum { LOAD_STATUS_MAX = 999, LOAD_NAME_SIZE = 64 };

struct load_event {
    enum load_failure failure;
    int status; /* of the answer, where there was one; else 0 */
    bool reused;
    uint64_t due, at;
    uint64_t wall; /* CLOCK_REALTIME of `at` */
};

struct load_report {
    uint64_t begun, ended;
    uint64_t opened;      /* connections */
    uint64_t reused;      /* requests sent on a kept-alive connection */
    uint64_t closed_idle; /* kept-alive connections that the server closed between requests: fine */
    uint64_t failures[LOAD_FAILURE_COUNT];
    uint64_t statuses[LOAD_STATUS_MAX + 1]; /* of LOAD_STATUS, by code */
    uint64_t *answers;                      /* how long each good answer took */
    size_t answer_count, answer_room;
    struct load_event *events;
    size_t event_count, event_room;
};

/* "timeout", "status 503" ...: `buffer`, or a string that stays. */
const char *load_failure_name(enum load_failure failure, int status,
                              char buffer[static LOAD_NAME_SIZE]);

/* `self` is zeroed by the caller. Both return 0 or -ENOMEM. */
int load_report_answer(struct load_report *self, uint64_t took);
int load_report_failure(struct load_report *self, const struct load_event *event);
void load_report_deinit(struct load_report *self);

uint64_t load_report_failed(const struct load_report *self);
/* Once nothing more is added: percentiles are exact, from all the good answers. */
void load_report_finish(struct load_report *self, uint64_t now);
void load_report_print(const struct load_report *self, FILE *out);
/* 0, or a negative errno where the file could not be written whole. */
int load_report_write_json(const struct load_report *self, const char *path);

#endif
