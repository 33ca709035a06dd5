/* SPDX-License-Identifier: Apache-2.0 */

/* Whose connections count: ports that are found, what is left out, and where it all comes from when
 * the kernel refuses this or that. */

#include "sys_connections.h"

#include "../apps/deny.h"

#include <grp.h>
#include <linux/capability.h>
#include <sys/un.h>

static struct lc_connections *make_unnamed(void)
{
    static const uint16_t own = 9909;

    return make_connections(&(struct lc_connections_rules){
        .own_ports = &own, .own_port_count = 1, .idle_msec = IDLE_MSEC});
}

static void check_ports(struct lc_connections *connections, const uint16_t *ports, size_t expected)
{
    size_t count;
    const uint16_t *found = lc_connections_ports(connections, &count);

    CHECK_INT(count, expected);
    for (size_t i = 0; i < count && i < expected; i++)
        CHECK_INT(found[i], ports[i]);
}

/* A process that listens there, and does nothing else. */
static pid_t start_server(const char *address, uint16_t port)
{
    int up[2];
    char byte = 0;
    pid_t pid;

    CHECK_INT(pipe2(up, O_CLOEXEC), 0);
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        listen_on(address, port);
        if (write(up[1], &byte, 1) == 1)
            pause();
        _exit(1);
    }
    close(up[1]);
    CHECK_INT(read(up[0], &byte, 1), 1);
    close(up[0]);
    return pid;
}

static void stop_server(pid_t pid)
{
    kill(pid, SIGKILL);
    CHECK_INT(wait_for_exit(pid), 128 + SIGKILL);
}

static void ports_are_those_that_the_given_processes_listen_on(void)
{
    const pid_t pids[] = {start_server("0.0.0.0", 8082), start_server("::", 8081)};
    pid_t other = start_server("0.0.0.0", 15001);
    struct lc_connections *connections = make_unnamed();

    CHECK_INT(lc_connections_find(connections, pids, 2), 0);
    CHECK_INT(look(connections)->listeners, 2);
    CHECK(lc_connections_count(connections)->ports_known);
    check_ports(connections, (const uint16_t[]){8081, 8082}, 2);
    stop_server(pids[0]);
    CHECK_INT(look(connections)->listeners, 1);
    find_and_look(connections, pids[1]);
    check_ports(connections, (const uint16_t[]){8081}, 1);
    stop_server(pids[1]);
    stop_server(other);
    lc_connections_free(connections);
}

static void our_own_listener_and_those_on_loopback_are_left_out(void)
{
    int fds[] = {listen_on("0.0.0.0", 9909), listen_on("127.0.0.1", 8081), listen_on("::1", 8082),
                 listen_on("0.0.0.0", 8083)};
    struct lc_connections *connections = make_unnamed();

    find_and_look(connections, getpid());
    check_ports(connections, (const uint16_t[]){8083}, 1);
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
        close(fds[i]);
    lc_connections_free(connections);
}

static void a_loopback_peer_of_another_listener_counts(void)
{
    int listener = listen_on("0.0.0.0", 8083);
    struct lc_connections *connections = make_unnamed();
    struct pair pair = make_pair(listener, "127.0.0.1", 8083);

    CHECK_INT(find_and_look(connections, getpid())->open, 1);
    close_pair(&pair);
    close(listener);
    lc_connections_free(connections);
}

static void a_loopback_listener_counts_where_its_port_is_named(void)
{
    int listener = listen_on("127.0.0.1", PORT);
    struct lc_connections *connections = make_named();
    struct pair pair = make_pair(listener, "127.0.0.1", PORT);

    CHECK_INT(find_and_look(connections, getpid())->open, 1);
    CHECK_INT(lc_connections_count(connections)->listeners, 1);
    close_pair(&pair);
    close(listener);
    lc_connections_free(connections);
}

static void a_loopback_listener_is_left_out_beside_another_on_its_port(void)
{
    int wildcard = listen_on("0.0.0.0", PORT + 1), local = listen_on("::1", PORT + 1);
    struct lc_connections *connections = make_unnamed();
    struct pair to_local, to_wildcard;

    to_local = make_pair(local, "::1", PORT + 1);
    to_wildcard = make_pair(wildcard, "127.0.0.1", PORT + 1);
    CHECK_INT(find_and_look(connections, getpid())->open, 1);
    CHECK_INT(lc_connections_count(connections)->listeners, 1);
    close_pair(&to_local);
    close_pair(&to_wildcard);
    close(local);
    close(wildcard);
    lc_connections_free(connections);
}

static void one_who_listens_on_nothing_has_no_connections(void)
{
    pid_t other = start_server("0.0.0.0", 15001);
    struct lc_connections *connections = make_unnamed();

    CHECK_INT(find_and_look(connections, getpid())->listeners, 0);
    CHECK(lc_connections_count(connections)->ports_known);
    check_ports(connections, NULL, 0);
    stop_server(other);
    lc_connections_free(connections);
}

static bool is_deaf(struct lc_connections *connections)
{
    return find_and_look(connections, getpid())->no_listener;
}

/* Made for a socket that stands for something on which somebody can come, or not. */
static void check_deaf(int family, int type, const char *path, bool listens, bool expected)
{
    struct lc_connections *connections = make_unnamed();
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(family, type | SOCK_CLOEXEC, 0);

    if (path) {
        strcpy(address.sun_path + 1, path);
        CHECK_INT(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    }
    if (listens)
        CHECK_INT(listen(fd, 1), 0);
    CHECK_INT(is_deaf(connections), expected);
    close(fd);
    lc_connections_free(connections);
}

static void one_who_listens_on_tcp_udp_or_a_unix_socket_may_serve_somebody(void)
{
    struct sockaddr_storage address = address_of("127.0.0.1", 5353);
    struct lc_connections *connections = make_unnamed();
    int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    check_deaf(AF_UNIX, SOCK_STREAM, "server", true, false);
    check_deaf(AF_INET6, SOCK_STREAM, NULL, true, false);
    CHECK_INT(bind(udp, (struct sockaddr *)&address, sizeof address), 0);
    CHECK(!is_deaf(connections));
    close(udp);
    udp = listen_on("127.0.0.1", 8081);
    CHECK(!is_deaf(connections)); /* through a proxy in the same pod */
    close(udp);
    lc_connections_free(connections);
}

static void one_who_has_clients_sockets_alone_serves_nobody(void)
{
    pid_t other = start_server("0.0.0.0", 15001);
    struct sockaddr_storage address = address_of("127.0.0.1", 5353);
    struct lc_connections *connections = make_unnamed();
    int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int tcp = connect_from(NULL, "127.0.0.1", 15001);

    check_deaf(AF_UNIX, SOCK_STREAM, "client", false, true);
    CHECK_INT(connect(udp, (struct sockaddr *)&address, sizeof address), 0);
    CHECK(is_deaf(connections));
    close(udp);
    close(tcp);
    stop_server(other);
    lc_connections_free(connections);
}

static void whether_anybody_is_served_is_said_by_a_look_for_ports_alone(void)
{
    struct lc_connections *connections = make_unnamed();

    CHECK(is_deaf(connections));
    CHECK(!look(connections)->no_listener);
    lc_connections_free(connections);
    connections = make_named();
    CHECK(!is_deaf(connections)); /* whoever names ports knows that it serves */
    lc_connections_free(connections);
}

/* What the profile that container runtimes apply by default refuses, of what lastcall might want. */
static void refuse_as_runtimes_do(void)
{
    static const long refused[] = {
        SYS_io_uring_setup, SYS_pidfd_getfd,     SYS_bpf,    SYS_unshare,          SYS_setns,
        SYS_mount,          SYS_perf_event_open, SYS_ptrace, SYS_process_vm_readv, SYS_kcmp};

    CHECK_INT(lc_deny(SYS_clone3, ENOSYS), 0);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        CHECK_INT(lc_deny(refused[i], EPERM), 0);
}

static void become_nobody(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    const struct __user_cap_data_struct none[2] = {{.effective = 0}};

    for (int capability = 0; prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0; capability++)
        continue;
    /* Where only one user is mapped, that is who we stay: without capabilities it is nobody. */
    if (setgroups(0, NULL) == 0 && setresgid(65534, 65534, 65534) == 0)
        CHECK_INT(setresuid(65534, 65534, 65534), 0);
    CHECK_INT(syscall(SYS_capset, &header, none), 0);
    CHECK_INT(status_number(getpid(), "CapEff:", 16), 0);
    CHECK_INT(status_number(getpid(), "CapBnd:", 16), 0);
    CHECK_INT(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), 0); /* as after an exec(2) */
    refuse_as_runtimes_do();
}

static void of_one_that_cannot_be_looked_into_nobody_knows_whom_it_serves(void)
{
    struct lc_connections *connections;
    pid_t other;

    CHECK_INT(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), 0); /* and so its children: proc(5) */
    other = start_server("0.0.0.0", 8083);
    become_nobody();
    connections = make_unnamed();
    CHECK(!find_and_look(connections, other)->no_listener);
    CHECK(!lc_connections_count(connections)->ports_known);
    stop_server(other);
    lc_connections_free(connections);
}

static void nobody_was_named_so_nothing_is_known(void)
{
    int listener = listen_on("0.0.0.0", 8083);
    struct lc_connections *connections = make_unnamed();

    CHECK_INT(look(connections)->listeners, 0);
    CHECK(!lc_connections_count(connections)->ports_known);
    close(listener);
    lc_connections_free(connections);
}

static void nobody_without_capabilities_sees_all_of_it(void)
{
    struct lc_connections *connections;
    int listener;
    struct pair pair;

    become_nobody();
    connections = make_unnamed();
    listener = listen_on("0.0.0.0", PORT);
    pair = make_pair(listener, "127.0.0.1", PORT);
    CHECK_INT(find_and_look(connections, getpid())->open, 1);
    CHECK_INT(lc_connections_source(connections, NULL), LC_CONNECTIONS_NETLINK);
    CHECK_INT(lc_connections_watch(connections), 0);
    CHECK_INT(lc_connections_arrivals_source(connections), LC_ARRIVALS_GROUPS);
    CHECK(step_until(connections, LC_CONNECTIONS_LOOKED) & LC_CONNECTIONS_LOOKED);
    for (int i = 0; i < 100; i++) {
        struct pair brief = make_pair(listener, "127.0.0.1", PORT);

        close_pair(&brief);
    }
    WAIT_UNTIL((look(connections), lc_connections_arrivals(connections)->connections >= 100));
    CHECK_INT(lc_connections_arrivals(connections)->connections, 100);
    close_pair(&pair);
    close(listener);
    lc_connections_free(connections);
}

static void check_proc(const char *dialled)
{
    const char *why;
    int listener = listen_on("::", PORT);
    struct lc_connections *connections = make_unnamed();
    struct pair pair = make_pair(listener, dialled, PORT);

    CHECK_INT(lc_connections_source(connections, &why), LC_CONNECTIONS_PROC);
    CHECK_STR(why, "NETLINK_SOCK_DIAG: Address family not supported by protocol");
    CHECK_INT(find_and_look(connections, getpid())->listeners, 1);
    CHECK_INT(lc_connections_count(connections)->by_class[LC_CONNECTION_UNKNOWN], 1);
    say(pair.client, "a request");
    WAIT_UNTIL(look(connections)->by_class[LC_CONNECTION_UNREAD] == 1);
    CHECK_INT(lc_connections_watch(connections), 0);
    CHECK_INT(lc_connections_arrivals_source(connections), LC_ARRIVALS_OPENS);
    for (int i = 0; i < 10; i++) {
        struct pair brief = make_pair(listener, dialled, PORT);

        close_pair(&brief);
    }
    lc_connections_add_accepted(connections);
    look(connections);
    CHECK_INT(lc_connections_arrivals(connections)->connections, 9);
    lc_connections_unwatch(connections);
    close_pair(&pair);
    close(listener);
    lc_connections_free(connections);
}

static void without_netlink_it_is_read_from_proc(void)
{
    CHECK_INT(lc_deny_netlink(), 0);
    check_proc("127.0.0.1");
    check_proc("::1");
}

/* The socket is there, and says so only when it is asked: as in a kernel without tcp_diag. */
static void without_an_answer_it_is_read_from_proc(void)
{
    const char *why;
    struct lc_connections *connections = make_named();
    int listener = listen_on("0.0.0.0", PORT);

    CHECK_INT(lc_connections_source(connections, NULL), LC_CONNECTIONS_NETLINK);
    CHECK_INT(lc_connections_watch(connections), 0);
    CHECK_INT(lc_connections_arrivals_source(connections), LC_ARRIVALS_GROUPS);
    CHECK_INT(lc_deny(SYS_sendmsg, ENOENT), 0);
    CHECK(step_until(connections, LC_CONNECTIONS_LOOKED) & LC_CONNECTIONS_LOOKED);
    CHECK_INT(lc_connections_source(connections, &why), LC_CONNECTIONS_PROC);
    CHECK_STR(why, "NETLINK_SOCK_DIAG: No such file or directory");
    CHECK_INT(lc_connections_count(connections)->listeners, 1);
    CHECK_INT(lc_connections_arrivals_source(connections), LC_ARRIVALS_OPENS);
    close(listener);
    lc_connections_free(connections);
}

static void check_none(void)
{
    const char *why;
    struct lc_connections *connections;

    CHECK_INT(lc_deny_netlink(), 0);
    connections = make_named();
    CHECK_INT(lc_connections_source(connections, &why), LC_CONNECTIONS_NONE);
    CHECK_STR(why, "NETLINK_SOCK_DIAG: Address family not supported by protocol; /proc/net/tcp: "
                   "No such file or directory");
    CHECK_INT(lc_connections_look(connections), -ENODATA);
    CHECK_INT(lc_connections_watch(connections), -ENODATA);
    CHECK_INT(lc_connections_step(connections), 0);
    lc_connections_free(connections);
}

static void without_either_nothing_is_counted(void)
{
    as_init(check_none, false);
}

int main(void)
{
    if (!have_network()) {
        skip("connections", "user or network namespaces are refused");
        return tap_done();
    }
    if (!enter_network())
        return 1;
    TEST(ports_are_those_that_the_given_processes_listen_on);
    TEST(our_own_listener_and_those_on_loopback_are_left_out);
    TEST(a_loopback_peer_of_another_listener_counts);
    TEST(a_loopback_listener_counts_where_its_port_is_named);
    TEST(a_loopback_listener_is_left_out_beside_another_on_its_port);
    TEST(one_who_listens_on_nothing_has_no_connections);
    TEST(one_who_listens_on_tcp_udp_or_a_unix_socket_may_serve_somebody);
    TEST(one_who_has_clients_sockets_alone_serves_nobody);
    TEST(whether_anybody_is_served_is_said_by_a_look_for_ports_alone);
    TEST_ALONE(of_one_that_cannot_be_looked_into_nobody_knows_whom_it_serves);
    TEST(nobody_was_named_so_nothing_is_known);
    TEST_ALONE(nobody_without_capabilities_sees_all_of_it);
    TEST_ALONE(without_netlink_it_is_read_from_proc);
    TEST_ALONE(without_an_answer_it_is_read_from_proc);
    TEST_ALONE(without_either_nothing_is_counted);
    return tap_done();
}
