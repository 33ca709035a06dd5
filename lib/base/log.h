/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_BASE_LOG_H
#define LC_BASE_LOG_H

/* The log: a line is one write(2) of at most LC_LOG_LINE_MAX bytes, so that lines never tear, and
 * no line ever blocks the caller: a full pipe, a closed one or a stalled disk costs lines, not
 * time. Lines that were lost are counted, and the log says how many as soon as it can again.
 *
 * The descriptor is usually stderr, which we share with the application: its flags are never
 * touched (O_NONBLOCK belongs to the open file and would reach the application). So a line is
 * tried with RWF_NOWAIT; where the kernel cannot promise that (a terminal, a file, a pipe before
 * Linux 6.4) or the pipe is full, it goes into a ring, and a thread, started when first needed,
 * does the waiting.
 *
 * A writer to a closed pipe gets SIGPIPE: who uses this has it blocked or ignored. Where it is
 * blocked it is taken back, lest an event loop that reads its signals find one that nobody sent.
 *
 * One thread calls these functions.
 *
 *     lc_log(log, LC_LOG_INFO, "signal", LC_STR("signal", name), LC_INT("pid", pid));
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LC_LOG_LINE_MAX = 4096, /* = PIPE_BUF: writes up to here are atomic in a pipe, pipe(7) */
    LC_LOG_VALUE_MAX = 1024,
};

enum lc_log_level { LC_LOG_DEBUG, LC_LOG_INFO, LC_LOG_WARN, LC_LOG_ERROR, LC_LOG_LEVEL_COUNT };
enum lc_log_format { LC_LOG_AUTO, LC_LOG_JSON, LC_LOG_TEXT, LC_LOG_FORMAT_COUNT };

enum lc_field_kind { LC_FIELD_END, LC_FIELD_STRING, LC_FIELD_INT, LC_FIELD_BOOL, LC_FIELD_SECONDS };

struct lc_field {
    enum lc_field_kind kind;
    const char *key;
    union {
        const char *string; /* NULL: the field is left out */
        int64_t integer;
        bool boolean;
        uint64_t msec; /* written as seconds with three decimals */
    };
};

#define LC_STR(k, v)  ((struct lc_field){.kind = LC_FIELD_STRING, .key = (k), .string = (v)})
#define LC_INT(k, v)  ((struct lc_field){.kind = LC_FIELD_INT, .key = (k), .integer = (v)})
#define LC_BOOL(k, v) ((struct lc_field){.kind = LC_FIELD_BOOL, .key = (k), .boolean = (v)})
#define LC_SECS(k, v) ((struct lc_field){.kind = LC_FIELD_SECONDS, .key = (k), .msec = (v)})

struct lc_log;

/* `fd` stays the caller's and must outlive the log. Returns 0 or -ENOMEM. */
int lc_log_new(struct lc_log **ret, int fd);
/* LC_LOG_AUTO: text where `fd` is a terminal, else JSON. */
void lc_log_configure(struct lc_log *self, enum lc_log_format format, enum lc_log_level level);
/* Waits at most `timeout_msec` for the ring to empty; false: lines are left in it. Tells of lost
 * lines that no later line would tell of. */
bool lc_log_flush(struct lc_log *self, unsigned timeout_msec);
/* Frees without waiting; lines in the ring are lost. NULL is allowed. Where the thread is stuck in
 * a write, it stays behind with its memory and `fd`, until the process ends. */
void lc_log_free(struct lc_log *self);

/* `fields` end with a {0}. Strings are cut at LC_LOG_VALUE_MAX bytes, marked by an ellipsis; fields
 * for which the line has no room are left out, which JSON says by `"truncated":true`. */
void lc_log_write(struct lc_log *self, enum lc_log_level level, const char *msg,
                  const struct lc_field *fields);

/* Whether a line of this level would be written. */
bool lc_log_enabled(const struct lc_log *self, enum lc_log_level level);

/* The fields are evaluated only where the line is written: a signal is forwarded and an orphan reaped
 * without the names and times of a debug line. The end is added before there can be no argument left
 * for `...`, which C17 does not allow. */
#define lc_log(self, level, ...) LC_LOG_FIELDS(self, level, __VA_ARGS__, (struct lc_field){0})
#define LC_LOG_FIELDS(self, level, msg, ...)                                              \
    do {                                                                                  \
        if (lc_log_enabled((self), (level)))                                              \
            lc_log_write((self), (level), (msg), (const struct lc_field[]){__VA_ARGS__}); \
    } while (0)

/* "debug", "info", "warn", "error"; "auto", "json", "text". */
const char *lc_log_level_name(enum lc_log_level level);
const char *lc_log_format_name(enum lc_log_format format);

#endif
