/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_CTL_REPLY_H
#define LC_CTL_REPLY_H

#include "config/node.h"

#include <stddef.h>

enum { LC_REPLY_OK = 200, LC_REPLY_ACCEPTED = 202 }; /* statuses, RFC 9110 */

/* An answer over HTTP, as lastcall gives it: whole, its length said, and then the end. */
struct lc_reply {
    int status;
    const char *body; /* in the bytes that it was read from */
    size_t length;
};

/* 0; -EBADMSG: it is none, or not all of one. */
int lc_reply_parse(struct lc_reply *ret, const char *bytes, size_t size);

/* Its body, a JSON object as /status is one; JSON is YAML. 0, -EBADMSG, -ENOMEM; the caller deinits the
 * tree in every case. */
int lc_reply_parse_object(const struct lc_reply *self, struct lc_tree *ret);

#endif
