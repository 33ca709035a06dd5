/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_SYS_CONNECTIONS_TABLE_H
#define LC_SYS_CONNECTIONS_TABLE_H

/* The same from /proc/net, where netlink is refused or the kernel has no sock_diag (gVisor). There
 * are no times and no cookies: a connection with nothing in its queues may be idle or not. gVisor
 * has no queues either. Besides, what else than TCP one can serve on. */

#include "sys/connections_diag.h"

enum { LC_TABLE_BUFFER = LC_DIAG_BUFFER }; /* a read gives a page of lines, whatever the room */

enum lc_table_kind {
    LC_TABLE_TCP,
    LC_TABLE_TCP6,
    LC_TABLE_UDP, /* these and below: what listens, alone */
    LC_TABLE_UDP6,
    LC_TABLE_UNIX,
    LC_TABLE_KIND_COUNT
};

struct lc_table {
    int fd;        /* -1: closed */
    size_t length; /* of a line's beginning, at the start of the buffer */
    enum lc_table_kind kind;
};

/* Opens /proc/net/tcp and so on. 0 or -errno. */
int lc_table_open(struct lc_table *self, enum lc_table_kind kind);
void lc_table_close(struct lc_table *self);

/* Reads a piece into `buffer` (LC_TABLE_BUFFER, the same each time) and calls `found` for each whole
 * line in it. 1: that was all; 0: more to come; -errno. */
int lc_table_read(struct lc_table *self, char *buffer, lc_connection_found *found, void *userdata);

/* A line, with its NUL in place of the newline. -EBADMSG: it is none of a socket (the header), or of
 * one that is not asked for. A UDP socket that has no peer listens. */
int lc_table_parse(enum lc_table_kind kind, const char *line, struct lc_connection *ret);

/* Connections that were ever accepted in the network namespace, our own listener's included
 * (PassiveOpens in /proc/net/snmp, RFC 4022). 0 or -errno. */
int lc_table_opens(uint64_t *ret);
/* The same from the file's text. */
int lc_table_parse_opens(const char *text, uint64_t *ret);

#endif
