/* SPDX-License-Identifier: Apache-2.0 */
/* One GET: what is sent, and what becomes of answers that are long. */
#include "drive/http_get.h"
#include "drive/http_place.h"
#include "drive/loop.h"
#include "listener.h"
#include "loop_turn.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_SEC = 20, REQUEST_MAX = 8192, PENDING = 1 };

static struct event_base *base;
static struct lc_http_get_options options;
static struct lc_http_get *get;
static int listener, result;
static char request[REQUEST_MAX]; /* the last one */

static void on_done(void *userdata, int status)
{
    (void)userdata;
    result = status;
    lc_http_get_free(get); /* as an attempt does */
    get = NULL;
}

static void turn(void)
{
    loop_turn(base);
}

static void setup(const char *path)
{
    base = lc_loop_new(NULL);
    options = (struct lc_http_get_options){
        .base = base, .host = "127.0.0.1", .path = path, .done = on_done};
    listener = listen_anywhere(&options.port);
    if (fcntl(listener, F_SETFL, O_NONBLOCK) < 0)
        abort();
    result = PENDING;
}

static void ask(void)
{
    CHECK_INT(lc_http_get_new(&get, &options), 0);
}

static void teardown(void)
{
    lc_http_get_free(get);
    get = NULL;
    close(listener);
    lc_loop_free(base);
}

/* The next request is in `request`; returns its connection. */
static int receive(void)
{
    int client = -1;
    size_t length = 0;

    memset(request, 0, sizeof(request));
    for (time_t end = time(NULL) + PATIENCE_SEC; time(NULL) < end;) {
        ssize_t got;

        turn();
        if (client < 0)
            client = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        got = recv(client, request + length, sizeof(request) - 1 - length, MSG_DONTWAIT);
        length += got > 0 ? (size_t)got : 0;
        if (strstr(request, "\r\n\r\n"))
            break;
    }
    return client;
}

/* As much of it as is taken before there is a result. */
static void answer(int client, const char *text)
{
    size_t length = strlen(text), sent = 0;

    for (time_t end = time(NULL) + PATIENCE_SEC;
         sent < length && result == PENDING && time(NULL) < end; turn()) {
        ssize_t written = send(client, text + sent, length - sent, MSG_DONTWAIT);

        sent += written > 0 ? (size_t)written : 0;
    }
}

static void finish(void)
{
    for (time_t end = time(NULL) + PATIENCE_SEC; result == PENDING && time(NULL) < end;)
        turn();
}

/* "HTTP/1.1 200 OK", `fields` fields of `size` bytes, and `last`; to be freed. */
static char *long_answer(unsigned fields, size_t size, const char *last)
{
    size_t all = fields * (size + 8) + strlen(last) + 64;
    char *text = calloc(1, all), *at = text;

    at = stpcpy(at, "HTTP/1.1 200 OK\r\n");
    for (unsigned i = 0; i < fields; i++) {
        at = stpcpy(at, "X-A: ");
        memset(at, 'a', size);
        at = stpcpy(at + size, "\r\n");
    }
    stpcpy(stpcpy(at, last), "\r\n\r\nok");
    return text;
}

static int status_of_long(unsigned fields, size_t size)
{
    char *text = long_answer(fields, size, "Content-Length: 2");
    int client;

    setup("/");
    ask();
    client = receive();
    answer(client, text);
    finish();
    close(client);
    free(text);
    teardown();
    return result;
}

static void headers_may_be_as_long_as_gos_may(void)
{
    CHECK_INT(status_of_long(1, 20000), 200);
    CHECK_INT(status_of_long(1, LC_GET_LINE_MAX - 5), 200);
    CHECK_INT(status_of_long(1, LC_GET_LINE_MAX - 6), 200);
    CHECK_INT(status_of_long(1, LC_GET_LINE_MAX - 7), 200);
    CHECK_INT(status_of_long(40, 1000), 200);
    CHECK_INT(status_of_long(1, 2000000), 200);
}

static void and_no_longer(void)
{
    CHECK_INT(status_of_long(1, LC_GET_HEAD_MAX), -EBADMSG);
    CHECK_INT(status_of_long(LC_GET_HEAD_MAX / 16384 + 1, 16384), -EBADMSG);
}

static void early_hints_count_among_them(void)
{
    char *hints = long_answer(1, 16384, "");
    int client;

    memcpy(hints + strlen("HTTP/1.1 "), "103", 3);
    *strstr(hints, "ok") = '\0';
    setup("/");
    ask();
    client = receive();
    for (size_t sent = 0; sent <= LC_GET_HEAD_MAX && result == PENDING; sent += 16384)
        answer(client, hints);
    answer(client, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    finish();
    CHECK_INT(result, -EBADMSG);
    close(client);
    free(hints);
    teardown();
}

static void a_long_line_between_others_hides_none_of_them(void)
{
    char *text = long_answer(1, 50000, "Location: /there");
    int client;

    memcpy(text + strlen("HTTP/1.1 "), "302", 3);
    setup("/");
    ask();
    client = receive();
    answer(client, text);
    close(client);
    client = receive();
    CHECK(strncmp(request, "GET /there HTTP/1.1\r\n", 21) == 0);
    answer(client, "HTTP/1.1 204 X\r\n\r\n");
    finish();
    CHECK_INT(result, 204);
    close(client);
    free(text);
    teardown();
}

static void what_frames_a_body_is_not_sent_with_a_GET(void)
{
    const struct lc_header headers[] = {
        {(char[]){"Content-Length"}, (char[]){"10"}},
        {(char[]){"transfer-encoding"}, (char[]){"chunked"}},
        {(char[]){"Trailer"}, (char[]){"X-A"}},
        {(char[]){"X-A"}, (char[]){"b"}},
    };

    setup("/");
    options.headers = headers;
    options.header_count = sizeof(headers) / sizeof(*headers);
    ask();
    close(receive());
    CHECK(strstr(request, "\r\nX-A: b\r\n"));
    CHECK(!strcasestr(request, "Content-Length"));
    CHECK(!strcasestr(request, "Transfer-Encoding"));
    CHECK(!strcasestr(request, "Trailer"));
    teardown();
}

static const char *sent_path(const char *path)
{
    static char sent[REQUEST_MAX];

    setup(path);
    ask();
    close(receive());
    sscanf(request, "GET %s HTTP/1.1\r\n", sent);
    teardown();
    return sent;
}

static void a_path_is_sent_as_the_kubelet_sends_it(void)
{
    CHECK_STR(sent_path("/a?b"), "/a?b");
    CHECK_STR(sent_path("/a#b"), "/a");
    CHECK_STR(sent_path("/a?b#c?d"), "/a?b");
    CHECK_STR(sent_path("healthz"), "/healthz");
    CHECK_STR(sent_path("?a"), "/?a");
    CHECK_STR(sent_path(""), "/");
    CHECK_STR(sent_path("#a"), "/");
    CHECK_STR(sent_path("//healthz"), "/");
    CHECK_STR(sent_path("//healthz?a//b"), "/?a//b");
    CHECK_STR(sent_path("//foo/bar"), "/bar");
    CHECK_STR(sent_path("http://foo:1/bar"), "/bar");
    CHECK_STR(sent_path("/a{b}|c<d>?q={x}"), "/a%7Bb%7D%7Cc%3Cd%3E?q={x}");
}

static void of_no_more_than_there_is_room_for(void)
{
    static char path[LC_PLACE_PATH_MAX + 1];

    memset(path, 'a', sizeof(path) - 1);
    setup(path);
    CHECK_INT(lc_http_get_new(&get, &options), -ENAMETOOLONG);
    path[LC_PLACE_PATH_MAX - 1] = '\0'; /* a slash comes before it */
    CHECK_INT(lc_http_get_new(&get, &options), -ENAMETOOLONG);
    path[LC_PLACE_PATH_MAX - 2] = '\0';
    CHECK_INT(lc_http_get_new(&get, &options), 0);
    teardown();
}

/* What Host a redirect's request has, where the first one had a Host of the caller's. */
static void redirect(bool absolute, char host[static 64])
{
    const struct lc_header header = {(char[]){"Host"}, (char[]){"example.org"}};
    char text[256], own[64], *at;
    int client;

    setup("/");
    options.headers = &header;
    options.header_count = 1;
    ask();
    client = receive();
    CHECK(strstr(request, "\r\nHost: example.org\r\n"));
    snprintf(own, sizeof(own), "http://127.0.0.1:%u", options.port);
    snprintf(text, sizeof(text),
             "HTTP/1.1 302 X\r\nContent-Length: 0\r\nLocation: %s/there\r\n\r\n",
             absolute ? own : "");
    answer(client, text);
    close(client);
    close(receive());
    at = strstr(request, "\r\nHost: ");
    CHECK(at && !strstr(at + 2, "\r\nHost: "));
    snprintf(host, 64, "%.*s", at ? (int)strcspn(at + 8, "\r") : 0, at ? at + 8 : "");
    teardown();
}

static void the_callers_host_goes_along_until_a_redirect_names_one(void)
{
    char host[64], own[64];

    redirect(false, host);
    CHECK_STR(host, "example.org");
    redirect(true, host);
    snprintf(own, sizeof(own), "127.0.0.1:%u", options.port);
    CHECK_STR(host, own);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    TEST(headers_may_be_as_long_as_gos_may);
    TEST(and_no_longer);
    TEST(early_hints_count_among_them);
    TEST(a_long_line_between_others_hides_none_of_them);
    TEST(what_frames_a_body_is_not_sent_with_a_GET);
    TEST(a_path_is_sent_as_the_kubelet_sends_it);
    TEST(of_no_more_than_there_is_room_for);
    TEST(the_callers_host_goes_along_until_a_redirect_names_one);
    return tap_done();
}
