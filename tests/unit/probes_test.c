/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/probes.h"
#include "tap.h"

static struct lc_lifecycle lifecycle;
static struct lc_probe_process process[LC_LANES_MAX];
static struct lc_hooks hooks;
static struct lc_probes probes;
static lc_msec now;
static unsigned refreshed;

static lc_msec tell_now(void *userdata)
{
    (void)userdata;
    return now;
}

static void refresh(void *userdata)
{
    (void)userdata;
    refreshed++;
}

/* Two processes that have been running since 1.5 s; it is 10 s now. */
static const struct lc_connections_count *no_connections(void *userdata)
{
    (void)userdata;
    return NULL;
}

static void set_running(void)
{
    lifecycle = (struct lc_lifecycle){
        .policy = {.lanes = 2, .grace = 30000, .margin = 1000},
        .lane = {{.state = LC_LANE_READY}, {.state = LC_LANE_READY}},
        .phase = LC_PHASE_RUNNING,
        .ready = true,
        .t0 = LC_NEVER,
        .deadline = LC_NEVER,
    };
    for (size_t i = 0; i < LC_PHASE_COUNT; i++)
        lifecycle.entered[i] = LC_NEVER;
    lifecycle.entered[LC_PHASE_STARTING] = 1000;
    lifecycle.entered[LC_PHASE_RUNNING] = 1500;
    lifecycle.lane[0].asked_at = lifecycle.lane[1].asked_at = LC_NEVER;
    process[0] = (struct lc_probe_process){.name = "web", .pid = 7};
    process[1] = (struct lc_probe_process){.name = "worker", .pid = 8};
    for (size_t i = 0; i < 2; i++) {
        process[i].exit_code = -1;
        process[i].started_at = 1000;
        process[i].killed_at = process[i].ended_at = LC_NEVER;
    }
    hooks = (struct lc_hooks){0};
    now = 10000;
    refreshed = 0;
    probes = (struct lc_probes){
        .lifecycle = &lifecycle,
        .process = process,
        .hooks = &hooks,
        .now = tell_now,
        .refresh = refresh,
        .connected = no_connections,
    };
}

/* The worker is not ready yet. */
static void set_starting(void)
{
    set_running();
    lifecycle.phase = LC_PHASE_STARTING;
    lifecycle.entered[LC_PHASE_RUNNING] = LC_NEVER;
    lifecycle.ready = false;
    lifecycle.lane[1].state = LC_LANE_STARTING;
    process[1].why = "nothing listens on port 8080";
}

/* SIGTERM came at 8 s; the window has lasted until 9 s. */
static void set_stopping(void)
{
    set_running();
    lifecycle.phase = LC_PHASE_STOPPING;
    lifecycle.entered[LC_PHASE_PROPAGATING] = 8000;
    lifecycle.entered[LC_PHASE_STOPPING] = 9000;
    lifecycle.ready = false;
    lifecycle.cause = LC_CAUSE_SIGNAL;
    lifecycle.cause_signal = 15;
    lifecycle.t0 = 8000;
    lifecycle.deadline = 37000;
    lifecycle.lane[0].state = LC_LANE_ASKED;
    lifecycle.lane[1].state = LC_LANE_GONE;
    lifecycle.lane[1].code = 3;
    lifecycle.lane[0].asked_at = lifecycle.lane[1].asked_at = 9000;
    process[1].killed_at = 9400;
    process[1].ended_at = 9500;
    process[1].pid = 0;
    process[1].exit_code = 3;
}

static struct lc_http_response get(const char *path, const char *query)
{
    struct lc_http_response ret = {.content_type = "text/plain; charset=utf-8"};

    lc_probes_route(&probes, &(struct lc_http_request){.path = path, .query = query}, &ret);
    if (ret.status) {
        CHECK(ret.length < LC_PROBES_BODY_MAX);
        CHECK_INT(strlen(ret.body), ret.length);
    }
    return ret;
}

#define CHECK_GET(path, query, expected_status, expected_body) \
    do {                                                       \
        struct lc_http_response response_ = get(path, query);  \
        CHECK_INT(response_.status, expected_status);          \
        CHECK_STR(response_.body, expected_body);              \
    } while (0)

static void all_is_ok_while_running(void)
{
    set_running();
    CHECK_GET("/livez", "", 200, "ok");
    CHECK_GET("/healthz", "", 200, "ok");
    CHECK_GET("/readyz", "", 200, "ok");
    CHECK_GET("/startupz", "", 200, "ok");
    CHECK_STR(get("/readyz", "").content_type, "text/plain; charset=utf-8");
}

static void verbose_gives_a_line_a_check(void)
{
    set_running();
    CHECK_GET("/livez", "verbose", 200, "[+]ping ok\nlivez check passed\n");
    CHECK_GET("/healthz", "a=b&verbose=", 200, "[+]ping ok\nhealthz check passed\n");
    CHECK_GET("/readyz", "verbose", 200,
              "[+]web ok\n[+]worker ok\n[+]shutdown ok\nreadyz check passed\n");
    CHECK_GET("/startupz", "verbose", 200, "[+]web ok\n[+]worker ok\nstartupz check passed\n");
    CHECK_GET("/readyz", "verbos", 200, "ok");
}

static void while_starting_readyz_and_startupz_are_503_and_say_why(void)
{
    set_starting();
    CHECK_GET("/readyz", "", 503,
              "[+]web ok\n[-]worker failed: nothing listens on port 8080\n[+]shutdown ok\n"
              "readyz check failed\n");
    CHECK_GET("/startupz", "", 503,
              "[+]web ok\n[-]worker failed: nothing listens on port 8080\nstartupz check failed\n");
    lifecycle.lane[1].state = LC_LANE_WAITING;
    CHECK_GET("/startupz", "", 503,
              "[+]web ok\n[-]worker failed: not started\nstartupz check failed\n");
    CHECK_GET("/livez", "", 200, "ok");
}

static void a_one_shot_that_has_ended_well_is_not_missed(void)
{
    set_starting();
    lifecycle.lane[0].state = LC_LANE_GONE;
    CHECK(!strncmp(get("/readyz", "").body, "[+]web ok\n[-]worker failed", 26));
    lifecycle.lane[0].code = 1;
    CHECK(!strncmp(get("/readyz", "").body, "[-]web failed: ended\n", 21));
    lifecycle.lane[0].code = 0;
    lifecycle.policy.lane[0].serves = true;
    CHECK(!strncmp(get("/readyz", "").body, "[-]web failed: ended\n", 21));
}

static void in_a_shutdown_readyz_is_503_and_livez_and_startupz_are_as_before(void)
{
    set_stopping();
    CHECK_GET("/readyz", "", 503,
              "[-]web failed: stopping\n[-]worker failed: ended\n[-]shutdown failed: stopping\n"
              "readyz check failed\n");
    CHECK_GET("/livez", "", 200, "ok");
    CHECK_GET("/startupz", "", 200, "ok");
    lifecycle.lane[0].state = LC_LANE_FORCED;
    lifecycle.phase = LC_PHASE_KILLING;
    CHECK_GET("/readyz", "exclude=worker", 503,
              "[-]web failed: killed\n[+]worker excluded: ok\n[-]shutdown failed: killing\n"
              "readyz check failed\n");
}

static void where_readiness_is_held_in_a_shutdown_readyz_stays_200(void)
{
    set_stopping();
    lifecycle.ready = true;
    CHECK_GET("/readyz", "", 200, "ok");
    CHECK_GET("/readyz", "verbose", 200,
              "[+]web ok\n[+]worker ok\n[+]shutdown ok\nreadyz check passed\n");
}

static void an_excluded_check_does_not_count(void)
{
    set_starting();
    CHECK_GET("/readyz", "exclude=worker", 200, "ok");
    CHECK_GET("/readyz", "exclude=worker&verbose", 200,
              "[+]web ok\n[+]worker excluded: ok\n[+]shutdown ok\nreadyz check passed\n");
    CHECK_GET("/readyz", "exclude=w%6Frker", 200, "ok");
    CHECK_INT(get("/readyz", "exclude=web").status, 503);
    CHECK_INT(get("/readyz", "exclude=workers").status, 503);
    set_running();
    CHECK_GET("/readyz", "exclude=web&verbose&exclude=worker&exclude=web", 200,
              "[+]web excluded: ok\n[+]worker excluded: ok\n[+]shutdown ok\n"
              "readyz check passed\n");
}

static void an_unknown_name_to_exclude_is_a_warning(void)
{
    set_running();
    CHECK_GET("/readyz", "exclude=nobody", 200, "ok");
    CHECK_GET("/livez", "verbose&exclude=z&exclude=a+b%22%5C%0a%ff&exclude=z", 200,
              "[+]ping ok\nwarn: some health checks cannot be excluded: no matches for "
              "\"a b\\\"\\\\\\x0a\\xff\",\"z\"\nlivez check passed\n");
    CHECK_GET("/livez", "verbose&exclude", 200,
              "[+]ping ok\nwarn: some health checks cannot be excluded: no matches for \"\"\n"
              "livez check passed\n");
}

static void any_query_is_survived(void)
{
    static const char *const queries[] = {"&",
                                          "&&&=&=",
                                          "=",
                                          "exclude=%",
                                          "exclude=%4",
                                          "%%",
                                          "exclude=%00web",
                                          "verbose=&verbose&&"};
    char many[6000] = "verbose";

    set_running();
    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++)
        CHECK_INT(get("/readyz", queries[i]).status, 200);
    for (unsigned i = 0; strlen(many) + 100 < sizeof(many); i++)
        snprintf(many + strlen(many), 100, "&exclude=%070u", i);
    CHECK_INT(get("/readyz", many).status, 200);
    memset(many, '%', sizeof(many) - 1);
    memcpy(many, "exclude=", 8);
    CHECK_INT(get("/readyz", many).status, 200);
}

static void status_is_json(void)
{
    set_running();
    CHECK_STR(get("/status", "").content_type, "application/json");
    CHECK_GET("/status", "", 200,
              "{\"version\":\"" LC_VERSION
              "\",\"phase\":\"running\",\"since\":8.500,\"remaining\":null,"
              "\"ready\":true,\"readiness\":\"flip\",\"cause\":null,\"elapsed\":null,"
              "\"deadline\":null,\"grace\":30.000,\"margin\":1.000,"
              "\"processes\":[{\"name\":\"web\",\"pid\":7,\"state\":\"ready\",\"exitCode\":null,"
              "\"started\":9.000,\"asked\":null,\"killed\":null,\"ended\":null},"
              "{\"name\":\"worker\",\"pid\":8,\"state\":\"ready\",\"exitCode\":null,"
              "\"started\":9.000,\"asked\":null,\"killed\":null,\"ended\":null}],"
              "\"checks\":[{\"name\":\"web\",\"ok\":true},{\"name\":\"worker\",\"ok\":true},"
              "{\"name\":\"shutdown\",\"ok\":true}],"
              "\"phases\":[{\"phase\":\"starting\",\"elapsed\":0.500},"
              "{\"phase\":\"running\",\"elapsed\":8.500}],\"connections\":null,\"hooks\":[]}");
}

static void status_in_a_shutdown_has_its_cause_and_its_deadline(void)
{
    set_stopping();
    CHECK_GET("/status", "", 200,
              "{\"version\":\"" LC_VERSION
              "\",\"phase\":\"stopping\",\"since\":1.000,\"remaining\":null,"
              "\"ready\":false,\"readiness\":\"flip\","
              "\"cause\":{\"kind\":\"signal\",\"signal\":\"SIGTERM\"},\"elapsed\":2.000,"
              "\"deadline\":27.000,\"grace\":30.000,\"margin\":1.000,"
              "\"processes\":[{\"name\":\"web\",\"pid\":7,\"state\":\"asked\",\"exitCode\":null,"
              "\"started\":9.000,\"asked\":1.000,\"killed\":null,\"ended\":null},"
              "{\"name\":\"worker\",\"pid\":null,\"state\":\"gone\",\"exitCode\":3,"
              "\"started\":9.000,\"asked\":1.000,\"killed\":0.600,\"ended\":0.500}],"
              "\"checks\":[{\"name\":\"web\",\"ok\":false,\"why\":\"stopping\"},"
              "{\"name\":\"worker\",\"ok\":false,\"why\":\"ended\"},"
              "{\"name\":\"shutdown\",\"ok\":false,\"why\":\"stopping\"}],"
              "\"phases\":[{\"phase\":\"starting\",\"elapsed\":0.500},"
              "{\"phase\":\"running\",\"elapsed\":6.500},"
              "{\"phase\":\"propagating\",\"elapsed\":1.000},"
              "{\"phase\":\"stopping\",\"elapsed\":1.000}],\"connections\":null,\"hooks\":[]}");
    lifecycle.cause = LC_CAUSE_LANE;
    lifecycle.cause_lane = 1;
    CHECK(strstr(get("/status", "").body, "\"cause\":{\"kind\":\"lane\",\"process\":\"worker\"},"));
    now = 38000; /* past the deadline */
    CHECK(strstr(get("/status", "").body, "\"deadline\":0.000,"));
}

static void status_says_when_the_phase_ends_at_the_latest(void)
{
    set_stopping();
    lifecycle.phase = LC_PHASE_PROPAGATING;
    lifecycle.policy.window_min = 5000;
    lifecycle.policy.window_max = 15000;
    lifecycle.last_arrival = LC_NEVER;
    CHECK(strstr(get("/status", "").body, "\"since\":2.000,\"remaining\":3.000,"));
}

static void status_tells_of_the_hooks_of_this_shutdown(void)
{
    set_stopping();
    hooks.record[0][LC_HOOK_PRE_STOP][0] = (struct lc_hook_record){LC_HOOK_DONE, 8500, 8900};
    hooks.record[0][LC_HOOK_PRE_STOP][1] = (struct lc_hook_record){LC_HOOK_RUNNING, 9000, LC_NEVER};
    hooks.record[1][LC_HOOK_POST_STOP][0] = (struct lc_hook_record){LC_HOOK_FAILED, 9500, 9600};
    hooks.record[1][LC_HOOK_PRE_STOP][0] = (struct lc_hook_record){LC_HOOK_DONE, 7000, 7001};
    CHECK_STR(strstr(get("/status", "").body, "\"hooks\":"),
              "\"hooks\":[{\"process\":\"web\",\"hook\":\"preStop\",\"index\":0,"
              "\"state\":\"done\",\"started\":1.500,\"ended\":1.100},"
              "{\"process\":\"web\",\"hook\":\"preStop\",\"index\":1,"
              "\"state\":\"running\",\"started\":1.000,\"ended\":null},"
              "{\"process\":\"worker\",\"hook\":\"postStop\",\"index\":0,"
              "\"state\":\"failed\",\"started\":0.500,\"ended\":0.400}]}");
}

static void after_an_undone_drain_status_has_the_phases_that_hold(void)
{
    set_running();
    lifecycle.entered[LC_PHASE_PROPAGATING] = 5000; /* left over from what was undone */
    CHECK(strstr(get("/status", "").body, "\"phases\":[{\"phase\":\"starting\",\"elapsed\":0.500},"
                                          "{\"phase\":\"running\",\"elapsed\":8.500}]"));
}

static void the_most_processes_with_long_names_fit_or_are_left_out_whole(void)
{
    static char name[512];

    set_running();
    memset(name, 'n', sizeof(name) - 1);
    lifecycle.policy.lanes = LC_LANES_MAX;
    for (size_t i = 0; i < LC_LANES_MAX; i++)
        process[i] = (struct lc_probe_process){.name = name, .exit_code = -1};
    struct lc_http_response status = get("/status", "");
    CHECK_INT(status.status, 200);
    CHECK(status.body[status.length - 1] == '}');
    CHECK_INT(get("/readyz", "verbose").status, 200);
    lifecycle.ready = false;
    CHECK_INT(get("/readyz", "").status, 503);
}

static void the_most_processes_fit_with_two_hooks_each(void)
{
    static char names[LC_LANES_MAX][64];
    unsigned count = 0;

    set_stopping();
    lifecycle.policy.lanes = LC_LANES_MAX;
    for (unsigned i = 0; i < LC_LANES_MAX; i++) {
        snprintf(names[i], sizeof(names[i]), "%063u", i);
        process[i] = process[0];
        process[i].name = names[i];
        for (unsigned kind = 0; kind < LC_HOOK_KIND_COUNT; kind++)
            hooks.record[i][kind][0] = (struct lc_hook_record){LC_HOOK_GIVEN_UP, 8500, 8900};
    }
    for (const char *at = get("/status", "").body; (at = strstr(at, "given up")); at++)
        count++;
    CHECK_INT(count, LC_LANES_MAX * LC_HOOK_KIND_COUNT);
}

static void another_path_is_nobodys(void)
{
    set_running();
    CHECK_INT(get("/readyz/", "").status, 0);
    CHECK_INT(get("/readyz/web", "").status, 0);
    CHECK_INT(get("", "").status, 0);
    CHECK_INT(refreshed, 0);
}

static void the_page_is_html_with_a_policy(void)
{
    struct lc_http_response page = {0};

    set_running();
    lc_probes_route(&probes, &(struct lc_http_request){.path = "/", .query = "a=b"}, &page);
    CHECK_INT(page.status, 200);
    CHECK_STR(page.content_type, "text/html; charset=utf-8");
    CHECK_STR(page.encoding, "gzip");
    CHECK(page.length > 1000 && !memcmp(page.body, "\x1f\x8b", 2));
    CHECK(strstr(page.policy, "default-src 'none'; script-src 'sha256-"));
    CHECK(!get("/status", "").policy && !get("/status", "").encoding);
}

static void what_depends_on_ports_is_looked_at_when_asked(void)
{
    set_running();
    get("/livez", "");
    get("/healthz", "");
    CHECK_INT(refreshed, 0);
    get("/readyz", "");
    CHECK_INT(refreshed, 1);
    get("/startupz", "");
    CHECK_INT(refreshed, 2);
    get("/status", "");
    CHECK_INT(refreshed, 3);
}

int main(void)
{
    TEST(all_is_ok_while_running);
    TEST(verbose_gives_a_line_a_check);
    TEST(while_starting_readyz_and_startupz_are_503_and_say_why);
    TEST(a_one_shot_that_has_ended_well_is_not_missed);
    TEST(in_a_shutdown_readyz_is_503_and_livez_and_startupz_are_as_before);
    TEST(where_readiness_is_held_in_a_shutdown_readyz_stays_200);
    TEST(an_excluded_check_does_not_count);
    TEST(an_unknown_name_to_exclude_is_a_warning);
    TEST(any_query_is_survived);
    TEST(status_is_json);
    TEST(status_in_a_shutdown_has_its_cause_and_its_deadline);
    TEST(status_says_when_the_phase_ends_at_the_latest);
    TEST(status_tells_of_the_hooks_of_this_shutdown);
    TEST(after_an_undone_drain_status_has_the_phases_that_hold);
    TEST(the_most_processes_with_long_names_fit_or_are_left_out_whole);
    TEST(the_most_processes_fit_with_two_hooks_each);
    TEST(another_path_is_nobodys);
    TEST(the_page_is_html_with_a_policy);
    TEST(what_depends_on_ports_is_looked_at_when_asked);
    return tap_done();
}
