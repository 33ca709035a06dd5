/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_DRIVE_HTTP_H
#define LC_DRIVE_HTTP_H

/*
 * The listener: answers probes, whatever its clients do. Routes are somebody else's (drive/probes.h);
 * here are addresses, limits and deadlines: 256 connections (at the limit the one whose request
 * has been incomplete for longest gives way; fewer where RLIMIT_NOFILE is under 512: half of it),
 * 8 KiB of request line and headers (evhttp answers 400, not 431), 1 KiB of body (413), 5 s for a
 * whole request with its answer, one request a connection (Connection: close), HEAD as GET, 405
 * with Allow, 404.
 *
 * A route may have a request held, whose answer comes with lc_http_release(): it is exempt from the
 * 5 s and from the 256. At most 32 are held (of fewer than 64 connections half as many); one whose
 * client goes is dropped.
 *
 * All its events have the loop's default priority, evhttp's own included: with different ones a
 * storm of connections would starve those that were accepted. A write to a client that has gone
 * raises SIGPIPE: whoever owns the loop blocks or ignores it.
 */

#include "base/log.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum { LC_HTTP_CONNECTIONS_MAX = 256, LC_HTTP_HEAD_MAX = 8192, LC_HTTP_BODY_MAX = 1024 };
enum { LC_HTTP_REQUEST_MSEC = 5000 };
enum { LC_HTTP_HELD_MAX = 32, LC_HTTP_HELD_QUERY_MAX = 96 };

struct lc_http_request {
    const char *path;         /* decoded, without the query */
    const char *query;        /* raw, after '?'; "" where there is none */
    const char *token;        /* of the header Lastcall-Token; NULL: none */
    const struct ucred *peer; /* who asks, on the control socket; else NULL */
};

/* Filled by the route. `body` may be freed when the route's next call begins. */
struct lc_http_response {
    int status;               /* 0: there is no such path (404) */
    const char *content_type; /* static text */
    const char *encoding;     /* Content-Encoding; NULL: as it is */
    const char *policy;       /* Content-Security-Policy; NULL: none */
    const char *body;
    size_t length;
    bool hold; /* the answer comes later; this one is given only where it cannot be held */
};

typedef void lc_http_route(void *userdata, const struct lc_http_request *request,
                           struct lc_http_response *ret);

/* An answer was given, for statistics: `path` as in lc_http_request, "" where it was none. */
typedef void lc_http_answered(void *userdata, const char *path, int status);

/* A TCP connection was accepted. */
typedef void lc_http_accepted(void *userdata);

struct lc_http;

int lc_http_new(struct lc_http **ret, struct event_base *base, struct lc_log *log,
                lc_http_route *route, void *userdata);
/* Tell of each; `userdata` is the route's. */
void lc_http_set_answered(struct lc_http *self, lc_http_answered *answered);
void lc_http_set_accepted(struct lc_http *self, lc_http_accepted *accepted);
/* What is POSTed to the control socket goes there first; what it does not know is answered as
 * elsewhere. */
void lc_http_set_control(struct lc_http *self, lc_http_route *control);
void lc_http_free(struct lc_http *self); /* closes listeners and connections; NULL is allowed */

/* ":9909" (IPv6 and IPv4 where there is IPv6), "127.0.0.1:80", "[::1]:9909", "unix:/run/x.sock"
 * (mode 0600; a socket file that nobody listens on any more is replaced). 0 or -errno. */
int lc_http_listen(struct lc_http *self, const char *address);

/* The abstract socket "lastcall-INODE", INODE that of our mount namespace: for lastcallctl in the same
 * container. Peers of another uid than ours or root's are refused (SO_PEERCRED). 0 or -errno. */
int lc_http_listen_control(struct lc_http *self);

/* Answers whoever is held. */
void lc_http_release(struct lc_http *self, const struct lc_http_response *answer);
unsigned lc_http_held(const struct lc_http *self); /* how many */

/* Connections open now, but those of held requests; for metrics and tests. */
unsigned lc_http_connections(const struct lc_http *self);

/* The TCP ports that are listened on, at most `room` of them. Returns how many. */
size_t lc_http_ports(const struct lc_http *self, uint16_t *ret, size_t room);

#endif
