/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_BASE_LOG_LINE_H
#define LC_BASE_LOG_LINE_H

/* One line of the log as bytes, for base/log.c. */

#include "base/log.h"

#include <time.h>

/* JSON or text (`format` is not LC_LOG_AUTO here) into `buf`, with its newline and without a NUL.
 * What does not fit is left out. Returns the length. Allocates nothing, takes no lock. */
size_t lc_log_line(char buf[static LC_LOG_LINE_MAX], enum lc_log_format format,
                   const struct timespec *time, enum lc_log_level level, const char *msg,
                   const struct lc_field *fields);

#endif
