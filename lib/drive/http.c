/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/http.h"

#include "base/cleanup.h"
#include "drive/http_answer.h"
#include "drive/http_held.h"
#include "drive/http_means.h"
#include "drive/http_socket.h"
#include "drive/loop.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    /* evhttp accepts until nobody waits. In rounds of this many each connection is read from before
     * enough others have come to make it give way: a storm of clients cannot push a probe out. */
    ACCEPTS_A_ROUND = 16,
    PAUSE_MSEC = 100, /* where no descriptor, or no memory, is to be had */
    /* More than the loop and evhttp allocate for a round of connections, and for an answer. */
    ROUND_BYTES = 64 * 1024,
    ANSWER_BYTES = 48 * 1024,
    ALL_METHODS = 0xffff,
    PLACES = LC_HTTP_CONNECTIONS_MAX + LC_HTTP_HELD_MAX,
};

struct listener {
    struct lc_http *http;
    struct listener *next;
    struct evhttp *server; /* owns the socket */
    struct evconnlistener *accepting;
    struct event *pending; /* somebody waits to be accepted */
    struct event *resume;
    unsigned accepted; /* in this round */
    bool control;
    struct lc_socket_file file;
};

/* A connection from accept to close. evhttp tells of neither, and bounds single reads and writes
 * but not a request. */
struct connection {
    struct bufferevent *stream; /* a reference; NULL: this place is free */
    struct listener *listener;
    struct event *timer;  /* first: evhttp has taken it over; then: its time is up */
    uint64_t number;      /* counts connections: the lower, the older */
    bool followed;        /* on_close() will be called */
    bool complete;        /* the request has been read */
    struct lc_held *held; /* NULL: it is not */
};

struct lc_http {
    struct event_base *base;
    struct lc_log *log;
    lc_http_route *route;
    lc_http_route *control;
    lc_http_answered *answered; /* NULL: nobody counts */
    lc_http_accepted *tell_accepted;
    void *userdata;
    struct listener *listeners;
    unsigned limit, open;
    uint64_t count;
    bool starved; /* of descriptors or memory, and the log has said so */
    struct lc_held_table held;
    struct connection connection[PLACES];
};

/* For a whole request, and for an answer that was held. */
static const struct timeval patience = {.tv_sec = LC_HTTP_REQUEST_MSEC / 1000,
                                        .tv_usec = LC_HTTP_REQUEST_MSEC % 1000 * 1000};

static void forget(struct connection *self)
{
    struct lc_http *http = self->listener->http;

    if (self->held) {
        lc_log(http->log, LC_LOG_INFO, "who waited has gone", LC_STR("query", self->held->query));
        lc_held_forget(&http->held, self->held);
    } else {
        http->open--;
    }
    event_free(self->timer);
    bufferevent_decref(self->stream);
    *self = (struct connection){0};
}

static void on_close(struct evhttp_connection *evhttp_connection, void *userdata)
{
    (void)evhttp_connection;
    forget(userdata);
}

/* evhttp shows its connection only with the first request; but it is the argument of the callbacks
 * that it has put on the stream. Without callbacks evhttp has given the stream up already. */
static void follow(struct connection *self)
{
    void *evhttp_connection = NULL;

    if (self->followed)
        return;
    bufferevent_getcb(self->stream, NULL, NULL, NULL, &evhttp_connection);
    if (!evhttp_connection) {
        forget(self);
        return;
    }
    evhttp_connection_set_closecb(evhttp_connection, on_close, self);
    self->followed = true;
}

/* Has evhttp close the connection, as it does with one that is idle for too long. */
static void drop(struct connection *self)
{
    follow(self);
    if (self->stream)
        bufferevent_trigger_event(self->stream, BEV_EVENT_TIMEOUT | BEV_EVENT_READING, 0);
}

static void on_timer(evutil_socket_t fd, short what, void *userdata)
{
    struct connection *self = userdata;
    struct ucred peer;

    (void)fd;
    (void)what;
    if (self->followed) {
        drop(self);
        return;
    }
    follow(self);
    if (!self->stream)
        return;
    if ((self->listener->control &&
         !lc_socket_peer_is_ours(bufferevent_getfd(self->stream), &peer)) ||
        event_add(self->timer, &patience) < 0)
        drop(self);
}

/* Closes the connection whose request has been incomplete for longest; where all have been read,
 * the oldest. False: there is none. */
static bool give_way(struct lc_http *self)
{
    struct connection *victim = NULL;

    for (struct connection *c = self->connection; c < self->connection + PLACES; c++) {
        if (!c->stream || c->held)
            continue;
        if (!victim || c->complete < victim->complete ||
            (c->complete == victim->complete && c->number < victim->number))
            victim = c;
    }
    if (victim)
        drop(victim);
    return victim;
}

/* No more is accepted for so long; 0: until what can be read now has been read. */
static void pause_accepting(struct listener *self, unsigned msec)
{
    evconnlistener_disable(self->accepting);
    event_del(self->pending);
    if (msec)
        lc_loop_set_timer(self->resume, msec * UINT64_C(1000));
    else
        event_active(self->resume, EV_TIMEOUT, 1);
}

static void on_resume(evutil_socket_t fd, short what, void *userdata)
{
    struct listener *self = userdata;

    (void)fd;
    (void)what;
    self->accepted = 0;
    /* `pending` last: libevent calls the latest event of a descriptor first. */
    if (evconnlistener_enable(self->accepting) < 0 || event_add(self->pending, NULL) < 0)
        pause_accepting(self, PAUSE_MSEC);
}

/* Comes before evhttp's accept. Where that would fail, whoever waits would wake us again and again,
 * or we would die of it. */
static void on_pending(evutil_socket_t fd, short what, void *userdata)
{
    struct listener *self = userdata;
    LC_CLEANUP_FD int spare = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int error = spare < 0 ? errno : lc_http_has_memory(ROUND_BYTES) ? 0 : ENOMEM;

    (void)fd;
    (void)what;
    self->accepted = 0;
    if (!error) {
        self->http->starved = false;
        return;
    }
    if (!self->http->starved)
        lc_log(self->http->log, LC_LOG_WARN, "a probe's connection cannot be accepted",
               LC_STR("error", strerrordesc_np(error)));
    self->http->starved = true;
    /* What gives way has memory, too, but not in one piece: the others would follow it. */
    if (error == ENOMEM || !give_way(self->http))
        pause_accepting(self, PAUSE_MSEC);
}

static void on_accept_error(struct evconnlistener *listener, void *userdata)
{
    (void)listener;
    (void)userdata; /* on_pending() sees to it */
}

static struct connection *free_place(struct lc_http *self)
{
    for (struct connection *c = self->connection; c < self->connection + PLACES; c++)
        if (!c->stream)
            return c;
    return NULL;
}

/* A connection has been accepted: the stream that evhttp is to use for it. NULL (no memory): it
 * makes one itself, which then has evhttp's timeout only. */
static struct bufferevent *on_accept(struct event_base *base, void *userdata)
{
    struct listener *listener = userdata;
    struct lc_http *self = listener->http;
    struct connection *c;

    if (++listener->accepted >= ACCEPTS_A_ROUND)
        pause_accepting(listener, 0);
    if (self->open >= self->limit)
        give_way(self);
    c = free_place(self);
    if (!c)
        return NULL;
    c->timer = evtimer_new(base, on_timer, c);
    if (!c->timer)
        return NULL;
    c->stream = bufferevent_socket_new(base, -1, 0);
    if (!c->stream) {
        event_free(c->timer);
        return NULL;
    }
    bufferevent_incref(c->stream);
    c->listener = listener;
    c->number = self->count++;
    self->open++;
    if (self->tell_accepted && !listener->control && !listener->file.path[0])
        self->tell_accepted(self->userdata);
    event_active(c->timer, EV_TIMEOUT, 1);
    return c->stream;
}

static struct connection *find_connection(struct lc_http *self, const struct bufferevent *stream)
{
    for (struct connection *c = self->connection; c < self->connection + PLACES; c++)
        if (c->stream == stream)
            return c;
    return NULL;
}

/* Only after CONNECT is the connection there still: evhttp keeps that whatever the headers say. */
static void on_sent(struct evhttp_request *request, void *userdata)
{
    struct connection *connection = userdata;

    (void)request;
    event_active(connection->timer, EV_TIMEOUT, 1);
}

static struct bufferevent *stream_of(struct evhttp_request *request)
{
    return evhttp_connection_get_bufferevent(evhttp_request_get_connection(request));
}

static void send_answer(struct lc_http *self, struct evhttp_request *request,
                        const struct lc_http_response *answer)
{
    struct bufferevent *stream = stream_of(request);

    lc_http_send(request, answer, self->answered, self->userdata);
    /* A client may have closed its sending side after the request, and has a right to its answer;
     * evhttp would take that end for the connection's. */
    bufferevent_disable(stream, EV_READ);
}

static bool hold(struct connection *self, struct evhttp_request *request)
{
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
    const char *query = evhttp_uri_get_query(uri);
    struct lc_http *http = self->listener->http;

    self->held = lc_held_add(&http->held, http->base, request, query ? query : "");
    if (!self->held)
        return false;
    event_del(self->timer);
    http->open--;
    return true;
}

void lc_http_release(struct lc_http *self, const struct lc_http_response *answer)
{
    for (struct connection *c = self->connection; c < self->connection + PLACES; c++) {
        struct evhttp_request *request = c->held ? c->held->request : NULL;

        if (!request)
            continue;
        lc_held_forget(&self->held, c->held);
        c->held = NULL;
        self->open++;
        if (!lc_http_has_memory(ANSWER_BYTES) || event_add(c->timer, &patience) < 0)
            evhttp_connection_free(evhttp_request_get_connection(request));
        else
            send_answer(self, request, answer);
    }
}

unsigned lc_http_held(const struct lc_http *self)
{
    return self->held.count;
}

bool lc_http_holds(const struct lc_http *self, const char *query)
{
    return lc_held_find(&self->held, query);
}

static void on_request(struct evhttp_request *request, void *userdata)
{
    struct listener *listener = userdata;
    struct lc_http *http = listener->http;
    struct bufferevent *stream = stream_of(request);
    struct connection *connection = find_connection(http, stream);
    struct ucred peer;
    const struct lc_http_routes routes = {
        .route = http->route,
        .control = listener->control ? http->control : NULL,
        .peer = listener->control ? &peer : NULL,
        .userdata = http->userdata,
    };
    struct lc_http_response answer;

    if (connection) {
        connection->complete = true;
        evhttp_request_set_on_complete_cb(request, on_sent, connection);
    }
    /* No answer rather than half of one. Where memory ran out as it was accepted, nobody has looked
     * yet who the client is. */
    if (!lc_http_has_memory(ANSWER_BYTES) ||
        (listener->control && !lc_socket_peer_is_ours(bufferevent_getfd(stream), &peer))) {
        evhttp_connection_free(evhttp_request_get_connection(request));
        return;
    }
    lc_http_find_answer(request, &routes, &answer);
    if (!answer.hold || !connection || !hold(connection, request))
        send_answer(http, request, &answer);
}

static void listener_free(struct listener *self)
{
    if (self->pending)
        event_free(self->pending);
    if (self->resume)
        event_free(self->resume);
    if (self->server)
        evhttp_free(self->server); /* the socket and the connections too */
    lc_socket_file_remove(&self->file);
    free(self);
}

/* Has evhttp serve the listening socket `fd`, which is taken over in any case. */
static int serve(struct listener *self, struct event_base *base, int fd)
{
    struct evconnlistener *accepting;

    self->pending = event_new(base, fd, EV_READ | EV_PERSIST, on_pending, self);
    self->resume = evtimer_new(base, on_resume, self);
    self->server = evhttp_new(base);
    accepting =
        evconnlistener_new(base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    if (!accepting)
        close(fd);
    if (!self->pending || !self->resume || !self->server || !accepting ||
        !evhttp_bind_listener(self->server, accepting)) {
        if (accepting)
            evconnlistener_free(accepting);
        return -ENOMEM;
    }
    self->accepting = accepting;
    evconnlistener_set_error_cb(accepting, on_accept_error);
    evhttp_set_bevcb(self->server, on_accept, self);
    evhttp_set_gencb(self->server, on_request, self);
    evhttp_set_max_headers_size(self->server, LC_HTTP_HEAD_MAX);
    evhttp_set_max_body_size(self->server, LC_HTTP_BODY_MAX);
    evhttp_set_allowed_methods(self->server, ALL_METHODS); /* else it says 501, without Allow */
    evhttp_set_timeout(self->server, LC_HTTP_REQUEST_MSEC / 1000);
    return event_add(self->pending, NULL) < 0 ? -ENOMEM : 0;
}

static int add_listener(struct lc_http *self, int fd, bool control,
                        const struct lc_socket_file *file)
{
    struct listener *listener = calloc(1, sizeof(*listener));
    int r;

    if (!listener) {
        close(fd);
        lc_socket_file_remove(file);
        return -ENOMEM;
    }
    listener->http = self;
    listener->control = control;
    listener->file = *file;
    r = serve(listener, self->base, fd);
    if (r < 0) {
        listener_free(listener);
        return r;
    }
    listener->next = self->listeners;
    self->listeners = listener;
    return 0;
}

int lc_http_listen(struct lc_http *self, const char *address)
{
    struct lc_address parsed;
    struct lc_socket_file file;
    int r = lc_address_parse(address, &parsed);

    if (r < 0)
        return r;
    r = lc_http_socket(&parsed, &file);
    return r < 0 ? r : add_listener(self, r, false, &file);
}

int lc_http_listen_control(struct lc_http *self)
{
    int r = lc_http_socket_control();

    return r < 0 ? r : add_listener(self, r, true, &(struct lc_socket_file){0});
}

int lc_http_new(struct lc_http **ret, struct event_base *base, struct lc_log *log,
                lc_http_route *route, void *userdata)
{
    struct lc_http *self = calloc(1, sizeof(*self));

    if (!self)
        return -ENOMEM;
    self->base = base;
    self->log = log;
    self->route = route;
    self->userdata = userdata;
    self->limit = lc_http_connections_limit(LC_HTTP_CONNECTIONS_MAX);
    self->held.limit = self->limit / 2 < LC_HTTP_HELD_MAX ? self->limit / 2 : LC_HTTP_HELD_MAX;
    *ret = self;
    return 0;
}

void lc_http_set_answered(struct lc_http *self, lc_http_answered *answered)
{
    self->answered = answered;
}

void lc_http_set_accepted(struct lc_http *self, lc_http_accepted *accepted)
{
    self->tell_accepted = accepted;
}

void lc_http_set_control(struct lc_http *self, lc_http_route *control)
{
    self->control = control;
}

/* What was answered just before the end: evhttp would have it written by the loop. */
static void push(struct connection *self)
{
    struct evbuffer *output = bufferevent_get_output(self->stream);

    evbuffer_unfreeze(output, 1);
    if (evbuffer_get_length(output))
        evbuffer_write(output, bufferevent_getfd(self->stream));
}

void lc_http_free(struct lc_http *self)
{
    if (!self)
        return;
    for (struct connection *c = self->connection; c < self->connection + PLACES; c++)
        if (c->stream) {
            push(c);
            follow(c); /* so that it is forgotten as evhttp frees it */
        }
    while (self->listeners) {
        struct listener *listener = self->listeners;

        self->listeners = listener->next;
        listener_free(listener);
    }
    free(self);
}

unsigned lc_http_connections(const struct lc_http *self)
{
    return self->open;
}

size_t lc_http_ports(const struct lc_http *self, uint16_t *ret, size_t room)
{
    size_t count = 0;

    for (const struct listener *l = self->listeners; l && count < room; l = l->next) {
        ret[count] = lc_socket_port(evconnlistener_get_fd(l->accepting));
        count += ret[count] != 0;
    }
    return count;
}
