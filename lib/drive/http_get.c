/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/http_get.h"

#include "drive/http_body.h"
#include "drive/http_place.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum part { PART_STATUS, PART_HEADERS, PART_BODY };

struct lc_http_get {
    struct lc_http_get_options options;
    struct lc_place place;
    unsigned requests;
    struct lc_dial *dial;
    struct bufferevent *stream;

    /* Of the answer that is being read. */
    enum part part;
    int status;
    bool located;               /* it has a Location */
    int followed;               /* lc_place_follow() of it */
    struct lc_place next;       /* where that is 0 */
    size_t read;                /* of the head, then of the body */
    char line[LC_GET_LINE_MAX]; /* of the head: its beginning, as far as it has come */
    size_t line_length;
    struct lc_http_body body;
};

static void finish(struct lc_http_get *self, int status)
{
    if (self->stream) {
        bufferevent_disable(self->stream, EV_READ | EV_WRITE);
        bufferevent_setcb(self->stream, NULL, NULL, NULL, NULL);
    }
    self->options.done(self->options.userdata, status);
}

static void dial(struct lc_http_get *self);

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

static const char *header_value(const char *line, const char *name)
{
    size_t length = strlen(name);

    if (strncasecmp(line, name, length) != 0 || line[length] != ':')
        return NULL;
    return line + length + 1 + strspn(line + length + 1, " \t");
}

static void take_header(struct lc_http_get *self, const char *line)
{
    const char *value = header_value(line, "Location");

    if (value && *value && !self->located) {
        self->located = true;
        self->followed = lc_place_follow(&self->place, value, &self->next);
    }
    value = header_value(line, "Content-Length");
    if (value)
        lc_http_body_set_length(&self->body, strtoull(value, NULL, 10));
    value = header_value(line, "Transfer-Encoding");
    if (value && strcasecmp(value, "chunked") == 0)
        lc_http_body_set_chunked(&self->body);
}

static bool redirects(const struct lc_http_get *self)
{
    int status = self->status;

    return self->located &&
           (status == 301 || status == 302 || status == 303 || status == 307 || status == 308);
}

/* True: another request is under way, or this one is over. */
static bool follow(struct lc_http_get *self)
{
    int r = self->followed;

    if (r == LC_PLACE_ELSEWHERE)
        return false;
    if (r == 0 && self->requests == LC_GET_REQUESTS_MAX)
        r = -ELOOP;
    if (r < 0) {
        finish(self, r);
        return true;
    }
    self->place = self->next;
    bufferevent_free(self->stream);
    self->stream = NULL;
    dial(self);
    return true;
}

static void expect_answer(struct lc_http_get *self)
{
    self->part = PART_STATUS;
    self->status = 0;
    self->located = false;
    self->line_length = 0;
    self->body = (struct lc_http_body){0};
}

/* False: there is nothing more to be read. */
static bool on_head_over(struct lc_http_get *self)
{
    if (self->status < 200 && self->status != 101) { /* "100 Continue", "103 Early Hints" */
        expect_answer(self);
        return true;
    }
    if (redirects(self) && follow(self))
        return false;
    self->part = PART_BODY;
    self->read = 0;
    if (self->status == 101 || self->status == 204 || self->status == 304)
        self->body = (struct lc_http_body){.sized = true};
    return true;
}

static bool take_line(struct lc_http_get *self, char *line)
{
    size_t length = strlen(line);

    if (self->part == PART_HEADERS) {
        if (*line == '\0')
            return on_head_over(self);
        while (length && strchr(" \t", line[length - 1])) /* no part of a value: RFC 9110, 5.5 */
            line[--length] = '\0';
        take_header(self, line);
        return true;
    }
    self->status = parse_status(line);
    if (self->status < 0) {
        int r = self->status;

        self->status = 0;
        finish(self, r);
        return false;
    }
    self->part = PART_HEADERS;
    return true;
}

static void take_body(struct lc_http_get *self, struct evbuffer *input)
{
    char data[1024] = "";
    int length = 0, r;

    do {
        r = lc_http_body_take(&self->body, data, (size_t)length);
        self->read += (size_t)length;
        if (r != 0 || self->read >= LC_GET_BODY_MAX) {
            finish(self, r < 0 ? r : self->status);
            return;
        }
        length = evbuffer_remove(input, data, sizeof(data));
    } while (length > 0);
}

/* True: a line is whole. What is too long to be kept of it is thrown away as it comes: a cookie or a
 * policy may be longer than all that we want to know. */
static bool gather_line(struct lc_http_get *self, struct evbuffer *input)
{
    size_t end_length = 0, room = sizeof(self->line) - 1 - self->line_length;
    struct evbuffer_ptr end = evbuffer_search_eol(input, NULL, &end_length, EVBUFFER_EOL_CRLF);
    bool whole = end.pos >= 0;
    size_t length = whole ? (size_t)end.pos : evbuffer_get_length(input);

    if (!whole && length <= room) /* may be a CR without its LF yet */
        return false;
    evbuffer_copyout(input, self->line + self->line_length, length < room ? length : room);
    self->line_length += length < room ? length : room;
    self->line[self->line_length] = '\0';
    evbuffer_drain(input, length + end_length);
    self->read += length + end_length;
    return whole;
}

static void on_read(struct bufferevent *stream, void *userdata)
{
    struct lc_http_get *self = userdata;
    struct evbuffer *input = bufferevent_get_input(stream);

    while (self->part != PART_BODY) {
        bool whole = gather_line(self, input);

        if (self->read > LC_GET_HEAD_MAX) {
            finish(self, -EBADMSG);
            return;
        }
        if (!whole)
            return;
        self->line_length = 0;
        if (!take_line(self, self->line))
            return;
    }
    take_body(self, input);
}

static void on_event(struct bufferevent *stream, short what, void *userdata)
{
    struct lc_http_get *self = userdata;
    int error = what & BEV_EVENT_ERROR ? EVUTIL_SOCKET_ERROR() : 0;

    (void)stream;
    if (self->part == PART_BODY && !error)
        finish(self, lc_http_body_is_cut(&self->body) ? -ENODATA : self->status);
    else
        finish(self, error ? -error : -ECONNRESET);
}

static const char *given(const struct lc_http_get *self, const char *name)
{
    for (size_t i = 0; i < self->options.header_count; i++)
        if (!strcasecmp(self->options.headers[i].name, name))
            return self->options.headers[i].value;
    return NULL;
}

/* As Go's net/http does it: a Host of the caller's goes along as far as a redirect names none of its
 * own, and what frames a body is left out (reqWriteExcludeHeader in request.go). An Accept without a
 * value keeps even ours away (newProbeRequest() in pkg/probe/http). */
static bool is_sent(const struct lc_http_get *self, const struct lc_header *header)
{
    static const char *const framing[] = {"Content-Length", "Transfer-Encoding", "Trailer"};

    for (size_t i = 0; i < sizeof(framing) / sizeof(*framing); i++)
        if (!strcasecmp(header->name, framing[i]))
            return false;
    if (!strcasecmp(header->name, "Host"))
        return !self->place.absolute;
    return strcasecmp(header->name, "Accept") != 0 || *header->value;
}

static int write_request(struct lc_http_get *self, struct evbuffer *out)
{
    const struct lc_place *place = &self->place;
    const char *open = strchr(place->host, ':') ? "[" : "", *close = *open ? "]" : "";
    int r = evbuffer_add_printf(out, "GET %s HTTP/1.1\r\nConnection: close\r\n", place->path);

    for (size_t i = 0; i < self->options.header_count && r >= 0; i++) {
        const struct lc_header *header = &self->options.headers[i];

        if (is_sent(self, header))
            r = evbuffer_add_printf(out, "%s: %s\r\n", header->name, header->value);
    }
    if (r >= 0 && !given(self, "User-Agent"))
        r = evbuffer_add_printf(out, "User-Agent: lastcall/" LC_VERSION "\r\n");
    if (r >= 0 && !given(self, "Accept"))
        r = evbuffer_add_printf(out, "Accept: */*\r\n");
    if (r >= 0 && (place->absolute || !given(self, "Host")))
        r = evbuffer_add_printf(out, "Host: %s%s%s:%u\r\n", open, place->host, close, place->port);
    return r < 0 || evbuffer_add(out, "\r\n", 2) < 0 ? -ENOMEM : 0;
}

static int ask(struct lc_http_get *self, int fd)
{
    /* Deferred, so that no callback comes from within a call of ours. No watermark: without memory
     * for one libevent crashes, and each piece, of 16 KiB at the most, is taken as it comes. */
    self->stream = bufferevent_socket_new(self->options.base, fd,
                                          BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
    if (!self->stream) {
        close(fd);
        return -ENOMEM;
    }
    bufferevent_setcb(self->stream, on_read, NULL, on_event, self);
    expect_answer(self);
    self->read = 0;
    self->requests++;
    if (write_request(self, bufferevent_get_output(self->stream)) < 0 ||
        bufferevent_enable(self->stream, EV_READ | EV_WRITE) < 0)
        return -ENOMEM;
    return 0;
}

static void on_dialed(void *userdata, int fd, const char *host)
{
    struct lc_http_get *self = userdata;
    int r = fd;

    if (r >= 0 && self->place.host[0] == '\0')
        snprintf(self->place.host, sizeof(self->place.host), "%s", host);
    if (r >= 0 && self->place.scheme == LC_SCHEME_HTTPS && !self->options.tls) {
        close(fd);
        r = -EPROTONOSUPPORT;
    } else if (r >= 0 && self->place.scheme == LC_SCHEME_HTTPS) {
        r = self->options.tls(self->options.userdata, fd);
    }
    lc_dial_free(self->dial);
    self->dial = NULL;
    if (r >= 0)
        r = ask(self, r);
    if (r < 0)
        finish(self, r);
}

static int start_dial(struct lc_http_get *self)
{
    return lc_dial_new(&self->dial, self->options.base,
                       self->place.host[0] ? self->place.host : NULL, self->place.port,
                       self->options.own, self->options.userdata, on_dialed, self);
}

static void dial(struct lc_http_get *self)
{
    int r = start_dial(self);

    if (r < 0)
        finish(self, r);
}

int lc_http_get_new(struct lc_http_get **ret, const struct lc_http_get_options *options)
{
    struct lc_http_get *self;
    int r;

    self = calloc(1, sizeof(*self));
    if (!self)
        return -ENOMEM;
    self->options = *options;
    self->place.scheme = options->scheme;
    self->place.port = options->port;
    snprintf(self->place.host, sizeof(self->place.host), "%s", options->host ? options->host : "");
    r = lc_place_begin(&self->place, options->path);
    if (r == 0)
        r = start_dial(self);
    if (r < 0) {
        lc_http_get_free(self);
        return r;
    }
    *ret = self;
    return 0;
}

int lc_http_get_status(const struct lc_http_get *self)
{
    return self->part == PART_BODY ? self->status : 0;
}

void lc_http_get_free(struct lc_http_get *self)
{
    if (!self)
        return;
    lc_dial_free(self->dial);
    if (self->stream)
        bufferevent_free(self->stream);
    free(self);
}
