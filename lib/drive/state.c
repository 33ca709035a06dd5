/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/state.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char head[] = "lastcall-state 1\n";

static uint64_t checksum(const char *text, size_t length)
{
    uint64_t sum = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < length; i++)
        sum = (sum ^ (uint8_t)text[i]) * UINT64_C(0x100000001b3);
    return sum;
}

size_t lc_state_format(const struct lc_metrics *metrics, char buf[static LC_STATE_MAX])
{
    size_t length = (size_t)snprintf(buf, LC_STATE_MAX, "%s", head);

    /* Numbers of at most 20 digits: all of it always fits. */
    for (unsigned phase = 0; phase < LC_PHASE_COUNT; phase++) {
        const struct lc_histogram *histogram = &metrics->phase[phase];

        length += (size_t)snprintf(buf + length, LC_STATE_MAX - length, "phase %s",
                                   lc_phase_name((enum lc_phase)phase));
        for (size_t i = 0; i <= LC_METRICS_BUCKETS; i++)
            length += (size_t)snprintf(buf + length, LC_STATE_MAX - length, " %" PRIu64,
                                       histogram->bucket[i]);
        length += (size_t)snprintf(buf + length, LC_STATE_MAX - length, " %" PRIu64 "\n",
                                   histogram->sum_msec);
    }
    length += (size_t)snprintf(buf + length, LC_STATE_MAX - length, "shutdowns");
    for (unsigned i = 0; i < LC_OUTCOME_COUNT; i++)
        length += (size_t)snprintf(buf + length, LC_STATE_MAX - length, " %" PRIu64,
                                   metrics->shutdowns[i]);
    length += (size_t)snprintf(buf + length, LC_STATE_MAX - length, "\n");
    length += (size_t)snprintf(buf + length, LC_STATE_MAX - length, "sum %016" PRIx64 "\n",
                               checksum(buf, length));
    return length;
}

/* What is still to be read; `bad` once something was not as it has to be. */
struct reader {
    const char *at;
    bool bad;
};

static void expect(struct reader *self, const char *text)
{
    size_t length = strlen(text);

    self->bad = self->bad || strncmp(self->at, text, length) != 0;
    self->at += self->bad ? 0 : length;
}

static uint64_t number(struct reader *self)
{
    char *end;
    uint64_t value;

    expect(self, " ");
    if (self->bad || *self->at < '0' || *self->at > '9') {
        self->bad = true;
        return 0;
    }
    value = strtoull(self->at, &end, 10);
    self->at = end;
    return value;
}

static bool sum_is_right(const char *text, size_t length)
{
    static const size_t line = sizeof("sum 0123456789abcdef\n") - 1;
    char wanted[sizeof("sum 0123456789abcdef\n")];

    if (length < line)
        return false;
    snprintf(wanted, sizeof(wanted), "sum %016" PRIx64 "\n", checksum(text, length - line));
    return !memcmp(text + length - line, wanted, line);
}

int lc_state_parse(const char *text, size_t length, struct lc_metrics *ret)
{
    struct lc_metrics found = *ret;
    char copy[LC_STATE_MAX + 1];
    struct reader reader = {.at = copy};

    if (length > LC_STATE_MAX || !sum_is_right(text, length))
        return -EBADMSG;
    memcpy(copy, text, length);
    copy[length] = '\0';
    expect(&reader, head);
    for (unsigned phase = 0; phase < LC_PHASE_COUNT; phase++) {
        expect(&reader, "phase ");
        expect(&reader, lc_phase_name((enum lc_phase)phase));
        for (size_t i = 0; i <= LC_METRICS_BUCKETS; i++)
            found.phase[phase].bucket[i] = number(&reader);
        found.phase[phase].sum_msec = number(&reader);
        expect(&reader, "\n");
    }
    expect(&reader, "shutdowns");
    for (unsigned i = 0; i < LC_OUTCOME_COUNT; i++)
        found.shutdowns[i] = number(&reader);
    expect(&reader, "\nsum ");
    if (reader.bad)
        return -EBADMSG;
    *ret = found;
    return 0;
}

int lc_state_load(const char *path, struct lc_metrics *ret)
{
    LC_CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    char text[LC_STATE_MAX + 1];
    ssize_t length;

    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    length = read(fd, text, sizeof(text));
    return length < 0 ? -errno : lc_state_parse(text, (size_t)length, ret);
}
