/* SPDX-License-Identifier: Apache-2.0 */

/* The configuration of a sidecar, and of /prestop. */

#include "config_load.h"

#include <errno.h>

static struct loaded it;

static void a_sidecar_needs_no_command_but_ports(void)
{
    struct lc_policy policy;

    load(&it, WORDS("--sidecar", "--ports", "8080,8443"), ENV());
    CHECK_INT(it.result, 0);
    CHECK_STR(it.text, "");
    CHECK(it.config->sidecar && it.config->prestop && it.config->listen_set);
    CHECK_STR(it.config->process->name, "application");
    CHECK(!it.config->process->command);
    lc_config_policy(it.config, &policy);
    CHECK(policy.sidecar && policy.lane[0].serves);
    CHECK_INT(policy.pair_time, 2000);
    unload(&it);
}

static void without_ports_there_is_a_warning(void)
{
    load(&it, WORDS("--sidecar"), ENV());
    CHECK_INT(it.result, 0);
    CHECK_STR(it.text,
              "--sidecar: processes[0].ports: no ports in a sidecar: readiness says nothing "
              "of the application, the window lasts its least time, and no connection is "
              "waited for\n");
    unload(&it);
}

static void it_can_be_one_by_its_environment_or_its_file(void)
{
    load(&it, WORDS(), ENV("LASTCALL_SIDECAR=true", "LASTCALL_PORTS=8080"));
    CHECK_INT(it.result, 0);
    CHECK(it.config->sidecar);
    unload(&it);
    load_file(&it, "sidecar: true\nprocesses: [{name: web, ports: [8080]}]\n", WORDS(), ENV());
    CHECK_INT(it.result, 0);
    CHECK(it.config->sidecar);
    CHECK_STR(it.config->process->name, "web");
    unload(&it);
    load_file(&it, "processes: [{name: web, ports: [8080]}]\n", WORDS("--sidecar"), ENV());
    CHECK_INT(it.result, 0);
    unload(&it);
}

static void a_command_is_refused(void)
{
    load(&it, WORDS("--sidecar", "--ports", "8080", "nginx"), ENV());
    CHECK_INT(it.result, -EINVAL);
    CHECK_STR(it.text, "COMMAND: sidecar: found a command; accepted: none, since a sidecar starts "
                       "no process\n");
    unload(&it);
}

static void whoever_is_no_sidecar_needs_one(void)
{
    load_file(&it, "processes:\n  - ports: [8080]\n", WORDS("--sidecar=false"), ENV());
    CHECK_INT(it.result, -EINVAL);
    CHECK(strstr(it.text, ":2:5: processes[0].command: missing; accepted: "));
    unload(&it);
}

static void its_options_are_those_that_mean_something(void)
{
    load(&it, WORDS("--sidecar", "--ports", "1", "--stop-signal", "SIGQUIT", "--listen", "off"),
         ENV());
    CHECK_INT(it.result, -EINVAL);
    CHECK_STR(
        it.text,
        "--listen: http.listen: found off in a sidecar; accepted: an address for the preStop "
        "hooks\n"
        "--stop-signal: processes[0].stopSignal: found in a sidecar, which starts and stops no "
        "process; accepted: none\n");
    unload(&it);
    /* The application's own stop is in the sum, whoever asks it. */
    load(&it, WORDS("--sidecar", "--ports", "1", "--stop-timeout", "9s", "--propagation", "2s"),
         ENV());
    CHECK_INT(it.result, -EINVAL);
    CHECK(strstr(it.text, "stopTimeout 9s (--stop-timeout) = 11s; accepted: at most 10s"));
    unload(&it);
}

static void prestop_is_off_unless_asked_for(void)
{
    load(&it, WORDS("app"), ENV());
    CHECK(!it.config->prestop && !it.config->prestop_token && !it.config->sidecar);
    unload(&it);
    load_file(&it, "http: {prestop: true, prestopToken: \"${TOKEN}\"}\n", WORDS("app"),
              ENV("TOKEN=s3cret"));
    CHECK_INT(it.result, 0);
    CHECK(it.config->prestop);
    CHECK_STR(it.config->prestop_token, "s3cret");
    unload(&it);
}

static void an_empty_token_is_refused_since_it_would_guard_nothing(void)
{
    load_file(&it, "http:\n  prestopToken: \"${TOKEN}\"\n", WORDS("app"), ENV("TOKEN="));
    CHECK_INT(it.result, -EINVAL);
    CHECK(strstr(it.text,
                 ":2:17: http.prestopToken: found \"\"; accepted: text of one line that is "
                 "not empty\n"));
    unload(&it);
}

int main(void)
{
    TEST(a_sidecar_needs_no_command_but_ports);
    TEST(without_ports_there_is_a_warning);
    TEST(it_can_be_one_by_its_environment_or_its_file);
    TEST(a_command_is_refused);
    TEST(whoever_is_no_sidecar_needs_one);
    TEST(its_options_are_those_that_mean_something);
    TEST(prestop_is_off_unless_asked_for);
    TEST(an_empty_token_is_refused_since_it_would_guard_nothing);
    return tap_done();
}
