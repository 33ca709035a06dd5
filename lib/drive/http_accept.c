/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "drive/http_means.h"
#include "drive/http_parts.h"
#include "drive/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    /* evhttp accepts until nobody waits. In rounds of this many each connection is read from before
     * enough others have come to make it give way: a storm of clients cannot push a probe out. */
    ACCEPTS_A_ROUND = 16,
    PAUSE_MSEC = 100,        /* where no descriptor, or no memory, is to be had */
    ROUND_BYTES = 64 * 1024, /* more than the loop and evhttp allocate for a round of connections */
    ALL_METHODS = 0xffff,
};

/* No more is accepted for so long; 0: until what can be read now has been read. */
static void pause_accepting(struct lc_http_listener *self, unsigned msec)
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
    struct lc_http_listener *self = userdata;

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
    struct lc_http_listener *self = userdata;
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
    if (error == ENOMEM || !lc_http_give_way(self->http))
        pause_accepting(self, PAUSE_MSEC);
}

static void on_accept_error(struct evconnlistener *listener, void *userdata)
{
    (void)listener;
    (void)userdata; /* on_pending() sees to it */
}

static struct bufferevent *on_accept(struct event_base *base, void *userdata)
{
    struct lc_http_listener *self = userdata;

    (void)base;
    if (++self->accepted >= ACCEPTS_A_ROUND)
        pause_accepting(self, 0);
    return lc_http_connect(self);
}

static void listener_free(struct lc_http_listener *self)
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
static int serve(struct lc_http_listener *self, struct event_base *base, int fd)
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
    evhttp_set_gencb(self->server, lc_http_on_request, self);
    evhttp_set_max_headers_size(self->server, LC_HTTP_HEAD_MAX);
    evhttp_set_max_body_size(self->server, LC_HTTP_BODY_MAX);
    evhttp_set_allowed_methods(self->server, ALL_METHODS); /* else it says 501, without Allow */
    evhttp_set_timeout(self->server, LC_HTTP_REQUEST_MSEC / 1000);
    return event_add(self->pending, NULL) < 0 ? -ENOMEM : 0;
}

static int add_listener(struct lc_http *self, int fd, bool control,
                        const struct lc_socket_file *file)
{
    struct lc_http_listener *listener = calloc(1, sizeof(*listener));
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

void lc_http_close_listeners(struct lc_http *self)
{
    while (self->listeners) {
        struct lc_http_listener *listener = self->listeners;

        self->listeners = listener->next;
        listener_free(listener);
    }
}

size_t lc_http_ports(const struct lc_http *self, uint16_t *ret, size_t room)
{
    size_t count = 0;

    for (const struct lc_http_listener *l = self->listeners; l && count < room; l = l->next) {
        ret[count] = lc_socket_port(evconnlistener_get_fd(l->accepting));
        count += ret[count] != 0;
    }
    return count;
}
