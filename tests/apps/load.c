/* SPDX-License-Identifier: Apache-2.0 */

/* A load generator that never retries and names each failure.
 *
 * wrk and its kin open connections again without a word, count failures without saying which, and
 * wait for a slow answer before they ask anew, so that a stall of a second costs them one slow
 * request and not the hundred that real clients would have sent. Here requests are due at a fixed
 * rate whatever the server does, each is sent once, and its time counts from when it was due.
 *
 * A connection that the server closes while nothing is asked of it is no failure (RFC 9112, 9.5);
 * one that it closes just as a request is on its way is, and has its own name: that is what a
 * server which goes too early does to kept-alive clients. Of the idle connections the one that
 * has been idle for longest is used first, where this is the most likely.
 */

#include "base/cleanup.h"
#include "load_answer.h"
#include "load_options.h"
#include "load_record.h"
#include "load_report.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS_MAX = 256, REQUEST_MAX = 2048, READ_SIZE = 16384, EXIT_OWN_FAILURE = 2 };

static const uint64_t SECOND = 1000000000;

enum connection_state { CLOSED, IDLE, CONNECTING, WAITING };

struct connection {
    int fd; /* -1 in CLOSED */
    enum connection_state state;
    bool reused;
    uint64_t number; /* from 1 on, in the order in which they were begun */
    uint64_t due;
    struct load_answer answer;
};

struct load {
    struct load_options options;
    char request[REQUEST_MAX];
    size_t request_size;
    int epoll, timer, signals;
    struct connection *connections;
    /* Connections that can take a request, the one that has been free for longest first: a ring. */
    struct connection **free;
    size_t free_first, free_count;
    uint64_t begun, end; /* no request is due at or after `end` */
    uint64_t next;       /* number of the request that is due next */
    uint64_t begun_connections;
    int error;    /* -ENOMEM: the report is not whole */
    FILE *record; /* NULL: none */
    struct load_report report;
};

static uint64_t clock_read(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

static uint64_t monotonic(void)
{
    return clock_read(CLOCK_MONOTONIC);
}

static uint64_t due_time(const struct load *self, uint64_t number)
{
    return self->begun + (uint64_t)((double)number / self->options.rate * (double)SECOND);
}

static void connection_close(struct connection *connection)
{
    if (connection->fd >= 0)
        close(connection->fd); /* leaves the epoll set by itself: nobody else has it open */
    connection->fd = -1;
    connection->state = CLOSED;
}

static void connection_release(struct load *self, struct connection *connection)
{
    size_t last = (self->free_first + self->free_count++) % self->options.connections;

    self->free[last] = connection;
}

static void record(struct load *self, const struct connection *connection, const char *outcome)
{
    uint64_t took = monotonic() - connection->due;
    struct load_request request = {.due = clock_read(CLOCK_REALTIME) - took,
                                   .took = took,
                                   .connection = connection->number,
                                   .reused = connection->reused,
                                   .target = connection->answer.target,
                                   .outcome = outcome};

    if (self->record)
        load_record_write(self->record, &request);
}

static void count_failure(struct load *self, const struct connection *connection,
                          enum load_failure failure)
{
    char name[LOAD_NAME_SIZE];
    struct load_event event = {.failure = failure,
                               .status = connection->answer.status,
                               .reused = connection->reused,
                               .due = connection->due,
                               .at = monotonic(),
                               .wall = clock_read(CLOCK_REALTIME)};
    int r = load_report_failure(&self->report, &event);

    record(self, connection, load_failure_name(failure, event.status, name));
    if (r < 0)
        self->error = r;
}

static void request_failed(struct load *self, struct connection *connection,
                           enum load_failure failure)
{
    count_failure(self, connection, failure);
    connection_close(connection);
    connection_release(self, connection);
}

static void request_answered(struct load *self, struct connection *connection)
{
    const struct load_answer *answer = &connection->answer;
    int r;

    if (answer->status < 200 || answer->status > 299) {
        count_failure(self, connection, LOAD_STATUS);
    } else {
        record(self, connection, "answered");
        r = load_report_answer(&self->report, monotonic() - connection->due);
        if (r < 0)
            self->error = r;
    }
    if (answer->keep_alive && self->options.keep_alive)
        connection->state = IDLE;
    else
        connection_close(connection);
    connection_release(self, connection);
}

/* The peer has closed (`error` 0) or the connection has failed, in the midst of a request. */
static enum load_failure name_end(const struct connection *connection, int error)
{
    if (connection->answer.begun)
        return LOAD_CLOSED_IN_ANSWER;
    if (connection->reused)
        return LOAD_REUSED_CLOSED;
    return error ? LOAD_RESET_BEFORE_ANSWER : LOAD_CLOSED_BEFORE_ANSWER;
}

static enum load_failure name_connect_error(int error)
{
    if (error == ECONNREFUSED)
        return LOAD_CONNECT_REFUSED;
    return error == ETIMEDOUT ? LOAD_CONNECT_TIMEOUT : LOAD_CONNECT_FAILED;
}

static void connection_read(struct load *self, struct connection *connection)
{
    char data[READ_SIZE];
    ssize_t n = recv(connection->fd, data, sizeof data, 0);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (connection->state == IDLE) { /* closed, or 408 and closed: nobody was promised anything */
        self->report.closed_idle++;
        connection_close(connection);
        return;
    }
    if (n > 0)
        load_answer_feed(&connection->answer, data, (size_t)n);
    else if (n == 0)
        load_answer_end(&connection->answer);
    if (connection->answer.state == LOAD_ANSWER_COMPLETE)
        request_answered(self, connection);
    else if (connection->answer.state == LOAD_ANSWER_MALFORMED)
        request_failed(self, connection, LOAD_MALFORMED);
    else if (n <= 0)
        request_failed(self, connection, name_end(connection, n < 0 ? errno : 0));
}

/* A request is far smaller than any send buffer, and only one is on its way: it goes out whole. A
 * connection that is gone says so here or to the next recv(), which knows what came before. */
static void connection_send(struct load *self, struct connection *connection)
{
    ssize_t n = send(connection->fd, self->request, self->request_size, MSG_NOSIGNAL);

    connection->state = WAITING;
    if (n < 0)
        request_failed(self, connection, name_end(connection, errno));
}

static void connection_opened(struct load *self, struct connection *connection)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    int error = 0;
    socklen_t size = sizeof error;

    if (getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
        error = errno;
    if (error == 0 && epoll_ctl(self->epoll, EPOLL_CTL_MOD, connection->fd, &event) < 0)
        error = errno;
    if (error) {
        request_failed(self, connection, name_connect_error(error));
        return;
    }
    self->report.opened++;
    connection_send(self, connection);
}

static int connection_open(struct load *self, struct connection *connection)
{
    struct epoll_event event = {.events = EPOLLOUT, .data.ptr = connection};
    const int on = 1;

    connection->number = ++self->begun_connections;
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (connection->fd < 0)
        return -errno;
    if (setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0 ||
        epoll_ctl(self->epoll, EPOLL_CTL_ADD, connection->fd, &event) < 0)
        return -errno;
    connection->state = CONNECTING;
    if (connect(connection->fd, (const struct sockaddr *)&self->options.address,
                sizeof self->options.address) < 0 &&
        errno != EINPROGRESS)
        return -errno;
    return 0;
}

static void request_begin(struct load *self, struct connection *connection, uint64_t due)
{
    int r;

    load_answer_init(&connection->answer, self->options.target_header);
    connection->due = due;
    connection->reused = connection->state == IDLE;
    if (connection->reused) {
        self->report.reused++;
        connection_send(self, connection);
        return;
    }
    r = connection_open(self, connection);
    if (r < 0)
        request_failed(self, connection, name_connect_error(-r));
}

/* Sends what is due, as far as there are free connections. What has to wait for one finds one in
 * time: a request that holds one was due earlier, so its time is over earlier too. */
static void send_due(struct load *self, uint64_t now)
{
    struct connection *connection;
    uint64_t due;

    for (; self->free_count > 0; self->next++) {
        due = due_time(self, self->next);
        if (due > now || due >= self->end)
            return;
        connection = self->free[self->free_first];
        self->free_first = (self->free_first + 1) % self->options.connections;
        self->free_count--;
        request_begin(self, connection, due);
    }
}

static bool is_busy(const struct connection *connection)
{
    return connection->state == CONNECTING || connection->state == WAITING;
}

static void fail_late(struct load *self, uint64_t now)
{
    for (size_t i = 0; i < self->options.connections; i++) {
        struct connection *connection = &self->connections[i];

        if (!is_busy(connection) || now < connection->due + self->options.timeout)
            continue;
        request_failed(self, connection,
                       connection->state == CONNECTING ? LOAD_CONNECT_TIMEOUT : LOAD_TIMEOUT);
    }
}

/* When something is due next: a request, or the end of one's patience. UINT64_MAX: never. */
static uint64_t next_time(const struct load *self)
{
    uint64_t due = due_time(self, self->next), next = UINT64_MAX;

    if (due < self->end && self->free_count > 0)
        next = due;
    for (size_t i = 0; i < self->options.connections; i++) {
        const struct connection *connection = &self->connections[i];

        if (is_busy(connection) && connection->due + self->options.timeout < next)
            next = connection->due + self->options.timeout;
    }
    return next;
}

static int arm_timer(struct load *self, uint64_t at)
{
    struct itimerspec spec = {
        .it_value = {.tv_sec = (time_t)(at / SECOND), .tv_nsec = (long)(at % SECOND)}};

    return timerfd_settime(self->timer, TFD_TIMER_ABSTIME, &spec, NULL) < 0 ? -errno : 0;
}

/* The first signal ends the load: what is due by now still gets its answer. A second one, blocked
 * no more, ends the program as it would have without us. */
static void stop(struct load *self)
{
    sigset_t none;

    if (self->end > monotonic())
        self->end = monotonic();
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    epoll_ctl(self->epoll, EPOLL_CTL_DEL, self->signals, NULL);
}

static void take_event(struct load *self, const struct epoll_event *event)
{
    struct connection *connection = event->data.ptr;
    struct signalfd_siginfo signal;
    uint64_t expirations;

    if (event->data.ptr == &self->signals) {
        if (read(self->signals, &signal, sizeof signal) > 0)
            stop(self);
    } else if (event->data.ptr == &self->timer) {
        while (read(self->timer, &expirations, sizeof expirations) > 0)
            ; /* only its time matters, and the loop looks at that itself */
    } else if (connection->state == CONNECTING) {
        connection_opened(self, connection);
    } else {
        connection_read(self, connection);
    }
}

static int load_run(struct load *self)
{
    struct epoll_event events[EVENTS_MAX];
    uint64_t next;
    int r, n;

    self->begun = self->report.begun = monotonic();
    self->end = self->options.seconds > 0
                    ? self->begun + (uint64_t)(self->options.seconds * (double)SECOND)
                    : UINT64_MAX;
    while ((next = next_time(self)) != UINT64_MAX) {
        r = arm_timer(self, next);
        if (r < 0)
            return r;
        n = epoll_wait(self->epoll, events, EVENTS_MAX, -1);
        if (n < 0 && errno != EINTR)
            return -errno;
        for (int i = 0; i < n; i++)
            take_event(self, &events[i]);
        fail_late(self, monotonic());
        send_due(self, monotonic());
    }
    load_report_finish(&self->report, monotonic());
    return self->error;
}

static int watch(struct load *self, int fd, void *what)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = what};

    return epoll_ctl(self->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int open_descriptors(struct load *self)
{
    sigset_t stop_signals;
    int r;

    sigemptyset(&stop_signals);
    sigaddset(&stop_signals, SIGINT);
    sigaddset(&stop_signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &stop_signals, NULL);
    self->epoll = epoll_create1(EPOLL_CLOEXEC);
    self->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    self->signals = signalfd(-1, &stop_signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (self->epoll < 0 || self->timer < 0 || self->signals < 0)
        return -errno;
    r = watch(self, self->timer, &self->timer);
    return r < 0 ? r : watch(self, self->signals, &self->signals);
}

static int load_init(struct load *self)
{
    size_t count = self->options.connections;
    int n;

    n = snprintf(self->request, sizeof self->request,
                 "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: lastcall-load\r\n%s\r\n",
                 self->options.path, self->options.host,
                 self->options.keep_alive ? "" : "Connection: close\r\n");
    if (n < 0 || (size_t)n >= sizeof self->request)
        return -ENAMETOOLONG;
    self->request_size = (size_t)n;
    self->connections = calloc(count, sizeof *self->connections);
    self->free = calloc(count, sizeof(struct connection *));
    if (!self->connections || !self->free)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        self->connections[i].fd = -1;
        connection_release(self, &self->connections[i]);
    }
    return open_descriptors(self);
}

static void load_deinit(struct load *self)
{
    for (size_t i = 0; self->connections && i < self->options.connections; i++)
        connection_close(&self->connections[i]);
    free(self->connections);
    free(self->free);
    lc_cleanup_fd(&self->epoll);
    lc_cleanup_fd(&self->timer);
    lc_cleanup_fd(&self->signals);
    load_report_deinit(&self->report);
    if (self->record)
        load_record_close(self->record);
}

/* Whether the file could be written. */
static bool is_written(const char *path, int r)
{
    if (r < 0)
        fprintf(stderr, "load: %s: %s\n", path, strerror(-r));
    return r >= 0;
}

static int load_finish(struct load *self)
{
    bool whole = true;

    load_report_print(&self->report, stdout);
    if (self->options.json)
        whole = is_written(self->options.json,
                           load_report_write_json(&self->report, self->options.json));
    if (self->record)
        whole &= is_written(self->options.requests, load_record_close(self->record));
    self->record = NULL;
    if (!whole)
        return EXIT_OWN_FAILURE;
    return load_report_failed(&self->report) > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char *argv[])
{
    struct load load = {.epoll = -1, .timer = -1, .signals = -1};
    int status = EXIT_OWN_FAILURE;
    int r;

    r = load_options_parse(&load.options, argc, argv);
    if (r != 0)
        return r > 0 ? EXIT_SUCCESS : EXIT_OWN_FAILURE;
    if (load.options.requests) {
        load.record = load_record_open(load.options.requests);
        if (!is_written(load.options.requests, load.record ? 0 : -errno))
            return EXIT_OWN_FAILURE;
    }
    r = load_init(&load);
    if (r == 0)
        r = load_run(&load);
    if (r == 0)
        status = load_finish(&load);
    else
        fprintf(stderr, "load: %s\n", strerror(-r));
    load_deinit(&load);
    return status;
}
