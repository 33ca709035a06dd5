/* SPDX-License-Identifier: Apache-2.0 */

/* A thousand connections in each state that an application's can be in, and what they are taken for.
 * The table is in the output; README's is made from it. */

#include "sys_connections.h"

#include <sys/resource.h>

enum { COUNT = 1000 };

static struct pair pairs[COUNT];
static int listener;
static struct lc_connections *connections;

static void make_pairs(void)
{
    for (int i = 0; i < COUNT; i++)
        pairs[i] = make_pair(listener, "127.0.0.1", PORT);
}

static void close_pairs(void)
{
    for (int i = 0; i < COUNT; i++)
        close_pair(&pairs[i]);
    WAIT_UNTIL(look(connections)->open == 0);
}

static void ask(int i)
{
    say(pairs[i].client, "a request");
    hear(pairs[i].server, "a request");
}

static void answer(int i)
{
    say(pairs[i].server, "an answer");
    hear(pairs[i].client, "an answer");
}

/* All of them have been quiet for long enough, so that nothing is in flight for its moving alone. */
static const struct lc_connections_count *look_when_quiet(void)
{
    WAIT_UNTIL(look(connections)->by_class[LC_CONNECTION_MOVING] == 0);
    return lc_connections_count(connections);
}

static void report(const char *state, const struct lc_connections_count *count)
{
    printf("# %-44s %4u in flight %4u idle  ", state, count->in_flight,
           count->by_class[LC_CONNECTION_IDLE]);
    for (int class = LC_CONNECTION_WAITING; class < LC_CONNECTION_CLASS_COUNT; class ++)
        if (count->by_class[class] > 0)
            printf(" %u %s", count->by_class[class],
                   lc_connection_class_name((enum lc_connection_class) class));
    printf("\n");
}

static void report_in_flight(const char *state, const struct lc_connections_count *count)
{
    report(state, count);
    CHECK_INT(count->open, COUNT);
    CHECK_INT(count->in_flight, COUNT);
}

static void a_connection_that_was_never_used_is_idle(void)
{
    make_pairs();
    report("idle, never used", look_when_quiet());
    CHECK_INT(lc_connections_count(connections)->in_flight, 0);
    close_pairs();
}

/* Each answer comes some jiffies after its request: the others ask in between. */
static void one_that_is_kept_alive_is_idle(void)
{
    make_pairs();
    for (int i = 0; i < COUNT; i++)
        ask(i);
    usleep(20000); /* what is tested is time: two jiffies of the longest */
    for (int i = 0; i < COUNT; i++)
        answer(i);
    report("idle, answered after 20 ms", look_when_quiet());
    CHECK_INT(lc_connections_count(connections)->in_flight, 0);
    close_pairs();
}

/* Request and answer in the same jiffy. In doubt it counts as in flight: the kernel's times leave it
 * open for those whose client acknowledged at once. */
static void how_many_with_quick_answers_are_idle(void)
{
    make_pairs();
    for (int i = 0; i < COUNT; i++) {
        ask(i);
        answer(i);
    }
    report("idle, answered at once, the first request", look_when_quiet());
    for (int i = 0; i < COUNT; i++) {
        ask(i);
        answer(i);
    }
    report("idle, answered at once, after a pause", look_when_quiet());
    CHECK_INT(lc_connections_count(connections)->open, COUNT);
    close_pairs();
}

static void one_whose_answer_is_slow_is_in_flight(void)
{
    make_pairs();
    for (int i = 0; i < COUNT; i++)
        ask(i);
    report_in_flight("slow answer", look_when_quiet());
    close_pairs();
}

static void one_in_a_closed_loop_whose_next_answer_is_slow_is_in_flight(void)
{
    make_pairs();
    for (int i = 0; i < COUNT; i++)
        ask(i);
    usleep(20000);
    for (int i = 0; i < COUNT; i++) {
        answer(i);
        ask(i); /* within microseconds: in the same jiffy */
    }
    report_in_flight("slow answer, closed loop", look_when_quiet());
    CHECK(lc_connections_count(connections)->by_class[LC_CONNECTION_TIED] > COUNT / 2);
    close_pairs();
}

static void one_in_a_long_closed_loop_is_in_flight(void)
{
    make_pairs();
    for (int i = 0; i < COUNT; i++) {
        for (int round = 0; round < 20; round++) {
            ask(i);
            answer(i);
        }
        ask(i);
    }
    report_in_flight("slow answer, after 20 quick ones", look_when_quiet());
    close_pairs();
}

static void one_whose_upload_pauses_is_in_flight(void)
{
    make_pairs();
    for (int piece = 0; piece < 3; piece++)
        for (int i = 0; i < COUNT; i++)
            ask(i);
    report_in_flight("slow upload, in a pause", look_when_quiet());
    close_pairs();
}

static void one_whose_answer_streams_with_pauses_is_in_flight(void)
{
    static const uint16_t port = PORT;
    struct lc_connections *patient = make_connections(&(struct lc_connections_rules){
        .ports = &port, .port_count = 1, .idle_msec = PATIENCE_MSEC});

    make_pairs();
    for (int i = 0; i < COUNT; i++)
        ask(i);
    usleep(20000);
    for (int piece = 0; piece < 5; piece++) {
        for (int i = 0; i < COUNT; i++)
            answer(i);
        CHECK_INT(look(patient)->in_flight, COUNT);
    }
    report_in_flight("streaming, in a pause", lc_connections_count(patient));
    lc_connections_free(patient);
    close_pairs();
}

static void one_with_an_unread_request_is_in_flight(void)
{
    make_pairs();
    for (int i = 0; i < COUNT; i++)
        say(pairs[i].client, "a request");
    report_in_flight("unread request", look_when_quiet());
    close_pairs();
}

/* With a small window, so that a thousand of them do not use up the kernel's memory for TCP. */
static int connect_with_little_room(void)
{
    struct sockaddr_storage address = address_of("127.0.0.1", PORT);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), room = 4096;

    CHECK_INT(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room), 0);
    CHECK_INT(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void one_whose_client_does_not_read_is_in_flight(void)
{
    static char much[32 * 1024];

    for (int i = 0; i < COUNT; i++) {
        pairs[i].client = connect_with_little_room();
        pairs[i].server = accept(listener, NULL, NULL);
        ask(i);
        CHECK_INT(send(pairs[i].server, much, sizeof much, MSG_DONTWAIT), sizeof much);
    }
    report_in_flight("client does not read its answer", look_when_quiet());
    close_pairs();
}

static void one_in_the_listen_queue_is_in_flight(void)
{
    for (int i = 0; i < COUNT; i++)
        pairs[i] = (struct pair){.client = connect_from(NULL, "127.0.0.1", PORT), .server = -1};
    for (int i = 0; i < COUNT; i += 2)
        say(pairs[i].client, "a request");
    report_in_flight("in the listen queue", look_when_quiet());
    CHECK_INT(lc_connections_count(connections)->backlog, COUNT);
    for (int i = 0; i < COUNT; i++)
        pairs[i].server = accept(listener, NULL, NULL);
    close_pairs();
}

static void have_descriptors(void)
{
    struct rlimit limit;

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int main(void)
{
    if (!have_network()) {
        skip("connections", "user or network namespaces are refused");
        return tap_done();
    }
    if (!enter_network())
        return 1;
    have_descriptors();
    listener = listen_on("127.0.0.1", PORT);
    connections = make_named();
    TEST(a_connection_that_was_never_used_is_idle);
    TEST(one_that_is_kept_alive_is_idle);
    TEST(how_many_with_quick_answers_are_idle);
    TEST(one_whose_answer_is_slow_is_in_flight);
    TEST(one_in_a_closed_loop_whose_next_answer_is_slow_is_in_flight);
    TEST(one_in_a_long_closed_loop_is_in_flight);
    TEST(one_whose_upload_pauses_is_in_flight);
    TEST(one_whose_answer_streams_with_pauses_is_in_flight);
    TEST(one_with_an_unread_request_is_in_flight);
    TEST(one_whose_client_does_not_read_is_in_flight);
    TEST(one_in_the_listen_queue_is_in_flight);
    lc_connections_free(connections);
    close(listener);
    return tap_done();
}
