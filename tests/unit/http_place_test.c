/* SPDX-License-Identifier: Apache-2.0 */
/* Where a Location leads to. */
#include "drive/http_place.h"
#include "tap.h"

#include <errno.h>
#include <string.h>

static struct lc_place here = {
    .scheme = LC_SCHEME_HTTP, .host = "10.0.0.1", .port = 8080, .path = "/a/b?c=d"};

/* The place as a URL; "elsewhere", or "no" where there is none. */
static const char *follow(const char *location)
{
    static char text[LC_PLACE_HOST_MAX + LC_PLACE_PATH_MAX + 32];
    struct lc_place place;
    int r = lc_place_follow(&here, location, &place);

    if (r == LC_PLACE_ELSEWHERE)
        return "elsewhere";
    if (r < 0) {
        CHECK_INT(r, -EBADMSG);
        return "no";
    }
    snprintf(text, sizeof(text), "%s %s %u %s%s",
             place.scheme == LC_SCHEME_HTTPS ? "https" : "http", place.host, place.port, place.path,
             place.absolute ? " absolute" : "");
    return text;
}

/* The same, where the answer came from ::1. */
static const char *follow_v6(const char *location)
{
    struct lc_place before = here;
    const char *text;

    strcpy(here.host, "::1");
    text = follow(location);
    here = before;
    return text;
}

static void a_path_stays_with_the_server(void)
{
    CHECK_STR(follow("/x?y=z"), "http 10.0.0.1 8080 /x?y=z");
    CHECK_STR(follow("x"), "http 10.0.0.1 8080 /a/x");
    CHECK_STR(follow("./x:y"), "http 10.0.0.1 8080 /a/./x:y");
    CHECK_STR(follow("?q"), "http 10.0.0.1 8080 /a/b?q");
}

static void a_whole_url_names_all_of_it(void)
{
    CHECK_STR(follow("http://10.0.0.1:81/x"), "http 10.0.0.1 81 /x absolute");
    CHECK_STR(follow("HTTPS://10.0.0.1/x"), "https 10.0.0.1 443 /x absolute");
    CHECK_STR(follow("http://10.0.0.1"), "http 10.0.0.1 80 / absolute");
    CHECK_STR(follow("http://10.0.0.1:"), "http 10.0.0.1 80 / absolute");
    CHECK_STR(follow("http://10.0.0.1?x"), "http 10.0.0.1 80 /?x absolute");
    CHECK_STR(follow("http://user:word@10.0.0.1:7/"), "http 10.0.0.1 7 / absolute");
    CHECK_STR(follow_v6("http://[::1]:81/x"), "http ::1 81 /x absolute");
    CHECK_STR(follow_v6("http://[::1]/x"), "http ::1 80 /x absolute");
}

static void without_a_scheme_it_is_the_same_one(void)
{
    CHECK_STR(follow("//10.0.0.1:7/x"), "http 10.0.0.1 7 /x");
}

static void a_fragment_stays_with_the_client(void)
{
    CHECK_STR(follow("/x#y"), "http 10.0.0.1 8080 /x");
    CHECK_STR(follow("#y"), "http 10.0.0.1 8080 /a/b?c=d");
}

static void another_host_is_elsewhere_whatever_the_rest_says(void)
{
    static char location[4 * LC_PLACE_PATH_MAX];

    CHECK_STR(follow("http://example.org/x"), "elsewhere");
    CHECK_STR(follow("//example.org:7/x"), "elsewhere");
    CHECK_STR(follow("http://[::1]/x"), "elsewhere");
    CHECK_STR(follow("ftp://example.org/"), "elsewhere");
    CHECK_STR(follow("https://example.org/\xc3\xbc"), "elsewhere");
    CHECK_STR(follow("http://h:0/"), "elsewhere");
    CHECK_STR(follow("http://h:65536/"), "elsewhere");
    memset(location, 'x', sizeof(location) - 1);
    memcpy(location, "http://", 7);
    CHECK_STR(follow(location), "elsewhere");
    memcpy(location, "http://h/", 9);
    CHECK_STR(follow(location), "elsewhere");
}

static void a_url_that_names_no_host_is_elsewhere_too(void)
{
    CHECK_STR(follow("mailto:x"), "elsewhere");
    CHECK_STR(follow("http:x"), "elsewhere");
    CHECK_STR(follow("http:/x"), "elsewhere");
    CHECK_STR(follow("http://"), "elsewhere");
    CHECK_STR(follow("http://:80/"), "elsewhere");
}

static void what_is_no_url_of_http_leads_nowhere(void)
{
    CHECK_STR(follow("ftp://10.0.0.1/"), "no");
    CHECK_STR(follow("httpx://10.0.0.1/"), "no");
    CHECK_STR(follow("http://10.0.0.1:0/"), "no");
    CHECK_STR(follow("http://10.0.0.1:65536/"), "no");
    CHECK_STR(follow("http://h:8x/"), "no");
    CHECK_STR(follow("http://[::1/"), "no");
    CHECK_STR(follow("http://[::1]x/"), "no");
    CHECK_STR(follow("1x:y"), "no");
    CHECK_STR(follow(":y"), "no");
}

static void what_a_url_cannot_hold_is_percent_encoded(void)
{
    CHECK_STR(follow("/a b?c d"), "http 10.0.0.1 8080 /a%20b?c%20d");
    CHECK_STR(follow("/gr\xc3\xb6\xc3\x9f"
                     "e"),
              "http 10.0.0.1 8080 /gr%C3%B6%C3%9Fe");
    CHECK_STR(follow("\xff"), "http 10.0.0.1 8080 /a/%FF");
    CHECK_STR(follow("/a|b?c|d"), "http 10.0.0.1 8080 /a%7Cb?c|d");
}

static void a_location_cannot_write_headers_of_its_own(void)
{
    CHECK_STR(follow("/x\ry"), "no");
    CHECK_STR(follow("/x\ny"), "no");
    CHECK_STR(follow("/x\x7fy"), "no");
    CHECK_STR(follow("http://example.org/\x01"), "no");
}

static void what_is_too_long_leads_nowhere(void)
{
    static char location[2 * LC_PLACE_PATH_MAX];

    memset(location, 'x', LC_PLACE_PATH_MAX - 1);
    location[0] = '/';
    CHECK_INT(strlen(follow(location)), strlen("http 10.0.0.1 8080 ") + LC_PLACE_PATH_MAX - 1);
    location[1] = ' '; /* three bytes now */
    CHECK_STR(follow(location), "no");
    location[LC_PLACE_PATH_MAX - 1] = 'x';
    location[1] = 'x';
    CHECK_STR(follow(location), "no");
}

int main(void)
{
    TEST(a_path_stays_with_the_server);
    TEST(a_whole_url_names_all_of_it);
    TEST(without_a_scheme_it_is_the_same_one);
    TEST(a_fragment_stays_with_the_client);
    TEST(another_host_is_elsewhere_whatever_the_rest_says);
    TEST(a_url_that_names_no_host_is_elsewhere_too);
    TEST(what_is_no_url_of_http_leads_nowhere);
    TEST(what_a_url_cannot_hold_is_percent_encoded);
    TEST(a_location_cannot_write_headers_of_its_own);
    TEST(what_is_too_long_leads_nowhere);
    return tap_done();
}
