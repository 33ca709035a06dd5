/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_DRIVE_HTTP_ANSWER_H
#define LC_DRIVE_HTTP_ANSWER_H

/* The answer to one request, for drive/http.c. */

#include "drive/http.h"

#include <event2/http.h>

/* Together they allocate less than 48 KiB. */

/* From the route, or 404, or 405. */
void lc_http_find_answer(struct evhttp_request *request, lc_http_route *route, void *userdata,
                         struct lc_http_response *ret);
/* `answered` may be NULL. */
void lc_http_send(struct evhttp_request *request, const struct lc_http_response *answer,
                  lc_http_answered *answered, void *userdata);

#endif
