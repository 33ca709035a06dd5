/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_TESTS_UNIT_SYS_CONNECTIONS_H
#define LC_TESTS_UNIT_SYS_CONNECTIONS_H

/* Servers and clients for the tests of sys/connections, in a network namespace of the test's own:
 * its ports are all free, and nobody else's connections are in the kernel's lists. */

#include "sys/connections.h"

#include "sys_fixture.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum { PORT = 8080, IDLE_MSEC = 200 };

__attribute__((unused)) static bool enter_network(void)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    bool entered = enter_namespaces(CLONE_NEWNET);
    int fd = entered ? socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;

    if (fd < 0)
        return false;
    entered = ioctl(fd, SIOCSIFFLAGS, &request) == 0;
    close(fd);
    return entered;
}

__attribute__((unused)) static bool have_network(void)
{
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid == 0)
        _exit(enter_network() ? 0 : 1);
    return wait_for_exit(pid) == 0;
}

/* "127.0.0.1", "::", … */
__attribute__((unused)) static struct sockaddr_storage address_of(const char *text, uint16_t port)
{
    struct sockaddr_storage address = {.ss_family = strchr(text, ':') ? AF_INET6 : AF_INET};
    struct sockaddr_in *v4 = (void *)&address;
    struct sockaddr_in6 *v6 = (void *)&address;

    v4->sin_port = htons(port); /* in the same place in both */
    inet_pton(address.ss_family, text,
              address.ss_family == AF_INET ? (void *)&v4->sin_addr : (void *)&v6->sin6_addr);
    return address;
}

__attribute__((unused)) static int listen_on(const char *text, uint16_t port)
{
    struct sockaddr_storage address = address_of(text, port);
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 4096) < 0)
        printf("# %s:%d: %s\n", text, port, strerror(errno));
    return fd;
}

/* From `source` (NULL: whatever the kernel takes), whatever port; -1: refused. */
__attribute__((unused)) static int connect_from(const char *source, const char *text, uint16_t port)
{
    struct sockaddr_storage address = address_of(text, port);
    struct sockaddr_storage from = address_of(source ? source : text, 0);
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (source)
        CHECK_INT(bind(fd, (struct sockaddr *)&from, sizeof from), 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

struct pair {
    int server, client;
};

__attribute__((unused)) static struct pair make_pair(int listener, const char *text, uint16_t port)
{
    struct pair pair = {.client = connect_from(NULL, text, port)};

    pair.server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    CHECK(pair.client >= 0 && pair.server >= 0);
    return pair;
}

__attribute__((unused)) static void close_pair(const struct pair *pair)
{
    close(pair->client);
    close(pair->server);
}

__attribute__((unused)) static void say(int fd, const char *text)
{
    CHECK_INT(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

__attribute__((unused)) static void hear(int fd, const char *text)
{
    char found[256];
    ssize_t length = recv(fd, found, strlen(text), MSG_WAITALL);

    CHECK_INT(length, strlen(text));
}

__attribute__((unused)) static struct lc_connections *make_connections(
    const struct lc_connections_rules *rules)
{
    struct lc_connections *connections;

    CHECK_INT(lc_connections_new(&connections, rules), 0);
    return connections;
}

/* Of the application's port, by name. */
__attribute__((unused)) static struct lc_connections *make_named(void)
{
    static const uint16_t port = PORT;

    return make_connections(
        &(struct lc_connections_rules){.ports = &port, .port_count = 1, .idle_msec = IDLE_MSEC});
}

/* Steps, as an event loop would, until one says any of `news`. */
__attribute__((unused)) static int step_until(struct lc_connections *connections, int news)
{
    int r = 0;

    while (r >= 0 && !(r & news) && wait_readable(lc_connections_fd(connections)))
        r = lc_connections_step(connections);
    return r;
}

__attribute__((unused)) static const struct lc_connections_count *look(
    struct lc_connections *connections)
{
    CHECK_INT(lc_connections_look(connections), 0);
    CHECK(step_until(connections, LC_CONNECTIONS_LOOKED) & LC_CONNECTIONS_LOOKED);
    return lc_connections_count(connections);
}

__attribute__((unused)) static const struct lc_connections_count *find_and_look(
    struct lc_connections *connections, pid_t pid)
{
    CHECK_INT(lc_connections_find(connections, &pid, 1), 0);
    return look(connections);
}

#endif
