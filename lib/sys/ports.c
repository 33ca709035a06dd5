/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/ports.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum {
    TCP_LISTEN = 0x0a,      /* include/net/tcp_states.h */
    CHUNK_BYTES = 16 * 1024 /* of lines of 150 each: a busy server has thousands */
};

struct ports {
    uint64_t listening[65536 / 64];
};

static void ports_add(struct ports *self, unsigned port)
{
    self->listening[port / 64] |= UINT64_C(1) << port % 64;
}

static int ports_missing(const struct ports *self, const uint16_t *ports, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!(self->listening[ports[i] / 64] >> ports[i] % 64 & 1))
            return ports[i];
    return 0;
}

/* "   0: 0100007F:1F90 00000000:0000 0A …" (proc_net_tcp in the kernel's documentation); the
 * header has no such numbers. */
static void parse_line(struct ports *self, const char *line)
{
    unsigned port, state;

    if (sscanf(line, " %*u: %*[0-9A-Fa-f]:%4x %*[0-9A-Fa-f]:%*x %2x", &port, &state) == 2 &&
        state == TCP_LISTEN)
        ports_add(self, port);
}

/* Returns the length of what is left: the start of a line whose end is still to come. */
static size_t parse_lines(struct ports *self, char *text, size_t length)
{
    char *line = text, *end;

    while ((end = memchr(line, '\n', (size_t)(text + length - line)))) {
        *end = '\0';
        parse_line(self, line);
        line = end + 1;
    }
    length = (size_t)(text + length - line);
    memmove(text, line, length);
    return length;
}

/* Until `wanted` are all found: the kernel lists those that listen first, so that ten thousand
 * connections behind them cost nothing then. 0 or -errno. */
static int read_table(struct ports *self, const char *path, const uint16_t *wanted, size_t count)
{
    LC_CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    char text[CHUNK_BYTES];
    size_t length = 0;

    if (fd < 0)
        return -errno;
    while (ports_missing(self, wanted, count) != 0) {
        ssize_t n = read(fd, text + length, sizeof text - length);

        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        length = parse_lines(self, text, length + (size_t)n);
        if (length == sizeof text)
            return -EBADMSG; /* no line is that long */
    }
    return 0;
}

/* Either table may be absent: tcp6 is where the kernel was booted with ipv6.disable=1. */
int lc_ports_missing(const uint16_t *ports, size_t count)
{
    struct ports found = {.listening = {0}};
    int v4 = read_table(&found, "/proc/net/tcp", ports, count);
    int v6 = read_table(&found, "/proc/net/tcp6", ports, count);

    if (v4 < 0 && v4 != -ENOENT)
        return v4;
    if (v6 < 0 && v6 != -ENOENT)
        return v6;
    return v4 < 0 && v6 < 0 ? v4 : ports_missing(&found, ports, count);
}
