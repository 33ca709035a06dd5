/* SPDX-License-Identifier: Apache-2.0 */

/* sys_connections_arrivals_test [RATE SECONDS]
 *
 * What is counted as an arrival. By default 5,000 connections a second for one second. */

#include "sys_connections.h"

#include <sys/resource.h>

enum { LOOK_EVERY_MSEC = 100, BATCH = 20 };

static int rate = 5000, seconds = 1;
static uint16_t port = PORT; /* another in each test: ends of the last one's may still be told */
static int listener;
static struct lc_connections *connections;

/* The look that remembers has been made. */
static void watch(void)
{
    CHECK_INT(lc_connections_watch(connections), 0);
    CHECK_INT(lc_connections_arrivals_source(connections), LC_ARRIVALS_GROUPS);
    CHECK(step_until(connections, LC_CONNECTIONS_LOOKED) & LC_CONNECTIONS_LOOKED);
}

static const struct lc_arrivals *arrivals(void)
{
    look(connections);
    return lc_connections_arrivals(connections);
}

static void setup_with(struct lc_connections_rules rules)
{
    port++;
    rules.ports = &port;
    rules.port_count = 1;
    listener = listen_on("0.0.0.0", port);
    connections = make_connections(&rules);
}

static void setup(void)
{
    setup_with((struct lc_connections_rules){.idle_msec = IDLE_MSEC});
}

static void teardown(void)
{
    lc_connections_free(connections);
    close(listener);
}

/* The kernel tells of a socket's end from a work queue (net/core/sock_diag.c), so a moment later. */
static void check_arrivals(uint64_t new, uint64_t data)
{
    WAIT_UNTIL(arrivals()->connections >= new &&arrivals()->data >= data);
    CHECK_INT(arrivals()->connections, new);
    CHECK_INT(arrivals()->data, data);
    CHECK_INT(arrivals()->lost, 0);
}

/* Where nothing is to arrive, one more shows that all was heard of what went before it. */
static void check_only_sentinel(void)
{
    struct pair pair = make_pair(listener, "127.0.0.1", port);

    close_pair(&pair);
    check_arrivals(1, 0);
}

static void what_was_there_before_is_no_arrival(void)
{
    setup();
    struct pair pair = make_pair(listener, "127.0.0.1", port);

    say(pair.client, "a request");
    watch();
    check_arrivals(0, 0);
    close_pair(&pair);
    check_only_sentinel();
    teardown();
}

static void a_new_connection_is_one_arrival_however_long_it_lives(void)
{
    setup();
    watch();
    struct pair pair = make_pair(listener, "127.0.0.1", port);

    check_arrivals(1, 0);
    check_arrivals(1, 0);
    close_pair(&pair);
    check_arrivals(1, 0);
    pair = make_pair(listener, "127.0.0.1", port);
    close_pair(&pair);
    check_arrivals(2, 0);
    teardown();
}

static void one_that_waits_to_be_accepted_is_one(void)
{
    setup();
    watch();
    struct pair pair = {.client = connect_from(NULL, "127.0.0.1", port)};

    check_arrivals(1, 0);
    pair.server = accept(listener, NULL, NULL);
    check_arrivals(1, 0);
    close_pair(&pair);
    teardown();
}

static void data_on_an_older_connection_is_one_a_look(void)
{
    setup();
    struct pair pair = make_pair(listener, "127.0.0.1", port);

    watch();
    say(pair.client, "a request");
    check_arrivals(0, 1);
    say(pair.server, "an answer");
    hear(pair.client, "an answer");
    check_arrivals(0, 1);
    say(pair.client, "a request");
    check_arrivals(0, 2);
    say(pair.client, "the last words");
    close_pair(&pair);
    check_arrivals(0, 3);
    teardown();
}

/* Balancers close the connections that they keep to a pod that is going. */
static void the_end_of_an_older_connection_is_none(void)
{
    setup();
    struct pair pair = make_pair(listener, "127.0.0.1", port);

    say(pair.client, "a request");
    watch();
    shutdown(pair.client, SHUT_WR);
    check_arrivals(0, 0);
    close_pair(&pair);
    check_only_sentinel();
    teardown();
}

/* The kernel lists it no longer, but tells of its end once the application has closed it. */
static void the_end_of_one_that_was_reset_before_is_none(void)
{
    const struct linger reset = {.l_onoff = 1};

    setup();
    struct pair pair = make_pair(listener, "127.0.0.1", port);

    setsockopt(pair.client, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(pair.client);
    WAIT_UNTIL(look(connections)->open == 0);
    usleep(50000); /* what is tested is age: beyond the rounding of the kernel's times */
    watch();
    close(pair.server);
    check_only_sentinel();
    teardown();
}

static void data_counts_only_where_it_is_asked_for(void)
{
    setup_with((struct lc_connections_rules){.only_connections = true});
    struct pair pair = make_pair(listener, "127.0.0.1", port);

    watch();
    say(pair.client, "a request");
    check_only_sentinel();
    close_pair(&pair);
    teardown();
}

static void what_comes_to_another_port_is_none(void)
{
    int other = listen_on("127.0.0.1", 1);

    setup();
    watch();
    struct pair pair = make_pair(other, "127.0.0.1", 1);

    close_pair(&pair);
    check_only_sentinel();
    close(other);
    teardown();
}

static void what_comes_from_one_who_is_ignored_is_none(void)
{
    struct lc_cidr probes;

    CHECK_INT(lc_cidr_parse("127.9.0.0/16", &probes), 0);
    setup_with((struct lc_connections_rules){.ignored = &probes, .ignored_count = 1});
    watch();
    struct pair pair = {.client = connect_from("127.9.1.1", "127.0.0.1", port)};

    pair.server = accept(listener, NULL, NULL);
    check_arrivals(0, 0);
    CHECK_INT(lc_connections_count(connections)->open, 0);
    close_pair(&pair);
    check_only_sentinel();
    teardown();
}

static void our_own_check_is_none(void)
{
    struct lc_cidr own;

    CHECK_INT(lc_cidr_parse("127.0.0.1", &own), 0);
    setup();
    watch();
    struct pair pair = make_pair(listener, "127.0.0.1", port);
    struct sockaddr_in name;
    socklen_t size = sizeof name;

    CHECK_INT(getsockname(pair.client, (struct sockaddr *)&name, &size), 0);
    lc_connections_add_check(connections, own.address, ntohs(name.sin_port));
    check_arrivals(0, 0);
    CHECK_INT(lc_connections_count(connections)->open, 0);
    close_pair(&pair);
    check_only_sentinel();
    teardown();
}

/* In another process: a connection every 1/rate s, each tenth of which lives until the end. A byte
 * for each BATCH: where the machine has no time for the one that counts, they come more slowly, and
 * the kernel has nothing to lose. */
_Noreturn static void arrive(int count, int go)
{
    int64_t begin = now_msec();

    for (int i = 0; i < count; i++) {
        char address[32];
        struct pair pair;

        if (i % BATCH == 0)
            CHECK_INT(read(go, address, 1), 1);
        snprintf(address, sizeof address, "127.0.0.%d", 1 + i % 200);
        pair = make_pair(listener, address, port);
        if (i % 3 == 0)
            say(pair.client, "a request");
        if (i % 10 != 0)
            close_pair(&pair);
        while ((now_msec() - begin) * rate < i * INT64_C(1000))
            usleep(100);
    }
    _exit(tap.checks_failed > 0);
}

static void every_one_of_thousands_a_second_is_counted(void)
{
    int count = rate * seconds;
    int64_t next_look = now_msec(), begin = next_look;
    pid_t pid;
    int status, go[2], waiting = 0;

    setup();
    watch();
    CHECK_INT(pipe2(go, O_CLOEXEC), 0);
    fflush(stdout);
    pid = fork();
    if (pid == 0)
        arrive(count, go[0]);
    while (waitpid(pid, &status, WNOHANG) == 0) {
        struct pollfd entry = {.fd = lc_connections_fd(connections), .events = POLLIN};

        if (now_msec() >= next_look) {
            CHECK_INT(lc_connections_look(connections), 0);
            next_look += LOOK_EVERY_MSEC;
        }
        while (poll(&entry, 1, 0) == 1)
            CHECK(lc_connections_step(connections) >= 0);
        if (ioctl(go[0], FIONREAD, &waiting) == 0 && waiting == 0)
            CHECK_INT(write(go[1], "", 1), 1);
        poll(&entry, 1, 1);
    }
    close(go[0]);
    close(go[1]);
    CHECK_INT(status, 0);
    WAIT_UNTIL(arrivals()->connections >= (uint64_t)count);
    CHECK_INT(arrivals()->connections, count);
    CHECK_INT(arrivals()->lost, 0);
    printf("# %d connections in %lld ms, %llu counted\n", count, (long long)(now_msec() - begin),
           (unsigned long long)arrivals()->connections);
    teardown();
}

static void where_the_kernel_has_lost_messages_that_is_an_arrival(void)
{
    static char buffer[LC_DIAG_BUFFER];
    struct lc_filter filter;
    struct lc_watch self;

    setup();
    CHECK_INT(lc_filter_init(&filter, &port, 1, NULL, 0), 0);
    CHECK_INT(lc_watch_begin(&self, &filter, false, 1, 0), 0);
    for (int i = 0; i < 100; i++) {
        struct pair pair = make_pair(listener, "127.0.0.1", port);

        close_pair(&pair);
    }
    CHECK(wait_readable(self.fd));
    WAIT_UNTIL((lc_watch_read(&self, buffer, 0), self.arrivals.lost > 0));
    CHECK(self.arrivals.connections < 100);
    lc_watch_end(&self);
    lc_filter_deinit(&filter);
    teardown();
}

static void have_descriptors(void)
{
    struct rlimit limit;

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
    if (!have_network()) {
        skip("connections", "user or network namespaces are refused");
        return tap_done();
    }
    if (!enter_network())
        return 1;
    have_descriptors();
    if (argc == 3) {
        rate = atoi(argv[1]);
        seconds = atoi(argv[2]);
    }
    TEST(what_was_there_before_is_no_arrival);
    TEST(a_new_connection_is_one_arrival_however_long_it_lives);
    TEST(one_that_waits_to_be_accepted_is_one);
    TEST(data_on_an_older_connection_is_one_a_look);
    TEST(the_end_of_an_older_connection_is_none);
    TEST(the_end_of_one_that_was_reset_before_is_none);
    TEST(data_counts_only_where_it_is_asked_for);
    TEST(what_comes_to_another_port_is_none);
    TEST(what_comes_from_one_who_is_ignored_is_none);
    TEST(our_own_check_is_none);
    TEST(every_one_of_thousands_a_second_is_counted);
    TEST(where_the_kernel_has_lost_messages_that_is_an_arrival);
    return tap_done();
}
