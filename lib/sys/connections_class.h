/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_SYS_CONNECTIONS_CLASS_H
#define LC_SYS_CONNECTIONS_CLASS_H

/* One TCP socket as the kernel shows it, and what that says: is somebody still waiting for
 * something? A pure function of plain data. In doubt the answer is yes. */

#include "base/cidr.h"

#include <stdbool.h>
#include <stdint.h>

/* include/net/tcp_states.h; netinet/tcp.h has them, but not together with linux/tcp.h. */
enum lc_tcp_state {
    LC_TCP_ESTABLISHED = 1,
    LC_TCP_SYN_RECV = 3,
    LC_TCP_FIN_WAIT1 = 4,
    LC_TCP_FIN_WAIT2 = 5,
    LC_TCP_CLOSE = 7,
    LC_TCP_CLOSE_WAIT = 8,
    LC_TCP_LAST_ACK = 9,
    LC_TCP_LISTEN = 10,
    LC_TCP_CLOSING = 11,
};

struct lc_connection {
    uint8_t local[LC_ADDRESS_SIZE], peer[LC_ADDRESS_SIZE]; /* as in base/cidr.h */
    uint16_t local_port, peer_port;
    uint8_t state;    /* enum lc_tcp_state, or another of the kernel's */
    uint32_t inode;   /* 0: no process holds it: not accepted yet, or closed */
    uint64_t cookie;  /* never used twice; 0: not known (/proc) */
    uint32_t unread;  /* bytes that the application has not read, and 1 for a FIN. Of a listening
                         socket: connections that wait to be accepted */
    uint32_t unacked; /* bytes that the peer has not acknowledged, and 1 for our own FIN */

    /* tcp_info; without it (/proc, and what is no whole socket yet or any more) all that is 0 */
    bool timed;
    /* Milliseconds since then, in steps of a jiffy (1 to 10 ms). Where there was no data yet, since
     * the connection was made: the kernel sets all three then (tcp_create_openreq_child()). */
    uint32_t sent_msec, received_msec, acked_msec;
    uint64_t bytes_received;    /* a FIN counts 1 */
    uint32_t segments_received; /* those with data: a FIN alone is none */
};

enum lc_connection_class {
    LC_CONNECTION_ENDING,  /* we have closed it, and the peer has all: nobody waits for anything */
    LC_CONNECTION_IDLE,    /* kept alive */
    LC_CONNECTION_WAITING, /* in flight, these and all below: in a listen queue */
    LC_CONNECTION_UNREAD,  /* the application has not read all that came */
    LC_CONNECTION_UNACKED, /* the peer has not got all that was written */
    LC_CONNECTION_OWED,    /* the peer's data is newer than our answer */
    LC_CONNECTION_TIED,    /* both in the same jiffy: which came first cannot be told */
    LC_CONNECTION_MOVING,  /* data has moved lately, or it has only just been made */
    LC_CONNECTION_UNKNOWN, /* nothing but its existence is known (/proc) */
    LC_CONNECTION_CLASS_COUNT
};

/* Not of a listening socket. Data that moved less than `idle_msec` ago still moves. */
enum lc_connection_class lc_connection_classify(const struct lc_connection *self,
                                                unsigned idle_msec);

/* "ending", "idle", "waiting", "unread", … */
const char *lc_connection_class_name(enum lc_connection_class class);

#endif
