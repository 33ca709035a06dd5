/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_CTL_REPLY_H
#define LC_CTL_REPLY_H

#include <stddef.h>

/* An answer over HTTP, as lastcall gives it: whole, its length said, and then the end. */
struct lc_reply {
    int status;
    const char *body; /* in the bytes that it was read from */
    size_t length;
};

/* 0; -EBADMSG: it is none, or not all of one. */
int lc_reply_parse(struct lc_reply *ret, const char *bytes, size_t size);

#endif
