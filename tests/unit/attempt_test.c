/* SPDX-License-Identifier: Apache-2.0 */
/* Attempts by the thousand: each comes to its result, and leaves nothing behind. */
#include "descriptors.h"
#include "drive/attempt.h"
#include "drive/loop.h"
#include "listener.h"
#include "loop_turn.h"
#include "tap.h"

#include <event2/http.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_SEC = 60 };

static struct event_base *base;
static struct lc_attempt attempt;
static struct lc_attempt_world world;
static unsigned results[3], reaped_others;
static char last_why[LC_ATTEMPT_WHY_MAX];

static void on_done(void *userdata, enum lc_check_result result, const char *why)
{
    (void)userdata;
    results[result]++;
    snprintf(last_why, sizeof(last_why), "%s", why);
}

static unsigned done(void)
{
    return results[LC_CHECK_FAILED] + results[LC_CHECK_PASSED] + results[LC_CHECK_UNKNOWN];
}

static void reap(void)
{
    struct lc_reaped reaped;

    while (lc_reap(&reaped) > 0)
        if (!lc_attempt_reaped(&attempt, &reaped))
            reaped_others++;
}

static void turn(void)
{
    loop_turn(base);
    reap();
}

static void setup(void)
{
    world.base = base = lc_loop_new(NULL);
    world.spawn = (struct lc_spawn){.envp = environ, .terminal = -1};
    memset(results, 0, sizeof(results));
    reaped_others = 0;
    CHECK_INT(lc_attempt_init(&attempt, &world, on_done, NULL), 0);
}

static void teardown(void)
{
    lc_attempt_deinit(&attempt);
    lc_loop_free(base);
}

static void run(const struct lc_probe *probe, unsigned count)
{
    time_t end = time(NULL) + PATIENCE_SEC;

    for (unsigned i = 0; i < count && time(NULL) < end; i++) {
        lc_attempt_start(&attempt, probe);
        CHECK_INT(done(), i);
        while (done() == i && time(NULL) < end)
            turn();
    }
    while (lc_reap_has_children() && time(NULL) < end)
        turn();
    CHECK(!lc_reap_has_children());
}

static void an_exec_check_leaves_neither_descriptor_nor_process_behind(void)
{
    char *command[] = {(char[]){"sh"}, (char[]){"-c"}, (char[]){"sleep 100 & exit 0"}, NULL};
    const struct lc_probe probe = {.action = LC_PROBE_EXEC, .command = command, .timeout = 10000};
    int before;

    setup();
    before = count_descriptors();
    run(&probe, 300);
    CHECK_INT(results[LC_CHECK_PASSED], 300);
    CHECK_INT(reaped_others, 300); /* the orphans */
    CHECK_INT(count_descriptors(), before);
    teardown();
}

static void nor_does_one_that_is_given_up(void)
{
    char *command[] = {(char[]){"sh"}, (char[]){"-c"}, (char[]){"sleep 100 & sleep 100"}, NULL};
    const struct lc_probe probe = {.action = LC_PROBE_EXEC, .command = command, .timeout = 20};
    int before;

    setup();
    before = count_descriptors();
    run(&probe, 50);
    CHECK_INT(results[LC_CHECK_FAILED], 50);
    CHECK_STR(last_why, "nothing within 20ms");
    CHECK_INT(count_descriptors(), before);
    teardown();
}

static void nor_does_one_that_is_called_off(void)
{
    char *command[] = {(char[]){"sleep"}, (char[]){"100"}, NULL};
    const struct lc_probe probe = {.action = LC_PROBE_EXEC, .command = command, .timeout = 10000};
    int before;

    setup();
    before = count_descriptors();
    for (unsigned i = 0; i < 100; i++) {
        lc_attempt_start(&attempt, &probe);
        lc_attempt_cancel(&attempt);
        while (lc_reap_has_children())
            turn();
    }
    CHECK_INT(done(), 0);
    CHECK_INT(count_descriptors(), before);
    teardown();
}

static void on_request(struct evhttp_request *request, void *userdata)
{
    (void)userdata;
    evhttp_send_reply(request, 200, "OK", NULL);
}

static struct evhttp *serve(uint16_t *ret_port)
{
    struct evhttp *server = evhttp_new(base);
    struct evhttp_bound_socket *bound = evhttp_bind_socket_with_handle(server, "127.0.0.1", 0);
    struct sockaddr_in name = {0};
    socklen_t length = sizeof(name);

    getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&name, &length);
    *ret_port = ntohs(name.sin_port);
    evhttp_set_gencb(server, on_request, NULL);
    return server;
}

static void thousands_of_requests_leave_nothing_behind(void)
{
    struct lc_probe probe = {.action = LC_PROBE_HTTP_GET, .path = (char[]){"/"}, .timeout = 10000};
    struct evhttp *server;
    int before;

    setup();
    server = serve(&probe.port);
    run(&probe, 1); /* what the loop keeps for ever */
    before = count_descriptors();
    memset(results, 0, sizeof(results));
    run(&probe, 2000);
    CHECK_INT(results[LC_CHECK_PASSED], 2000);
    for (unsigned i = 0; i < 3; i++) /* the server's own end of the last one */
        turn();
    CHECK_INT(count_descriptors(), before);
    evhttp_free(server);
    teardown();
}

static void a_refusal_is_told_later_and_leaves_nothing_behind(void)
{
    const struct lc_probe probe = {.action = LC_PROBE_TCP_SOCKET, .port = 1, .timeout = 10000};
    int before;

    setup();
    before = count_descriptors();
    run(&probe, 1000);
    CHECK_INT(results[LC_CHECK_FAILED], 1000);
    CHECK_STR(last_why, "Connection refused");
    CHECK_INT(count_descriptors(), before);
    teardown();
}

static void a_program_that_is_not_there_says_nothing_of_the_application(void)
{
    char *command[] = {(char[]){"/no/such/program"}, NULL};
    const struct lc_probe probe = {.action = LC_PROBE_EXEC, .command = command, .timeout = 10000};

    setup();
    run(&probe, 1);
    CHECK_INT(results[LC_CHECK_UNKNOWN], 1);
    CHECK_STR(last_why, "/no/such/program: execve: No such file or directory");
    teardown();
}

/* Until the attempt is done; other processes may live on. */
static void run_once(const struct lc_probe *probe)
{
    lc_attempt_start(&attempt, probe);
    for (time_t end = time(NULL) + PATIENCE_SEC; done() == 0 && time(NULL) < end;)
        turn();
}

/* Lets us open so many descriptors more; returns what held before. */
static struct rlimit allow_descriptors(unsigned count)
{
    struct rlimit before, limit;
    int next = dup(STDERR_FILENO);

    if (next < 0 || close(next) < 0 || getrlimit(RLIMIT_NOFILE, &before) < 0)
        abort();
    limit = (struct rlimit){.rlim_cur = (rlim_t)next + count, .rlim_max = before.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        abort();
    return before;
}

static void what_tls_lacks_descriptors_for_says_nothing_of_the_application(void)
{
    struct lc_probe probe = {.action = LC_PROBE_HTTP_GET,
                             .scheme = LC_SCHEME_HTTPS,
                             .host = (char[]){"127.0.0.1"},
                             .path = (char[]){"/"},
                             .timeout = 10000};
    struct rlimit before;
    int fd, count;

    setup();
    world.tls_helper = "/bin/true";
    fd = listen_anywhere(&probe.port);
    count = count_descriptors();
    before = allow_descriptors(1); /* the connection, and no pair of sockets */
    run_once(&probe);
    setrlimit(RLIMIT_NOFILE, &before);
    CHECK_INT(results[LC_CHECK_UNKNOWN], 1);
    CHECK_STR(last_why, "Too many open files");
    CHECK_INT(count_descriptors(), count);
    close(fd);
    teardown();
}

static void nor_does_a_redirect_that_we_lack_descriptors_for(void)
{
    static const char text[] = "HTTP/1.1 302 X\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n";
    struct lc_probe probe = {.action = LC_PROBE_HTTP_GET,
                             .host = (char[]){"127.0.0.1"},
                             .path = (char[]){"/"},
                             .timeout = 10000};
    char request[4096];
    struct rlimit before;
    int fd, client;

    setup();
    fd = listen_anywhere(&probe.port);
    lc_attempt_start(&attempt, &probe);
    client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
    for (time_t end = time(NULL) + PATIENCE_SEC;
         recv(client, request, sizeof(request), MSG_DONTWAIT) < 0 && time(NULL) < end;)
        turn();
    CHECK_INT(write(client, text, sizeof(text) - 1), sizeof(text) - 1);
    before = allow_descriptors(0);
    for (time_t end = time(NULL) + PATIENCE_SEC; done() == 0 && time(NULL) < end;)
        turn();
    setrlimit(RLIMIT_NOFILE, &before);
    CHECK_INT(results[LC_CHECK_UNKNOWN], 1);
    CHECK_STR(last_why, "Too many open files");
    close(client);
    close(fd);
    teardown();
}

static void one_that_cannot_die_is_not_joined_by_a_second(void)
{
    char *slow[] = {(char[]){"sleep"}, (char[]){"100"}, NULL}, *quick[] = {(char[]){"true"}, NULL};
    const struct lc_probe first = {.action = LC_PROBE_EXEC, .command = slow, .timeout = 20};
    const struct lc_probe second = {.action = LC_PROBE_EXEC, .command = quick, .timeout = 60000};
    pid_t pid;

    setup();
    lc_attempt_start(&attempt, &first);
    pid = attempt.child.pid;
    for (time_t end = time(NULL) + PATIENCE_SEC; done() == 0 && time(NULL) < end;)
        loop_turn(base); /* in which nothing that was killed is reaped */
    CHECK_INT(results[LC_CHECK_FAILED], 1);
    lc_attempt_start(&attempt, &second);
    for (unsigned i = 0; i < 20; i++)
        loop_turn(base);
    CHECK_INT(attempt.child.pid, pid);
    CHECK_INT(done(), 1);
    for (time_t end = time(NULL) + PATIENCE_SEC; done() == 1 && time(NULL) < end;)
        turn();
    CHECK_INT(results[LC_CHECK_PASSED], 1);
    teardown();
}

static void an_exec_check_leaves_the_applications_input_to_it(void)
{
    char *command[] = {(char[]){"sh"}, (char[]){"-c"}, (char[]){"read line && exit 3; exit 0"},
                       NULL};
    const struct lc_probe probe = {.action = LC_PROBE_EXEC, .command = command, .timeout = 10000};
    static const char line[] = "a line\n";
    char found[sizeof(line)] = "";
    int input = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3), ends[2];

    setup();
    if (pipe2(ends, O_CLOEXEC) < 0 || write(ends[1], line, sizeof(line) - 1) < 0 ||
        dup2(ends[0], STDIN_FILENO) < 0)
        abort();
    close(ends[1]);
    run(&probe, 1);
    CHECK_INT(results[LC_CHECK_PASSED], 1);
    CHECK_INT(read(ends[0], found, sizeof(found)), sizeof(line) - 1);
    if (dup2(input, STDIN_FILENO) < 0)
        abort();
    close(input);
    close(ends[0]);
    teardown();
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    CHECK_INT(lc_subreaper(), 0);
    TEST(an_exec_check_leaves_neither_descriptor_nor_process_behind);
    TEST(nor_does_one_that_is_given_up);
    TEST(nor_does_one_that_is_called_off);
    TEST(thousands_of_requests_leave_nothing_behind);
    TEST(a_refusal_is_told_later_and_leaves_nothing_behind);
    TEST(a_program_that_is_not_there_says_nothing_of_the_application);
    TEST(what_tls_lacks_descriptors_for_says_nothing_of_the_application);
    TEST(nor_does_a_redirect_that_we_lack_descriptors_for);
    TEST(one_that_cannot_die_is_not_joined_by_a_second);
    TEST(an_exec_check_leaves_the_applications_input_to_it);
    return tap_done();
}
