/* SPDX-License-Identifier: Apache-2.0 */

/* churn signals|reloads|requests: keeps the lastcall that started it busy. Each line of stdin is how
 * many there shall be; "done N" on stdout when they have all been dealt with.
 *
 *   signals    SIGRTMIN+2 to our parent, which is to forward each to us
 *   reloads    SIGRTMIN+1 to our parent, whose configuration makes that a reload
 *   requests   of every kind, to 127.0.0.1:9909: good, wrong, too large, and none at all */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    RELOAD = 35, /* of two that wait the kernel delivers the lower number first */
    FORWARD = 36,
    BATCH = 64,    /* what waits at once stays far below any RLIMIT_SIGPENDING */
    PATIENCE = 20, /* seconds */
    LARGE = 9 * 1024,
};

_Noreturn static void fail(const char *what)
{
    fprintf(stderr, "churn: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

/* sigqueue(3), since of kill(2)'s real-time signals the kernel forgets what it has no room for. */
static void queue(int number)
{
    if (sigqueue(getppid(), number, (union sigval){.sival_int = 0}) < 0)
        fail("sigqueue");
}

static void await_forwarded(void)
{
    const struct timespec patience = {.tv_sec = PATIENCE};
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, FORWARD);
    while (sigtimedwait(&set, NULL, &patience) < 0)
        if (errno != EINTR)
            fail("no signal came back");
}

static void signals(long count)
{
    for (long i = 0; i < count; i++)
        queue(FORWARD);
    for (long i = 0; i < count; i++)
        await_forwarded();
}

static void reloads(long count)
{
    for (long i = 0; i < count; i++)
        queue(RELOAD);
    queue(FORWARD);
    await_forwarded();
}

static char large[LARGE];

/* Without `answer` the client goes as soon as it has spoken. */
static const struct {
    const char *request, *answer;
} kinds[] = {
    {"GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 "},
    {"GET /livez?verbose&exclude=a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "HTTP/1.0 200 "},
    {"GET /status HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 "},
    {"HEAD /livez HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 "},
    {"POST /readyz HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 405 "},
    {"GET /nowhere%20 HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 404 "},
    {"GET /readyz HTTP/1.1\r\nHo", NULL},
    {"\r\n\r\n\r\n", NULL},
    {large, NULL},
    {"", NULL},
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static int ask(const char *request)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(9909),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    const struct timeval patience = {.tv_sec = PATIENCE};
    size_t length = strlen(request);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0 ||
        connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        fail("connect");
    if (write(fd, request, length) != (ssize_t)length)
        fail("write");
    return fd;
}

static void check_answer(int fd, const char *expected)
{
    char answer[8192];
    size_t length = 0;
    ssize_t n;

    while ((n = read(fd, answer + length, sizeof(answer) - 1 - length)) > 0)
        length += (size_t)n;
    if (n < 0)
        fail("read");
    answer[length] = '\0';
    if (strncmp(answer, expected, strlen(expected)) != 0) {
        fprintf(stderr, "churn: “%s” in place of “%s”\n", answer, expected);
        exit(EXIT_FAILURE);
    }
}

/* Side by side, one of each kind at the most. */
static void requests(long count)
{
    int fds[KINDS];

    for (long i = 0; i < count; i++)
        fds[i] = ask(kinds[i].request);
    for (long i = 0; i < count; i++) {
        if (kinds[i].answer)
            check_answer(fds[i], kinds[i].answer);
        close(fds[i]);
    }
}

static void ignore(int number)
{
    sigset_t set;

    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, number);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*make)(long count);
        long batch;
    } all[] = {
        {"signals", signals, BATCH}, {"reloads", reloads, BATCH}, {"requests", requests, KINDS}};
    char line[32];

    memcpy(large, "GET /", 5);
    memset(large + 5, 'a', sizeof(large) - 6);
    ignore(FORWARD);
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (argc != 2 || strcmp(argv[1], all[i].name) != 0)
            continue;
        while (fgets(line, sizeof(line), stdin)) {
            for (long left = atol(line), n; left > 0; left -= n) {
                n = left < all[i].batch ? left : all[i].batch;
                all[i].make(n);
            }
            printf("done %s", line);
        }
        return EXIT_SUCCESS;
    }
    fputs("usage: churn signals|reloads|requests\n", stderr);
    return EXIT_FAILURE;
}
