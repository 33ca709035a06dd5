/* SPDX-License-Identifier: Apache-2.0 */
/* What a process's checks have found out, and of which process. */
#include "base/log.h"
#include "drive/checkup.h"
#include "drive/loop.h"
#include "loop_turn.h"
#include "tap.h"

#include <event2/http.h>
#include <netinet/in.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_SEC = 20, SILENCE_TURNS = 100 };

static struct event_base *base;
static struct lc_attempt_world world;
static struct lc_checkup checkup;
static struct lc_probe probe;
static struct lc_process_config config;
static char root[] = "/", loopback[] = "127.0.0.1", web[] = "web";
static struct evhttp *server;
static struct evhttp_request *held[4]; /* the requests, in the order in which they came */
static unsigned asked;

static void on_request(struct evhttp_request *request, void *userdata)
{
    (void)userdata;
    if (asked < sizeof(held) / sizeof(held[0]))
        held[asked++] = request;
}

static void on_changed(void *userdata, unsigned lane, bool failed)
{
    (void)userdata;
    (void)lane;
    CHECK(!failed);
}

static void turn(void)
{
    loop_turn(base);
}

static void await_request(unsigned number)
{
    time_t end = time(NULL) + PATIENCE_SEC;

    while (asked < number && time(NULL) < end)
        turn();
    CHECK_INT(asked, number);
}

static void serve(uint16_t *ret_port)
{
    struct sockaddr_in name = {0};
    socklen_t length = sizeof(name);
    struct evhttp_bound_socket *bound;

    asked = 0;
    server = evhttp_new(base);
    bound = evhttp_bind_socket_with_handle(server, "127.0.0.1", 0);
    getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&name, &length);
    *ret_port = ntohs(name.sin_port);
    evhttp_set_gencb(server, on_request, NULL);
}

/* A process with one check, which has begun; `failures` in a row decide, or one success. */
static void setup(enum lc_check_kind kind, uint64_t period_msec, uint64_t failures)
{
    probe = (struct lc_probe){.action = LC_PROBE_HTTP_GET,
                              .path = root,
                              .host = loopback,
                              .period = period_msec,
                              .timeout = 60 * 1000,
                              .threshold = {failures, 1}};
    config = (struct lc_process_config){.name = web};
    config.probe[kind] = &probe;
    serve(&probe.port);
    CHECK_INT(lc_checkup_init(&checkup, 0, &config, &world, on_changed, NULL), 0);
    lc_checkup_begin(&checkup);
}

static void teardown(void)
{
    lc_checkup_deinit(&checkup);
    evhttp_free(server);
}

static void what_is_asked_of_one_process_does_not_count_for_the_next(void)
{
    setup(LC_CHECK_READINESS, 3600 * 1000, 1);
    await_request(1);
    lc_checkup_begin(&checkup);
    await_request(2);
    evhttp_send_reply(held[0], 200, "OK", NULL);
    for (unsigned i = 0; i < SILENCE_TURNS; i++)
        turn();
    CHECK(!lc_checkup_passes(&checkup));
    evhttp_send_reply(held[1], 200, "OK", NULL);
    for (time_t end = time(NULL) + PATIENCE_SEC; time(NULL) < end && !lc_checkup_passes(&checkup);)
        turn();
    CHECK(lc_checkup_passes(&checkup));
    teardown();
}

static void in_a_shutdown_nothing_is_waited_for_any_more(void)
{
    setup(LC_CHECK_STARTUP, 10, 1000);
    await_request(1);
    evhttp_send_reply(held[0], 500, "No", NULL);
    await_request(2);
    lc_checkup_follow(&checkup, LC_PHASE_PROPAGATING);
    evhttp_send_reply(held[1], 500, "No", NULL);
    for (unsigned i = 0; i < SILENCE_TURNS; i++)
        turn();
    CHECK_INT(asked, 2);
    teardown();
}

int main(void)
{
    struct lc_log *log;

    signal(SIGPIPE, SIG_IGN);
    if (lc_log_new(&log, STDERR_FILENO) < 0)
        return EXIT_FAILURE;
    base = lc_loop_new(log);
    world = (struct lc_attempt_world){.base = base, .log = log};
    TEST(what_is_asked_of_one_process_does_not_count_for_the_next);
    TEST(in_a_shutdown_nothing_is_waited_for_any_more);
    lc_loop_free(base);
    lc_log_free(log);
    return tap_done();
}
