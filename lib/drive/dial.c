/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/dial.h"

#include "base/cleanup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct lc_dial {
    struct event_base *base;
    const char *host; /* NULL: here */
    char address[INET6_ADDRSTRLEN];
    uint16_t port;
    unsigned tries;
    int fd;
    int result; /* of this try; -EINPROGRESS: none yet */
    int first;  /* error of the first try: says the most */
    struct event *event;
    lc_dial_own *own;
    void *own_userdata;
    lc_dial_done *done;
    void *userdata;
};

bool lc_dial_is_ours(int error)
{
    return error == -EMFILE || error == -ENFILE || error == -ENOMEM || error == -ENOBUFS ||
           error == -EAGAIN;
}

static int parse(const char *host, uint16_t port, struct sockaddr_storage *ret)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;

    *ret = (struct sockaddr_storage){0};
    if (inet_pton(AF_INET, strcasecmp(host, "localhost") ? host : "127.0.0.1", &v4->sin_addr)) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        return sizeof(*v4);
    }
    if (inet_pton(AF_INET6, host, &v6->sin6_addr)) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        return sizeof(*v6);
    }
    return -EINVAL;
}

static void format(const struct sockaddr_storage *address, char ret[static INET6_ADDRSTRLEN])
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;

    if (address->ss_family == AF_INET)
        inet_ntop(AF_INET, &v4->sin_addr, ret, INET6_ADDRSTRLEN);
    else
        inet_ntop(AF_INET6, &v6->sin6_addr, ret, INET6_ADDRSTRLEN);
}

/* The address from which packets to `far` would go. A UDP socket's connect(2) looks for the route and
 * sends nothing (ip(7)); `far` are addresses that documentation has to itself (RFC 5737, RFC 3849). */
static int find_own(const char *far, char ret[static INET6_ADDRSTRLEN])
{
    struct sockaddr_storage address;
    socklen_t length = (socklen_t)parse(far, 9, &address);
    LC_CLEANUP_FD int fd = socket(address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || connect(fd, (struct sockaddr *)&address, length) < 0)
        return -errno;
    length = sizeof(address);
    if (getsockname(fd, (struct sockaddr *)&address, &length) < 0)
        return -errno;
    format(&address, ret);
    return 0;
}

/* The address of the next try; -ENOENT: there is none left. */
static int next_address(struct lc_dial *self)
{
    static const struct {
        const char *address, *far;
    } here[] = {{"127.0.0.1", NULL}, {"::1", NULL}, {NULL, "192.0.2.1"}, {NULL, "2001:db8::1"}};
    const char *fixed = self->host;

    if (self->tries == (fixed ? 1 : sizeof(here) / sizeof(here[0])))
        return -ENOENT;
    if (!fixed)
        fixed = here[self->tries].address;
    if (!fixed)
        return find_own(here[self->tries].far, self->address);
    snprintf(self->address, sizeof(self->address), "%s", fixed);
    return 0;
}

static void tell_own(struct lc_dial *self, bool made)
{
    struct sockaddr_storage local;
    socklen_t length = sizeof(local);

    if (self->own && getsockname(self->fd, (struct sockaddr *)&local, &length) == 0)
        self->own(self->own_userdata, (struct sockaddr *)&local, made);
}

/* Where nothing listens on a port from which connections also start, such as 40000, the kernel may
 * have given us that port for our own end: the connection is then made with itself (RFC 9293, 3.5:
 * both ends open at once). Where the kernel does not tell, somebody was there, and has gone. */
static bool is_own_peer(int fd)
{
    struct sockaddr_storage near = {0}, far = {0};
    socklen_t near_length = sizeof(near), far_length = sizeof(far);

    return getsockname(fd, (struct sockaddr *)&near, &near_length) == 0 &&
           getpeername(fd, (struct sockaddr *)&far, &far_length) == 0 &&
           near_length == far_length && memcmp(&near, &far, near_length) == 0;
}

static void take_result(struct lc_dial *self)
{
    int error = 0;
    socklen_t length = sizeof(error);

    if (getsockopt(self->fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
        error = errno;
    if (error == 0 && is_own_peer(self->fd))
        error = ECONNREFUSED;
    self->result = -error;
    if (error == 0)
        tell_own(self, true);
}

static void on_writable(evutil_socket_t fd, short what, void *userdata);

/* Within one machine the kernel has found out before connect(2) returns, and counts from then on: our
 * own are told at once, all else is told later. */
static int connect_to(struct lc_dial *self, const struct sockaddr_storage *address, int length)
{
    self->result = -EINPROGRESS;
    self->fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (self->fd < 0)
        return -errno;
    self->event = event_new(self->base, self->fd, EV_WRITE, on_writable, self);
    if (!self->event)
        return -ENOMEM;
    if (connect(self->fd, (const struct sockaddr *)address, (socklen_t)length) < 0 &&
        errno != EINPROGRESS) {
        self->result = -errno;
    } else {
        tell_own(self, false);
        if (poll(&(struct pollfd){.fd = self->fd, .events = POLLOUT}, 1, 0) > 0)
            take_result(self);
    }
    if (self->result == -EINPROGRESS)
        return event_add(self->event, NULL) < 0 ? -ENOMEM : 0;
    event_active(self->event, EV_WRITE, 0);
    return 0;
}

static void hang_up(struct lc_dial *self)
{
    if (self->event)
        event_free(self->event);
    lc_cleanup_fd(&self->fd);
    self->event = NULL;
    self->fd = -1;
}

static void fail_try(struct lc_dial *self, int error)
{
    hang_up(self);
    if (self->first == 0 || lc_dial_is_ours(error))
        self->first = error;
}

/* An address that cannot even be tried, such as one of IPv6 where there is none, is passed over. */
static int try_next(struct lc_dial *self)
{
    struct sockaddr_storage address;

    for (;;) {
        int r = next_address(self), length;

        if (r == -ENOENT)
            return self->first;
        self->tries++;
        if (r < 0) /* no way out of here */
            continue;
        length = parse(self->address, self->port, &address);
        if (length < 0)
            return length;
        r = connect_to(self, &address, length);
        if (r == 0 || self->host)
            return r;
        fail_try(self, r);
    }
}

static void on_writable(evutil_socket_t fd, short what, void *userdata)
{
    struct lc_dial *self = userdata;
    int r;

    (void)fd;
    (void)what;
    if (self->result == -EINPROGRESS)
        take_result(self);
    if (self->result == 0) {
        event_free(self->event);
        self->event = NULL;
        self->done(self->userdata, lc_steal_fd(&self->fd), self->address);
        return;
    }
    fail_try(self, self->result);
    r = try_next(self);
    if (r < 0)
        self->done(self->userdata, r, self->address);
}

int lc_dial_new(struct lc_dial **ret, struct event_base *base, const char *host, uint16_t port,
                lc_dial_own *own, void *own_userdata, lc_dial_done *done, void *userdata)
{
    struct lc_dial *self = calloc(1, sizeof(*self));
    int r;

    if (!self)
        return -ENOMEM;
    *self = (struct lc_dial){
        .base = base,
        .host = host,
        .port = port,
        .fd = -1,
        .own = own,
        .own_userdata = own_userdata,
        .done = done,
        .userdata = userdata,
    };
    r = try_next(self);
    if (r < 0) {
        lc_dial_free(self);
        return r;
    }
    *ret = self;
    return 0;
}

void lc_dial_free(struct lc_dial *self)
{
    if (!self)
        return;
    hang_up(self);
    free(self);
}
