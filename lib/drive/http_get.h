/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_DRIVE_HTTP_GET_H
#define LC_DRIVE_HTTP_GET_H

/*
 * One GET, as a hook or a check sends it, and as the kubelet would (pkg/probe/http): the status is
 * all that is asked for. Redirects to the same host are followed; one to another host is an answer
 * like any. At most 10 KiB of the body are read, so that the application need not hear of a reset.
 *
 * Not evhttp's own client: that resolves even numeric addresses through getaddrinfo(3).
 */

#include "config/config.h"
#include "drive/dial.h"

enum {
    LC_GET_HEAD_MAX = 10 * 1024 * 1024, /* maxHeaderResponseSize() in Go's net/http/transport.go */
    LC_GET_LINE_MAX = 4096,             /* of each of its lines so much is kept, and looked at */
    LC_GET_BODY_MAX = 10 * 1024,        /* maxRespBodyLength in pkg/probe/http/http.go */
    LC_GET_REQUESTS_MAX = 10,           /* with all its redirects: RedirectChecker() there */
};

struct lc_http_get;

/* `status` of the answer, or -errno: what went wrong; -ELOOP: too many redirects; -ENODATA: the
 * connection ended before the body did. Called once, never from lc_http_get_new(); afterwards the
 * request is to be freed. */
typedef void lc_http_get_done(void *userdata, int status);

/* Takes `fd`, connected to a server of TLS; returns what speaks plain text instead, or -errno. */
typedef int lc_http_get_tls(void *userdata, int fd);

/* Everything stays the caller's, and must outlive the request. */
struct lc_http_get_options {
    struct event_base *base;
    const char *host; /* as of lc_dial_new() */
    uint16_t port;
    const char *path;
    enum lc_scheme scheme;
    const struct lc_header *headers;
    size_t header_count;
    lc_dial_own *own;     /* may be NULL */
    lc_http_get_tls *tls; /* NULL: there is no HTTPS */
    lc_http_get_done *done;
    void *userdata; /* of all three */
};

/* 0 or -errno. */
int lc_http_get_new(struct lc_http_get **ret, const struct lc_http_get_options *options);
/* The status where the head of the answer is there, though the body may not be; else 0. */
int lc_http_get_status(const struct lc_http_get *self);
void lc_http_get_free(struct lc_http_get *self); /* NULL is allowed */

#endif
