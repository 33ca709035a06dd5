/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_DRIVE_HTTP_HELD_H
#define LC_DRIVE_HTTP_HELD_H

/*
 * Requests whose answer comes later, for drive/http.c. evhttp does not read from a connection while
 * its request is being answered, and so does not notice that a client has gone: we look at the
 * socket ourselves. The end of what it sends is taken for the client's own end: the kubelet closes
 * both directions at once, and only an answer could tell one from the other.
 */

#include "drive/http.h"

#include <event2/event.h>
#include <event2/http.h>
#include <stdbool.h>

struct lc_held {
    struct evhttp_request *request; /* NULL: this place is free */
    struct event *watch;            /* its client has gone, or says more */
    char query[LC_HTTP_HELD_QUERY_MAX];
};

struct lc_held_table {
    unsigned count, limit;
    struct lc_held place[LC_HTTP_HELD_MAX];
};

/* Until lc_held_forget(), which is called in any case: where the client goes, too, since its
 * connection is freed then. NULL: `limit` are held, there is no memory, or the query is too long. */
struct lc_held *lc_held_add(struct lc_held_table *self, struct event_base *base,
                            struct evhttp_request *request, const char *query);
void lc_held_forget(struct lc_held_table *self, struct lc_held *held);

#endif
