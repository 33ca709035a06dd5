/* SPDX-License-Identifier: Apache-2.0 */

/* The pieces of sys/connections that need no kernel: what was seen, and what is written in /proc/net
 * and in netlink's messages. */

#include "sys/connections_seen.h"
#include "sys/connections_table.h"

#include "tap.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <stdbool.h>

static void a_cookie_is_new_once(void)
{
    struct lc_seen seen = {.level_count = 0};

    CHECK_INT(lc_seen_note(&seen, 1, 0, 0), LC_SEEN_NEW);
    CHECK_INT(lc_seen_note(&seen, 2, 0, 0), LC_SEEN_NEW);
    CHECK_INT(lc_seen_note(&seen, 1, 0, 0), LC_SEEN_OLD);
    lc_seen_deinit(&seen);
    CHECK_INT(lc_seen_note(&seen, 1, 0, 0), LC_SEEN_NEW);
    lc_seen_deinit(&seen);
}

static void data_is_more_bytes_in_more_segments(void)
{
    struct lc_seen seen = {.level_count = 0};

    CHECK_INT(lc_seen_note(&seen, 7, UINT32_MAX, UINT32_MAX), LC_SEEN_NEW);
    CHECK_INT(lc_seen_note(&seen, 7, 99, 0), LC_SEEN_GROWN); /* they have come round */
    CHECK_INT(lc_seen_note(&seen, 7, 99, 0), LC_SEEN_OLD);
    CHECK_INT(lc_seen_note(&seen, 7, 99, 1), LC_SEEN_OLD);    /* sent once more */
    CHECK_INT(lc_seen_note(&seen, 7, 50, 0), LC_SEEN_OLD);    /* an older listing */
    CHECK_INT(lc_seen_note(&seen, 7, 199, 1), LC_SEEN_GROWN); /* its bytes, counted later */
    CHECK_INT(lc_seen_note(&seen, 7, 200, 1), LC_SEEN_OLD);   /* a FIN */
    lc_seen_deinit(&seen);
}

static void as_many_are_remembered_as_is_said(void)
{
    struct lc_seen seen = {.level_count = 0};
    unsigned wrong = 0;

    for (uint64_t cookie = 1; cookie <= LC_SEEN_MAX; cookie++)
        wrong += lc_seen_note(&seen, cookie, 0, 0) != LC_SEEN_NEW;
    for (uint64_t cookie = 1; cookie <= LC_SEEN_MAX; cookie++)
        wrong += lc_seen_note(&seen, cookie, 0, 0) != LC_SEEN_OLD;
    CHECK_INT(wrong, 0);
    CHECK_INT(lc_seen_note(&seen, LC_SEEN_MAX + 1, 0, 0), -ENOSPC);
    CHECK_INT(lc_seen_note(&seen, LC_SEEN_MAX, 1, 1), LC_SEEN_GROWN);
    lc_seen_deinit(&seen);
}

static bool is_address(const uint8_t *found, const char *text)
{
    struct lc_cidr cidr;

    CHECK_INT(lc_cidr_parse(text, &cidr), 0);
    return memcmp(found, cidr.address, LC_ADDRESS_SIZE) == 0;
}

static void a_line_of_proc_net_tcp(void)
{
    struct lc_connection found;

    CHECK_INT(lc_table_parse(LC_TABLE_TCP,
                             "   3: 0100007F:1F90 0200007F:D431 08 0000000A:0000000B 00:00000000 "
                             "00000000  1000        0 4242 1 0000000000000000 20 4 30 10 -1",
                             &found),
              0);
    CHECK(is_address(found.local, "127.0.0.1") && is_address(found.peer, "127.0.0.2"));
    CHECK_INT(found.local_port, 8080);
    CHECK_INT(found.peer_port, 0xd431);
    CHECK_INT(found.state, LC_TCP_CLOSE_WAIT);
    CHECK_INT(found.unacked, 10);
    CHECK_INT(found.unread, 11);
    CHECK_INT(found.inode, 4242);
    CHECK(!found.timed);
}

static void a_line_of_proc_net_tcp6(void)
{
    struct lc_connection found;

    CHECK_INT(lc_table_parse(LC_TABLE_TCP,
                             "   0: 00000000000000000000000001000000:0050 "
                             "0000000000000000FFFF00000100007F:0001 01 00000000:00000000 "
                             "00:00000000 00000000     0        0 1 1 0 20 4 30 10 -1",
                             &found),
              0);
    CHECK(is_address(found.local, "::1") && is_address(found.peer, "127.0.0.1"));
}

static void a_line_of_proc_net_udp_listens_where_there_is_no_peer(void)
{
    struct lc_connection found;

    CHECK_INT(lc_table_parse(LC_TABLE_UDP,
                             "  257: 00000000:0035 00000000:0000 07 00000000:00000000 00:00000000 "
                             "00000000     0        0 4711 2 0000000000000000 0",
                             &found),
              0);
    CHECK_INT(found.state, LC_TCP_LISTEN);
    CHECK_INT(found.inode, 4711);
    CHECK_INT(lc_table_parse(LC_TABLE_UDP,
                             "  257: 0100007F:D431 0100007F:0035 01 00000000:00000000 00:00000000 "
                             "00000000     0        0 4711 2 0000000000000000 0",
                             &found),
              -EBADMSG);
}

static void a_line_of_proc_net_unix_is_told_where_it_listens(void)
{
    struct lc_connection found;

    CHECK_INT(lc_table_parse(LC_TABLE_UNIX,
                             "ffff8ed4c1d40000: 00000002 00000000 00010000 0001 01 4711 @a b",
                             &found),
              0);
    CHECK_INT(found.state, LC_TCP_LISTEN);
    CHECK_INT(found.inode, 4711);
    CHECK_INT(lc_table_parse(LC_TABLE_UNIX,
                             "0000000000000000: 00000003 00000000 00000000 0001 03 4712", &found),
              -EBADMSG);
    CHECK_INT(lc_table_parse(LC_TABLE_UNIX,
                             "Num       RefCount Protocol Flags    Type St Inode Path", &found),
              -EBADMSG);
}

static void what_is_no_such_line_is_refused(void)
{
    static const char *const bad[] = {
        "", "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when",
        "   3: 0100007F:1F90 0200007F:D431 08 0000000A:0000000B",
        "   3: 0100007:1F90 0200007F:D431 08 0A:0B 00:0 0  1000        0 4242",
        "   3: 0100007F0100007F:1F90 0200007F:D431 08 0A:0B 00:0 0  1000        0 4242"};
    struct lc_connection found;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK_INT(lc_table_parse(LC_TABLE_TCP, bad[i], &found), -EBADMSG);
}

static void passive_opens_are_found_by_name(void)
{
    uint64_t opens;

    CHECK_INT(lc_table_parse_opens("Ip: Forwarding\nIp: 1\nTcp: A MaxConn PassiveOpens B\n"
                                   "Tcp: 1 -1 98765432101 3\nUdp: X\nUdp: 4\n",
                                   &opens),
              0);
    CHECK(opens == 98765432101);
    CHECK_INT(lc_table_parse_opens("Tcp: PassiveOpens\nTcp: 7", &opens), 0);
    CHECK_INT(opens, 7);
    CHECK_INT(lc_table_parse_opens("Tcp: A B\nTcp: 1 2\n", &opens), -EBADMSG);
    CHECK_INT(lc_table_parse_opens("Tcp: A B PassiveOpens\nTcp: 1 2\n", &opens), -EBADMSG);
    CHECK_INT(lc_table_parse_opens("Tcp: A B PassiveOpens", &opens), -EBADMSG);
    CHECK_INT(lc_table_parse_opens("", &opens), -EBADMSG);
}

static void count(void *userdata, const struct lc_connection *found)
{
    unsigned *counted = userdata;

    (void)found;
    ++*counted;
}

static int parse(const void *bytes, size_t size, unsigned *ret_count)
{
    *ret_count = 0;
    return lc_diag_parse(bytes, size, 5, count, ret_count);
}

static void a_dump_ends_with_done_or_with_the_kernels_refusal(void)
{
    struct {
        struct nlmsghdr header;
        int32_t error;
    } end = {{.nlmsg_len = sizeof end, .nlmsg_type = NLMSG_DONE, .nlmsg_seq = 5}, 0};
    unsigned counted;

    CHECK_INT(parse(&end, sizeof end, &counted), 1);
    end.error = -ENOMEM; /* it began well */
    CHECK_INT(parse(&end, sizeof end, &counted), -ENOMEM);
    end.header.nlmsg_type = NLMSG_ERROR;
    end.error = -ENOENT;
    CHECK_INT(parse(&end, sizeof end, &counted), -ENOENT);
    end.error = 0; /* an acknowledgement */
    CHECK_INT(parse(&end, sizeof end, &counted), 0);
    end.error = -ENOENT;
    end.header.nlmsg_seq = 4; /* of another dump */
    CHECK_INT(parse(&end, sizeof end, &counted), 0);
}

static void a_message_that_lies_about_its_length_is_refused(void)
{
    struct {
        struct nlmsghdr header;
        struct inet_diag_msg body;
        struct nlattr attribute;
    } message = {.header = {.nlmsg_len = sizeof message, .nlmsg_type = 20, .nlmsg_seq = 5}};
    unsigned counted;

    message.attribute = (struct nlattr){.nla_len = 400, .nla_type = INET_DIAG_INFO};
    CHECK_INT(parse(&message, sizeof message, &counted), 0);
    CHECK_INT(counted, 0);
    message.attribute.nla_len = 3;
    CHECK_INT(parse(&message, sizeof message, &counted), 0);
    CHECK_INT(counted, 0);
    message.attribute.nla_len = sizeof message.attribute;
    CHECK_INT(parse(&message, sizeof message, &counted), 0);
    CHECK_INT(counted, 1);
    CHECK_INT(parse(&message, sizeof message - 1, &counted), -EBADMSG);
    message.header.nlmsg_len = sizeof message.header - 1;
    CHECK_INT(parse(&message, sizeof message, &counted), -EBADMSG);
    CHECK_INT(parse(&message, 7, &counted), 0);
}

int main(void)
{
    TEST(a_cookie_is_new_once);
    TEST(data_is_more_bytes_in_more_segments);
    TEST(as_many_are_remembered_as_is_said);
    TEST(a_line_of_proc_net_tcp);
    TEST(a_line_of_proc_net_tcp6);
    TEST(a_line_of_proc_net_udp_listens_where_there_is_no_peer);
    TEST(a_line_of_proc_net_unix_is_told_where_it_listens);
    TEST(what_is_no_such_line_is_refused);
    TEST(passive_opens_are_found_by_name);
    TEST(a_dump_ends_with_done_or_with_the_kernels_refusal);
    TEST(a_message_that_lies_about_its_length_is_refused);
    return tap_done();
}
