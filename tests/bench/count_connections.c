/* SPDX-License-Identifier: Apache-2.0 */

/* count_connections [--proc] N...
 *
 * What a look at N connections costs, for each N in turn: they are made over loopback addresses in a
 * network namespace of their own, and looked at as an event loop would, once to warm up and then
 * REPEATS times. Writes a line of JSON for each N:
 *
 *     {"n":10000,"source":"netlink","msec":9.31,"cpu_msec":9.30,"slices":9,"longest_usec":1107,
 *      "longest_cpu_usec":1105,"watch_msec":10.52, …, "dump_cpu_msec":8.66}
 *
 * of the median look, and after watch_ the same for the first look of a watch, which remembers each
 * connection; dump_ is what the kernel takes to list them, if nobody looks into what it lists. cpu_
 * is for machines that are shared. --proc: as where netlink is refused. */

#include "sys/connections.h"
#include "sys/connections_diag.h"

#include "../apps/deny.h"

#include <arpa/inet.h>
#include <linux/capability.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PORT = 8080, CLIENT_PORT = 10000, REPEATS = 15, PER_PROCESS_MAX = 25000 };

struct cost {
    double msec, cpu_msec, longest_usec, longest_cpu_usec;
    unsigned slices;
};

_Noreturn static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static double clock_msec(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");

    if (!file || fputs(text, file) < 0 || fclose(file) != 0)
        fail(path);
}

static void enter_network(void)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    char uid_map[32], gid_map[32];
    int fd;

    snprintf(uid_map, sizeof uid_map, "0 %u 1", geteuid());
    snprintf(gid_map, sizeof gid_map, "0 %u 1", getegid());
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
        fail("unshare");
    write_file("/proc/self/setgroups", "deny");
    write_file("/proc/self/uid_map", uid_map);
    write_file("/proc/self/gid_map", gid_map);
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
        fail("lo");
    close(fd);
}

/* To one who may administer the network the kernel tells more of each socket. */
static void drop_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    const struct __user_cap_data_struct none[2] = {{.effective = 0}};

    if (syscall(SYS_capset, &header, none) < 0)
        fail("capset");
}

/* How many a process may have is its limit of descriptors. */
static unsigned per_process(void)
{
    struct rlimit limit;
    unsigned count;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        fail("getrlimit");
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        fail("setrlimit");
    count = (unsigned)limit.rlim_cur - 100;
    return count < PER_PROCESS_MAX ? count : PER_PROCESS_MAX;
}

static int listen_on(uint32_t address)
{
    struct sockaddr_in name = {
        .sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr = {htonl(address)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind(fd, (struct sockaddr *)&name, sizeof name) < 0 || listen(fd, 128) < 0)
        fail("listen");
    return fd;
}

/* A client elsewhere has no end in our kernel's table. What is closed while under repair goes without
 * a word to the peer (tcp_close() in net/ipv4/tcp.c). */
static void vanish(int fd)
{
    const int on = 1;

    if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof on) < 0)
        fail("TCP_REPAIR");
    close(fd);
}

/* A loopback address for each process, and a port for each client, which the kernel would take again
 * once its end has vanished. */
_Noreturn static void hold(unsigned number, unsigned count, int ready, int go)
{
    uint32_t address = (127u << 24 | 1u << 8) + number;
    struct sockaddr_in name = {
        .sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr = {htonl(address)}};
    int listener = listen_on(address);
    char byte = 0;

    for (unsigned i = 0; i < count; i++) {
        struct sockaddr_in client = {.sin_family = AF_INET,
                                     .sin_port = htons((uint16_t)(CLIENT_PORT + i)),
                                     .sin_addr = {htonl(address + (1u << 8))}};
        int fd = socket(AF_INET, SOCK_STREAM, 0);

        if (fd < 0 || bind(fd, (struct sockaddr *)&client, sizeof client) < 0 ||
            connect(fd, (struct sockaddr *)&name, sizeof name) < 0 ||
            accept(listener, NULL, NULL) < 0)
            fail("connection");
        vanish(fd);
    }
    if (write(ready, &byte, 1) != 1 || read(go, &byte, 1) < 0)
        fail("pipe");
    _exit(0);
}

static void raise_to(double *highest, double value)
{
    if (value > *highest)
        *highest = value;
}

static struct cost look(struct lc_connections *connections)
{
    struct pollfd entry = {.fd = lc_connections_fd(connections), .events = POLLIN};
    double begin = clock_msec(CLOCK_MONOTONIC), cpu = clock_msec(CLOCK_PROCESS_CPUTIME_ID);
    struct cost cost = {.slices = 0};
    int news = 0;

    while (!(news & LC_CONNECTIONS_LOOKED)) {
        double before, cpu_before;

        poll(&entry, 1, -1);
        before = clock_msec(CLOCK_MONOTONIC);
        cpu_before = clock_msec(CLOCK_PROCESS_CPUTIME_ID);
        news = lc_connections_step(connections);
        raise_to(&cost.longest_usec, (clock_msec(CLOCK_MONOTONIC) - before) * 1000);
        raise_to(&cost.longest_cpu_usec,
                 (clock_msec(CLOCK_PROCESS_CPUTIME_ID) - cpu_before) * 1000);
        if (news < 0)
            fail("look");
        cost.slices++;
    }
    cost.msec = clock_msec(CLOCK_MONOTONIC) - begin;
    cost.cpu_msec = clock_msec(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    return cost;
}

static int by_cpu_msec(const void *a, const void *b)
{
    const struct cost *left = a, *right = b;

    return (left->cpu_msec > right->cpu_msec) - (left->cpu_msec < right->cpu_msec);
}

static struct cost median(struct lc_connections *connections,
                          int (*begin)(struct lc_connections *connections))
{
    struct cost costs[REPEATS + 1];

    for (int i = 0; i <= REPEATS; i++) {
        if (begin(connections) < 0)
            fail("begin");
        costs[i] = look(connections);
    }
    qsort(costs + 1, REPEATS, sizeof costs[0], by_cpu_msec);
    return costs[1 + REPEATS / 2];
}

static int by_msec(const void *a, const void *b)
{
    const double *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

/* The kernel fills the next piece while one is received, so that nothing to receive is the end. */
static double dump(int fd, void *buffer)
{
    const uint32_t states = 1 << LC_TCP_ESTABLISHED;
    const uint16_t port = PORT;
    double before = clock_msec(CLOCK_PROCESS_CPUTIME_ID);

    if (lc_diag_ask(fd, 1, states, &port, 1) < 0)
        fail("dump");
    while (recv(fd, buffer, LC_DIAG_BUFFER, 0) > 0)
        continue;
    return clock_msec(CLOCK_PROCESS_CPUTIME_ID) - before;
}

static double median_dump(void)
{
    static char buffer[LC_DIAG_BUFFER];
    int fd = lc_diag_open();
    double msec[REPEATS + 1];

    if (fd < 0)
        return 0;
    for (int i = 0; i <= REPEATS; i++)
        msec[i] = dump(fd, buffer);
    close(fd);
    qsort(msec + 1, REPEATS, sizeof msec[0], by_msec);
    return msec[1 + REPEATS / 2];
}

static void print_cost(const char *prefix, const struct cost *cost)
{
    printf("\"%smsec\":%.2f,\"%scpu_msec\":%.2f,\"%sslices\":%u,\"%slongest_usec\":%.0f,"
           "\"%slongest_cpu_usec\":%.0f",
           prefix, cost->msec, prefix, cost->cpu_msec, prefix, cost->slices, prefix,
           cost->longest_usec, prefix, cost->longest_cpu_usec);
}

static void measure(unsigned n)
{
    static const uint16_t port = PORT;
    const struct lc_connections_rules rules = {.ports = &port, .port_count = 1, .idle_msec = 1000};
    struct lc_connections *connections;
    struct cost plain, watch;

    if (lc_connections_new(&connections, &rules) < 0)
        fail("connections");
    plain = median(connections, lc_connections_look);
    watch = median(connections, lc_connections_watch);
    if (lc_connections_count(connections)->open != n) {
        fprintf(stderr, "%u connections were counted, not %u\n",
                lc_connections_count(connections)->open, n);
        exit(1);
    }
    printf("{\"n\":%u,\"source\":\"%s\",", n,
           lc_connections_source_name(lc_connections_source(connections, NULL)));
    print_cost("", &plain);
    printf(",");
    print_cost("watch_", &watch);
    printf(",\"dump_cpu_msec\":%.2f}\n", median_dump());
    fflush(stdout);
    lc_connections_free(connections);
}

/* The namespace goes with the process, and all connections with it. */
static void measure_alone(unsigned n, bool proc)
{
    unsigned each = per_process(), processes = (n + each - 1) / each;
    int ready[2], go[2];
    char byte;

    enter_network();
    if (pipe(ready) < 0 || pipe(go) < 0)
        fail("pipe");
    for (unsigned i = 0; i < processes; i++) {
        pid_t pid = fork();

        if (pid < 0)
            fail("fork");
        if (pid == 0) {
            close(go[1]);
            hold(i, i + 1 < processes ? each : n - i * each, ready[1], go[0]);
        }
    }
    close(ready[1]);
    for (unsigned i = 0; i < processes; i++)
        if (read(ready[0], &byte, 1) != 1)
            fail("the connections");
    drop_capabilities();
    if (proc && lc_deny_netlink() < 0)
        fail("seccomp");
    measure(n);
    close(go[1]);
    while (wait(NULL) > 0)
        continue;
}

int main(int argc, char **argv)
{
    bool proc = argc > 1 && strcmp(argv[1], "--proc") == 0;

    for (int i = 1 + proc; i < argc; i++) {
        int status;
        pid_t pid = fork();

        if (pid < 0)
            fail("fork");
        if (pid == 0) {
            measure_alone((unsigned)atoi(argv[i]), proc);
            exit(0);
        }
        if (waitpid(pid, &status, 0) < 0 || status != 0)
            return 1;
    }
    return 0;
}
