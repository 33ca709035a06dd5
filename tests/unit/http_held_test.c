/* SPDX-License-Identifier: Apache-2.0 */
/* drive/http.c and http_held.c: requests whose answer comes later. */

#include "http_fixture.h"

enum { MOST = LC_HTTP_HELD_MAX };

#define HELD "GET /hold?it HTTP/1.1\r\nHost: x\r\n\r\n"

static const struct lc_http_response late = {
    .status = 200, .content_type = "text/plain", .body = "drained\n", .length = 8};

static bool held_become(unsigned count)
{
    lc_msec end = lc_clock_msec() + WAIT_MSEC;

    while (lc_http_held(http) != count && lc_clock_msec() < end)
        turn_for(-1, 0);
    return lc_http_held(http) == count;
}

/* A client that is held. */
static int hold(const char *request)
{
    unsigned before = lc_http_held(http);
    int fd = connect_v4();

    CHECK(send_all(fd, request, strlen(request)));
    CHECK(held_become(before + 1));
    return fd;
}

static const char *answer_of(int fd)
{
    return ask_bytes(fd, "", 0);
}

static void a_held_request_is_answered_when_it_is_released(void)
{
    start_v4();
    int fd = hold(HELD);
    CHECK(!is_closed(fd));
    lc_http_release(http, &late);
    CHECK_INT(lc_http_held(http), 0);
    const char *answer = answer_of(fd);
    CHECK_INT(status_of(answer), 200);
    CHECK(strstr(answer, "\r\nContent-Length: 8\r\n") &&
          strstr(answer, "\r\nConnection: close\r\n"));
    CHECK_STR(body_of(answer), "drained\n");
    CHECK(connections_become(0));
    stop();
}

static void HEAD_is_held_too_and_gets_no_body(void)
{
    start_v4();
    int fd = hold("HEAD /hold HTTP/1.1\r\n\r\n");
    lc_http_release(http, &late);
    const char *answer = answer_of(fd);
    CHECK_INT(status_of(answer), 200);
    CHECK_STR(body_of(answer), "");
    stop();
}

static void one_whose_client_has_gone_is_dropped(void)
{
    start_v4();
    int gone = hold(HELD), killed = hold(HELD), half = hold(HELD), fd = hold(HELD);
    const struct linger reset = {.l_onoff = 1};

    close(gone);
    CHECK(held_become(3));
    CHECK(setsockopt(killed, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) == 0);
    close(killed); /* RST */
    CHECK(held_become(2));
    CHECK(shutdown(half, SHUT_WR) == 0);
    CHECK(held_become(1));
    CHECK_STR(answer_of(half), "");
    CHECK(connections_become(0));
    lc_http_release(http, &late);
    CHECK_INT(status_of(answer_of(fd)), 200);
    CHECK(livez_works());
    stop();
}

static void one_that_says_more_goes_on_waiting(void)
{
    static char more[5000];

    start_v4();
    int fd = hold(HELD);
    memset(more, 'x', sizeof(more));
    CHECK(send_all(fd, more, sizeof(more)));
    CHECK(livez_works());
    CHECK_INT(lc_http_held(http), 1);
    lc_http_release(http, &late);
    CHECK_INT(status_of(answer_of(fd)), 200);
    CHECK(connections_become(0));
    stop();
}

static void the_33rd_is_answered_at_once(void)
{
    int fds[MOST];

    start_v4();
    for (unsigned i = 0; i < MOST; i++)
        fds[i] = hold(HELD);
    const char *answer = ask(HELD);
    CHECK_INT(status_of(answer), 503);
    CHECK_STR(body_of(answer), "too many\n");
    /* Whose place is free again is taken. */
    close(fds[7]);
    CHECK(held_become(MOST - 1));
    fds[7] = hold(HELD);
    lc_http_release(http, &late);
    for (unsigned i = 0; i < MOST; i++)
        CHECK_INT(status_of(answer_of(fds[i])), 200);
    CHECK(connections_become(0));
    stop();
}

static void they_are_beyond_the_256_and_never_give_way(void)
{
    int fds[LC_HTTP_CONNECTIONS_MAX], held[MOST];

    start_v4();
    for (unsigned i = 0; i < MOST; i++)
        held[i] = hold(HELD);
    CHECK_INT(lc_http_connections(http), 0);
    for (unsigned i = 0; i < LC_HTTP_CONNECTIONS_MAX; i++) {
        fds[i] = connect_v4();
        CHECK(connections_become(i + 1));
    }
    CHECK(!is_closed(fds[0]));
    CHECK(livez_works());
    CHECK(is_closed(fds[0]));
    CHECK_INT(lc_http_held(http), MOST);
    lc_http_release(http, &late);
    for (unsigned i = 0; i < MOST; i++)
        CHECK_INT(status_of(answer_of(held[i])), 200);
    for (unsigned i = 0; i < LC_HTTP_CONNECTIONS_MAX; i++)
        close(fds[i]);
    CHECK(connections_become(0));
    stop();
}

static void they_may_take_longer_than_a_request(void)
{
    char answer[ANSWER_MAX];

    start_v4();
    int fd = hold(HELD), slow = connect_v4();
    CHECK(send_all(slow, "GET", 3));
    CHECK(receive(slow, answer)); /* whose 5 s began later */
    close(slow);
    CHECK_INT(lc_http_held(http), 1);
    lc_http_release(http, &late);
    CHECK_INT(status_of(answer_of(fd)), 200);
    stop();
}

static void what_was_answered_is_sent_though_the_listener_ends(void)
{
    char answer[ANSWER_MAX];

    start_v4();
    int fd = hold(HELD), waiting = hold(HELD);
    lc_http_release(http, &late);
    close(waiting);
    waiting = hold(HELD);
    lc_http_free(http);
    http = NULL;
    CHECK(receive(fd, answer));
    CHECK_INT(status_of(answer), 200);
    CHECK_STR(body_of(answer), "drained\n");
    CHECK(receive(waiting, answer));
    CHECK_STR(answer, "");
    close(fd);
    close(waiting);
    stop();
}

int main(void)
{
    TEST(a_held_request_is_answered_when_it_is_released);
    TEST(HEAD_is_held_too_and_gets_no_body);
    TEST(one_whose_client_has_gone_is_dropped);
    TEST(one_that_says_more_goes_on_waiting);
    TEST(the_33rd_is_answered_at_once);
    TEST(they_are_beyond_the_256_and_never_give_way);
    TEST(they_may_take_longer_than_a_request);
    TEST(what_was_answered_is_sent_though_the_listener_ends);
    return tap_done();
}
