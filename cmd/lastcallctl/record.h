/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_CTL_RECORD_H
#define LC_CTL_RECORD_H

#include "config/node.h"

#include <stdint.h>
#include <stdio.h>

/*
 * What lastcall's log says of one run: its JSON lines, out of a file that has the application's lines
 * as well. Whatever stands before a line's first brace is skipped: a container runtime's prefix, the
 * time that `kubectl logs --timestamps` adds.
 */

struct lc_entry {
    struct lc_tree tree; /* JSON is YAML */
    const char *msg;
    int64_t at; /* ms, UTC; once the record is settled: ms from T0 */
    bool timed; /* the line says itself how long after T0 it is */
    int64_t t;  /* then this */
};

struct lc_record {
    struct lc_entry *list;
    size_t count;
    int64_t latest;   /* that a line says of itself */
    const char *when; /* it began: "2026-11-24T11:13:20.229Z" */
    size_t shutdowns; /* that the log has; this is the last of them */
};

/* Reads to the end. 0 with *ret, whose last run has a shutdown; -ENODATA: no run has; -errno. The
 * caller deinits in every case. */
int lc_record_read(struct lc_record *ret, FILE *file);
void lc_record_deinit(struct lc_record *self);

/* The line of what began the shutdown, a signal or a drain; NULL: neither did. */
const struct lc_entry *lc_record_cause(const struct lc_record *self);
/* "SIGTERM", "drain" */
const char *lc_entry_cause(const struct lc_entry *self);

/* A field's text; NULL: the line has none. */
const char *lc_entry_text(const struct lc_entry *self, const char *key);
/* A whole number; false: it is none. */
bool lc_entry_number(const struct lc_entry *self, const char *key, int64_t *ret);
/* A number of seconds, in ms; false: it is none, as NULL is. */
bool lc_seconds_parse(const char *text, int64_t *ret);
bool lc_entry_seconds(const struct lc_entry *self, const char *key, int64_t *ret);
bool lc_entry_is(const struct lc_entry *self, const char *msg);

#endif
