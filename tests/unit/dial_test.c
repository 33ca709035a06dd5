/* SPDX-License-Identifier: Apache-2.0 */
/* A connection to where nothing listens. */
#include "drive/dial.h"
#include "drive/loop.h"
#include "tap.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_SEC = 20 };

int __real_socket(int family, int type, int protocol);
int __wrap_socket(int family, int type, int protocol);

static uint16_t near_port; /* of the connections that are made; 0: the kernel chooses */
static int result;
static bool told;

static void bind_to(int fd, uint16_t port)
{
    const struct sockaddr_in name = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    if (bind(fd, (const struct sockaddr *)&name, sizeof(name)) < 0)
        abort();
}

/* What the kernel does by chance: the port that it chooses is the one that is asked. */
int __wrap_socket(int family, int type, int protocol)
{
    int fd = __real_socket(family, type, protocol);

    if (fd >= 0 && near_port)
        bind_to(fd, near_port);
    return fd;
}

static uint16_t bound_port(int fd)
{
    struct sockaddr_in name = {0};
    socklen_t length = sizeof(name);

    bind_to(fd, 0);
    if (getsockname(fd, (struct sockaddr *)&name, &length) < 0)
        abort();
    return ntohs(name.sin_port);
}

static void on_dialed(void *userdata, int fd, const char *host)
{
    (void)userdata;
    (void)host;
    if (fd >= 0)
        close(fd);
    result = fd;
    told = true;
}

static void dial(uint16_t port)
{
    struct event_base *base = lc_loop_new(NULL);
    struct lc_dial *it = NULL;

    told = false;
    CHECK_INT(lc_dial_new(&it, base, "127.0.0.1", port, NULL, NULL, on_dialed, NULL), 0);
    for (time_t end = time(NULL) + PATIENCE_SEC; !told && time(NULL) < end;)
        event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
    CHECK(told);
    lc_dial_free(it);
    lc_loop_free(base);
}

static void a_connection_with_itself_is_refused(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    uint16_t port = bound_port(fd);

    close(fd);
    near_port = port;
    dial(port);
    near_port = 0;
    CHECK_INT(result, -ECONNREFUSED);
}

static void one_with_somebody_else_is_made(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    uint16_t port = bound_port(fd);

    CHECK_INT(listen(fd, 1), 0);
    dial(port);
    CHECK(result >= 0);
    close(fd);
}

static void of_what_went_wrong_what_we_lack_is_told_apart(void)
{
    CHECK(lc_dial_is_ours(-EMFILE));
    CHECK(lc_dial_is_ours(-EAGAIN));
    CHECK(!lc_dial_is_ours(-ECONNREFUSED));
    CHECK(!lc_dial_is_ours(200));
}

int main(void)
{
    TEST(a_connection_with_itself_is_refused);
    TEST(one_with_somebody_else_is_made);
    TEST(of_what_went_wrong_what_we_lack_is_told_apart);
    return tap_done();
}
