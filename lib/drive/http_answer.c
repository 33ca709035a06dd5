/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/http_answer.h"

#include "base/cleanup.h"

#include <event2/buffer.h>
#include <event2/keyvalq_struct.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* The decoded path for free(), or NULL where it is none that a route could have. In "//a/b" evhttp
 * sees a host and the path "/b"; in a request it is a path (RFC 9112, 3.2.1), and none of ours. */
static char *decode_path(const struct evhttp_uri *uri)
{
    const char *raw = uri ? evhttp_uri_get_path(uri) : NULL;
    bool is_path = uri && (evhttp_uri_get_scheme(uri) || !evhttp_uri_get_host(uri));
    size_t length;
    char *path = is_path ? evhttp_uridecode(raw && *raw ? raw : "/", 0, &length) : NULL;

    if (path && strlen(path) != length) { /* %00: what a route sees would not be what was asked */
        free(path);
        return NULL;
    }
    return path;
}

void lc_http_find_answer(struct evhttp_request *request, const struct lc_http_routes *routes,
                         struct lc_http_response *ret)
{
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
    LC_CLEANUP_FREE char *path = decode_path(uri);
    enum evhttp_cmd_type method = evhttp_request_get_command(request);
    const char *query = uri ? evhttp_uri_get_query(uri) : NULL;
    const struct lc_http_request asked = {
        .path = path,
        .query = query ? query : "",
        .token = evhttp_find_header(evhttp_request_get_input_headers(request), "Lastcall-Token"),
        .peer = routes->peer,
    };

    *ret = (struct lc_http_response){.content_type = "text/plain; charset=utf-8"};
    if (path && method == EVHTTP_REQ_POST && routes->control)
        routes->control(routes->userdata, &asked, ret);
    if (ret->status)
        return;
    if (method != EVHTTP_REQ_GET && method != EVHTTP_REQ_HEAD) {
        ret->status = HTTP_BADMETHOD;
        ret->body = "only GET and HEAD\n";
        ret->length = strlen(ret->body);
        return;
    }
    if (path)
        routes->route(routes->userdata, &asked, ret);
    if (!ret->status) {
        ret->status = HTTP_NOTFOUND;
        ret->body = "no such path\n";
        ret->length = strlen(ret->body);
    }
}

void lc_http_send(struct evhttp_request *request, const struct lc_http_response *answer,
                  lc_http_answered *answered, void *userdata)
{
    LC_CLEANUP_FREE char *path = decode_path(evhttp_request_get_evhttp_uri(request));
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    char length[24];

    if (answered)
        answered(userdata, path ? path : "", answer->status);

    snprintf(length, sizeof(length), "%zu", answer->length);
    evhttp_add_header(headers, "Content-Type", answer->content_type);
    evhttp_add_header(headers, "Content-Length", length);
    evhttp_add_header(headers, "Cache-Control", "no-store");
    evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
    evhttp_add_header(headers, "Connection", "close");
    if (answer->encoding)
        evhttp_add_header(headers, "Content-Encoding", answer->encoding);
    if (answer->policy)
        evhttp_add_header(headers, "Content-Security-Policy", answer->policy);
    if (answer->status == HTTP_BADMETHOD)
        evhttp_add_header(headers, "Allow", "GET, HEAD");
    if (evhttp_request_get_command(request) != EVHTTP_REQ_HEAD)
        evbuffer_add(evhttp_request_get_output_buffer(request), answer->body, answer->length);
    /* To an HTTP/1.0 client that asked for it evhttp would promise to keep the connection. */
    evhttp_remove_header(evhttp_request_get_input_headers(request), "Connection");
    evhttp_send_reply(request, answer->status, NULL, NULL);
}
