/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/connections_class.h"

#include <assert.h>

/* A segment's data is stamped before its acknowledgement (tcp_rcv_established()), and the clock may
 * tick in between, on a virtual machine more than once. An acknowledgement that was delayed is later
 * by 40 ms at the least (TCP_DELACK_MIN). */
enum { LATER_MSEC = 20 };

static bool peer_has_closed(const struct lc_connection *self)
{
    return self->state == LC_TCP_CLOSE_WAIT || self->state == LC_TCP_LAST_ACK ||
           self->state == LC_TCP_CLOSING;
}

static bool we_have_closed(const struct lc_connection *self)
{
    return self->state == LC_TCP_FIN_WAIT1 || self->state == LC_TCP_LAST_ACK ||
           self->state == LC_TCP_CLOSING;
}

static uint32_t without_fin(uint32_t bytes, bool fin)
{
    return fin && bytes > 0 ? bytes - 1 : bytes;
}

/* A connection is in the kernel's tables from its handshake on. accept(2) is what gives it an inode;
 * one that the application has closed has none either, but is in a later state. */
static bool in_listen_queue(const struct lc_connection *self)
{
    return self->state == LC_TCP_SYN_RECV ||
           (self->inode == 0 &&
            (self->state == LC_TCP_ESTABLISHED || self->state == LC_TCP_CLOSE_WAIT));
}

/* Fully acknowledged and read. On a tie the answer may have come before the request (a client in a
 * closed loop sends the next one at once) or after; an acknowledgement that is newer than the
 * request, and no part of it, can only be that of an answer. */
static enum lc_connection_class classify_by_time(const struct lc_connection *self)
{
    if (without_fin((uint32_t)(self->bytes_received > 2 ? 2 : self->bytes_received),
                    peer_has_closed(self)) == 0)
        return LC_CONNECTION_IDLE;
    if (self->received_msec != self->sent_msec)
        return self->received_msec < self->sent_msec ? LC_CONNECTION_OWED : LC_CONNECTION_IDLE;
    return (uint64_t)self->acked_msec + LATER_MSEC < self->received_msec ? LC_CONNECTION_IDLE
                                                                         : LC_CONNECTION_TIED;
}

enum lc_connection_class lc_connection_classify(const struct lc_connection *self,
                                                unsigned idle_msec)
{
    uint32_t unread = without_fin(self->unread, peer_has_closed(self));
    uint32_t unacked = without_fin(self->unacked, we_have_closed(self));
    enum lc_connection_class class;

    if (in_listen_queue(self))
        return LC_CONNECTION_WAITING;
    if (self->state != LC_TCP_ESTABLISHED && self->state != LC_TCP_CLOSE_WAIT)
        return we_have_closed(self) && unacked > 0 ? LC_CONNECTION_UNACKED : LC_CONNECTION_ENDING;
    if (unread > 0)
        return LC_CONNECTION_UNREAD;
    if (unacked > 0)
        return LC_CONNECTION_UNACKED;
    if (!self->timed)
        return LC_CONNECTION_UNKNOWN;
    class = classify_by_time(self);
    if (class == LC_CONNECTION_IDLE &&
        (self->received_msec < idle_msec || self->sent_msec < idle_msec))
        return LC_CONNECTION_MOVING;
    return class;
}

const char *lc_connection_class_name(enum lc_connection_class class)
{
    static const char *const names[] = {
        [LC_CONNECTION_ENDING] = "ending",   [LC_CONNECTION_IDLE] = "idle",
        [LC_CONNECTION_WAITING] = "waiting", [LC_CONNECTION_UNREAD] = "unread",
        [LC_CONNECTION_UNACKED] = "unacked", [LC_CONNECTION_OWED] = "owed",
        [LC_CONNECTION_TIED] = "tied",       [LC_CONNECTION_MOVING] = "moving",
        [LC_CONNECTION_UNKNOWN] = "unknown",
    };

    static_assert(sizeof names / sizeof names[0] == LC_CONNECTION_CLASS_COUNT,
                  "a class without a name");
    return names[class];
}
