/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/connections_diag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* "port >= N", "port <= N" (an operator, and one that carries N), "accept": five of four bytes. There
 * is an "=" only since Linux 5.14. */
enum { OPS_PER_PORT = 5, OP_SIZE = sizeof(struct inet_diag_bc_op) };

struct request {
    struct nlmsghdr header;
    struct inet_diag_req body;
    struct nlattr filter;
};

int lc_diag_open(void)
{
    int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);

    return fd < 0 ? -errno : fd;
}

/* Jumps are relative, and always forward. Where they end decides: exactly at the end of the program
 * is yes, four bytes further is no (inet_diag_bc_run()). */
static void compile(struct inet_diag_bc_op *program, const uint16_t *ports, size_t port_count)
{
    for (size_t i = 0; i < port_count; i++) {
        struct inet_diag_bc_op *op = program + i * OPS_PER_PORT;
        unsigned rest = (unsigned)((port_count - i) * OPS_PER_PORT * OP_SIZE);
        unsigned next = i + 1 < port_count ? OPS_PER_PORT * OP_SIZE : rest + OP_SIZE;

        op[0] = (struct inet_diag_bc_op){INET_DIAG_BC_S_GE, 2 * OP_SIZE, (unsigned short)next};
        op[1] = (struct inet_diag_bc_op){.no = ports[i]};
        op[2] = (struct inet_diag_bc_op){INET_DIAG_BC_S_LE, 2 * OP_SIZE,
                                         (unsigned short)(next - 2 * OP_SIZE)};
        op[3] = (struct inet_diag_bc_op){.no = ports[i]};
        op[4] = (struct inet_diag_bc_op){INET_DIAG_BC_JMP, OP_SIZE,
                                         (unsigned short)(rest - 4 * OP_SIZE)};
    }
}

/* TCPDIAG_GETSOCK is the older request, which lists IPv4 and IPv6 in one go. SOCK_DIAG_BY_FAMILY goes
 * through the whole table for each, and for a family without sockets in one system call: 50 ms with
 * 200,000 of the other one. */
int lc_diag_ask(int fd, uint32_t sequence, uint32_t states, const uint16_t *ports,
                size_t port_count)
{
    struct inet_diag_bc_op program[LC_DIAG_PORTS_MAX * OPS_PER_PORT];
    size_t size = port_count * OPS_PER_PORT * OP_SIZE;
    struct request request = {
        .header = {.nlmsg_type = TCPDIAG_GETSOCK,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
                   .nlmsg_seq = sequence},
        .body = {.idiag_ext = 1 << (INET_DIAG_INFO - 1), .idiag_states = states},
        .filter = {.nla_type = INET_DIAG_REQ_BYTECODE},
    };
    struct iovec parts[] = {{&request, sizeof request}, {program, size}};
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    struct msghdr message = {
        .msg_name = &kernel, .msg_namelen = sizeof kernel, .msg_iov = parts, .msg_iovlen = 2};

    if (port_count > LC_DIAG_PORTS_MAX)
        return -E2BIG;
    if (port_count == 0)
        parts[0].iov_len -= sizeof request.filter;
    compile(program, ports, port_count);
    request.filter.nla_len = (uint16_t)(sizeof request.filter + size);
    request.header.nlmsg_len = (uint32_t)(parts[0].iov_len + size);
    return sendmsg(fd, &message, 0) < 0 ? -errno : 0;
}

/* NLMSG_ALIGN() and NLA_ALIGN(), which are the same, without their mixing of signs. */
static size_t align(size_t size)
{
    return (size + 3) & ~(size_t)3;
}

/* Older kernels have less of tcp_info, newer ones more. The few words that count are read one by one:
 * this is done for each connection, and copying all of it would take as long as everything else here. */
static uint32_t info_word(const uint8_t *bytes, size_t size, size_t at)
{
    uint32_t word = 0;

    if (at + sizeof word <= size)
        memcpy(&word, bytes + at, sizeof word);
    return word;
}

static uint64_t info_long(const uint8_t *bytes, size_t size, size_t at)
{
    uint64_t number = 0;

    if (at + sizeof number <= size)
        memcpy(&number, bytes + at, sizeof number);
    return number;
}

static void take_info(struct lc_connection *socket, const uint8_t *bytes, size_t size)
{
    socket->timed = size >= offsetof(struct tcp_info, tcpi_pmtu);
    socket->sent_msec = info_word(bytes, size, offsetof(struct tcp_info, tcpi_last_data_sent));
    socket->received_msec = info_word(bytes, size, offsetof(struct tcp_info, tcpi_last_data_recv));
    socket->acked_msec = info_word(bytes, size, offsetof(struct tcp_info, tcpi_last_ack_recv));
    socket->bytes_received = info_long(bytes, size, offsetof(struct tcp_info, tcpi_bytes_received));
    socket->segments_received =
        info_word(bytes, size, offsetof(struct tcp_info, tcpi_data_segs_in));
}

static void take_address(uint8_t ret[static LC_ADDRESS_SIZE], uint8_t family,
                         const uint32_t words[static 4])
{
    if (family == AF_INET)
        lc_address_map(ret, words[0]);
    else
        memcpy(ret, words, LC_ADDRESS_SIZE);
}

static void parse_socket(const uint8_t *bytes, size_t size, lc_connection_found *found,
                         void *userdata)
{
    struct lc_connection socket = {.state = 0};
    struct inet_diag_msg body;
    struct nlattr attribute;

    if (size < sizeof body)
        return;
    memcpy(&body, bytes, sizeof body);
    take_address(socket.local, body.idiag_family, body.id.idiag_src);
    take_address(socket.peer, body.idiag_family, body.id.idiag_dst);
    socket.local_port = ntohs(body.id.idiag_sport);
    socket.peer_port = ntohs(body.id.idiag_dport);
    socket.state = body.idiag_state;
    socket.inode = body.idiag_inode;
    socket.cookie = body.id.idiag_cookie[0] | (uint64_t)body.id.idiag_cookie[1] << 32;
    socket.unread = body.idiag_rqueue;
    socket.unacked = body.idiag_wqueue;
    for (size_t at = align(sizeof body); at + sizeof attribute <= size;
         at += align(attribute.nla_len)) {
        memcpy(&attribute, bytes + at, sizeof attribute);
        if (attribute.nla_len < sizeof attribute || attribute.nla_len > size - at)
            return;
        if ((attribute.nla_type & NLA_TYPE_MASK) == INET_DIAG_INFO)
            take_info(&socket, bytes + at + sizeof attribute, attribute.nla_len - sizeof attribute);
    }
    found(userdata, &socket);
}

/* NLMSG_ERROR and NLMSG_DONE both begin with an errno, negative, or 0. */
static int parse_end(const uint8_t *bytes, size_t size, bool done)
{
    int32_t error;

    if (size < sizeof error)
        return done ? 1 : -EBADMSG;
    memcpy(&error, bytes, sizeof error);
    if (error > 0 || error == INT32_MIN)
        return -EBADMSG;
    return error < 0 ? error : done;
}

static bool is_socket(const struct nlmsghdr *header)
{
    return header->nlmsg_type == TCPDIAG_GETSOCK || header->nlmsg_type == SOCK_DIAG_BY_FAMILY;
}

static bool is_end(const struct nlmsghdr *header)
{
    return header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR;
}

int lc_diag_parse(const void *bytes, size_t size, uint32_t sequence, lc_connection_found *found,
                  void *userdata)
{
    const uint8_t *at = bytes;
    struct nlmsghdr header;

    while (size >= sizeof header) {
        const uint8_t *body = at + sizeof header;
        size_t step;

        memcpy(&header, at, sizeof header);
        if (header.nlmsg_len < sizeof header || header.nlmsg_len > size)
            return -EBADMSG;
        /* Another number: of a dump that was given up. */
        if (header.nlmsg_seq == sequence && is_end(&header))
            return parse_end(body, header.nlmsg_len - sizeof header,
                             header.nlmsg_type == NLMSG_DONE);
        if (header.nlmsg_seq == sequence && is_socket(&header))
            parse_socket(body, header.nlmsg_len - sizeof header, found, userdata);
        step = align(header.nlmsg_len);
        if (step >= size)
            break;
        at += step;
        size -= step;
    }
    return 0;
}

int lc_diag_read(int fd, uint32_t sequence, void *buffer, lc_connection_found *found,
                 void *userdata)
{
    struct sockaddr_nl sender = {.nl_pid = 0};
    socklen_t sender_size = sizeof sender;
    ssize_t size =
        recvfrom(fd, buffer, LC_DIAG_BUFFER, MSG_TRUNC, (struct sockaddr *)&sender, &sender_size);

    if (size < 0)
        return -errno;
    if (sender.nl_pid != 0)
        return 0; /* root can write to anybody's netlink socket; the kernel alone is 0 */
    if (size > LC_DIAG_BUFFER)
        return -EMSGSIZE;
    return lc_diag_parse(buffer, (size_t)size, sequence, found, userdata);
}
