/* SPDX-License-Identifier: Apache-2.0 */
/* drive/http_accept.c and http_socket.c: where the listener listens. */

#include "descriptors.h"
#include "http_fixture.h"

#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char directory[64], socket_path[96], unix_address[128];

static void make_directory(void)
{
    snprintf(directory, sizeof(directory), "/tmp/lastcall-http-XXXXXX");
    if (!mkdtemp(directory))
        abort();
    snprintf(socket_path, sizeof(socket_path), "%s/s", directory);
    snprintf(unix_address, sizeof(unix_address), "unix:%s", socket_path);
}

static void remove_directory(void)
{
    unlink(socket_path);
    CHECK(rmdir(directory) == 0);
}

static int connect_v6(void)
{
    struct sockaddr_in6 address = {
        .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};

    return client_socket(&address, sizeof(address));
}

static int connect_unix(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    memcpy(address.sun_path, socket_path, strlen(socket_path));
    return client_socket(&address, sizeof(address));
}

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd >= 0 && write(fd, text, strlen(text)) < 0)
        printf("# %s: %s\n", path, strerrordesc_np(errno));
    close(fd);
}

/* The control socket's name is the mount namespace's: with one of our own nobody else has it. Where
 * namespaces are refused, no other lastcall may run beside this test. */
static void enter_own_mount_namespace(void)
{
    char map[64];
    uid_t uid = geteuid();
    gid_t gid = getegid();

    if (unshare(CLONE_NEWNS) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
        return;
    snprintf(map, sizeof(map), "%u %u 1", uid, uid);
    write_file("/proc/self/uid_map", map);
    write_file("/proc/self/setgroups", "deny");
    snprintf(map, sizeof(map), "%u %u 1", gid, gid);
    write_file("/proc/self/gid_map", map);
}

static int connect_control(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat status;
    int length;

    CHECK(stat("/proc/self/ns/mnt", &status) == 0);
    length = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "lastcall-%llu",
                      (unsigned long long)status.st_ino);
    return client_socket(&address,
                         (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length));
}

static bool answers(int fd)
{
    return fd >= 0 && status_of(ask_bytes(fd, LIVEZ, strlen(LIVEZ))) == 200;
}

static void a_port_alone_is_IPv6_and_IPv4(void)
{
    start_on("");
    CHECK(answers(connect_v4()));
    CHECK(answers(connect_v6()));
    stop();
}

static void an_address_is_that_address_alone(void)
{
    start_on("[::1]");
    CHECK(answers(connect_v6()));
    CHECK_STR(ask(LIVEZ), "");
    stop();
    start_on("127.0.0.1");
    CHECK(answers(connect_v4()));
    CHECK_STR(ask_bytes(connect_v6(), LIVEZ, strlen(LIVEZ)), "");
    stop();
}

static void there_may_be_several_addresses(void)
{
    char address[32];

    make_directory();
    start_on("[::]");
    snprintf(address, sizeof(address), "0.0.0.0:%u", port);
    CHECK_INT(lc_http_listen(http, address), 0); /* beside [::], which is IPv6 alone */
    CHECK_INT(lc_http_listen(http, unix_address), 0);
    CHECK(answers(connect_v4()));
    CHECK(answers(connect_v6()));
    CHECK(answers(connect_unix()));
    stop();
    remove_directory();
}

static void a_taken_port_is_said(void)
{
    char address[32];

    start_on("");
    snprintf(address, sizeof(address), "127.0.0.1:%u", port);
    CHECK_INT(lc_http_listen(http, address), -EADDRINUSE);
    CHECK_INT(lc_http_listen(http, "nonsense"), -EINVAL);
    CHECK(answers(connect_v4()));
    stop();
}

static void a_socket_file_is_the_owners_alone_whatever_the_umask(void)
{
    struct stat status;
    mode_t before = umask(0);

    make_directory();
    start();
    CHECK_INT(lc_http_listen(http, unix_address), 0);
    CHECK(lstat(socket_path, &status) == 0);
    CHECK_INT(status.st_mode & 07777, 0600);
    CHECK_INT(umask(before), 0);
    CHECK(answers(connect_unix()));
    stop();
    CHECK(lstat(socket_path, &status) < 0); /* gone with the listener */
    remove_directory();
}

static void a_socket_file_that_nobody_listens_on_is_replaced(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    make_directory();
    memcpy(address.sun_path, socket_path, strlen(socket_path));
    CHECK(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
    CHECK(listen(fd, 1) == 0);
    start();
    CHECK_INT(lc_http_listen(http, unix_address), -EADDRINUSE); /* it is listened on */
    close(fd);
    CHECK_INT(lc_http_listen(http, unix_address), 0);
    CHECK(answers(connect_unix()));
    CHECK_INT(lc_http_listen(http, unix_address), -EADDRINUSE);
    CHECK(answers(connect_unix()));
    stop();
    remove_directory();
}

static void a_socket_file_whose_listener_is_busy_is_not_replaced(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), clients[16];
    unsigned count = 0;

    make_directory();
    memcpy(address.sun_path, socket_path, strlen(socket_path));
    CHECK(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
    CHECK(listen(fd, 0) == 0);
    while (count < 16 && (clients[count] = connect_unix()) >= 0)
        count++;
    CHECK(count < 16); /* its queue is full */
    start();
    CHECK_INT(lc_http_listen(http, unix_address), -EADDRINUSE);
    stop();
    while (count)
        close(clients[--count]);
    close(fd);
    remove_directory();
}

static void a_file_that_is_no_socket_is_left_alone(void)
{
    struct stat status;
    int fd;

    make_directory();
    fd = open(socket_path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    CHECK(fd >= 0);
    close(fd);
    start();
    CHECK_INT(lc_http_listen(http, unix_address), -EADDRINUSE);
    stop();
    CHECK(lstat(socket_path, &status) == 0 && S_ISREG(status.st_mode));
    remove_directory();
}

static void a_socket_file_that_somebody_has_replaced_is_not_removed(void)
{
    struct stat status;
    char other[128];
    int fd;

    make_directory();
    snprintf(other, sizeof(other), "%s.new", socket_path);
    start();
    CHECK_INT(lc_http_listen(http, unix_address), 0);
    fd = open(other, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    CHECK(fd >= 0);
    close(fd);
    CHECK(rename(other, socket_path) == 0);
    stop();
    CHECK(lstat(socket_path, &status) == 0);
    remove_directory();
}

static void the_control_socket_answers_its_own_user(void)
{
    start();
    CHECK_INT(lc_http_listen_control(http), 0);
    CHECK(answers(connect_control()));
    CHECK_INT(lc_http_listen_control(http), -EADDRINUSE);
    stop();
}

static struct ucred control_peer;

static void control_route(void *userdata, const struct lc_http_request *request,
                          struct lc_http_response *ret)
{
    (void)userdata;
    if (strcmp(request->path, "/drain") != 0)
        return;
    control_peer = *request->peer;
    ret->status = 202;
    ret->body = "taken";
    ret->length = 5;
}

static int posted(int fd, const char *path)
{
    char request[128];
    int length = snprintf(request, sizeof(request),
                          "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", path);

    return status_of(ask_bytes(fd, request, (size_t)length));
}

static void what_is_posted_to_the_control_socket_has_a_route_of_its_own(void)
{
    const char get[] = "GET /drain HTTP/1.1\r\nHost: x\r\n\r\n";

    make_directory();
    start_on("");
    CHECK_INT(lc_http_listen(http, unix_address), 0);
    CHECK_INT(lc_http_listen_control(http), 0);
    CHECK_INT(posted(connect_control(), "/drain"), 405); /* nobody takes it yet */
    lc_http_set_control(http, control_route);
    CHECK_INT(posted(connect_control(), "/drain"), 202);
    CHECK_INT(control_peer.pid, getpid());
    CHECK_INT(control_peer.uid, geteuid());
    CHECK_INT(posted(connect_control(), "/livez"), 405);
    CHECK_INT(status_of(ask_bytes(connect_control(), get, strlen(get))), 404);
    CHECK_INT(posted(connect_v4(), "/drain"), 405);
    CHECK_INT(posted(connect_unix(), "/drain"), 405);
    CHECK_INT(status_of(ask(get)), 404);
    stop();
    remove_directory();
}

/* Needs root, to become somebody else. */
static void the_control_socket_refuses_another_uid(void)
{
    int status = 0;
    pid_t child;
    lc_msec end = lc_clock_msec() + WAIT_MSEC;

    start();
    CHECK_INT(lc_http_listen_control(http), 0);
    child = fork();
    if (child == 0) {
        char c;
        int fd;

        if (setuid(65534) < 0)
            _exit(2);
        fd = connect_control();
        send(fd, LIVEZ, strlen(LIVEZ), MSG_NOSIGNAL);
        fcntl(fd, F_SETFL, 0);
        _exit(recv(fd, &c, 1, 0) > 0);
    }
    while (waitpid(child, &status, WNOHANG) == 0 && lc_clock_msec() < end)
        turn_for(-1, 0);
    CHECK(WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), 0);
    CHECK_INT(asked, 0);
    CHECK(answers(connect_control()));
    stop();
}

static void descriptors_are_close_on_exec_and_none_is_left(void)
{
    int before = count_descriptors();
    bool inherited[64];
    int client;

    for (int fd = 0; fd < 64; fd++)
        inherited[fd] = fcntl(fd, F_GETFD) >= 0;

    make_directory();
    start_on("");
    CHECK_INT(lc_http_listen(http, unix_address), 0);
    CHECK_INT(lc_http_listen_control(http), 0);
    client = connect_v4();
    CHECK(connections_become(1));
    for (int fd = 0; fd < 64; fd++) {
        int flags = fcntl(fd, F_GETFD), accepting = 0;
        socklen_t length = sizeof(accepting);

        if (flags < 0 || inherited[fd])
            continue;
        CHECK(flags & FD_CLOEXEC);
        if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepting, &length) == 0)
            CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
    }
    stop();
    CHECK(is_closed(client));
    close(client);
    CHECK_INT(count_descriptors(), before);
    remove_directory();
}

static void a_listener_may_go_while_clients_have_just_come(void)
{
    int fds[40];

    start_on("");
    for (unsigned i = 0; i < 40; i++) {
        fds[i] = connect_v4();
        CHECK_INT(send(fds[i], LIVEZ, i % sizeof(LIVEZ), MSG_NOSIGNAL), i % sizeof(LIVEZ));
    }
    turn();
    CHECK(lc_http_connections(http) > 0);
    stop();
    for (unsigned i = 0; i < 40; i++)
        close(fds[i]);
}

int main(void)
{
    enter_own_mount_namespace();
    TEST(a_port_alone_is_IPv6_and_IPv4);
    TEST(an_address_is_that_address_alone);
    TEST(there_may_be_several_addresses);
    TEST(a_taken_port_is_said);
    TEST(a_socket_file_is_the_owners_alone_whatever_the_umask);
    TEST(a_socket_file_that_nobody_listens_on_is_replaced);
    TEST(a_socket_file_whose_listener_is_busy_is_not_replaced);
    TEST(a_file_that_is_no_socket_is_left_alone);
    TEST(a_socket_file_that_somebody_has_replaced_is_not_removed);
    TEST(the_control_socket_answers_its_own_user);
    TEST(what_is_posted_to_the_control_socket_has_a_route_of_its_own);
    if (geteuid() == 0)
        TEST(the_control_socket_refuses_another_uid);
    else
        printf("ok %u - the control socket refuses another uid # SKIP needs root\n", ++tap.count);
    TEST(descriptors_are_close_on_exec_and_none_is_left);
    TEST(a_listener_may_go_while_clients_have_just_come);
    return tap_done();
}
