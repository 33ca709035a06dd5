/* SPDX-License-Identifier: Apache-2.0 */
/* An attempt of which one allocation fails, whichever that is, comes to its end all the same. */
#include "descriptors.h"
#include "drive/attempt.h"
#include "drive/loop.h"
#include "listener.h"
#include "tap.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_SEC = 20, ATTEMPTS_MAX = 500 };

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

static unsigned calls, fail_at; /* 0: none fails */

static bool fails(void)
{
    return ++calls == fail_at;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails() ? NULL : __real_realloc(old, size);
}

static struct event_base *base;
static struct event *ticker;
static bool done;

static void on_done(void *userdata, enum lc_check_result result, const char *why)
{
    (void)userdata;
    (void)result;
    (void)why;
    done = true;
}

static void on_tick(evutil_socket_t fd, short what, void *userdata)
{
    (void)fd;
    (void)what;
    (void)userdata;
}

static void turn(struct lc_attempt *attempt)
{
    struct lc_reaped reaped;

    event_base_loop(base, EVLOOP_ONCE);
    while (lc_reap(&reaped) > 0)
        lc_attempt_reaped(attempt, &reaped);
}

/* Attempts until one gets through without a failure. */
static void fail_each_in_turn(const struct lc_probe *probe)
{
    const struct lc_attempt_world world = {.base = base,
                                           .spawn = {.envp = environ, .terminal = -1}};
    struct lc_attempt attempt;
    unsigned n = 1, before;
    time_t end = time(NULL) + PATIENCE_SEC;

    CHECK_INT(lc_attempt_init(&attempt, &world, on_done, NULL), 0);
    before = (unsigned)count_descriptors();
    for (; n < ATTEMPTS_MAX && time(NULL) < end; n++) {
        done = false;
        calls = 0;
        fail_at = n;
        lc_attempt_start(&attempt, probe);
        while (!done && time(NULL) < end)
            turn(&attempt);
        fail_at = 0;
        if (calls < n)
            break;
        while (attempt.child.pid > 0 && time(NULL) < end)
            turn(&attempt);
    }
    printf("# %u allocations\n", n - 1);
    CHECK(done);
    CHECK(n > 2 && n < ATTEMPTS_MAX);
    CHECK_INT((unsigned)count_descriptors(), before);
    lc_attempt_deinit(&attempt);
}

static void an_exec_check_ends_whichever_allocation_fails(void)
{
    char *command[] = {(char[]){"echo"}, (char[]){"hello"}, NULL};

    fail_each_in_turn(
        &(struct lc_probe){.action = LC_PROBE_EXEC, .command = command, .timeout = 1000});
}

static void a_tcp_check_ends_whichever_allocation_fails(void)
{
    struct lc_probe probe = {.action = LC_PROBE_TCP_SOCKET, .timeout = 1000};
    int fd = listen_anywhere(&probe.port);

    fail_each_in_turn(&probe);
    close(fd);
}

/* In a process of its own, whose memory does not fail. */
_Noreturn static void answer(int listener)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    char request[4096];

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
        int fd = accept(listener, NULL, NULL);

        (void)!read(fd, request, sizeof(request));
        (void)!write(fd, text, sizeof(text) - 1);
        close(fd);
    }
}

static void an_http_check_ends_whichever_allocation_fails(void)
{
    struct lc_probe probe = {.action = LC_PROBE_HTTP_GET, .path = (char[]){"/"}, .timeout = 1000};
    int fd = listen_anywhere(&probe.port);
    pid_t pid = fork();

    if (pid == 0)
        answer(fd);
    fail_each_in_turn(&probe);
    kill(pid, SIGKILL);
    close(fd);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    event_set_mem_functions(__wrap_malloc, __wrap_realloc, free);
    base = lc_loop_new(NULL);
    ticker = event_new(base, -1, EV_PERSIST, on_tick, NULL);
    event_add(ticker, &(struct timeval){.tv_usec = 1000});
    TEST(an_exec_check_ends_whichever_allocation_fails);
    TEST(a_tcp_check_ends_whichever_allocation_fails);
    TEST(an_http_check_ends_whichever_allocation_fails);
    event_free(ticker);
    lc_loop_free(base);
    return tap_done();
}
