/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/connections_table.h"

#include "base/cleanup.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum {
    V4_DIGITS = 8,
    V6_DIGITS = 32,
    SNMP_BYTES = 4096,
    UNIX_LISTENS = 1 << 16, /* __SO_ACCEPTCON, linux/net.h */
};

int lc_table_open(struct lc_table *self, enum lc_table_kind kind)
{
    static const char *const paths[] = {
        [LC_TABLE_TCP] = "/proc/net/tcp",   [LC_TABLE_TCP6] = "/proc/net/tcp6",
        [LC_TABLE_UDP] = "/proc/net/udp",   [LC_TABLE_UDP6] = "/proc/net/udp6",
        [LC_TABLE_UNIX] = "/proc/net/unix",
    };
    static_assert(sizeof paths / sizeof paths[0] == LC_TABLE_KIND_COUNT, "a table without a path");

    *self = (struct lc_table){.fd = open(paths[kind], O_RDONLY | O_CLOEXEC), .kind = kind};
    return self->fd < 0 ? -errno : 0;
}

void lc_table_close(struct lc_table *self)
{
    if (self->fd >= 0)
        close(self->fd);
    self->fd = -1;
}

/* Each word of an address is printed as a number, in the machine's own byte order. */
static int parse_address(const char *digits, uint8_t ret[static LC_ADDRESS_SIZE])
{
    uint32_t words[4];
    size_t length = strlen(digits);

    if (length != V4_DIGITS && length != V6_DIGITS)
        return -EBADMSG;
    for (size_t i = 0; i < length / V4_DIGITS; i++)
        if (sscanf(digits + i * V4_DIGITS, "%8" SCNx32, &words[i]) != 1)
            return -EBADMSG;
    if (length == V4_DIGITS)
        lc_address_map(ret, words[0]);
    else
        memcpy(ret, words, sizeof words);
    return 0;
}

/* "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0  0 4242 1 …"
 * (proc_net_tcp in the kernel's documentation). The queues are what is unacknowledged and what is
 * unread; of a listener the second is what waits to be accepted. */
static int parse_inet(const char *line, struct lc_connection *ret)
{
    char local[V6_DIGITS + 1], peer[V6_DIGITS + 1];
    unsigned state;

    *ret = (struct lc_connection){.state = 0};
    if (sscanf(line,
               " %*u: %32[0-9A-Fa-f]:%4" SCNx16 " %32[0-9A-Fa-f]:%4" SCNx16 " %2x %8" SCNx32
               ":%8" SCNx32 " %*x:%*x %*x %*u %*u %" SCNu32,
               local, &ret->local_port, peer, &ret->peer_port, &state, &ret->unacked, &ret->unread,
               &ret->inode) != 8)
        return -EBADMSG;
    ret->state = (uint8_t)state;
    if (parse_address(local, ret->local) < 0)
        return -EBADMSG;
    return parse_address(peer, ret->peer);
}

/* "0000000000000000: 00000002 00000000 00010000 0001 01 4242 /run/socket": the third is whether it
 * listens (unix_seq_show() in net/unix/af_unix.c). */
static int parse_unix(const char *line, struct lc_connection *ret)
{
    unsigned flags;

    *ret = (struct lc_connection){.state = LC_TCP_LISTEN};
    if (sscanf(line, " %*[0-9A-Fa-f]: %*x %*x %x %*x %*x %" SCNu32, &flags, &ret->inode) != 2)
        return -EBADMSG;
    return flags & UNIX_LISTENS ? 0 : -EBADMSG;
}

int lc_table_parse(enum lc_table_kind kind, const char *line, struct lc_connection *ret)
{
    int r = kind == LC_TABLE_UNIX ? parse_unix(line, ret) : parse_inet(line, ret);

    if (r < 0 || (kind != LC_TABLE_UDP && kind != LC_TABLE_UDP6))
        return r;
    if (ret->state != LC_TCP_CLOSE) /* it has a peer: a client's */
        return -EBADMSG;
    ret->state = LC_TCP_LISTEN;
    return 0;
}

/* Returns the length of what is left: the start of a line whose end is still to come. */
static size_t parse_lines(enum lc_table_kind kind, char *text, size_t length,
                          lc_connection_found *found, void *userdata)
{
    char *line = text, *end;
    struct lc_connection socket;

    while ((end = memchr(line, '\n', (size_t)(text + length - line)))) {
        *end = '\0';
        if (lc_table_parse(kind, line, &socket) == 0)
            found(userdata, &socket);
        line = end + 1;
    }
    length = (size_t)(text + length - line);
    memmove(text, line, length);
    return length;
}

int lc_table_read(struct lc_table *self, char *buffer, lc_connection_found *found, void *userdata)
{
    ssize_t n;

    if (self->length == LC_TABLE_BUFFER)
        return -EBADMSG; /* no line is that long */
    n = read(self->fd, buffer + self->length, LC_TABLE_BUFFER - self->length);
    if (n < 0)
        return -errno;
    if (n == 0)
        return 1;
    self->length = parse_lines(self->kind, buffer, self->length + (size_t)n, found, userdata);
    return 0;
}

/* Two lines, "Tcp: NAME NAME …" and "Tcp: NUMBER NUMBER …"; which number it is has changed before. */
int lc_table_parse_opens(const char *text, uint64_t *ret)
{
    const char *names = strstr(text, "Tcp: "), *end = names ? strchr(names, '\n') : NULL;
    const char *values = end ? end + 1 : NULL, *name, *value;

    *ret = 0;
    if (!values || strncmp(values, "Tcp: ", strlen("Tcp: ")) != 0)
        return -EBADMSG;
    name = strstr(names, " PassiveOpens");
    if (!name || name > end)
        return -EBADMSG;
    value = values + strlen("Tcp:");
    for (names += strlen("Tcp:"); value && names < name; names++)
        if (*names == ' ')
            value = strchr(value + 1, ' ');
    return value && sscanf(value, " %" SCNu64, ret) == 1 ? 0 : -EBADMSG;
}

int lc_table_opens(uint64_t *ret)
{
    LC_CLEANUP_FD int fd = open("/proc/net/snmp", O_RDONLY | O_CLOEXEC);
    char text[SNMP_BYTES + 1];
    size_t length = 0;
    ssize_t n = 1;

    *ret = 0;
    if (fd < 0)
        return -errno;
    while (length < SNMP_BYTES && (n = read(fd, text + length, SNMP_BYTES - length)) > 0)
        length += (size_t)n;
    if (n < 0)
        return -errno;
    text[length] = '\0';
    return lc_table_parse_opens(text, ret);
}
