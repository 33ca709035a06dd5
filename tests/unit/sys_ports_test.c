/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/ports.h"

#include "sys_fixture.h"

#include "../apps/deny.h"

#include <arpa/inet.h>
#include <netinet/in.h>

/* A socket bound to a free loopback port. */
static int bind_somewhere(int family, uint16_t *ret_port)
{
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct sockaddr *address = family == AF_INET ? (void *)&v4 : (void *)&v6;
    socklen_t size = family == AF_INET ? sizeof v4 : sizeof v6;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, address, size) < 0 || getsockname(fd, address, &size) < 0)
        return -1;
    *ret_port = ntohs(family == AF_INET ? v4.sin_port : v6.sin6_port);
    return fd;
}

static int missing(uint16_t port)
{
    return lc_ports_missing(&port, 1);
}

static void check_listening(int family)
{
    uint16_t port = 0;
    int fd = bind_somewhere(family, &port);

    CHECK(fd >= 0);
    CHECK_INT(missing(port), port);
    CHECK_INT(listen(fd, 1), 0);
    CHECK_INT(missing(port), 0);
    close(fd);
    CHECK_INT(missing(port), port);
}

static void a_port_is_there_from_listen_to_close(void)
{
    check_listening(AF_INET);
}

static void over_ipv6_too(void)
{
    check_listening(AF_INET6);
}

static void a_connection_from_that_port_is_no_listener(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    uint16_t port = 0, own = 0;
    int server = bind_somewhere(AF_INET, &port), client = bind_somewhere(AF_INET, &own);

    CHECK_INT(listen(server, 1), 0);
    address.sin_port = htons(port);
    CHECK_INT(connect(client, (struct sockaddr *)&address, sizeof address), 0);
    CHECK_INT(missing(own), own);
}

static void the_first_that_is_missing_is_named(void)
{
    uint16_t ports[3];
    int fds[3];

    for (int i = 0; i < 3; i++)
        fds[i] = bind_somewhere(AF_INET, &ports[i]);
    CHECK_INT(listen(fds[0], 1), 0);
    CHECK_INT(lc_ports_missing(ports, 3), ports[1]);
    CHECK_INT(listen(fds[1], 1), 0);
    CHECK_INT(lc_ports_missing(ports, 3), ports[2]);
    CHECK_INT(listen(fds[2], 1), 0);
    CHECK_INT(lc_ports_missing(ports, 3), 0);
}

static void no_ports_are_all_there(void)
{
    CHECK_INT(lc_ports_missing(NULL, 0), 0);
}

static void it_leaves_no_descriptor_open(void)
{
    uint64_t before = open_fds(getpid());

    missing(1);
    CHECK(open_fds(getpid()) == before);
}

/*
 * Tables of our own, on an empty file system in place of /proc/net.
 */

#define HEADER "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"

static void mount_nothing(void)
{
    CHECK(enter_namespaces(0));
    CHECK_INT(mount("none", "/proc/self/net", "tmpfs", 0, NULL), 0);
}

static void mount_tables(void)
{
    mount_nothing();
    CHECK_INT(lc_deny_netlink(), 0);
}

static FILE *create_table(const char *name)
{
    char path[64];
    FILE *file;

    snprintf(path, sizeof path, "/proc/self/net/%s", name);
    file = fopen(path, "we");
    CHECK(file != NULL);
    return file;
}

static void no_table_is_needed(void)
{
    uint16_t port = 0;
    int fd = bind_somewhere(AF_INET, &port);

    mount_nothing();
    CHECK_INT(missing(port), port);
    CHECK_INT(listen(fd, 1), 0);
    CHECK_INT(missing(port), 0);
}

static void without_netlink_the_tables_say_the_same(void)
{
    CHECK_INT(lc_deny_netlink(), 0);
    check_listening(AF_INET);
}

static void where_there_is_no_tcp6_tcp_is_enough(void)
{
    mount_tables();
    FILE *file = create_table("tcp");

    fputs(HEADER "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 "
                 "00000000     0        0 1\n",
          file);
    fclose(file);
    CHECK_INT(missing(8080), 0);
    CHECK_INT(missing(8081), 8081);
}

static void where_there_is_neither_it_says_so(void)
{
    mount_tables();
    CHECK_INT(missing(8080), -ENOENT);
}

/* Ten thousand connections, the listener after them (as gVisor has it), in IPv6's longer lines. */
static void a_long_table_is_read_to_its_end(void)
{
    mount_tables();
    FILE *file = create_table("tcp6");

    fputs(HEADER, file);
    for (unsigned i = 0; i < 10000; i++)
        fprintf(
            file,
            "%4u: 00000000000000000000000001000000:%04X 00000000000000000000000001000000:1F91 01 "
            "00000000:00000000 00:00000000 00000000  1000        0 123456 1 0000000000000000\n",
            i, 10000 + i % 50000);
    fputs("10000: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A "
          "00000000:00000000 00:00000000 00000000     0        0 1\n",
          file);
    fclose(file);
    CHECK_INT(missing(8080), 0);
    CHECK_INT(missing(8081), 8081);
    CHECK_INT(missing(10001), 10001);
}

static void lines_that_are_no_sockets_are_passed_over(void)
{
    mount_tables();
    FILE *file = create_table("tcp");

    fputs(HEADER "\n\nnonsense\n  1: zzz:1F90 0:0 0A\n  2: 00000000:1F92\n"
                 "  3: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 1",
          file);
    fclose(file);
    CHECK_INT(missing(8080), 8080); /* the last line has no end: it may be half of one */
}

static void a_line_without_end_is_refused(void)
{
    mount_tables();
    FILE *file = create_table("tcp");

    for (int i = 0; i < 100000; i++)
        fputc('x', file);
    fclose(file);
    CHECK_INT(missing(8080), -EBADMSG);
}

static void test_tables(void)
{
    TEST_ALONE(no_table_is_needed);
    TEST_ALONE(where_there_is_no_tcp6_tcp_is_enough);
    TEST_ALONE(where_there_is_neither_it_says_so);
    TEST_ALONE(a_long_table_is_read_to_its_end);
    TEST_ALONE(lines_that_are_no_sockets_are_passed_over);
    TEST_ALONE(a_line_without_end_is_refused);
}

int main(void)
{
    uint16_t port;

    TEST_ALONE(a_port_is_there_from_listen_to_close);
    if (bind_somewhere(AF_INET6, &port) >= 0)
        TEST_ALONE(over_ipv6_too);
    else
        skip("over_ipv6_too", "no IPv6 here");
    TEST_ALONE(a_connection_from_that_port_is_no_listener);
    TEST_ALONE(the_first_that_is_missing_is_named);
    TEST_ALONE(no_ports_are_all_there);
    TEST_ALONE(it_leaves_no_descriptor_open);
    TEST_ALONE(without_netlink_the_tables_say_the_same);
    if (have_namespaces())
        test_tables();
    else
        skip("tables", "user namespaces are refused");
    return tap_done();
}
