/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/address.h"
#include "tap.h"

#include <arpa/inet.h>
#include <errno.h>

/* "FAMILY HOST PORT", with a "*" for everywhere; "-22" where it is refused. */
static const char *parsed(const char *text)
{
    static char ret[160];
    char host[INET6_ADDRSTRLEN];
    struct lc_address address;
    int r = lc_address_parse(text, &address);

    if (r < 0)
        snprintf(ret, sizeof(ret), "%d", r);
    else if (address.any.sa_family == AF_UNIX)
        snprintf(ret, sizeof(ret), "unix %s", address.local.sun_path);
    else if (address.any.sa_family == AF_INET)
        snprintf(ret, sizeof(ret), "4 %s %u",
                 inet_ntop(AF_INET, &address.v4.sin_addr, host, sizeof(host)),
                 ntohs(address.v4.sin_port));
    else
        snprintf(ret, sizeof(ret), "6 %s %u%s",
                 inet_ntop(AF_INET6, &address.v6.sin6_addr, host, sizeof(host)),
                 ntohs(address.v6.sin6_port), address.everywhere ? " *" : "");
    return ret;
}

static void a_port_alone_is_everywhere(void)
{
    CHECK_STR(parsed(":9909"), "6 :: 9909 *");
    CHECK_STR(parsed(":1"), "6 :: 1 *");
    CHECK_STR(parsed(":65535"), "6 :: 65535 *");
}

static void an_address_is_IPv4_or_IPv6_in_brackets(void)
{
    CHECK_STR(parsed("127.0.0.1:80"), "4 127.0.0.1 80");
    CHECK_STR(parsed("0.0.0.0:80"), "4 0.0.0.0 80");
    CHECK_STR(parsed("[::1]:9909"), "6 ::1 9909");
    CHECK_STR(parsed("[1.2.3.4]:80"), "4 1.2.3.4 80");
    CHECK_STR(parsed("[::]:9909"), "6 :: 9909");
    CHECK_STR(parsed("[::ffff:255.255.255.255]:9909"), "6 ::ffff:255.255.255.255 9909");
    CHECK_STR(parsed("[2001:db8:1111:2222:3333:4444:5555:6666]:1"),
              "6 2001:db8:1111:2222:3333:4444:5555:6666 1");
}

static void a_path_follows_unix(void)
{
    char longest[5 + 107 + 2] = "unix:";

    CHECK_STR(parsed("unix:/run/x.sock"), "unix /run/x.sock");
    CHECK_STR(parsed("unix:/a:1"), "unix /a:1");
    memset(longest + 5, 'x', 107);
    CHECK(!strncmp(parsed(longest), "unix xxx", 8));
    longest[5 + 107] = 'x';
    CHECK_INT(atoi(parsed(longest)), -ENAMETOOLONG);
    CHECK_INT(atoi(parsed("unix:")), -EINVAL);
}

static void anything_else_is_refused(void)
{
    static const char *const texts[] = {
        "",
        ":",
        "9909",
        "127.0.0.1",
        "127.0.0.1:",
        "localhost:80",
        ":0",
        ":65536",
        ":99999999",
        ":-1",
        ":+1",
        ": 1",
        ":1 ",
        ":0x50",
        "1.2.3:80",
        "256.1.1.1:80",
        "::1:9909",
        "[::1:9909",
        "::1]:9909",
        "[::1]9909",
        "[]:9909",
        "[:9909",
        "[1.2.3]:80",
        "[::1]x:80",
        "[[::1]]:80",
        "UNIX:/x",
        "[fe80::1%lo]:80",
        "[2001:db8:1111:2222:3333:4444:5555:6666:7777:8888:9999]:1",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (atoi(parsed(texts[i])) != -EINVAL)
            printf("# \"%s\"\n", texts[i]);
        CHECK_INT(atoi(parsed(texts[i])), -EINVAL);
    }
}

int main(void)
{
    TEST(a_port_alone_is_everywhere);
    TEST(an_address_is_IPv4_or_IPv6_in_brackets);
    TEST(a_path_follows_unix);
    TEST(anything_else_is_refused);
    return tap_done();
}
