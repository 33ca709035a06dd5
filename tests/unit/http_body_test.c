/* SPDX-License-Identifier: Apache-2.0 */
/* Where the body of an answer ends. */
#include "drive/http_body.h"
#include "tap.h"

#include <errno.h>

/* As it comes at once, and byte by byte: the number of the bytes after which it was over; 0: it is not
 * over; -EBADMSG. */
static int end_of(struct lc_http_body body, const char *text)
{
    struct lc_http_body whole = body;
    int r = lc_http_body_take(&body, NULL, 0),
        at_once = lc_http_body_take(&whole, text, strlen(text));
    size_t i = 0;

    while (r == 0 && text[i])
        r = lc_http_body_take(&body, text + i++, 1);
    CHECK_INT(at_once, r);
    return r == 1 ? (int)i : r;
}

static struct lc_http_body sized(uint64_t length)
{
    struct lc_http_body body = {0};

    lc_http_body_set_length(&body, length);
    return body;
}

static struct lc_http_body chunked(void)
{
    struct lc_http_body body = {0};

    lc_http_body_set_length(&body, 1); /* means nothing then, whichever header comes first */
    lc_http_body_set_chunked(&body);
    lc_http_body_set_length(&body, 1);
    return body;
}

static void a_body_is_as_long_as_its_content_length_says(void)
{
    struct lc_http_body body = sized(0);

    CHECK_INT(end_of(sized(3), "abc"), 3);
    CHECK_INT(end_of(sized(3), "abcd"), 3);
    CHECK_INT(end_of(sized(3), "ab"), 0);
    CHECK_INT(lc_http_body_take(&body, NULL, 0), 1);
}

static void without_one_it_ends_with_the_connection(void)
{
    struct lc_http_body plain = {0}, some = sized(3), chunks = chunked();

    CHECK_INT(end_of(plain, "abc"), 0);
    CHECK(!lc_http_body_is_cut(&plain));
    CHECK(lc_http_body_is_cut(&some));
    CHECK(lc_http_body_is_cut(&chunks));
}

static void chunks_end_with_the_last_one(void)
{
    CHECK_INT(end_of(chunked(), "2\r\nok\r\n0\r\n\r\n"), 12);
    CHECK_INT(end_of(chunked(), "2\r\nok\r\n0\r\n"), 0);
    CHECK_INT(end_of(chunked(), "2\r\nok\r\n"), 0);
    CHECK_INT(end_of(chunked(), "0\n\n"), 3);
    CHECK_INT(end_of(chunked(), "000\r\n\r\n"), 7);
}

static void what_looks_like_the_last_one_within_another_is_not(void)
{
    CHECK_INT(end_of(chunked(), "A\r\nabcde0\r\n\r\n"), 0);
    CHECK_INT(end_of(chunked(), "a\r\nabcde0\r\n\r\n\r\n0\r\n\r\n"), 20);
    CHECK_INT(end_of(chunked(), "10\r\n\r\n"), 0);
}

static void extensions_and_trailers_are_passed_over(void)
{
    CHECK_INT(end_of(chunked(), "2;x=y\r\nok\r\n0 ;z\r\nA: b\r\nC: d\r\n\r\n"), 31);
    CHECK_INT(end_of(chunked(), "0\r\nA: b\r\n"), 0);
}

static void what_is_no_chunk_is_refused(void)
{
    CHECK_INT(end_of(chunked(), "\r\n"), -EBADMSG);
    CHECK_INT(end_of(chunked(), "x"), -EBADMSG);
    CHECK_INT(end_of(chunked(), "-1\r\n"), -EBADMSG);
    CHECK_INT(end_of(chunked(), "2\r\nok0\r\n"), -EBADMSG);
    CHECK_INT(end_of(chunked(), "1000000000000000\r\n"), -EBADMSG);
}

int main(void)
{
    TEST(a_body_is_as_long_as_its_content_length_says);
    TEST(without_one_it_ends_with_the_connection);
    TEST(chunks_end_with_the_last_one);
    TEST(what_looks_like_the_last_one_within_another_is_not);
    TEST(extensions_and_trailers_are_passed_over);
    TEST(what_is_no_chunk_is_refused);
    return tap_done();
}
