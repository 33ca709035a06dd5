/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_TESTS_UNIT_HTTP_FIXTURE_H
#define LC_TESTS_UNIT_HTTP_FIXTURE_H

/* A listener and its clients in one thread: whenever a client waits, the loop turns. Every wait has
 * a bound and ends with what was waited for. */

#include "drive/clock.h"
#include "drive/http.h"
#include "tap.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { WAIT_MSEC = 20000, ANSWER_MAX = 4096, BIG = 8 << 20 };

static struct event_base *base;
static struct lc_log *server_log;
static struct lc_http *http;
static uint16_t port;
static unsigned asked; /* requests that reached the route */
static char last_query[128];
static size_t received; /* by the last receive() */

static void route(void *userdata, const struct lc_http_request *request,
                  struct lc_http_response *ret)
{
    (void)userdata;
    asked++;
    snprintf(last_query, sizeof(last_query), "%s", request->query);
    if (!strcmp(request->path, "/livez")) {
        ret->status = 200;
        ret->body = "ok";
        ret->length = 2;
    } else if (!strcmp(request->path, "/big")) {
        static char big[BIG];

        ret->status = 200;
        ret->body = big;
        ret->length = sizeof(big);
    } else if (!strcmp(request->path, "/hold")) {
        ret->status = 503;
        ret->body = "too many\n";
        ret->length = strlen(ret->body);
        ret->hold = true;
    }
}

static void turn(void)
{
    event_base_loop(base, EVLOOP_NONBLOCK);
}

/* Turns the loop, and gives `fd` (-1: nobody) a moment to have something. */
static void turn_for(int fd, short events)
{
    struct pollfd wait = {.fd = fd, .events = events};

    turn();
    poll(&wait, 1, 1);
}

static int client_socket(const void *address, socklen_t length)
{
    int fd = socket(((const struct sockaddr *)address)->sa_family,
                    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    /* So that an answer of BIG bytes does not end in socket buffers. */
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){4096}, sizeof(int)) < 0)
        abort();
    if (fd >= 0 && connect(fd, address, length) < 0 && errno != EINPROGRESS) {
        close(fd);
        return -1;
    }
    return fd;
}

static int connect_v4(void)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};

    return client_socket(&address, sizeof(address));
}

static bool send_all(int fd, const void *data, size_t length)
{
    lc_msec end = lc_clock_msec() + WAIT_MSEC;
    const char *at = data;

    while (length && lc_clock_msec() < end) {
        ssize_t sent = send(fd, at, length, MSG_NOSIGNAL);

        if (sent < 0 && errno != EAGAIN && errno != ENOTCONN)
            return false;
        if (sent > 0) {
            at += sent;
            length -= (size_t)sent;
        }
        turn_for(fd, POLLOUT);
    }
    return !length;
}

/* Everything up to the connection's end; false: it was still open after WAIT_MSEC. */
static bool receive(int fd, char ret[static ANSWER_MAX])
{
    lc_msec end = lc_clock_msec() + WAIT_MSEC;
    char scrap[65536];
    size_t length = 0;

    received = 0;
    while (lc_clock_msec() < end) {
        ssize_t got = recv(fd, scrap, sizeof(scrap), 0);

        if (got > 0) {
            size_t kept = (size_t)got;

            received += kept;
            if (kept > ANSWER_MAX - 1 - length)
                kept = ANSWER_MAX - 1 - length;
            memcpy(ret + length, scrap, kept);
            length += kept;
            continue;
        }
        if (got == 0 || (errno != EAGAIN && errno != ENOTCONN)) {
            ret[length] = '\0';
            return true;
        }
        turn_for(fd, POLLIN);
    }
    ret[length] = '\0';
    return false;
}

/* The whole answer to `request` (to its end, and then the connection's); "" where there is none. */
__attribute__((unused)) static const char *ask_bytes(int fd, const void *request, size_t length)
{
    static char answer[ANSWER_MAX];

    *answer = '\0';
    send_all(fd, request, length);
    if (!receive(fd, answer))
        printf("# the connection was not closed\n");
    close(fd);
    return answer;
}

__attribute__((unused)) static const char *ask(const char *request)
{
    return ask_bytes(connect_v4(), request, strlen(request));
}

static int status_of(const char *answer)
{
    return strncmp(answer, "HTTP/1.", 7) ? 0 : atoi(answer + 9);
}

static const char *body_of(const char *answer)
{
    const char *end = strstr(answer, "\r\n\r\n");

    return end ? end + 4 : "";
}

#define LIVEZ "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"

__attribute__((unused)) static bool livez_works(void)
{
    const char *answer = ask(LIVEZ);

    return status_of(answer) == 200 && !strcmp(body_of(answer), "ok");
}

/* True once `lc_http_connections() == count`. */
__attribute__((unused)) static bool connections_become(unsigned count)
{
    lc_msec end = lc_clock_msec() + WAIT_MSEC;

    while (lc_http_connections(http) != count && lc_clock_msec() < end)
        turn_for(-1, 0);
    return lc_http_connections(http) == count;
}

/* The server has closed `fd`, which has nothing to read. */
__attribute__((unused)) static bool is_closed(int fd)
{
    char c;

    return recv(fd, &c, 1, MSG_DONTWAIT) == 0 || (errno != EAGAIN && errno != ENOTCONN);
}

static uint16_t free_port(void)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6};
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (bind(fd, (struct sockaddr *)&address, length) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) < 0)
        abort();
    close(fd);
    return ntohs(address.sin6_port);
}

static void start(void)
{
    signal(SIGPIPE, SIG_IGN); /* as it is in lastcall, where all signals are blocked */
    base = event_base_new();
    if (!base || lc_log_new(&server_log, STDERR_FILENO) < 0 ||
        lc_http_new(&http, base, server_log, route, NULL) < 0)
        abort();
    asked = 0;
}

/* On `host`, with a port that nobody else has taken meanwhile. */
static void start_on(const char *host)
{
    char address[64];
    int r;

    start();
    do {
        port = free_port();
        snprintf(address, sizeof(address), "%s:%u", host, port);
        r = lc_http_listen(http, address);
    } while (r == -EADDRINUSE);
    CHECK_INT(r, 0);
}

__attribute__((unused)) static void start_v4(void)
{
    start_on("127.0.0.1");
}

static void stop(void)
{
    lc_http_free(http);
    event_base_free(base);
    lc_log_flush(server_log, WAIT_MSEC);
    lc_log_free(server_log);
}

#endif
