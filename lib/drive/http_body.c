/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/http_body.h"

#include <errno.h>
#include <string.h>

void lc_http_body_set_length(struct lc_http_body *self, uint64_t length)
{
    if (self->chunked || (self->sized && self->rest < length))
        return;
    self->sized = true;
    self->rest = length;
}

void lc_http_body_set_chunked(struct lc_http_body *self)
{
    *self = (struct lc_http_body){.chunked = true};
}

static int hex_value(char byte)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = byte ? strchr(digits, byte) : NULL;

    return at ? (int)(at - digits) % 16 : -1;
}

static int take_size(struct lc_http_body *self, char byte)
{
    int value = hex_value(byte);

    if (value >= 0) {
        if (self->rest >> 56) /* a chunk that long does not come: and the sum stays in its type */
            return -EBADMSG;
        self->rest = self->rest * 16 + (unsigned)value;
        self->begun = true;
        return 0;
    }
    if (!self->begun || !byte || !strchr("; \t\r\n", byte))
        return -EBADMSG;
    self->part = LC_CHUNK_EXTENSION;
    return 0;
}

/* As lc_http_body_take(), but for the data of a chunk. */
static int take_byte(struct lc_http_body *self, char byte)
{
    switch (self->part) {
    case LC_CHUNK_SIZE:
        if (take_size(self, byte) < 0)
            return -EBADMSG;
        break;
    case LC_CHUNK_DATA_END:
        if (byte != '\r' && byte != '\n')
            return -EBADMSG;
        break;
    case LC_CHUNK_TRAILER:
        if (byte == '\n' && !self->begun)
            return 1;
        self->begun = byte != '\n' && (self->begun || byte != '\r');
        return 0;
    case LC_CHUNK_EXTENSION:
    case LC_CHUNK_DATA:
        break;
    }
    if (byte != '\n')
        return 0;
    if (self->part == LC_CHUNK_DATA_END)
        self->part = LC_CHUNK_SIZE;
    else
        self->part = self->rest ? LC_CHUNK_DATA : LC_CHUNK_TRAILER;
    self->begun = false;
    return 0;
}

static size_t skip(struct lc_http_body *self, size_t length)
{
    size_t skipped = self->rest < length ? (size_t)self->rest : length;

    self->rest -= skipped;
    return skipped;
}

int lc_http_body_take(struct lc_http_body *self, const char *data, size_t length)
{
    int r = 0;

    if (!self->chunked) {
        skip(self, length);
        return self->sized && self->rest == 0;
    }
    for (size_t i = 0; i < length && r == 0;) {
        if (self->part != LC_CHUNK_DATA) {
            r = take_byte(self, data[i++]);
            continue;
        }
        i += skip(self, length - i);
        if (self->rest == 0)
            self->part = LC_CHUNK_DATA_END;
    }
    return r;
}

bool lc_http_body_is_cut(const struct lc_http_body *self)
{
    return self->chunked || self->sized;
}
