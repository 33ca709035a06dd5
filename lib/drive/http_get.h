/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_DRIVE_HTTP_GET_H
#define LC_DRIVE_HTTP_GET_H

/* One GET, as a hook sends it: the status is all that is asked for.
 *
 * Not evhttp's own client: that resolves even numeric addresses through getaddrinfo(3), which
 * blocks, and which in a static glibc loads what the machine's nsswitch.conf names. */

#include "config/config.h"

#include <event2/event.h>

struct lc_http_get;

/* `status` of the answer, or -errno: what went wrong. Called once, never from lc_http_get_new();
 * afterwards the request is to be freed. */
typedef void lc_http_get_done(void *userdata, int status);

/* GET `path` from `host`, an IPv4 or IPv6 address or "localhost" (127.0.0.1). 0 or -errno. */
int lc_http_get_new(struct lc_http_get **ret, struct event_base *base, const char *host,
                    uint16_t port, const char *path, const struct lc_header *headers,
                    size_t header_count, lc_http_get_done *done, void *userdata);
void lc_http_get_free(struct lc_http_get *self); /* NULL is allowed */

#endif
