/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/http_socket.h"

#include "base/cleanup.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* As many as there may be clients in a storm of them, so that a probe's SYN is not dropped and sent
 * again only a second later. The kernel cuts it to net.core.somaxconn. */
enum { BACKLOG = 1024 };

static int stream_socket(int family)
{
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    return fd < 0 ? -errno : fd;
}

static int listen_tcp(const struct lc_address *address)
{
    LC_CLEANUP_FD int fd = stream_socket(address->any.sa_family);
    const int on = 1, v6_only = !address->everywhere;

    if (fd < 0)
        return fd;
    /* Connections of the listener before us may still be in TIME_WAIT on this port, tcp(7). */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
        return -errno;
    if (address->any.sa_family == AF_INET6 &&
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, sizeof(v6_only)) < 0)
        return -errno;
    if (bind(fd, &address->any, address->length) < 0 || listen(fd, BACKLOG) < 0)
        return -errno;
    return lc_steal_fd(&fd);
}

/* IPv6 may be left out of the kernel, or switched off. */
static int listen_everywhere(const struct lc_address *address)
{
    int fd = listen_tcp(address);

    if (fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL) {
        struct lc_address v4 = {
            .v4 = {.sin_family = AF_INET, .sin_port = address->v6.sin6_port},
            .length = sizeof(v4.v4),
        };

        fd = listen_tcp(&v4);
    }
    return fd;
}

/* connect(2) is refused by a plain file as by a socket that nobody listens on: only the latter may
 * go. Non-blocking: a listener whose queue is full says EAGAIN, and is one. */
static int remove_stale(const struct lc_address *address)
{
    LC_CLEANUP_FD int fd = stream_socket(AF_UNIX);
    struct stat status;

    if (fd < 0)
        return fd;
    if (lstat(address->local.sun_path, &status) < 0)
        return -errno;
    if (!S_ISSOCK(status.st_mode) || connect(fd, &address->any, address->length) == 0 ||
        errno != ECONNREFUSED)
        return -EADDRINUSE;
    return unlink(address->local.sun_path) < 0 ? -errno : 0;
}

/* The file is made with the mode 0777 less the umask, unix(7): a chmod() after it would leave a
 * moment in which anybody can connect. */
static int bind_private(int fd, const struct lc_address *address)
{
    mode_t before = umask(0177);
    int r = bind(fd, &address->any, address->length) < 0 ? -errno : 0;

    umask(before);
    return r;
}

static int listen_unix(const struct lc_address *address, struct lc_socket_file *ret_file)
{
    LC_CLEANUP_FD int fd = stream_socket(AF_UNIX);
    struct stat status;
    int r;

    if (fd < 0)
        return fd;
    r = bind_private(fd, address);
    if (r == -EADDRINUSE) {
        r = remove_stale(address);
        if (r == 0)
            r = bind_private(fd, address);
    }
    if (r < 0)
        return r;
    if (listen(fd, BACKLOG) < 0 || lstat(address->local.sun_path, &status) < 0) {
        r = -errno;
        unlink(address->local.sun_path);
        return r;
    }
    ret_file->device = status.st_dev;
    ret_file->inode = status.st_ino;
    memcpy(ret_file->path, address->local.sun_path, sizeof(ret_file->path));
    return lc_steal_fd(&fd);
}

int lc_http_socket(const struct lc_address *address, struct lc_socket_file *ret_file)
{
    *ret_file = (struct lc_socket_file){0};
    if (address->any.sa_family == AF_UNIX)
        return listen_unix(address, ret_file);
    return address->everywhere ? listen_everywhere(address) : listen_tcp(address);
}

int lc_http_control_address(struct lc_address *ret)
{
    struct stat status;
    int length;

    *ret = (struct lc_address){.local = {.sun_family = AF_UNIX}};
    /* Abstract names belong to the network namespace, which the containers of a pod share; the
     * mount namespace is a container's own. */
    if (stat("/proc/self/ns/mnt", &status) < 0)
        return -errno;
    length = snprintf(ret->local.sun_path + 1, sizeof(ret->local.sun_path) - 1, "lastcall-%ju",
                      (uintmax_t)status.st_ino);
    ret->length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
    return 0;
}

int lc_http_socket_control(void)
{
    LC_CLEANUP_FD int fd = stream_socket(AF_UNIX);
    struct lc_address address;
    int r = fd < 0 ? fd : lc_http_control_address(&address);

    if (r < 0)
        return r;
    if (bind(fd, &address.any, address.length) < 0 || listen(fd, BACKLOG) < 0)
        return -errno;
    return lc_steal_fd(&fd);
}

void lc_socket_file_remove(const struct lc_socket_file *self)
{
    struct stat status;

    if (*self->path && lstat(self->path, &status) == 0 && status.st_dev == self->device &&
        status.st_ino == self->inode)
        unlink(self->path);
}

bool lc_socket_peer_is_ours(int fd, struct ucred *ret)
{
    socklen_t length = sizeof(*ret);

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, ret, &length) == 0 &&
           (ret->uid == geteuid() || ret->uid == 0);
}

uint16_t lc_socket_port(int fd)
{
    struct lc_address address = {.length = sizeof(address.local)};

    if (getsockname(fd, &address.any, &address.length) < 0)
        return 0;
    if (address.any.sa_family == AF_INET)
        return ntohs(address.v4.sin_port);
    return address.any.sa_family == AF_INET6 ? ntohs(address.v6.sin6_port) : 0;
}
