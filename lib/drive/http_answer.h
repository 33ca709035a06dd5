/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_DRIVE_HTTP_ANSWER_H
#define LC_DRIVE_HTTP_ANSWER_H

/* The answer to one request, for drive/http.c: from a route, or 404, or 405. */

#include "drive/http.h"

#include <event2/http.h>

struct lc_http_routes {
    lc_http_route *route;
    lc_http_route *control;     /* for what is POSTed by `peer`; NULL: nobody takes that here */
    const struct ucred *peer;   /* NULL: not known */
    lc_http_answered *answered; /* NULL: nobody counts */
    void *userdata;             /* of them all */
};

/* Allocates, less than 48 KiB. */
void lc_http_answer(struct evhttp_request *request, const struct lc_http_routes *routes);

#endif
