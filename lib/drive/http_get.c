/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/http_get.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { STATUS_LINE_MAX = 1024 };

struct lc_http_get {
    struct bufferevent *stream;
    lc_http_get_done *done;
    void *userdata;
};

static void finish(struct lc_http_get *self, int status)
{
    bufferevent_disable(self->stream, EV_READ | EV_WRITE);
    bufferevent_setcb(self->stream, NULL, NULL, NULL, NULL);
    self->done(self->userdata, status);
}

/* "HTTP/1.1 200 OK": 200, or -EBADMSG. */
static int parse_status(const char *line)
{
    char *end;
    long status;

    if (strncmp(line, "HTTP/1.", 7) != 0 || !line[7] || line[8] != ' ')
        return -EBADMSG;
    status = strtol(line + 9, &end, 10);
    return end == line + 12 && status >= 100 && status <= 599 ? (int)status : -EBADMSG;
}

static void on_read(struct bufferevent *stream, void *userdata)
{
    struct lc_http_get *self = userdata;
    struct evbuffer *input = bufferevent_get_input(stream);
    char *line = evbuffer_readln(input, NULL, EVBUFFER_EOL_CRLF);

    if (line) {
        int status = parse_status(line);

        free(line);
        finish(self, status);
    } else if (evbuffer_get_length(input) > STATUS_LINE_MAX) {
        finish(self, -EBADMSG);
    }
}

static void on_event(struct bufferevent *stream, short what, void *userdata)
{
    struct lc_http_get *self = userdata;

    (void)stream;
    if (what & BEV_EVENT_CONNECTED)
        return;
    int error = what & BEV_EVENT_ERROR ? EVUTIL_SOCKET_ERROR() : 0;
    finish(self, error ? -error : -ECONNRESET);
}

static int parse_address(const char *host, uint16_t port, struct sockaddr_storage *ret)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;

    *ret = (struct sockaddr_storage){0};
    if (inet_pton(AF_INET, strcasecmp(host, "localhost") ? host : "127.0.0.1", &v4->sin_addr)) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        return sizeof(*v4);
    }
    if (inet_pton(AF_INET6, host, &v6->sin6_addr)) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        return sizeof(*v6);
    }
    return -EINVAL;
}

static int write_request(struct evbuffer *out, const char *host, uint16_t port, const char *path,
                         const struct lc_header *headers, size_t header_count)
{
    const char *open = strchr(host, ':') ? "[" : "", *close = *open ? "]" : "";
    bool host_given = false;
    int r = evbuffer_add_printf(out,
                                "GET %s%s HTTP/1.1\r\nUser-Agent: lastcall/" LC_VERSION
                                "\r\nAccept: */*\r\nConnection: close\r\n",
                                *path == '/' ? "" : "/", path);

    for (size_t i = 0; i < header_count && r >= 0; i++) {
        host_given = host_given || !strcasecmp(headers[i].name, "Host");
        r = evbuffer_add_printf(out, "%s: %s\r\n", headers[i].name, headers[i].value);
    }
    if (!host_given && r >= 0)
        r = evbuffer_add_printf(out, "Host: %s%s%s:%u\r\n", open, host, close, port);
    return r < 0 || evbuffer_add(out, "\r\n", 2) < 0 ? -ENOMEM : 0;
}

int lc_http_get_new(struct lc_http_get **ret, struct event_base *base, const char *host,
                    uint16_t port, const char *path, const struct lc_header *headers,
                    size_t header_count, lc_http_get_done *done, void *userdata)
{
    struct sockaddr_storage address;
    int length = parse_address(host, port, &address), r;
    struct lc_http_get *self;

    if (length < 0)
        return length;
    self = calloc(1, sizeof(*self));
    if (!self)
        return -ENOMEM;
    self->done = done;
    self->userdata = userdata;
    /* Deferred, so that a connection that is refused at once is not reported from in here. */
    self->stream =
        bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
    if (!self->stream) {
        free(self);
        return -ENOMEM;
    }
    bufferevent_setcb(self->stream, on_read, NULL, on_event, self);
    r = write_request(bufferevent_get_output(self->stream), host, port, path, headers,
                      header_count);
    if (r == 0 && bufferevent_socket_connect(self->stream, (struct sockaddr *)&address, length) < 0)
        r = errno ? -errno : -ECONNREFUSED;
    if (r == 0 && bufferevent_enable(self->stream, EV_READ | EV_WRITE) < 0)
        r = -ENOMEM;
    if (r < 0) {
        lc_http_get_free(self);
        return r;
    }
    *ret = self;
    return 0;
}

void lc_http_get_free(struct lc_http_get *self)
{
    if (!self)
        return;
    bufferevent_free(self->stream);
    free(self);
}
