/* SPDX-License-Identifier: Apache-2.0 */

/* What is said of arrivals, of what is in flight, and of who does not count. */

#include "config_load.h"

#include <errno.h>
#include <string.h>

#define POD "KUBERNETES_SERVICE_HOST=10.0.0.1"

static struct loaded it;

static void check_window(uint64_t min, uint64_t quiet, uint64_t max)
{
    CHECK_INT(it.result, 0);
    CHECK_STR(it.text, "");
    if (it.config) {
        CHECK_INT(it.config->window.min, min);
        CHECK_INT(it.config->window.quiet, quiet);
        CHECK_INT(it.config->window.max, max);
    }
    unload(&it);
}

static void a_window_is_one_time_three_or_a_preset(void)
{
    load(&it, WORDS("--grace-period=9m", "--propagation=4s", "x"), ENV());
    check_window(4000, 1000, 4000);
    load(&it, WORDS("--grace-period=9m", "--propagation=4s:500ms:8s", "x"), ENV());
    check_window(4000, 500, 8000);
    load(&it, WORDS("--grace-period=9m", "--propagation=cluster", "x"), ENV());
    check_window(5000, 1000, 15000);
    load(&it, WORDS("--grace-period=9m", "x"), ENV("LASTCALL_PROPAGATION=nlb"));
    check_window(120000, 5000, 180000);
}

static void a_mapping_changes_what_it_names_and_keeps_the_other_defaults(void)
{
    load_file(&it, "shutdown: {propagation: {min: 8s}}", WORDS("x"), ENV(POD));
    check_window(8000, 1000, 15000);
    load_file(&it, "shutdown: {propagation: {quiet: 3s}}", WORDS("x"), ENV(POD));
    check_window(5000, 3000, 15000);
}

static void where_min_or_max_was_set_the_default_of_the_other_gives_way(void)
{
    load_file(&it, "shutdown: {propagation: {min: 20s}}", WORDS("x"), ENV(POD));
    check_window(20000, 1000, 20000);
    load_file(&it, "shutdown: {propagation: {max: 3s}}", WORDS("x"), ENV(POD));
    check_window(3000, 1000, 3000);
    load_file(&it, "shutdown: {propagation: {min: 2s}}", WORDS("x"), ENV());
    check_window(2000, 1000, 2000);
}

static void to_fit_first_max_is_cut_then_the_drain_then_min(void)
{
    load(&it, WORDS("--grace-period=20s", "x"), ENV(POD));
    CHECK_INT(it.config->drain.timeout, 10000);
    check_window(5000, 1000, 8500);
    load(&it, WORDS("--grace-period=10s", "x"), ENV(POD));
    CHECK_INT(it.config->drain.timeout, 3500);
    check_window(5000, 1000, 5000);
    load(&it, WORDS("--grace-period=4s", "x"), ENV(POD));
    CHECK_INT(it.config->drain.timeout, 0);
    check_window(2500, 1000, 2500);
}

static void a_min_that_was_set_is_not_cut_where_its_max_is(void)
{
    load_file(&it, "shutdown: {propagation: {min: 7s}}", WORDS("--grace-period=9s", "x"), ENV(POD));
    CHECK(strstr(it.config->why, "window 7s (") && strstr(it.config->why, "(cut from 7s to 15s"));
    check_window(7000, 1000, 7000);
    load_file(&it, "shutdown: {propagation: {min: 9s}}", WORDS("--grace-period=9s", "x"), ENV(POD));
    CHECK_INT(it.result, -EINVAL);
    CHECK(strstr(it.text, "+ window 9s (") != NULL);
    unload(&it);
}

static void the_wait_for_idle_is_a_word_or_its_timeout(void)
{
    load(&it, WORDS("--wait-for-idle", "x"), ENV());
    CHECK(it.config && it.config->drain.wait_for_idle && it.config->drain.timeout == 8500);
    unload(&it);
    load(&it, WORDS("--wait-for-idle=3s", "x"), ENV());
    CHECK(it.config && it.config->drain.wait_for_idle && it.config->drain.timeout == 3000);
    unload(&it);
    load(&it, WORDS("x"), ENV(POD, "LASTCALL_WAIT_FOR_IDLE=false"));
    CHECK(it.config && !it.config->drain.wait_for_idle);
    unload(&it);
    load(&it, WORDS("--wait-for-idle=soon", "x"), ENV());
    CHECK_STR(it.text, "--wait-for-idle: found \"soon\"; accepted: true, false, "
                       "or a timeout such as 10s\n");
    unload(&it);
}

static void by_default_a_pod_waits_for_what_is_in_flight_and_others_do_not(void)
{
    load(&it, WORDS("x"), ENV(POD));
    CHECK(it.config && it.config->drain.wait_for_idle && it.config->drain.timeout == 10000);
    unload(&it);
    load(&it, WORDS("x"), ENV());
    CHECK(it.config && !it.config->drain.wait_for_idle);
    unload(&it);
}

static void networks_are_held_as_ipv6_has_them(void)
{
    static const uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff, 10, 1, 2, 3};
    const struct lc_cidr *network;

    load_file(&it, "connections: {ignoreFrom: [10.1.2.3, 10.0.0.0/8, 'fd00::/8', '::']}",
              WORDS("x"), ENV());
    CHECK_INT(it.result, 0);
    CHECK_INT(it.config->ignore_from_count, 4);
    network = it.config->ignore_from;
    CHECK(!memcmp(network[0].address, mapped, sizeof(mapped)));
    CHECK_INT(network[0].bits, 128);
    CHECK_INT(network[1].bits, 104);
    CHECK_INT(network[2].address[0], 0xfd);
    CHECK_INT(network[2].bits, 8);
    CHECK_INT(network[3].bits, 128);
    unload(&it);
}

int main(void)
{
    TEST(a_window_is_one_time_three_or_a_preset);
    TEST(a_mapping_changes_what_it_names_and_keeps_the_other_defaults);
    TEST(where_min_or_max_was_set_the_default_of_the_other_gives_way);
    TEST(to_fit_first_max_is_cut_then_the_drain_then_min);
    TEST(a_min_that_was_set_is_not_cut_where_its_max_is);
    TEST(the_wait_for_idle_is_a_word_or_its_timeout);
    TEST(by_default_a_pod_waits_for_what_is_in_flight_and_others_do_not);
    TEST(networks_are_held_as_ipv6_has_them);
    return tap_done();
}
