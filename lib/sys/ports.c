/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/ports.h"

#include "base/cleanup.h"
#include "sys/connections_table.h"

#include <errno.h>

struct ports {
    uint64_t listening[65536 / 64];
};

static void on_found(void *userdata, const struct lc_connection *found)
{
    struct ports *self = userdata;

    if (found->state == LC_TCP_LISTEN)
        self->listening[found->local_port / 64] |= UINT64_C(1) << found->local_port % 64;
}

static int ports_missing(const struct ports *self, const uint16_t *ports, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!(self->listening[ports[i] / 64] >> ports[i] % 64 & 1))
            return ports[i];
    return 0;
}

/* The kernel goes through those that listen alone: microseconds, however many connections there
 * are. 0 or -errno. */
static int ask_netlink(struct ports *self, const uint16_t *wanted, size_t count)
{
    LC_CLEANUP_FD int fd = lc_diag_open();
    char buffer[LC_DIAG_BUFFER];
    int r = fd < 0 ? fd : lc_diag_ask(fd, 0, 1 << LC_TCP_LISTEN, wanted, count);

    while (r == 0)
        r = lc_diag_read(fd, 0, buffer, on_found, self);
    return r < 0 ? r : 0;
}

/* Until `wanted` are all found: those that listen come first, but in gVisor. 0 or -errno. */
static int read_table(struct ports *self, enum lc_table_kind kind, const uint16_t *wanted,
                      size_t count)
{
    __attribute__((__cleanup__(lc_table_close))) struct lc_table table;
    char buffer[LC_TABLE_BUFFER];
    int r = lc_table_open(&table, kind);

    while (r == 0 && ports_missing(self, wanted, count) != 0)
        r = lc_table_read(&table, buffer, on_found, self);
    return r < 0 ? r : 0;
}

/* Either table may be absent: tcp6 is where the kernel was booted with ipv6.disable=1. */
static int read_tables(struct ports *self, const uint16_t *wanted, size_t count)
{
    int v4 = read_table(self, LC_TABLE_TCP, wanted, count);
    int v6 = read_table(self, LC_TABLE_TCP6, wanted, count);

    if (v4 < 0 && v4 != -ENOENT)
        return v4;
    if (v6 < 0 && v6 != -ENOENT)
        return v6;
    return v4 < 0 && v6 < 0 ? v4 : 0;
}

int lc_ports_missing(const uint16_t *ports, size_t count)
{
    struct ports found = {.listening = {0}};
    int r = count == 0 ? 0 : ask_netlink(&found, ports, count);

    if (r < 0)
        r = read_tables(&found, ports, count);
    return r < 0 ? r : ports_missing(&found, ports, count);
}
