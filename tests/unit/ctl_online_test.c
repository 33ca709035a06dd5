/* SPDX-License-Identifier: Apache-2.0 */

/* What lastcallctl reads of a lastcall that runs: its answers, and /status for a person. */

#include "../../cmd/lastcallctl/reply.h"
#include "../../cmd/lastcallctl/status_text.h"

#include "base/cleanup.h"
#include "tap.h"

#include <errno.h>

static int parse(const char *bytes, struct lc_reply *ret)
{
    return lc_reply_parse(ret, bytes, strlen(bytes));
}

static void a_whole_answer_has_a_status_and_a_body(void)
{
    static const char bytes[] = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\n"
                                "content-length:\t 5\r\nConnection: close\r\n\r\nwords";
    struct lc_reply reply;

    CHECK_INT(parse(bytes, &reply), 0);
    CHECK_INT(reply.status, 503);
    CHECK_INT(reply.length, 5);
    CHECK(reply.body == bytes + sizeof(bytes) - 6);
}

static void what_stands_behind_the_body_is_not_of_it(void)
{
    struct lc_reply reply;

    CHECK_INT(parse("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nokmore", &reply), 0);
    CHECK_INT(reply.length, 2);
}

static void an_empty_body_is_one(void)
{
    struct lc_reply reply;

    CHECK_INT(parse("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", &reply), 0);
    CHECK_INT(reply.length, 0);
}

static void half_an_answer_and_none_are_refused(void)
{
    static const char *const bad[] = {
        "",
        "\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n",
        "HTTP/1.1 200 OK\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 2 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551618\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Lengthy: 2\r\n\r\nok",
        "HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.12200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/2 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "SSH-2.0-OpenSSH_9.2\r\nContent-Length: 2\r\n\r\nok",
    };
    struct lc_reply reply;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK_INT(parse(bad[i], &reply), -EBADMSG);
        if (tap.checks_failed)
            printf("# %s\n", bad[i]);
    }
}

/* The text of a status, to be freed; NULL: it is none. */
static char *status_text(const char *json)
{
    struct lc_yaml_error error;
    struct lc_tree tree = {0};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    if (lc_tree_parse_yaml(&tree, json, strlen(json), &error) == 0)
        lc_status_print(out, &tree);
    lc_tree_deinit(&tree);
    fclose(out);
    return text;
}

static void status_is_shown_in_columns(void)
{
    LC_CLEANUP_FREE char *text = status_text(
        "{\"version\":\"0.1.0\",\"phase\":\"draining\",\"since\":1.234,\"remaining\":8.7,\"ready\":"
        "false,"
        "\"cause\":{\"kind\":\"signal\",\"signal\":\"SIGTERM\"},\"elapsed\":6.3,"
        "\"deadline\":22.7,\"grace\":30.000,\"margin\":1.000,"
        "\"processes\":[{\"name\":\"web\",\"pid\":7,\"state\":\"ready\",\"exitCode\":null},"
        "{\"name\":\"job\",\"pid\":8,\"state\":\"gone\",\"exitCode\":3}],"
        "\"checks\":[{\"name\":\"web\",\"ok\":true},"
        "{\"name\":\"shutdown\",\"ok\":false,\"why\":\"draining\"}],"
        "\"phases\":[{\"phase\":\"running\",\"elapsed\":187323.5},"
        "{\"phase\":\"draining\",\"elapsed\":1.234}],"
        "\"connections\":{\"listeners\":1,\"open\":12,\"inFlight\":3,\"waiting\":0}}");

    CHECK_STR(text, "lastcall 0.1.0\n\n"
                    "phase         draining for 1.2 s, at most 8.7 s more, not ready\n"
                    "grace         30.0 s, 1.0 s of it kept\n"
                    "began         6.3 s ago, by SIGTERM\n"
                    "deadline      in 22.7 s\n"
                    "processes     web: ready, PID 7\n"
                    "              job: gone, exit code 3\n"
                    "checks        web: ok\n"
                    "              shutdown: failed: draining\n"
                    "connections   3 in flight of 12 open, 0 wait to be accepted, 1 listening\n"
                    "phases        running: 2 d 4 h\n"
                    "              draining: 1.2 s\n");
}

static void what_began_a_shutdown_is_named(void)
{
    static const struct {
        const char *cause, *shown;
    } causes[] = {
        {"\"signal\",\"signal\":\"SIGQUIT\"", "SIGQUIT"},
        {"\"drain\"", "a drain"},
        {"\"lane\",\"process\":\"web\"", "the end of web"},
        {"\"check\",\"process\":\"web\"", "a failed check of web"},
    };

    for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
        char json[96], line[64];

        snprintf(json, sizeof(json), "{\"elapsed\":1,\"cause\":{\"kind\":%s}}", causes[i].cause);
        snprintf(line, sizeof(line), "began         1.0 s ago, by %s\n", causes[i].shown);
        LC_CLEANUP_FREE char *text = status_text(json);
        CHECK(strstr(text, line) != NULL);
    }
}

static void a_name_cannot_drive_the_terminal(void)
{
    LC_CLEANUP_FREE char *text = status_text(
        "{\"checks\":[{\"name\":\"\\u001b[2J\",\"ok\":false,\"why\":\"\\u009b31m\\r\\n\"}]}");

    for (const char *at = text; *at; at++)
        CHECK((unsigned char)*at >= 0x20 || *at == '\n');
    CHECK(strstr(text, "checks        ?[2J: failed: ??31m??\n") != NULL);
}

static void what_a_status_does_not_say_is_shown_as_not_known(void)
{
    LC_CLEANUP_FREE char *text =
        status_text("{\"processes\":[1,null,[]],\"phases\":{},\"cause\":[]}");

    CHECK(strstr(text, "phase         ? for 0.0 s, not ready\n") != NULL);
    CHECK(strstr(text, "processes     ?: ?\n") != NULL);
    CHECK(strstr(text, "connections   not known\n") != NULL);
}

static void times_are_shown_as_people_say_them(void)
{
    static const struct {
        const char *json, *shown;
    } times[] = {
        {"0", "0.0 s"},
        {"59.96", "60.0 s"},
        {"60", "1 min 0 s"},
        {"3599.9", "59 min 59 s"},
        {"3600", "1 h 0 min"},
        {"86399", "23 h 59 min"},
        {"86400", "1 d 0 h"},
        {"-1", "0.0 s"},
        {"nan", "0.0 s"},
        {"1e300", "0.0 s"},
        {"31536000", "365 d 0 h"},
    };

    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        char json[64], line[64];

        snprintf(json, sizeof(json), "{\"phase\":\"x\",\"since\":%s}", times[i].json);
        snprintf(line, sizeof(line), "phase         x for %s, not ready\n", times[i].shown);
        LC_CLEANUP_FREE char *text = status_text(json);
        CHECK(strstr(text, line) != NULL);
        if (!strstr(text, line))
            printf("# expected %s# found %s", line, text);
    }
}

int main(void)
{
    TEST(a_whole_answer_has_a_status_and_a_body);
    TEST(what_stands_behind_the_body_is_not_of_it);
    TEST(an_empty_body_is_one);
    TEST(half_an_answer_and_none_are_refused);
    TEST(status_is_shown_in_columns);
    TEST(what_began_a_shutdown_is_named);
    TEST(a_name_cannot_drive_the_terminal);
    TEST(what_a_status_does_not_say_is_shown_as_not_known);
    TEST(times_are_shown_as_people_say_them);
    return tap_done();
}
