/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_BASE_JSON_H
#define LC_BASE_JSON_H

/* Writes JSON into a buffer of the caller's: nothing is allocated, so that a log line can be made
 * where memory is gone. Commas are written by themselves. What does not fit is left out whole
 * (a member, never half of one) and remembered in `truncated`; the closing brackets always fit. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LC_JSON_ESCAPE_MAX = 7 }; /* longest escaped character, "\u001b", with its NUL */

struct lc_json {
    char *buf;
    size_t size, len;
    unsigned depth; /* open brackets: room for as many closing ones is kept */
    bool comma;
    bool truncated;
    unsigned skipped; /* brackets that did not fit and are open: what is in them is left out */
    uint64_t arrays;  /* bit i: bracket i is an array; at most 64 deep */
};

void lc_json_init(struct lc_json *self, char *buf, size_t size);

/* `key` NULL inside an array and at the top. */
void lc_json_object_begin(struct lc_json *self, const char *key);
void lc_json_array_begin(struct lc_json *self, const char *key);
void lc_json_end(struct lc_json *self);
void lc_json_string(struct lc_json *self, const char *key, const char *value);
void lc_json_int(struct lc_json *self, const char *key, int64_t value);
void lc_json_bool(struct lc_json *self, const char *key, bool value);
void lc_json_null(struct lc_json *self, const char *key);
/* A time in seconds with milliseconds: 1.000 */
void lc_json_seconds(struct lc_json *self, const char *key, uint64_t msec);

/* The next character of `*text` as it stands inside a JSON string, into `buf` with a NUL; moves
 * `*text` past it and returns the length. Control characters are escaped, so that none of it can
 * drive a terminal either; what is no UTF-8 becomes U+FFFD. Not to be called at the end. */
size_t lc_json_escape(const char **text, char buf[static LC_JSON_ESCAPE_MAX]);

/* Ends what is open, adds the NUL; returns the length without it. */
size_t lc_json_finish(struct lc_json *self);

#endif
