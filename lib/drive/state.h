/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_DRIVE_STATE_H
#define LC_DRIVE_STATE_H

/*
 * What of the metrics outlives the container: the process that measured a shutdown is gone before
 * the next scrape. Lines of text, the last of which is a checksum over all before it (FNV-1a, 64
 * bits): against a torn file, not against malice.
 *
 *     lastcall-state 1
 *     phase propagating 0 0 0 0 0 0 0 3 0 0 0 0 0 15003      buckets, then the sum in ms
 *     shutdowns 3 0 0                                        by outcome
 *     sum 1f0e6a7c…
 */

#include "drive/metrics.h"

enum { LC_STATE_MAX = 4096 };

/* Returns the length; there is no NUL. */
size_t lc_state_format(const struct lc_metrics *metrics, char buf[static LC_STATE_MAX]);

/* 0, or -EBADMSG for what is torn, foreign, or of another version; *ret is then unchanged. */
int lc_state_parse(const char *text, size_t length, struct lc_metrics *ret);

/* Reads the file into *ret. 0, also where there is none; -EBADMSG as above, or another -errno. */
int lc_state_load(const char *path, struct lc_metrics *ret);

#endif
