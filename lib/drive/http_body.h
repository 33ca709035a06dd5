/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_DRIVE_HTTP_BODY_H
#define LC_DRIVE_HTTP_BODY_H

/* Where the body of an answer ends: after its Content-Length, with its last chunk, or where the
 * connection does (RFC 9112, 6.3). What it says is of no interest. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum lc_chunk_part {
    LC_CHUNK_SIZE,
    LC_CHUNK_EXTENSION, /* what stands behind the size */
    LC_CHUNK_DATA,
    LC_CHUNK_DATA_END, /* the line's end behind the data */
    LC_CHUNK_TRAILER,  /* header fields behind the last chunk, up to an empty line */
};

/* All zeros: it ends with the connection. */
struct lc_http_body {
    bool sized;    /* it has a Content-Length: `rest` */
    bool chunked;  /* whatever its Content-Length says (RFC 9112, 6.3) */
    uint64_t rest; /* of it, or of the chunk */
    enum lc_chunk_part part;
    bool begun; /* the line: it is not empty */
};

/* What headers say. */
void lc_http_body_set_length(struct lc_http_body *self, uint64_t length);
void lc_http_body_set_chunked(struct lc_http_body *self);

/* The next of its bytes, or none. 1: it is over; 0: more is to come; -EBADMSG: these are no chunks. */
int lc_http_body_take(struct lc_http_body *self, const char *data, size_t length);

/* It is not over, and the connection is: what there was is not all of it. */
bool lc_http_body_is_cut(const struct lc_http_body *self);

#endif
