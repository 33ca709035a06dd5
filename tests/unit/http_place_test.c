/* SPDX-License-Identifier: Apache-2.0 */
/* Where a Location leads to. */
#include "drive/http_place.h"
#include "tap.h"

#include <errno.h>
#include <string.h>

static const struct lc_place here = {
    .scheme = LC_SCHEME_HTTP, .host = "10.0.0.1", .port = 8080, .path = "/a/b?c=d"};

/* The place as a URL; "no" where there is none. */
static const char *follow(const char *location)
{
    static char text[LC_PLACE_HOST_MAX + LC_PLACE_PATH_MAX + 32];
    struct lc_place place;
    int r = lc_place_follow(&here, location, &place);

    if (r < 0) {
        CHECK_INT(r, -EBADMSG);
        return "no";
    }
    snprintf(text, sizeof(text), "%s %s %u %s%s",
             place.scheme == LC_SCHEME_HTTPS ? "https" : "http", place.host, place.port, place.path,
             place.absolute ? " absolute" : "");
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
    CHECK_STR(follow("HTTPS://example.org/x"), "https example.org 443 /x absolute");
    CHECK_STR(follow("http://example.org"), "http example.org 80 / absolute");
    CHECK_STR(follow("http://example.org?x"), "http example.org 80 /?x absolute");
    CHECK_STR(follow("http://user:word@example.org:7/"), "http example.org 7 / absolute");
    CHECK_STR(follow("http://[::1]:81/x"), "http ::1 81 /x absolute");
    CHECK_STR(follow("http://[::1]/x"), "http ::1 80 /x absolute");
}

static void without_a_scheme_it_is_the_same_one(void)
{
    CHECK_STR(follow("//example.org:7/x"), "http example.org 7 /x");
}

static void a_fragment_stays_with_the_client(void)
{
    CHECK_STR(follow("/x#y"), "http 10.0.0.1 8080 /x");
    CHECK_STR(follow("#y"), "http 10.0.0.1 8080 /a/b?c=d");
}

static void what_is_no_url_of_http_leads_nowhere(void)
{
    CHECK_STR(follow("ftp://example.org/"), "no");
    CHECK_STR(follow("mailto:x"), "no");
    CHECK_STR(follow("http:x"), "no");
    CHECK_STR(follow("http://"), "no");
    CHECK_STR(follow("http://:80/"), "no");
    CHECK_STR(follow("http://h:0/"), "no");
    CHECK_STR(follow("http://h:65536/"), "no");
    CHECK_STR(follow("http://h:8x/"), "no");
    CHECK_STR(follow("http://[::1/"), "no");
    CHECK_STR(follow("http://[::1]x/"), "no");
}

static void a_location_cannot_write_headers_of_its_own(void)
{
    CHECK_STR(follow("/x y"), "no");
    CHECK_STR(follow("/x\ry"), "no");
    CHECK_STR(follow("/\xc3\xa4"), "no");
}

static void what_is_too_long_leads_nowhere(void)
{
    static char location[2 * LC_PLACE_PATH_MAX];

    memset(location, 'x', LC_PLACE_PATH_MAX);
    location[0] = '/';
    CHECK_STR(follow(location), "no");
    memcpy(location, "http://", 7);
    CHECK_STR(follow(location), "no");
}

int main(void)
{
    TEST(a_path_stays_with_the_server);
    TEST(a_whole_url_names_all_of_it);
    TEST(without_a_scheme_it_is_the_same_one);
    TEST(a_fragment_stays_with_the_client);
    TEST(what_is_no_url_of_http_leads_nowhere);
    TEST(a_location_cannot_write_headers_of_its_own);
    TEST(what_is_too_long_leads_nowhere);
    return tap_done();
}
