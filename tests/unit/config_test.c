/* SPDX-License-Identifier: Apache-2.0 */

/* What settings become: values, times that are cut to fit, the policy, a reload. */

#include "base/log.h"
#include "config_load.h"

#include <errno.h>
#include <signal.h>

#define POD "KUBERNETES_SERVICE_HOST=10.0.0.1"

static struct loaded it;
static const char *config_directory;

static uint64_t bit(int signal)
{
    return UINT64_C(1) << (signal - 1);
}

static void without_settings_there_are_the_defaults(void)
{
    load(&it, WORDS("x"), ENV());
    CHECK_INT(it.result, 0);
    CHECK_INT(it.config->platform, LC_PLATFORM_PLAIN);
    CHECK_INT(it.config->grace, 10000);
    CHECK_INT(it.config->margin, 1000);
    CHECK_INT(it.config->window.min, 0);
    CHECK_INT(it.config->readiness, LC_READINESS_FLIP);
    CHECK_INT(it.config->stop_on, bit(SIGTERM) | bit(SIGINT) | bit(SIGQUIT) | bit(37));
    CHECK_INT(it.config->second[SIGINT], LC_SECOND_KILL);
    CHECK_INT(it.config->second[SIGTERM], LC_SECOND_IGNORE);
    CHECK_INT(it.config->leftover_timeout, 5000);
    CHECK_STR(it.config->listen[0], ":9909");
    CHECK(!it.config->listen[1] && !it.config->listen_set);
    CHECK_INT(it.config->log_format, LC_LOG_AUTO);
    CHECK_INT(it.config->log_level, LC_LOG_INFO);
    CHECK_INT(it.config->process_count, 1);
    CHECK(it.config->process->stop_timeout == LC_NEVER);
    CHECK_INT(it.config->process->stop_target, LC_STOP_TARGET_PROCESS);
    CHECK(!it.config->process->ports_set && !it.config->process->reset_signals);
    CHECK_STR(it.config->why, "neither in a pod nor on ECS (no variable of theirs is set): grace "
                              "10s, margin 1s, window 0s");
    unload(&it);
}

static void defaults_follow_the_platform(void)
{
    load(&it, WORDS("x"), ENV(POD));
    CHECK_INT(it.config->grace, 30000);
    CHECK_INT(it.config->window.min, 5000);
    CHECK_STR(it.config->why, "in a pod (KUBERNETES_SERVICE_HOST is set): grace 30s, margin 1s, "
                              "window 5s to 15s, drain 10s");
    unload(&it);
    load(&it, WORDS("x"), ENV("ECS_CONTAINER_METADATA_URI_V4=http://169.254.170.2"));
    CHECK_INT(it.config->grace, 30000);
    CHECK_INT(it.config->window.min, 0);
    unload(&it);
    load(&it, WORDS("x"), ENV("ECS_CONTAINER_METADATA_URI=http://169.254.170.2"));
    CHECK_INT(it.config->platform, LC_PLATFORM_ECS);
    unload(&it);
}

/* Grace, margin, window in ms after `words` in a pod; the policy's stop reserve, too. */
static void check_fit(const char *const *words, uint64_t margin, uint64_t window, uint64_t reserve)
{
    struct lc_policy policy;

    load(&it, words, ENV(POD));
    CHECK_INT(it.result, 0);
    CHECK_STR(it.text, "");
    if (it.config) {
        lc_config_policy(it.config, &policy);
        CHECK_INT(it.config->margin, margin);
        CHECK_INT(it.config->window.min, window);
        CHECK_INT(policy.stop_reserve, reserve);
        CHECK(policy.margin + policy.window_max + policy.drain_timeout + policy.stop_reserve <=
              policy.grace);
    }
    unload(&it);
}

static void a_grace_alone_is_never_an_error_since_defaults_are_cut_to_fit(void)
{
    check_fit(WORDS("--grace-period=10s", "x"), 1000, 5000, 500);
    check_fit(WORDS("--grace-period=6500ms", "x"), 1000, 5000, 500);
    check_fit(WORDS("--grace-period=3s", "x"), 1000, 1500, 500);
    check_fit(WORDS("--grace-period=1s", "x"), 500, 0, 500);
    check_fit(WORDS("--grace-period=300ms", "x"), 75, 0, 225);
    check_fit(WORDS("--grace-period=1ms", "x"), 0, 0, 1);
}

static void what_was_set_keeps_and_defaults_give_way(void)
{
    check_fit(WORDS("--grace-period=10s", "--propagation=9s", "x"), 500, 9000, 500);
    check_fit(WORDS("--grace-period=10s", "--stop-timeout=9500ms", "x"), 500, 0, 500);
    check_fit(WORDS("--grace-period=10s", "--margin=9s", "x"), 9000, 500, 500);
    check_fit(
        WORDS("--grace-period=10s", "--margin=4s", "--propagation=5s", "--stop-timeout=1s", "x"),
        4000, 5000, 500);
}

static void who_gets_less_than_the_reserve_needs_no_more_of_it(void)
{
    check_fit(WORDS("--grace-period=1s", "--margin=800ms", "--stop-timeout=100ms", "x"), 800, 100,
              100);
}

static void what_was_cut_is_said(void)
{
    load(&it, WORDS("--grace-period=3s", "x"), ENV(POD));
    CHECK_STR(
        it.config->why,
        "in a pod (KUBERNETES_SERVICE_HOST is set): grace 3s "
        "(--grace-period), margin 1s, window 1.5s (cut from 5s to 15s to fit), drain 0s (cut from "
        "10s to fit)");
    unload(&it);
    load(&it, WORDS("x"), ENV("LASTCALL_GRACE_PERIOD=300ms"));
    CHECK_STR(it.config->why, "neither in a pod nor on ECS (no variable of theirs is set): grace "
                              "300ms (LASTCALL_GRACE_PERIOD), margin 75ms (cut from 1s to fit), "
                              "window 0s, stop reserve 225ms (cut from 500ms to fit)");
    unload(&it);
}

static void the_default_times_of_hooks_are_cut_before_the_window(void)
{
    static const char file[] = "processes:\n"
                               "- command: [x]\n"
                               "  preStop: [{exec: {command: [a]}}, {signal: SIGTSTP}]\n"
                               "  postStop: [{exec: {command: [b]}}]\n";

    load_file(&it, file, WORDS("--grace-period=30s"), ENV(POD));
    CHECK_INT(it.config->process->hooks[LC_HOOK_PRE_STOP][0].timeout, 5000);
    unload(&it);
    load_file(&it, file, WORDS("--grace-period=10s"), ENV(POD));
    CHECK_INT(it.config->window.min, 5000);
    CHECK_INT(it.config->process->hooks[LC_HOOK_PRE_STOP][0].timeout, 1750);
    CHECK_INT(it.config->process->hooks[LC_HOOK_POST_STOP][0].timeout, 1750);
    CHECK(strstr(it.config->why, ", preStop[0] 1.75s (cut from 5s to fit)") != NULL);
    unload(&it);
    load_file(&it, file, WORDS("--grace-period=4s"), ENV(POD));
    CHECK_INT(it.config->window.min, 1500);
    CHECK_INT(it.config->process->hooks[LC_HOOK_PRE_STOP][0].timeout, 500);
    unload(&it);
    load_file(&it, file, WORDS("--grace-period=1500ms"), ENV(POD));
    CHECK_INT(it.config->window.min, 0);
    CHECK_INT(it.config->process->hooks[LC_HOOK_PRE_STOP][0].timeout, 0);
    CHECK_INT(it.config->margin, 1000);
    unload(&it);
}

static void times_that_were_set_and_do_not_fit_are_an_error_with_the_sum(void)
{
    load(&it, WORDS("--propagation=8s", "--stop-timeout=3s", "x"),
         ENV("LASTCALL_MARGIN=2s", "LASTCALL_GRACE_PERIOD=12s"));
    CHECK_INT(it.result, -EINVAL);
    CHECK_STR(it.text,
              "LASTCALL_GRACE_PERIOD: found times that do not fit in the grace: margin 2s "
              "(LASTCALL_MARGIN) + window 8s (--propagation) + stopTimeout 3s (--stop-timeout) = "
              "13s; accepted: at most 12s, which is shutdown.gracePeriod "
              "(LASTCALL_GRACE_PERIOD)\n");
    unload(&it);
    load(&it, WORDS("--propagation=8s", "--stop-timeout=3s", "x"),
         ENV("LASTCALL_MARGIN=2s", "LASTCALL_GRACE_PERIOD=13s"));
    CHECK_INT(it.result, 0);
    unload(&it);
}

static void who_serves_nobody_has_no_window(void)
{
    struct lc_policy policy;

    load(&it, WORDS("--propagation=20s", "--ports=none", "x"), ENV());
    CHECK_INT(it.result, 0);
    CHECK(it.config->process->ports_set && it.config->process->port_count == 0);
    CHECK(strstr(it.config->why, ", no window (ports is empty: it serves nobody)") != NULL);
    lc_config_policy(it.config, &policy);
    CHECK(!policy.lane[0].serves);
    unload(&it);
    load(&it, WORDS("--ports=", "x"), ENV());
    CHECK(it.config->process->ports_set);
    unload(&it);
    load(&it, WORDS("--ports=80,8080", "x"), ENV());
    lc_config_policy(it.config, &policy);
    CHECK(policy.lane[0].serves);
    CHECK_INT(it.config->process->ports[1], 8080);
    unload(&it);
}

static void a_time_that_cannot_be_read_makes_no_second_error_of_the_sum(void)
{
    load(&it, WORDS("--grace-period=x", "--propagation=20s", "x"), ENV());
    CHECK_INT(it.errors.count, 1);
    unload(&it);
}

/* tests/config/good/all-keys.yaml */
static void load_all_keys(void)
{
    char path[512];

    snprintf(path, sizeof(path), "%s/good/all-keys.yaml", config_directory);
    load(&it, WORDS("-c", path), ENV());
    CHECK_INT(it.result, 0);
    CHECK_STR(it.text, "");
}

static void every_key_sets_its_value(void)
{
    const struct lc_config *config;
    const struct lc_process_config *process;

    load_all_keys();
    config = it.config;
    process = config->process;
    CHECK_INT(config->grace, 60000);
    CHECK_INT(config->margin, 1500);
    CHECK_INT(config->window.min, 5000);
    CHECK_INT(config->window.quiet, 2000);
    CHECK_INT(config->window.max, 20000);
    CHECK_INT(config->arrivals, LC_ARRIVAL_CONNECTION);
    CHECK(config->drain.wait_for_idle);
    CHECK_INT(config->drain.timeout, 8000);
    CHECK_INT(config->drain.idle, 500);
    CHECK_INT(config->ignore_from_count, 3);
    CHECK_STR(config->termination_message, "/run/message");
    CHECK_STR(config->state_dir, "/var/lib/lastcall");
    CHECK_INT(config->readiness, LC_READINESS_AFTER_WINDOW);
    CHECK_INT(config->stop_on, bit(SIGTERM) | bit(SIGINT) | bit(37));
    CHECK_INT(config->second[SIGTERM], LC_SECOND_HURRY);
    CHECK_INT(config->second[SIGINT], LC_SECOND_KILL);
    CHECK_INT(config->leftover_timeout, 3000);
    CHECK_INT(config->signals[SIGUSR1], SIGUSR2);
    CHECK_INT(config->signals[SIGWINCH], LC_SIGNAL_DROP);
    CHECK_INT(config->signals[SIGHUP], LC_SIGNAL_RELOAD);
    CHECK_INT(config->signals[SIGUSR2], LC_SIGNAL_FORWARD);
    CHECK_INT(config->parent_death_signal, SIGTERM);
    CHECK_STR(config->listen[3], "unix:/run/lastcall.sock");
    CHECK(!config->listen[4] && config->listen_set);
    CHECK_INT(config->log_format, LC_LOG_JSON);
    CHECK_INT(config->log_level, LC_LOG_DEBUG);
    CHECK_STR(process->name, "web");
    CHECK_STR(process->command[2], "daemon off;");
    CHECK_INT(process->stop_signal, SIGQUIT);
    CHECK_INT(process->stop_timeout, 10000);
    CHECK_INT(process->stop_target, LC_STOP_TARGET_GROUP);
    CHECK_INT(process->port_count, 2);
    CHECK_INT(process->ports[1], 8443);
    CHECK(process->reset_signals);
    unload(&it);
}

static void hooks_are_read_in_kubernetes_shape(void)
{
    const struct lc_hook *hooks;

    load_all_keys();
    hooks = it.config->process->hooks[LC_HOOK_PRE_STOP];
    CHECK_INT(it.config->process->hook_count[LC_HOOK_PRE_STOP], 4);
    CHECK_INT(hooks[0].action, LC_HOOK_EXEC);
    CHECK_STR(hooks[0].command[1], "--now");
    CHECK_INT(hooks[0].timeout, 2000);
    CHECK_INT(hooks[1].action, LC_HOOK_HTTP_GET);
    CHECK_STR(hooks[1].path, "/quiet?now=1");
    CHECK_STR(hooks[1].host, "127.0.0.1");
    CHECK_INT(hooks[1].port, 8081);
    CHECK_INT(hooks[1].timeout, 5000);
    CHECK_INT(hooks[1].header_count, 1);
    CHECK_STR(hooks[1].headers[0].name, "Authorization");
    CHECK_STR(hooks[1].headers[0].value, "Bearer x");
    CHECK_INT(hooks[2].action, LC_HOOK_SIGNAL);
    CHECK_INT(hooks[2].signal, SIGTSTP);
    CHECK_INT(hooks[3].action, LC_HOOK_SLEEP);
    CHECK_INT(hooks[3].sleep, 500);
    CHECK_INT(hooks[3].timeout, 500);
    CHECK_INT(it.config->process->hook_count[LC_HOOK_POST_STOP], 1);
    CHECK_INT(it.config->process->hooks[LC_HOOK_POST_STOP][0].sleep, 1000);
    unload(&it);
}

static void a_hooks_request_has_a_host_and_a_path_by_default(void)
{
    const struct lc_hook *hook;

    load_file(&it, "processes: [{preStop: [{httpGet: {port: 80}}]}]", WORDS("x"), ENV());
    hook = it.config->process->hooks[LC_HOOK_PRE_STOP];
    CHECK_STR(hook->host, "localhost");
    CHECK_STR(hook->path, "/");
    unload(&it);
}

static void a_probe_is_taken_as_the_api_server_takes_it(void)
{
    const struct lc_process_config *process;

    load_file(&it,
              "processes: [{preStop: [{httpGet: {port: 80, host: '', path: ''}}], readinessProbe: "
              "{httpGet: {port: 80, host: '', path: healthz}}, livenessProbe: {tcpSocket: {port: "
              "80, host: ''}}}]",
              WORDS("x"), ENV());
    CHECK_INT(it.result, 0);
    process = it.config->process;
    CHECK_STR(process->hooks[LC_HOOK_PRE_STOP][0].host, "localhost");
    CHECK_STR(process->hooks[LC_HOOK_PRE_STOP][0].path, "");
    CHECK(!process->probe[LC_CHECK_READINESS]->host);
    CHECK_STR(process->probe[LC_CHECK_READINESS]->path, "healthz");
    CHECK(!process->probe[LC_CHECK_LIVENESS]->host);
    unload(&it);
}

static void the_command_line_sets_the_command_of_the_files_process(void)
{
    load_file(&it, "processes: [{name: web, command: [a, b], stopSignal: INT}]", WORDS("c"), ENV());
    CHECK_INT(it.result, 0);
    CHECK_STR(it.config->process->command[0], "c");
    CHECK(!it.config->process->command[1]);
    CHECK_STR(it.config->process->name, "web");
    CHECK_INT(it.config->process->stop_signal, SIGINT);
    unload(&it);
}

static void values_are_expanded_in_the_file_alone(void)
{
    load_file(&it,
              "processes: [{command: [echo, '${A} $$A $A']}]\nshutdown: {margin: \"${M:-2s}\"}",
              WORDS("--ports=80"), ENV("A=[x, &y"));
    CHECK_INT(it.result, 0);
    CHECK_STR(it.config->process->command[1], "[x, &y $A $A");
    CHECK(!it.config->process->command[2]);
    CHECK_INT(it.config->margin, 2000);
    unload(&it);
    load(&it, WORDS("--margin=${M}", "x"), ENV("M=2s"));
    CHECK_INT(it.result, -EINVAL);
    unload(&it);
}

static void the_policy_is_what_was_configured(void)
{
    struct lc_policy policy;

    load_all_keys();
    lc_config_policy(it.config, &policy);
    CHECK_INT(policy.grace, 60000);
    CHECK_INT(policy.margin, 1500);
    CHECK_INT(policy.stop_reserve, 500);
    CHECK_INT(policy.leftover_timeout, 3000);
    CHECK_INT(policy.window_min, 5000);
    CHECK_INT(policy.window_max, 20000);
    CHECK_INT(policy.window_quiet, 2000);
    CHECK(policy.drain);
    CHECK_INT(policy.drain_timeout, 8000);
    CHECK_INT(policy.readiness, LC_READINESS_AFTER_WINDOW);
    CHECK_INT(policy.second[SIGTERM], LC_SECOND_HURRY);
    CHECK_INT(policy.lanes, 1);
    CHECK_INT(policy.main_lane, 0);
    CHECK(policy.lane[0].serves && policy.lane[0].essential && !policy.lane[0].needs);
    CHECK_INT(policy.lane[0].stop_timeout, 10000);
    CHECK_INT(policy.lane[0].hooks[LC_HOOK_PRE_STOP], 4);
    CHECK_INT(policy.lane[0].hook_timeout[LC_HOOK_PRE_STOP][3], 500);
    CHECK_INT(policy.lane[0].hooks[LC_HOOK_POST_STOP], 1);
    unload(&it);
}

static void exit_codes_are_replaced_by_code_before_outcome(void)
{
    load_all_keys();
    CHECK_INT(lc_config_exit_code(it.config, 143, LC_OUTCOME_FORCED), 0);
    CHECK_INT(lc_config_exit_code(it.config, 137, LC_OUTCOME_FORCED), 1);
    CHECK_INT(lc_config_exit_code(it.config, 5, LC_OUTCOME_CRASHED), 3);
    CHECK_INT(lc_config_exit_code(it.config, 0, LC_OUTCOME_STOPPED), 4);
    unload(&it);
    load(&it, WORDS("x"), ENV());
    CHECK_INT(lc_config_exit_code(it.config, 143, LC_OUTCOME_FORCED), 143);
    CHECK_INT(lc_config_exit_code(it.config, 0, LC_OUTCOME_STOPPED), 0);
    unload(&it);
}

static void a_reload_names_what_cannot_change(void)
{
    static const char before[] = "processes: [{name: a, command: [x, y], ports: [1]}]";
    static const char may_change[] = "shutdown: {gracePeriod: 20s, stopOn: [SIGTERM]}\n"
                                     "log: {level: debug}\n"
                                     "processes: [{name: a, command: [x, y], ports: [1], "
                                     "stopSignal: INT, preStop: [{sleep: 1s}]}]";
    static const char after[] = "http: {listen: ':80'}\n"
                                "parentDeathSignal: SIGHUP\n"
                                "processes: [{name: b, command: [x], ports: [2], "
                                "resetSignals: true}]";
    struct loaded other;
    char text[256];

    load_file(&it, before, WORDS(), ENV());
    load_file(&other, may_change, WORDS(), ENV());
    CHECK_INT(lc_config_fixed_differences(it.config, other.config, text, sizeof(text)), 0);
    CHECK_STR(text, "");
    unload(&other);
    load_file(&other, after, WORDS(), ENV());
    CHECK_INT(lc_config_fixed_differences(it.config, other.config, text, sizeof(text)), 6);
    CHECK_STR(text, "http.listen, parentDeathSignal, processes[0].name, processes[0].command, "
                    "processes[0].ports, processes[0].resetSignals");
    CHECK_INT(lc_config_fixed_differences(it.config, other.config, text, 8), 6);
    CHECK_STR(text, "http.li");
    unload(&other);
    unload(&it);
}

static void help_is_what_the_file_says(void)
{
    char path[512], *found = NULL, expected[8192];
    size_t size;
    FILE *out = open_memstream(&found, &size), *file;

    snprintf(path, sizeof(path), "%s/help.txt", config_directory);
    file = fopen(path, "re");
    CHECK(out && file);
    if (!out || !file)
        return;
    CHECK_INT(lc_config_print_help(out), 0);
    fclose(out);
    expected[fread(expected, 1, sizeof(expected) - 1, file)] = '\0';
    fclose(file);
    CHECK_STR(found, expected);
    free(found);
}

static void help_fits_a_screen(void)
{
    char *text = NULL, *line;
    size_t size, lines = 0;
    FILE *out = open_memstream(&text, &size);

    CHECK(out != NULL);
    if (!out)
        return;
    lc_config_print_help(out);
    fclose(out);
    for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        CHECK(strlen(line) <= 80);
    for (size_t i = 0; i < size; i++)
        lines += text[i] == '\n' || text[i] == '\0';
    CHECK(lines <= 24);
    free(text);
}

static void a_full_disk_is_an_error_of_whoever_prints(void)
{
    FILE *full = fopen("/dev/full", "we");

    CHECK(full != NULL);
    if (!full)
        return;
    CHECK_INT(lc_config_print_help(full), -ENOSPC);
    clearerr(full);
    CHECK(lc_config_print_schema(full) < 0);
    fclose(full);
}

int main(int argc, char **argv)
{
    config_directory = argc > 1 ? argv[1] : ".";
    TEST(without_settings_there_are_the_defaults);
    TEST(defaults_follow_the_platform);
    TEST(a_grace_alone_is_never_an_error_since_defaults_are_cut_to_fit);
    TEST(what_was_set_keeps_and_defaults_give_way);
    TEST(who_gets_less_than_the_reserve_needs_no_more_of_it);
    TEST(what_was_cut_is_said);
    TEST(the_default_times_of_hooks_are_cut_before_the_window);
    TEST(times_that_were_set_and_do_not_fit_are_an_error_with_the_sum);
    TEST(who_serves_nobody_has_no_window);
    TEST(a_time_that_cannot_be_read_makes_no_second_error_of_the_sum);
    TEST(every_key_sets_its_value);
    TEST(hooks_are_read_in_kubernetes_shape);
    TEST(a_hooks_request_has_a_host_and_a_path_by_default);
    TEST(a_probe_is_taken_as_the_api_server_takes_it);
    TEST(the_command_line_sets_the_command_of_the_files_process);
    TEST(values_are_expanded_in_the_file_alone);
    TEST(the_policy_is_what_was_configured);
    TEST(exit_codes_are_replaced_by_code_before_outcome);
    TEST(a_reload_names_what_cannot_change);
    TEST(help_is_what_the_file_says);
    TEST(help_fits_a_screen);
    TEST(a_full_disk_is_an_error_of_whoever_prints);
    return tap_done();
}
