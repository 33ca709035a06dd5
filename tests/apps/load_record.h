/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_TESTS_APPS_LOAD_RECORD_H
#define LC_TESTS_APPS_LOAD_RECORD_H

/* Every request, a line each as it ends: comma-separated values (RFC 4180) under a line of their
 * names. `due` is in seconds of CLOCK_REALTIME, `took_ms` counts from it; `connection` is a number,
 * from 1 on in the order in which they were begun; `target` is who answered, by the header that the
 * options name, and empty where no answer said so.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct load_request {
    uint64_t due;  /* ns of CLOCK_REALTIME */
    uint64_t took; /* ns */
    uint64_t connection;
    bool reused;
    const char *target;
    const char *outcome; /* "answered", or the name of its failure */
};

/* Returns NULL, with errno set, where the file cannot be written. */
FILE *load_record_open(const char *path);
void load_record_write(FILE *record, const struct load_request *request);
/* Returns 0, or -EIO where not every line is in the file. */
int load_record_close(FILE *record);

#endif
