/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/http.h"

#include "drive/http_answer.h"
#include "drive/http_means.h"
#include "drive/http_parts.h"

#include <errno.h>
#include <event2/buffer.h>
#include <stdlib.h>

enum { ANSWER_BYTES = 48 * 1024 }; /* more than the loop and evhttp allocate for an answer */

/* For a whole request, and for an answer that was held. */
static const struct timeval patience = {.tv_sec = LC_HTTP_REQUEST_MSEC / 1000,
                                        .tv_usec = LC_HTTP_REQUEST_MSEC % 1000 * 1000};

static void forget(struct lc_http_connection *self)
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
    *self = (struct lc_http_connection){0};
}

static void on_close(struct evhttp_connection *evhttp_connection, void *userdata)
{
    (void)evhttp_connection;
    forget(userdata);
}

/* evhttp shows its connection only with the first request; but it is the argument of the callbacks
 * that it has put on the stream. Without callbacks evhttp has given the stream up already. */
static void follow(struct lc_http_connection *self)
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
static void drop(struct lc_http_connection *self)
{
    follow(self);
    if (self->stream)
        bufferevent_trigger_event(self->stream, BEV_EVENT_TIMEOUT | BEV_EVENT_READING, 0);
}

static void on_timer(evutil_socket_t fd, short what, void *userdata)
{
    struct lc_http_connection *self = userdata;
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

bool lc_http_give_way(struct lc_http *self)
{
    struct lc_http_connection *victim = NULL;

    for (struct lc_http_connection *c = self->connection; c < self->connection + LC_HTTP_PLACES;
         c++) {
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

static struct lc_http_connection *free_place(struct lc_http *self)
{
    for (struct lc_http_connection *c = self->connection; c < self->connection + LC_HTTP_PLACES;
         c++)
        if (!c->stream)
            return c;
    return NULL;
}

struct bufferevent *lc_http_connect(struct lc_http_listener *listener)
{
    struct lc_http *self = listener->http;
    struct lc_http_connection *c;

    if (self->open >= self->limit)
        lc_http_give_way(self);
    c = free_place(self);
    if (!c)
        return NULL;
    c->timer = evtimer_new(self->base, on_timer, c);
    if (!c->timer)
        return NULL;
    c->stream = bufferevent_socket_new(self->base, -1, 0);
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

static struct lc_http_connection *find_connection(struct lc_http *self,
                                                  const struct bufferevent *stream)
{
    for (struct lc_http_connection *c = self->connection; c < self->connection + LC_HTTP_PLACES;
         c++)
        if (c->stream == stream)
            return c;
    return NULL;
}

/* Only after CONNECT is the connection there still: evhttp keeps that whatever the headers say. */
static void on_sent(struct evhttp_request *request, void *userdata)
{
    struct lc_http_connection *connection = userdata;

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

static bool hold(struct lc_http_connection *self, struct evhttp_request *request)
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
    for (struct lc_http_connection *c = self->connection; c < self->connection + LC_HTTP_PLACES;
         c++) {
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

void lc_http_on_request(struct evhttp_request *request, void *userdata)
{
    struct lc_http_listener *listener = userdata;
    struct lc_http *http = listener->http;
    struct bufferevent *stream = stream_of(request);
    struct lc_http_connection *connection = find_connection(http, stream);
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
static void push(struct lc_http_connection *self)
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
    for (struct lc_http_connection *c = self->connection; c < self->connection + LC_HTTP_PLACES;
         c++)
        if (c->stream) {
            push(c);
            follow(c); /* so that it is forgotten as evhttp frees it */
        }
    lc_http_close_listeners(self);
    free(self);
}

unsigned lc_http_connections(const struct lc_http *self)
{
    return self->open;
}
