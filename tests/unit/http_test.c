/* SPDX-License-Identifier: Apache-2.0 */
/* drive/http.c: what a single client gets. */

#include "http_fixture.h"

static bool has(const char *answer, const char *header)
{
    char line[128];

    snprintf(line, sizeof(line), "\r\n%s\r\n", header);
    return strstr(answer, line);
}

static void a_GET_is_answered_and_the_connection_closed(void)
{
    start_v4();
    const char *answer = ask(LIVEZ);
    CHECK_INT(status_of(answer), 200);
    CHECK(has(answer, "Content-Type: text/plain; charset=utf-8"));
    CHECK(has(answer, "Content-Length: 2"));
    CHECK(has(answer, "Cache-Control: no-store"));
    CHECK(has(answer, "X-Content-Type-Options: nosniff"));
    CHECK(has(answer, "Connection: close"));
    CHECK_STR(body_of(answer), "ok");
    CHECK(connections_become(0));
    stop();
}

static void HEAD_gets_the_headers_of_GET_and_no_body(void)
{
    start_v4();
    const char *answer = ask("HEAD /livez HTTP/1.1\r\n\r\n");
    CHECK_INT(status_of(answer), 200);
    CHECK(has(answer, "Content-Length: 2"));
    CHECK_STR(body_of(answer), "");
    answer = ask("HEAD /nothing HTTP/1.1\r\n\r\n");
    CHECK_INT(status_of(answer), 404);
    CHECK(has(answer, "Content-Length: 13"));
    CHECK_STR(body_of(answer), "");
    stop();
}

static void another_method_gets_405_with_Allow(void)
{
    static const char *const methods[] = {"POST",  "PUT",  "DELETE", "OPTIONS", "TRACE",
                                          "PATCH", "BREW", "get",    "CONNECT"};
    char request[64];
    lc_msec begin;

    start_v4();
    begin = lc_clock_msec();
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        snprintf(request, sizeof(request), "%s %s HTTP/1.1\r\n\r\n", methods[i],
                 strcmp(methods[i], "CONNECT") ? "/livez" : "a.b:443");
        const char *answer = ask(request);
        CHECK_INT(status_of(answer), 405);
        CHECK(has(answer, "Allow: GET, HEAD"));
    }
    CHECK_INT(asked, 0);
    /* Nor is a CONNECT's connection kept until its time is up. */
    CHECK(lc_clock_msec() - begin < LC_HTTP_REQUEST_MSEC);
    stop();
}

static void an_unknown_path_gets_404(void)
{
    static const char *const targets[] = {
        "/",           "/livez/",    "//livez",  "/livez%00", "/LIVEZ", "*",
        "http://a.b/", "http://a.b", "?",        "/%",        "/%zz",   "/../livez",
        "%2flivez%00", "/livez;x=1", "/livez\\", "/\xff\xfe", "a",      "/ /",
    };
    char request[128];

    start_v4();
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\n\r\n", targets[i]);
        int status = status_of(ask(request));
        if (status != 404 && status != 400)
            printf("# %s\n", targets[i]);
        CHECK(status == 404 || status == 400); /* 400: evhttp does not take it for a URI */
    }
    CHECK_INT(status_of(ask("GET /nothing HTTP/1.1\r\n\r\n")), 404);
    CHECK(livez_works());
    stop();
}

static void a_path_is_decoded_and_the_query_left_as_it_is(void)
{
    start_v4();
    CHECK_INT(status_of(ask("GET /%6cive%7A?a=%20b&c HTTP/1.1\r\n\r\n")), 200);
    CHECK_STR(last_query, "a=%20b&c");
    CHECK_INT(status_of(ask("GET http://a.b/livez HTTP/1.1\r\n\r\n")), 200);
    CHECK_STR(last_query, "");
    stop();
}

static void HTTP_1_0_is_answered_and_never_kept_alive(void)
{
    start_v4();
    const char *answer = ask("GET /livez HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    CHECK_INT(status_of(answer), 200);
    CHECK(has(answer, "Connection: close"));
    CHECK(!strstr(answer, "keep-alive"));
    CHECK_STR(body_of(answer), "ok");
    stop();
}

static void a_client_that_has_closed_its_sending_side_gets_its_answer(void)
{
    char answer[ANSWER_MAX];

    start_v4();
    int fd = connect_v4();
    CHECK(send_all(fd, "GET /livez HT", 13));
    CHECK(connections_become(1));
    /* The end comes with the last bytes: they are read at once. */
    CHECK(send(fd, "TP/1.1\r\n\r\n", 10, MSG_NOSIGNAL) == 10);
    CHECK(shutdown(fd, SHUT_WR) == 0);
    CHECK(receive(fd, answer));
    CHECK_INT(status_of(answer), 200);
    close(fd);
    fd = connect_v4(); /* this one's answer takes several writes */
    CHECK(send_all(fd, "GET /big HTTP/1.1\r\n\r\n", 21));
    CHECK(shutdown(fd, SHUT_WR) == 0);
    CHECK(receive(fd, answer));
    CHECK(received > BIG);
    close(fd);
    stop();
}

static void of_pipelined_requests_the_first_is_answered(void)
{
    start_v4();
    const char *answer = ask(LIVEZ LIVEZ LIVEZ);
    CHECK_INT(status_of(answer), 200);
    CHECK_STR(body_of(answer), "ok");
    CHECK_INT(asked, 1);
    stop();
}

static void a_head_over_8_KiB_is_refused(void)
{
    char request[70000];
    int lines;

    start_v4();
    lines = snprintf(request, sizeof(request), "GET /livez HTTP/1.1\r\nX: ");
    memset(request + lines, 'x', sizeof(request) - (size_t)lines);
    memcpy(request + 8000, "\r\n\r\n", 4);
    CHECK_INT(status_of(ask_bytes(connect_v4(), request, 8004)), 200);
    memset(request + 8000, 'x', 4);
    memcpy(request + 8300, "\r\n\r\n", 4);
    CHECK_INT(status_of(ask_bytes(connect_v4(), request, 8304)), 400);
    memset(request + 8300, 'x', 4);
    ask_bytes(connect_v4(), request, sizeof(request)); /* without an end */
    memset(request, 'G', sizeof(request));             /* one line without an end */
    ask_bytes(connect_v4(), request, sizeof(request));
    CHECK_INT(asked, 1);
    CHECK(livez_works());
    stop();
}

static void a_body_over_1_KiB_is_refused(void)
{
    char request[4096];
    int head;

    start_v4();
    head =
        snprintf(request, sizeof(request), "GET /livez HTTP/1.1\r\nContent-Length: 1024\r\n\r\n");
    memset(request + head, 'x', 1024);
    CHECK_INT(status_of(ask_bytes(connect_v4(), request, (size_t)head + 1024)), 200);
    head =
        snprintf(request, sizeof(request), "GET /livez HTTP/1.1\r\nContent-Length: 1025\r\n\r\n");
    memset(request + head, 'x', 1025);
    CHECK_INT(status_of(ask_bytes(connect_v4(), request, (size_t)head + 1025)), 413);
    CHECK_INT(status_of(ask("GET /livez HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                            "401\r\n")),
              413);
    CHECK_INT(status_of(ask("GET /livez HTTP/1.1\r\nContent-Length: -1\r\n\r\n")), 400);
    CHECK_INT(asked, 1);
    stop();
}

static void what_is_no_HTTP_hurts_nobody(void)
{
#define BYTES(text)            \
    {                          \
        text, sizeof(text) - 1 \
    }
    static const struct {
        const char *bytes;
        size_t length;
    } junk[] = {
        BYTES("\0\0\0\0\r\n\r\n"),
        BYTES("GET \0/livez HTTP/1.1\r\n\r\n"),
        BYTES("GET /livez HTTP/1.1\r\nA\0: b\r\n\r\n"),
        BYTES("GET /livez HTTP/9.9\r\n\r\n"),
        BYTES("GET /livez\r\n\r\n"),
        BYTES("\r\n\r\n"),
        BYTES("GET /livez HTTP/1.1\r\n: \r\n\r\n"),
        BYTES("GET /livez HTTP/1.1\r\n folded\r\n\r\n"),
        BYTES("GET  HTTP/1.1\r\n\r\n"),
        BYTES("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n"), /* TLS */
        BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        BYTES("GET /livez HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n"),
        BYTES("CONNECT a:1 HTTP/1.1\r\n\r\nGET /x HTTP/1.1\r\n\r\n"),
    };

    start_v4();
    for (size_t i = 0; i < sizeof(junk) / sizeof(junk[0]); i++) {
        int fd = connect_v4();

        CHECK(send_all(fd, junk[i].bytes, junk[i].length));
        shutdown(fd, SHUT_WR);
        ask_bytes(fd, "", 0);
    }
    CHECK(livez_works());
    CHECK(connections_become(0));
    stop();
}

int main(void)
{
    TEST(a_GET_is_answered_and_the_connection_closed);
    TEST(HEAD_gets_the_headers_of_GET_and_no_body);
    TEST(another_method_gets_405_with_Allow);
    TEST(an_unknown_path_gets_404);
    TEST(a_path_is_decoded_and_the_query_left_as_it_is);
    TEST(HTTP_1_0_is_answered_and_never_kept_alive);
    TEST(a_client_that_has_closed_its_sending_side_gets_its_answer);
    TEST(of_pipelined_requests_the_first_is_answered);
    TEST(a_head_over_8_KiB_is_refused);
    TEST(a_body_over_1_KiB_is_refused);
    TEST(what_is_no_HTTP_hurts_nobody);
    return tap_done();
}
