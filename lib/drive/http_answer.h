/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_DRIVE_HTTP_ANSWER_H
#define LC_DRIVE_HTTP_ANSWER_H

/* The answer to one request, for drive/http.c: from the route, or 404, or 405. */

#include "drive/http.h"

#include <event2/http.h>

/* `answered` may be NULL. Allocates, less than 48 KiB. */
void lc_http_answer(struct evhttp_request *request, lc_http_route *route,
                    lc_http_answered *answered, void *userdata);

#endif
