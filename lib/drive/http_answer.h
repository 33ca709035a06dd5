/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_DRIVE_HTTP_ANSWER_H
#define LC_DRIVE_HTTP_ANSWER_H

/* The answer to one request, for drive/http.c. */

#include "drive/http.h"

#include <event2/http.h>

struct lc_http_routes {
    lc_http_route *route;
    lc_http_route *control;   /* for what is POSTed by `peer`; NULL: nobody takes that here */
    const struct ucred *peer; /* NULL: not known */
    void *userdata;           /* of both */
};

/* Together they allocate less than 48 KiB. */

/* From a route, or 404, or 405. */
void lc_http_find_answer(struct evhttp_request *request, const struct lc_http_routes *routes,
                         struct lc_http_response *ret);
/* `answered` may be NULL. */
void lc_http_send(struct evhttp_request *request, const struct lc_http_response *answer,
                  lc_http_answered *answered, void *userdata);

#endif
