/* SPDX-License-Identifier: Apache-2.0 */
/* drive/http.c: slow, idle, hostile and too many clients never keep a probe from its answer. */

#include "http_fixture.h"

#include <fcntl.h>
#include <sys/resource.h>

enum { LIMIT = LC_HTTP_CONNECTIONS_MAX, SLOW_CLIENTS = 1000 };

/* Sets how many descriptors this process may have; returns how many it were. */
static rlim_t allow_descriptors(rlim_t count)
{
    struct rlimit limit;
    rlim_t before;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        abort();
    before = limit.rlim_cur;
    limit.rlim_cur = count < limit.rlim_max ? count : limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        abort();
    return before;
}

/* A listener that takes at most `count` connections at a time. */
static void start_small(unsigned count)
{
    rlim_t before = allow_descriptors(2 * (rlim_t)count);

    start_v4();
    allow_descriptors(before); /* for the clients, who are in this process too */
}

/* `count` clients that the server has accepted; each has sent `text`. */
static void open_clients(int *fds, unsigned count, const char *text)
{
    unsigned before = lc_http_connections(http);

    for (unsigned i = 0; i < count; i++) {
        fds[i] = connect_v4();
        CHECK(connections_become(before + i + 1)); /* one by one: their order is known */
        CHECK(send_all(fds[i], text, strlen(text)));
    }
}

static bool turn_until_asked(unsigned count)
{
    lc_msec end = lc_clock_msec() + WAIT_MSEC;

    while (asked < count && lc_clock_msec() < end)
        turn_for(-1, 0);
    return asked == count;
}

/* The server has closed `fd`, even if there is something to read. */
static bool has_hung_up(int fd)
{
    struct pollfd wait = {.fd = fd, .events = POLLRDHUP};

    return poll(&wait, 1, 0) == 1 && wait.revents & (POLLRDHUP | POLLHUP | POLLERR);
}

static void close_clients(const int *fds, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

static void at_256_connections_the_one_incomplete_for_longest_gives_way(void)
{
    int fds[LIMIT];

    start_v4();
    open_clients(fds, LIMIT, "GET /live");
    CHECK(!is_closed(fds[0]));
    CHECK(livez_works());
    CHECK(is_closed(fds[0]));
    for (unsigned i = 1; i < LIMIT; i++)
        CHECK(!is_closed(fds[i]));
    CHECK(connections_become(LIMIT - 1));
    CHECK(livez_works()); /* there is room now */
    CHECK(!is_closed(fds[1]));
    close_clients(fds, LIMIT);
    CHECK(connections_become(0));
    stop();
}

static void an_answer_being_read_does_not_give_way_while_a_request_is_incomplete(void)
{
    int fds[LIMIT];
    char answer[ANSWER_MAX];

    start_v4();
    open_clients(fds, 1, "GET /big HTTP/1.1\r\n\r\n");
    CHECK(turn_until_asked(1));
    open_clients(fds + 1, LIMIT - 1, "GET /live");
    CHECK(livez_works());
    CHECK(is_closed(fds[1]));
    CHECK(receive(fds[0], answer));
    CHECK_INT(status_of(answer), 200);
    close_clients(fds, LIMIT);
    stop();
}

static void where_every_request_was_read_the_oldest_gives_way(void)
{
    int fds[8];
    char answer[ANSWER_MAX];

    start_small(8);
    open_clients(fds, 8, "GET /big HTTP/1.1\r\n\r\n");
    CHECK(turn_until_asked(8));
    CHECK(livez_works());
    for (unsigned i = 0; i < 8; i++) {
        CHECK(receive(fds[i], answer));
        CHECK(i == 0 ? received < BIG : received > BIG);
    }
    close_clients(fds, 8);
    CHECK(connections_become(0));
    stop();
}

static void a_storm_of_new_connections_does_not_push_a_probe_out(void)
{
    int before[LIMIT], after[LIMIT + 100], probe;
    char answer[ANSWER_MAX];

    start_v4();
    /* All of these wait in the queue before the server looks for the first time. */
    for (unsigned i = 0; i < LIMIT; i++)
        before[i] = connect_v4();
    probe = connect_v4();
    CHECK_INT(send(probe, LIVEZ, strlen(LIVEZ), MSG_NOSIGNAL), strlen(LIVEZ));
    for (unsigned i = 0; i < LIMIT + 100; i++)
        after[i] = connect_v4();
    CHECK(receive(probe, answer));
    CHECK_INT(status_of(answer), 200);
    close(probe);
    close_clients(before, LIMIT);
    close_clients(after, LIMIT + 100);
    CHECK(connections_become(0));
    stop();
}

static void a_whole_request_has_5_seconds(void)
{
    enum { TRICKLE, IDLE, HALF, DEAF, CLIENTS };
    int fds[CLIENTS];
    lc_msec begin, due = 0, end[CLIENTS] = {0};
    bool all = false;

    start_v4();
    open_clients(fds + TRICKLE, 1, "GET /livez HTTP/1.1\r\nX: ");
    open_clients(fds + IDLE, 1, "");
    open_clients(fds + HALF, 1, "GET /livez HTTP/1.1\r\nContent-Length: 10\r\n\r\nx");
    open_clients(fds + DEAF, 1, "GET /big HTTP/1.1\r\n\r\n"); /* reads nothing of the answer */
    begin = lc_clock_msec();
    while (!all && lc_clock_msec() - begin < WAIT_MSEC) {
        if (lc_clock_msec() >= due) { /* so that no single read is late */
            send(fds[TRICKLE], "x", 1, MSG_NOSIGNAL);
            due = lc_clock_msec() + 100;
        }
        turn_for(-1, 0);
        all = true;
        for (unsigned i = 0; i < CLIENTS; i++) {
            /* The end waits behind the answer that the deaf one does not read. */
            bool ended = i == DEAF ? lc_http_connections(http) == 0 : has_hung_up(fds[i]);

            if (!end[i] && ended)
                end[i] = lc_clock_msec() - begin;
            all = all && end[i];
        }
    }
    CHECK_INT(lc_http_connections(http), 0);
    for (unsigned i = 0; i < CLIENTS; i++)
        CHECK(end[i] >= 4500 && end[i] < 10000);
    close_clients(fds, CLIENTS);
    stop();
}

static void livez_is_answered_under_1000_clients_that_send_a_byte_a_second(void)
{
    static int fds[SLOW_CLIENTS];
    lc_msec longest = 0, due = 0;

    allow_descriptors(SLOW_CLIENTS + LIMIT + 100);
    start_v4();
    for (unsigned i = 0; i < SLOW_CLIENTS; i++) {
        fds[i] = connect_v4();
        if (i % 64 == 0)
            turn();
    }
    for (unsigned probe = 0; probe < 100; probe++) {
        lc_msec begin = lc_clock_msec();

        for (unsigned i = 0; i < SLOW_CLIENTS && begin >= due; i++) {
            if (send(fds[i], "G", 1, MSG_NOSIGNAL) == 1)
                continue;
            close(fds[i]); /* gave way: it comes again */
            fds[i] = connect_v4();
        }
        if (begin >= due)
            due = begin + 1000;
        CHECK(livez_works());
        if (lc_clock_msec() - begin > longest)
            longest = lc_clock_msec() - begin;
    }
    CHECK(lc_http_connections(http) >= LIMIT / 2); /* the slow ones are there, not just gone */
    printf("# longest answer: %llu ms\n", (unsigned long long)longest);
    CHECK(longest < 2000);
    close_clients(fds, SLOW_CLIENTS);
    CHECK(connections_become(0));
    stop();
}

static void a_client_may_reset_its_connection_at_any_time(void)
{
    static const char request[] = "GET /big HTTP/1.1\r\n\r\n";
    const struct linger reset = {.l_onoff = 1};

    start_v4();
    for (size_t sent = 0; sent < sizeof(request); sent++) {
        int fd = connect_v4();

        if (sent % 2)
            CHECK(connections_become(1));
        CHECK_INT(send(fd, request, sent, MSG_NOSIGNAL), sent);
        if (sent % 3)
            turn();
        CHECK(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) == 0);
        close(fd);
        CHECK(connections_become(0));
    }
    CHECK(livez_works());
    stop();
}

static void clients_get_half_of_the_descriptors(void)
{
    int fds[30];

    start_small(30);
    open_clients(fds, 30, "G");
    CHECK(livez_works());
    CHECK(is_closed(fds[0]));
    CHECK(!is_closed(fds[1]));
    close_clients(fds, 30);
    stop();
}

/* Takes every descriptor; returns how many. */
static unsigned take_all(int *fds, unsigned room)
{
    unsigned count = 0;

    while (count < room && (fds[count] = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)) >= 0)
        count++;
    return count;
}

static void without_a_descriptor_a_client_waits_and_the_loop_does_not_spin(void)
{
    int fds[64], probe;
    unsigned count, turns = 0;
    char answer[ANSWER_MAX];
    const struct timeval a_while = {.tv_usec = 350000};
    rlim_t before;

    start_v4();
    before = allow_descriptors(64);
    probe = connect_v4();
    CHECK_INT(send(probe, LIVEZ, strlen(LIVEZ), MSG_NOSIGNAL), strlen(LIVEZ));
    count = take_all(fds, 64);
    CHECK(count > 0);
    event_base_loopexit(base, &a_while);
    do {
        event_base_loop(base, EVLOOP_ONCE); /* comes back each time that something happened */
        turns++;
    } while (!event_base_got_exit(base));
    CHECK(turns < 20);
    CHECK_INT(lc_http_connections(http), 0);
    close_clients(fds, count);
    CHECK(receive(probe, answer));
    CHECK_INT(status_of(answer), 200);
    close(probe);
    allow_descriptors(before);
    stop();
}

static void without_a_descriptor_an_idle_client_gives_way_to_a_probe(void)
{
    int fds[64], idle, probe;
    unsigned count;
    char answer[ANSWER_MAX];
    rlim_t before;
    lc_msec begin = lc_clock_msec();

    start_v4();
    before = allow_descriptors(64);
    open_clients(&idle, 1, "G");
    probe = connect_v4();
    CHECK_INT(send(probe, LIVEZ, strlen(LIVEZ), MSG_NOSIGNAL), strlen(LIVEZ));
    count = take_all(fds, 64);
    CHECK(receive(probe, answer));
    CHECK_INT(status_of(answer), 200);
    CHECK(is_closed(idle));
    CHECK(lc_clock_msec() - begin < LC_HTTP_REQUEST_MSEC); /* not because its own time was up */
    close(idle);
    close(probe);
    close_clients(fds, count);
    allow_descriptors(before);
    stop();
}

static void while_no_connection_is_open_nothing_wakes_the_loop(void)
{
    int fds[3];

    start_v4();
    CHECK_INT(event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED), 2);
    open_clients(fds, 3, "G");
    CHECK(event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED) > 2);
    CHECK(livez_works());
    close_clients(fds, 3);
    CHECK(connections_become(0));
    turn();
    /* The listener twice (evhttp's accept, and what watches over it): no timer. */
    CHECK_INT(event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED), 2);
    stop();
}

static void with_few_descriptors_fewer_are_held(void)
{
    enum { SMALL = 16, HELD = SMALL / 2 };
    static const char request[] = "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n";
    int fds[HELD];

    start_small(SMALL);
    for (unsigned i = 0; i < HELD; i++) {
        lc_msec end = lc_clock_msec() + WAIT_MSEC;

        fds[i] = connect_v4();
        CHECK(send_all(fds[i], request, strlen(request)));
        while (lc_http_held(http) <= i && lc_clock_msec() < end)
            turn_for(-1, 0);
    }
    CHECK_INT(lc_http_held(http), HELD);
    CHECK_INT(status_of(ask(request)), 503);
    CHECK_INT(lc_http_held(http), HELD);
    for (unsigned i = 0; i < HELD; i++)
        close(fds[i]);
    stop();
}

int main(void)
{
    allow_descriptors(2 * LIMIT + LIMIT + 300);
    TEST(at_256_connections_the_one_incomplete_for_longest_gives_way);
    TEST(an_answer_being_read_does_not_give_way_while_a_request_is_incomplete);
    TEST(where_every_request_was_read_the_oldest_gives_way);
    TEST(a_storm_of_new_connections_does_not_push_a_probe_out);
    TEST(a_whole_request_has_5_seconds);
    TEST(livez_is_answered_under_1000_clients_that_send_a_byte_a_second);
    TEST(a_client_may_reset_its_connection_at_any_time);
    TEST(clients_get_half_of_the_descriptors);
    TEST(with_few_descriptors_fewer_are_held);
    TEST(without_a_descriptor_a_client_waits_and_the_loop_does_not_spin);
    TEST(without_a_descriptor_an_idle_client_gives_way_to_a_probe);
    TEST(while_no_connection_is_open_nothing_wakes_the_loop);
    return tap_done();
}
