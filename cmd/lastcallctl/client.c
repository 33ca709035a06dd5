/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"

#include "base/cleanup.h"
#include "command.h"
#include "drive/clock.h"
#include "drive/http_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* "" begins a name that is in no file system, unix(7): "@" stands for it, as in ss(8). */
static int find_control(struct lc_target *ret)
{
    int r = lc_http_control_address(&ret->address);

    if (r < 0) {
        lc_ctl_fail("/proc/self/ns/mnt: %s", strerror(-r));
        return r;
    }
    snprintf(ret->name, sizeof(ret->name), "@%s", ret->address.local.sun_path + 1);
    ret->control = true;
    return 0;
}

int lc_target_init(struct lc_target *ret, const char *address)
{
    int r;

    *ret = (struct lc_target){0};
    if (!address)
        return find_control(ret);
    r = lc_address_parse(address, &ret->address);
    if (r < 0) {
        lc_ctl_fail("--address: found \"%s\"; accepted: [HOST]:PORT, unix:PATH", address);
        return r;
    }
    /* Where it listens everywhere, IPv4 is among it. */
    if (ret->address.everywhere) {
        in_port_t port = ret->address.v6.sin6_port;

        ret->address.v4 = (struct sockaddr_in){.sin_family = AF_INET,
                                               .sin_port = port,
                                               .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
        ret->address.length = sizeof(ret->address.v4);
    }
    snprintf(ret->name, sizeof(ret->name), "%s", address);
    return 0;
}

/* The descriptor, or -errno. */
static int connect_to(const struct lc_target *self)
{
    LC_CLEANUP_FD int fd = socket(self->address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct timeval timeout = {.tv_sec = LC_ANSWER_MSEC / 1000};

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0 ||
        connect(fd, &self->address.any, self->address.length) < 0)
        return -errno;
    return lc_steal_fd(&fd);
}

static int send_request(int fd, const char *method, const char *path)
{
    char request[256];
    int length = snprintf(request, sizeof(request),
                          "%s %s HTTP/1.1\r\nHost: lastcall\r\nContent-Length: 0\r\n"
                          "Connection: close\r\n\r\n",
                          method, path);

    return send(fd, request, (size_t)length, MSG_NOSIGNAL) == length ? 0 : -errno;
}

/* Everything up to the connection's end; returns how much, or -errno. */
static ssize_t receive(int fd, char *bytes, size_t size)
{
    lc_msec end = lc_clock_msec() + LC_ANSWER_MSEC;
    size_t length = 0;

    for (;;) {
        ssize_t got = recv(fd, bytes + length, size - length, 0);

        if (got == 0)
            return (ssize_t)length;
        if (got < 0 && errno != EINTR)
            return -errno;
        length += got > 0 ? (size_t)got : 0;
        if (length == size)
            return -EBADMSG;
        if (lc_clock_msec() > end)
            return -ETIMEDOUT;
    }
}

/* Lastcall closes the connection of a user whom it does not answer without a word. */
static bool is_of_another_user(int fd)
{
    struct ucred peer;
    socklen_t length = sizeof(peer);

    return geteuid() != 0 && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 &&
           peer.uid != geteuid();
}

static int exchange(const struct lc_target *self, int fd, const char *method, const char *path,
                    struct lc_answer *ret)
{
    ssize_t length = send_request(fd, method, path);

    if (length == 0)
        length = receive(fd, ret->bytes, sizeof(ret->bytes));
    if (length == 0)
        length = -ECONNRESET;
    if ((length == -ECONNRESET || length == -EPIPE) && self->control && is_of_another_user(fd))
        return -EACCES;
    return length < 0 ? (int)length : lc_reply_parse(&ret->reply, ret->bytes, (size_t)length);
}

int lc_target_ask(const struct lc_target *self, const char *method, const char *path,
                  struct lc_answer *ret)
{
    LC_CLEANUP_FD int fd = connect_to(self);
    int r = fd < 0 ? fd : exchange(self, fd, method, path, ret);

    /* What the sockets' timeouts give, socket(7), and connect(2) where there is no such file. */
    if (r == -EAGAIN || r == -EINPROGRESS)
        return -ETIMEDOUT;
    return r == -ENOENT ? -ECONNREFUSED : r;
}

int lc_target_fail(const struct lc_target *self, int error)
{
    switch (error) {
    case -ECONNREFUSED:
        return lc_ctl_fail("%s: nobody listens there: no lastcall runs%s", self->name,
                           self->control ? " in this container" : "");
    case -EACCES:
        return lc_ctl_fail("%s: it answers its own user and root alone", self->name);
    case -ETIMEDOUT:
        return lc_ctl_fail("%s: no answer within %d s", self->name, LC_ANSWER_MSEC / 1000);
    case -EBADMSG:
        return lc_ctl_fail("%s: what answers there is no lastcall", self->name);
    default:
        return lc_ctl_fail("%s: %s", self->name, strerror(-error));
    }
}
