/* SPDX-License-Identifier: Apache-2.0 */

/* What is told of a shutdown: the report, the metrics, the state. */

#include "drive/report.h"

#include "drive/state.h"
#include "json_check.h"
#include "tap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct lc_lifecycle lifecycle;
static struct lc_metrics metrics;
static const char *const names[] = {"web", "db"};

/* SIGTERM at 1 s; the window until 6 s; now it is 7 s. */
static void set_stopping(void)
{
    lifecycle = (struct lc_lifecycle){
        .policy.lanes = 2,
        .phase = LC_PHASE_STOPPING,
        .t0 = 1000,
        .cause = LC_CAUSE_SIGNAL,
        .cause_signal = 15,
        .stop_signal = 15,
    };
    for (size_t i = 0; i < LC_PHASE_COUNT; i++)
        lifecycle.entered[i] = LC_NEVER;
    lifecycle.entered[LC_PHASE_PROPAGATING] = 1000;
    lifecycle.entered[LC_PHASE_STOPPING] = 6000;
    metrics = (struct lc_metrics){.shutdowns = {1, 2, 3}};
}

static void the_report_has_cause_phases_and_connections(void)
{
    struct lc_report report = {.in_flight = 3, .cut = 1};
    char text[LC_REPORT_MAX];

    set_stopping();
    lifecycle.lane[0].forced = true;
    lc_report_format(&report, &lifecycle, names, -1, 7000, text);
    CHECK_STR(text, "{\"lastcall\":\"" LC_VERSION "\",\"cause\":\"signal\",\"signal\":\"SIGTERM\","
                    "\"phase\":\"stopping\",\"t\":6.000,\"inFlight\":3,\"cut\":1,"
                    "\"killed\":[\"web\"],\"phases\":{\"propagating\":5.000,\"stopping\":1.000}}");
}

static void what_is_not_known_is_left_out_of_it(void)
{
    struct lc_report report = {.in_flight = -1, .cut = -1};
    char text[LC_REPORT_MAX];

    set_stopping();
    lc_report_format(&report, &lifecycle, names, 143, 7000, text);
    CHECK(!strstr(text, "inFlight") && !strstr(text, "cut"));
    CHECK(strstr(text, "\"exitCode\":143,\"outcome\":\"stopped\"") != NULL);
}

static void it_stays_json_within_1_kib_whatever_processes_are_called(void)
{
    static char long_name[600];
    const char *const long_names[] = {long_name, long_name};
    struct lc_report report = {.in_flight = 1, .cut = 1};
    char text[LC_REPORT_MAX];
    size_t length;

    set_stopping();
    memset(long_name, '"', sizeof(long_name) - 1);
    lifecycle.lane[0].forced = lifecycle.lane[1].forced = true;
    length = lc_report_format(&report, &lifecycle, long_names, 137, 7000, text);
    CHECK(length < LC_REPORT_MAX && length == strlen(text));
    CHECK(json_valid(text));
}

static size_t metrics_of(char *buf, size_t size)
{
    const bool up[] = {true, false};
    const struct lc_metrics_view view = {.lifecycle = &lifecycle, .names = names, .up = up};
    size_t length = lc_metrics_text(&metrics, &view, buf, size - 1);

    buf[length] = '\0';
    return length;
}

static void a_phase_falls_into_the_bucket_that_holds_it(void)
{
    static char text[LC_METRICS_TEXT_MAX];

    set_stopping();
    lc_metrics_phase(&metrics, LC_PHASE_PROPAGATING, 5000);
    lc_metrics_phase(&metrics, LC_PHASE_PROPAGATING, 5001);
    lc_metrics_phase(&metrics, LC_PHASE_PROPAGATING, 500000);
    metrics_of(text, sizeof(text));
    CHECK(strstr(text, "phase=\"propagating\",le=\"0.005\"} 0\n") != NULL);
    CHECK(strstr(text, "phase=\"propagating\",le=\"2.5\"} 0\n") != NULL);
    CHECK(strstr(text, "phase=\"propagating\",le=\"5.0\"} 1\n") != NULL);
    CHECK(strstr(text, "phase=\"propagating\",le=\"10.0\"} 2\n") != NULL);
    CHECK(strstr(text, "phase=\"propagating\",le=\"120.0\"} 2\n") != NULL);
    CHECK(strstr(text, "phase=\"propagating\",le=\"+Inf\"} 3\n") != NULL);
    CHECK(strstr(text, "_sum{phase=\"propagating\"} 510.001\n") != NULL);
}

static void a_path_that_is_not_served_makes_no_series_of_its_own(void)
{
    static char text[LC_METRICS_TEXT_MAX];

    set_stopping();
    lc_metrics_request(&metrics, "/a", 404);
    lc_metrics_request(&metrics, "/b", 404);
    metrics_of(text, sizeof(text));
    CHECK(strstr(text, "{path=\"other\",code=\"404\"} 2\n") != NULL);
    CHECK(strstr(text, "\"/a\"") == NULL);
}

static void a_family_that_does_not_fit_is_left_out_whole(void)
{
    static char text[LC_METRICS_TEXT_MAX];
    size_t whole;

    set_stopping();
    whole = metrics_of(text, sizeof(text));
    for (size_t size = 1; size < whole; size += 7) {
        size_t length = metrics_of(text, size + 1);

        CHECK(length <= size);
        CHECK(length == 0 || text[length - 1] == '\n');
    }
}

static void a_state_is_read_as_it_was_written(void)
{
    struct lc_metrics read = {.reaped = {7}};
    char text[LC_STATE_MAX];
    size_t length;

    set_stopping();
    for (unsigned i = 0; i < 100; i++)
        lc_metrics_phase(&metrics, (enum lc_phase)(i % LC_PHASE_COUNT), UINT64_C(1) << i % 40);
    length = lc_state_format(&metrics, text);
    CHECK_INT(lc_state_parse(text, length, &read), 0);
    CHECK(!memcmp(read.phase, metrics.phase, sizeof(read.phase)));
    CHECK(!memcmp(read.shutdowns, metrics.shutdowns, sizeof(read.shutdowns)));
    CHECK_INT(read.reaped[0], 7); /* what is not part of it */
}

static void a_state_with_any_byte_changed_or_missing_is_refused(void)
{
    struct lc_metrics read = {0};
    char text[LC_STATE_MAX];
    size_t length;

    set_stopping();
    length = lc_state_format(&metrics, text);
    for (size_t i = 0; i < length; i++) {
        text[i] ^= 1;
        CHECK_INT(lc_state_parse(text, length, &read), -EBADMSG);
        text[i] ^= 1;
        CHECK_INT(lc_state_parse(text, i, &read), -EBADMSG);
    }
    CHECK_INT(read.shutdowns[0], 0);
}

int main(void)
{
    TEST(the_report_has_cause_phases_and_connections);
    TEST(what_is_not_known_is_left_out_of_it);
    TEST(it_stays_json_within_1_kib_whatever_processes_are_called);
    TEST(a_phase_falls_into_the_bucket_that_holds_it);
    TEST(a_path_that_is_not_served_makes_no_series_of_its_own);
    TEST(a_family_that_does_not_fit_is_left_out_whole);
    TEST(a_state_is_read_as_it_was_written);
    TEST(a_state_with_any_byte_changed_or_missing_is_refused);
    return tap_done();
}
