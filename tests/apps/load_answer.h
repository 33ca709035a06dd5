/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_TESTS_APPS_LOAD_ANSWER_H
#define LC_TESTS_APPS_LOAD_ANSWER_H

/* One HTTP/1.1 answer to a GET, read piece by piece (RFC 9112, sections 2 to 7). The body is
 * counted, not kept. An answer without Content-Length and chunks runs to the end of the
 * connection, so that there a cut and an end look alike: the server should not send such.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LOAD_LINE_MAX = 8192, LOAD_TARGET_MAX = 255 };

enum load_answer_state {
    LOAD_ANSWER_STATUS_LINE,
    LOAD_ANSWER_HEADER,
    LOAD_ANSWER_BODY,
    LOAD_ANSWER_BODY_TO_END,
    LOAD_ANSWER_CHUNK_SIZE,
    LOAD_ANSWER_CHUNK,
    LOAD_ANSWER_CHUNK_LINE_END,
    LOAD_ANSWER_TRAILER,
    LOAD_ANSWER_COMPLETE,
    LOAD_ANSWER_MALFORMED,
};

struct load_answer {
    enum load_answer_state state;
    int status;
    bool begun;      /* at least one byte has come */
    bool keep_alive; /* the connection can take another request */
    bool chunked, sized;
    const char *target_header;        /* which one says who answers; NULL: none */
    char target[LOAD_TARGET_MAX + 1]; /* what it said; empty: nothing */
    uint64_t left; /* bytes of the body, or of the chunk, that have not come yet */
    size_t line_size;
    char line[LOAD_LINE_MAX];
};

void load_answer_init(struct load_answer *self, const char *target_header);
/* Reads `size` bytes. Bytes after a complete answer make the connection unfit for another. */
void load_answer_feed(struct load_answer *self, const char *data, size_t size);
/* The peer has closed: an answer that runs to the end of the connection is complete by it. */
void load_answer_end(struct load_answer *self);

#endif
