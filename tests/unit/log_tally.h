/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_TESTS_UNIT_LOG_TALLY_H
#define LC_TESTS_UNIT_LOG_TALLY_H

/* Reads what a log wrote, and counts: numbered lines that came, and lines reported lost. Together
 * they are the lines that were written, whatever happened in between. */

#include "base/log.h"

#include "json_check.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <unistd.h>

/* No test waits longer for anything: a log that blocks its caller ends the program by SIGALRM. */
enum { PATIENCE_SEC = 60 };

struct tally {
    uint64_t lines, lost, reports;
    uint64_t bad;       /* no JSON, or torn */
    bool expect_bad;    /* not worth a word */
    uint64_t misplaced; /* a line that came before or after its turn, or before a report's */
    char rest[2 * LC_LOG_LINE_MAX];
    size_t rest_len;
};

/* The i-th line: long enough now and then that a ring's end falls anywhere in it. */
static inline void write_numbered(struct lc_log *log, uint64_t i)
{
    static const char pad[] = "0123456789012345678901234567890123456789";

    lc_log(log, LC_LOG_INFO, "numbered", LC_INT("i", (int64_t)i), LC_STR("pad", pad + i % 37));
}

static inline uint64_t tally_number(const char *line, const char *key)
{
    const char *at = strstr(line, key);

    return at ? strtoull(at + strlen(key), NULL, 10) : 0;
}

static inline void tally_line(struct tally *self, const char *line)
{
    if (!json_valid(line)) {
        if (!self->expect_bad)
            printf("# no JSON: %s\n", line);
        self->bad++;
    } else if (strstr(line, "\"level\":\"warn\",\"msg\":\"log lines lost\"")) {
        self->lost += tally_number(line, "\"count\":");
        self->reports++;
    } else {
        self->misplaced += tally_number(line, "\"i\":") != self->lines + self->lost;
        self->lines++;
    }
}

static inline void tally_bytes(struct tally *self, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != '\n') {
            self->rest[self->rest_len++] = bytes[i];
            self->bad += self->rest_len == LC_LOG_LINE_MAX;
            self->rest_len %= LC_LOG_LINE_MAX;
            continue;
        }
        self->rest[self->rest_len] = '\0';
        self->rest_len = 0;
        tally_line(self, self->rest);
    }
}

/* Reads until `total` lines have come or are reported lost, or nothing more can come. */
static inline void tally_read(struct tally *self, int fd, uint64_t total)
{
    char buf[4096];

    while (self->lines + self->lost < total) {
        ssize_t n = read(fd, buf, sizeof(buf));

        if (n < 0 && errno == EAGAIN)
            poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, -1);
        else if (n > 0)
            tally_bytes(self, buf, (size_t)n);
        else
            break;
    }
}

/* Everything came or was reported, in its place. */
#define CHECK_TALLY(tally, total)                           \
    do {                                                    \
        CHECK_INT((tally)->lines + (tally)->lost, (total)); \
        CHECK_INT((tally)->bad, 0);                         \
        CHECK_INT((tally)->misplaced, 0);                   \
        CHECK_INT((tally)->rest_len, 0);                    \
    } while (0)

static inline struct lc_log *new_log(int fd)
{
    struct lc_log *log;

    if (lc_log_new(&log, fd))
        abort();
    return log;
}

/* The smallest there is: it is full after some 30 lines. */
static inline void open_small_pipe(int fds[2], int flags)
{
    if (pipe2(fds, O_CLOEXEC | flags) || fcntl(fds[1], F_SETPIPE_SZ, 4096) < 0)
        abort();
}

static inline void close_pipe(const int fds[2])
{
    close(fds[0]);
    close(fds[1]);
}

static inline void write_lines(struct lc_log *log, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i < to; i++)
        write_numbered(log, i);
}

#endif
