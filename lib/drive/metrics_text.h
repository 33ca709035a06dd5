/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_DRIVE_METRICS_TEXT_H
#define LC_DRIVE_METRICS_TEXT_H

/* Prometheus' text format, into a buffer of the caller's; for drive/metrics.c alone. */

#include <stdbool.h>
#include <stddef.h>

struct lc_text {
    char *buf;
    size_t size, length;
    size_t family; /* where the last family begins */
    bool full;     /* something did not fit: its family is left out, and all after it */
};

void lc_text_family(struct lc_text *self, const char *name, const char *type, const char *help);
__attribute__((format(printf, 2, 3))) void lc_text_add(struct lc_text *self, const char *format,
                                                       ...);
/* The process_ metrics that every client library has, of ourselves, from /proc/self; without it
 * none. */
void lc_text_add_process(struct lc_text *self);

/* Returns the length. */
size_t lc_text_end(struct lc_text *self);

#endif
