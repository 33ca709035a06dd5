/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_DRIVE_HTTP_PARTS_H
#define LC_DRIVE_HTTP_PARTS_H

/* The listener from inside, for its own files alone:
 *   http.c         connections from accept to close: limits, deadlines, answers
 *   http_accept.c  sockets, and how many are accepted from them at once
 */

#include "drive/http.h"
#include "drive/http_held.h"
#include "drive/http_socket.h"

#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/listener.h>

enum { LC_HTTP_PLACES = LC_HTTP_CONNECTIONS_MAX + LC_HTTP_HELD_MAX };

struct lc_http_listener {
    struct lc_http *http;
    struct lc_http_listener *next;
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
struct lc_http_connection {
    struct bufferevent *stream; /* a reference; NULL: this place is free */
    struct lc_http_listener *listener;
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
    struct lc_http_listener *listeners;
    unsigned limit, open;
    uint64_t count;
    bool starved; /* of descriptors or memory, and the log has said so */
    struct lc_held_table held;
    struct lc_http_connection connection[LC_HTTP_PLACES];
};

/* http.c */

/* Has been accepted: the stream that evhttp is to use for it. NULL (no memory): it makes one itself,
 * which then has evhttp's timeout only. */
struct bufferevent *lc_http_connect(struct lc_http_listener *listener);
void lc_http_on_request(struct evhttp_request *request, void *userdata); /* the listener */

/* Closes the connection whose request has been incomplete for longest; where all have been read,
 * the oldest. False: there is none. */
bool lc_http_give_way(struct lc_http *self);

/* http_accept.c */

void lc_http_close_listeners(struct lc_http *self); /* their connections too */

#endif
