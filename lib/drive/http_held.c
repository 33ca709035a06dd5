/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/http_held.h"

#include <errno.h>
#include <event2/bufferevent.h>
#include <string.h>
#include <sys/socket.h>

static void on_readable(evutil_socket_t fd, short what, void *userdata)
{
    struct lc_held *self = userdata;
    char more[1024]; /* after the request nothing is to be said: read, so as to see the end */
    ssize_t got = recv(fd, more, sizeof(more), MSG_DONTWAIT);

    (void)what;
    if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)))
        return;
    evhttp_connection_free(evhttp_request_get_connection(self->request));
}

static struct lc_held *free_place(struct lc_held_table *self)
{
    for (struct lc_held *held = self->place; held < self->place + LC_HTTP_HELD_MAX; held++)
        if (!held->request && self->count < self->limit)
            return held;
    return NULL;
}

struct lc_held *lc_held_add(struct lc_held_table *self, struct event_base *base,
                            struct evhttp_request *request, const char *query)
{
    struct evhttp_connection *connection = evhttp_request_get_connection(request);
    int fd = bufferevent_getfd(evhttp_connection_get_bufferevent(connection));
    struct lc_held *held = free_place(self);
    size_t size = strlen(query) + 1;

    if (!held || size > sizeof(held->query))
        return NULL;
    held->watch = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, held);
    if (!held->watch)
        return NULL;
    if (event_add(held->watch, NULL) < 0) {
        event_free(held->watch);
        return NULL;
    }
    held->request = request;
    memcpy(held->query, query, size);
    self->count++;
    return held;
}

void lc_held_forget(struct lc_held_table *self, struct lc_held *held)
{
    event_free(held->watch);
    *held = (struct lc_held){0};
    self->count--;
}
