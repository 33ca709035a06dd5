/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/connections_watch.h"

#include "base/cleanup.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

enum { JIFFIES_MSEC = 20 }; /* two of the longest: each time is rounded */

int lc_watch_begin(struct lc_watch *self, const struct lc_filter *filter, bool only_connections,
                   int receive_bytes, uint64_t now_msec)
{
    static const int groups[] = {SKNLGRP_INET_TCP_DESTROY, SKNLGRP_INET6_TCP_DESTROY};
    struct sockaddr_nl any = {.nl_family = AF_NETLINK};
    LC_CLEANUP_FD int fd = lc_diag_open();

    *self = (struct lc_watch){.fd = -1};
    if (fd < 0)
        return fd;
    /* A socket that has no number of its own yet passes for the sender, the kernel, and gets none of
     * its messages (do_one_broadcast() in net/netlink/af_netlink.c). */
    if (bind(fd, (struct sockaddr *)&any, sizeof any) < 0)
        return -errno;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes) < 0)
        return -errno;
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
        if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i], sizeof groups[i]) < 0)
            return -errno;
    *self = (struct lc_watch){.fd = lc_steal_fd(&fd),
                              .filter = filter,
                              .only_connections = only_connections,
                              .began_msec = now_msec,
                              .remembering = true};
    return 0;
}

void lc_watch_end(struct lc_watch *self)
{
    lc_cleanup_fd(&self->fd);
    self->fd = -1;
    lc_seen_deinit(&self->seen);
}

/* Something was missed, so that what is known is worth nothing: begin anew. */
static void start_over(struct lc_watch *self)
{
    self->arrivals.lost++;
    lc_seen_deinit(&self->seen);
    self->remembering = true;
    self->baseline = false;
}

void lc_watch_look_begins(struct lc_watch *self)
{
    self->baseline = self->remembering;
}

void lc_watch_look_ended(struct lc_watch *self)
{
    if (self->baseline)
        self->remembering = false;
}

static void note(struct lc_watch *self, const struct lc_connection *socket, bool counts_when_new)
{
    int news = lc_seen_note(&self->seen, socket->cookie, (uint32_t)socket->bytes_received,
                            socket->segments_received);

    if (news < 0)
        start_over(self);
    else if (news == LC_SEEN_NEW && counts_when_new)
        self->arrivals.connections++;
    else if (news == LC_SEEN_GROWN && !self->only_connections)
        self->arrivals.data++;
}

/* What has no tcp_info is no socket: a handshake, which may come out of it with another cookie where
 * it ended while it was being listed, or what the kernel keeps in place of a socket whose end we have
 * been told of already (inet_timewait_sock). */
void lc_watch_listed(struct lc_watch *self, const struct lc_connection *socket)
{
    if (socket->timed)
        note(self, socket, !self->remembering);
}

struct ended {
    struct lc_watch *watch;
    uint64_t now_msec;
};

/* One that no look has listed is new, unless it has been quiet for longer than we watch: the kernel
 * does not list a socket that was reset and that the application has not closed yet. */
static void on_ended(void *userdata, const struct lc_connection *socket)
{
    const struct ended *ended = userdata;
    struct lc_watch *self = ended->watch;
    uint64_t watched_msec = ended->now_msec - self->began_msec;

    if (lc_filter_takes(self->filter, socket))
        note(self, socket, !socket->timed || socket->received_msec <= watched_msec + JIFFIES_MSEC);
}

bool lc_watch_read(struct lc_watch *self, void *buffer, uint64_t now_msec)
{
    struct ended ended = {.watch = self, .now_msec = now_msec};
    int r;

    if (self->fd < 0)
        return false;
    r = lc_diag_read(self->fd, 0, buffer, on_ended, &ended); /* multicasts have the number 0 */
    if (r == -ENOBUFS)
        self->arrivals.lost++;
    return r >= 0 || r == -ENOBUFS;
}
