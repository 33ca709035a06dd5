/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cidr.h"

#include "tap.h"

#include <arpa/inet.h>
#include <errno.h>

static bool holds(const char *block, const char *text)
{
    struct lc_cidr cidr, address;

    CHECK_INT(lc_cidr_parse(block, &cidr), 0);
    CHECK_INT(lc_cidr_parse(text, &address), 0);
    return lc_cidr_holds(&cidr, address.address);
}

static void a_block_holds_what_shares_its_prefix(void)
{
    CHECK(holds("10.0.0.0/8", "10.255.255.255"));
    CHECK(!holds("10.0.0.0/8", "11.0.0.0"));
    CHECK(holds("10.1.2.4/30", "10.1.2.7"));
    CHECK(!holds("10.1.2.4/30", "10.1.2.8"));
    CHECK(holds("fd00::/8", "fdff::1"));
    CHECK(!holds("fd00::/8", "fe00::1"));
    CHECK(holds("2001:db8::/127", "2001:db8::1"));
    CHECK(!holds("2001:db8::/127", "2001:db8::2"));
}

static void without_a_length_it_is_one_address(void)
{
    CHECK(holds("192.0.2.7", "192.0.2.7"));
    CHECK(!holds("192.0.2.7", "192.0.2.6"));
    CHECK(holds("::1", "::1"));
    CHECK(!holds("::1", "::2"));
}

static void bits_behind_the_prefix_do_not_matter(void)
{
    CHECK(holds("10.1.2.3/8", "10.9.9.9"));
}

static void all_of_ipv4_is_a_block_and_so_is_everything(void)
{
    CHECK(holds("0.0.0.0/0", "203.0.113.1"));
    CHECK(!holds("0.0.0.0/0", "2001:db8::1"));
    CHECK(holds("::/0", "2001:db8::1"));
    CHECK(holds("::/0", "203.0.113.1"));
}

static void a_mapped_address_is_the_ipv4_one(void)
{
    CHECK(holds("10.0.0.0/8", "::ffff:10.1.2.3"));
}

static void what_is_no_block_is_refused(void)
{
    static const char *const bad[] = {"",
                                      "/",
                                      "/8",
                                      "10.0.0.0/",
                                      "10.0.0.0/33",
                                      "10.0.0.0/-1",
                                      "10.0.0.0/+8",
                                      "10.0.0.0/8 ",
                                      "10.0.0.0/8/8",
                                      "10.0.0/8",
                                      "::/129",
                                      "::/1281",
                                      "localhost",
                                      "10.0.0.0/99999999999999",
                                      "1:2:3:4:5:6:7:8:9",
                                      "fe80::1%lo/64",
                                      "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"};
    struct lc_cidr cidr;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK_INT(lc_cidr_parse(bad[i], &cidr), -EINVAL);
        if (lc_cidr_parse(bad[i], &cidr) == 0)
            printf("# %s\n", bad[i]);
    }
}

static void loopback_is_told_by_its_address(void)
{
    static const struct {
        const char *text;
        bool loopback;
    } rows[] = {{"127.0.0.1", true}, {"127.255.0.1", true}, {"::1", true}, {"128.0.0.1", false},
                {"0.0.0.0", false},  {"::", false},         {"::2", false}};
    struct lc_cidr address;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK_INT(lc_cidr_parse(rows[i].text, &address), 0);
        CHECK_INT(lc_address_is_loopback(address.address), rows[i].loopback);
    }
}

int main(void)
{
    TEST(a_block_holds_what_shares_its_prefix);
    TEST(without_a_length_it_is_one_address);
    TEST(bits_behind_the_prefix_do_not_matter);
    TEST(all_of_ipv4_is_a_block_and_so_is_everything);
    TEST(a_mapped_address_is_the_ipv4_one);
    TEST(what_is_no_block_is_refused);
    TEST(loopback_is_told_by_its_address);
    return tap_done();
}
