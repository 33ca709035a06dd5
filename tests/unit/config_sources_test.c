/* SPDX-License-Identifier: Apache-2.0 */

/* Where settings come from: the command line, the environment, a file, the platform. */

#include "base/log.h"
#include "config_load.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

static struct loaded it;

static void options_end_at_the_first_word_that_is_none(void)
{
    load(&it, WORDS("--margin", "2s", "sh", "-c", "exit 3", "--margin", "3s"), ENV());
    CHECK_INT(it.result, 0);
    CHECK_INT(it.config->margin, 2000);
    CHECK_STR(it.config->process->command[0], "sh");
    CHECK_STR(it.config->process->command[2], "exit 3");
    CHECK_STR(it.config->process->command[4], "3s");
    CHECK(!it.config->process->command[5]);
    unload(&it);
}

static void two_dashes_end_the_options(void)
{
    load(&it, WORDS("--margin=2s", "--", "--odd", "--"), ENV());
    CHECK_INT(it.result, 0);
    CHECK_STR(it.config->process->command[0], "--odd");
    CHECK_STR(it.config->process->command[1], "--");
    unload(&it);
}

static void words_of_the_command_line_are_not_expanded(void)
{
    load(&it, WORDS("echo", "${HOME} $$"), ENV("HOME=/root"));
    CHECK_INT(it.result, 0);
    CHECK_STR(it.config->process->command[1], "${HOME} $$");
    unload(&it);
}

static void the_name_is_the_last_part_of_the_commands_path(void)
{
    load(&it, WORDS("/usr/sbin/nginx"), ENV());
    CHECK_STR(it.config->process->name, "nginx");
    unload(&it);
    load(&it, WORDS("odd/"), ENV());
    CHECK_STR(it.config->process->name, "odd/");
    unload(&it);
}

static void without_a_command_there_is_a_hint(void)
{
    load(&it, WORDS(), ENV());
    CHECK_INT(it.result, -EINVAL);
    CHECK_STR(it.text, "COMMAND: missing; accepted: lastcall [OPTION...] COMMAND [ARG...], or "
                       "lastcall -c FILE; see lastcall --help\n");
    unload(&it);
    load(&it, (const char *const[]){NULL}, ENV());
    CHECK_INT(it.result, -EINVAL);
    unload(&it);
    load(&it, WORDS("--"), ENV());
    CHECK_INT(it.result, -EINVAL);
    unload(&it);
}

static void an_empty_command_is_an_error(void)
{
    load(&it, WORDS(""), ENV());
    CHECK_INT(it.result, -EINVAL);
    CHECK_STR(it.text, "COMMAND: found \"\"; accepted: a program's name or path\n");
    unload(&it);
}

static void every_mistake_in_options_is_reported(void)
{
    load(&it,
         WORDS("--grace-perod=5s", "--margin", "fast", "-x", "--help=me", "--stop-signal=SIGFOO",
               "--ports=80,x", "--listen"),
         ENV());
    CHECK_INT(it.result, 0); /* --help was among them */
    CHECK_INT(it.cli, LC_CLI_HELP);
    unload(&it);
    load(&it,
         WORDS("--grace-perod=5s", "--margin", "fast", "-x", "--stop-signal=SIGFOO", "--ports=80,x",
               "--zzz", "--log-level="),
         ENV());
    CHECK_INT(it.result, -EINVAL);
    CHECK_STR(it.text,
              "--grace-perod: unknown option; did you mean --grace-period?\n"
              "COMMAND: found the unknown option \"-x\"; accepted: those that lastcall --help "
              "shows\n"
              "--zzz: unknown option; accepted: those that lastcall --help shows\n"
              "--margin: found \"fast\"; accepted: a duration such as 500ms, 5s or 2m\n"
              "--stop-signal: found \"SIGFOO\"; accepted: a signal such as SIGTERM, SIGRTMIN+3 or "
              "15\n"
              "--ports: found \"x\"; accepted: a port from 1 to 65535\n"
              "--log-level: found \"\"; accepted: debug, info, warn or error\n"
              "COMMAND: missing; accepted: lastcall [OPTION...] COMMAND [ARG...], or lastcall -c "
              "FILE; see lastcall --help\n");
    unload(&it);
    load(&it, WORDS("--listen"), ENV());
    CHECK(strstr(it.text, "--listen: found no value; accepted: --listen VALUE\n") == it.text);
    unload(&it);
}

static void help_and_version_need_nothing_else(void)
{
    load(&it, WORDS("--nonsense", "--help"), ENV("LASTCALL_MARGIN=fast"));
    CHECK_INT(it.result, 0);
    CHECK_INT(it.cli, LC_CLI_HELP);
    CHECK(!it.config);
    CHECK_STR(it.text, "");
    unload(&it);
    load(&it, WORDS("--version"), ENV());
    CHECK_INT(it.cli, LC_CLI_VERSION);
    unload(&it);
    load(&it, WORDS("ls", "--help"), ENV());
    CHECK_INT(it.cli, LC_CLI_RUN);
    unload(&it);
}

static void options_win_over_the_environment_and_that_over_the_file(void)
{
    static const char file[] = "shutdown: {gracePeriod: 40s, margin: 4s, leftoverTimeout: 6s}\n"
                               "processes: [{command: [x], stopSignal: SIGQUIT}]\n";

    load_file(
        &it, file, WORDS("--grace-period", "50s", "--stop-signal=SIGINT"),
        ENV("LASTCALL_GRACE_PERIOD=60s", "LASTCALL_MARGIN=3s", "LASTCALL_STOP_SIGNAL=SIGHUP"));
    CHECK_INT(it.result, 0);
    CHECK_INT(it.config->grace, 50000);
    CHECK_INT(it.config->margin, 3000);
    CHECK_INT(it.config->leftover_timeout, 6000);
    CHECK_INT(it.config->process->stop_signal, SIGINT);
    unload(&it);
}

static void of_an_option_given_twice_the_last_counts_but_addresses_are_collected(void)
{
    load(&it, WORDS("--margin=1s", "--margin=2s", "--listen=:1", "--listen", "unix:/run/x", "x"),
         ENV("LASTCALL_LISTEN=:5,:6"));
    CHECK_INT(it.result, 0);
    CHECK_INT(it.config->margin, 2000);
    CHECK_STR(it.config->listen[0], ":1");
    CHECK_STR(it.config->listen[1], "unix:/run/x");
    CHECK(!it.config->listen[2]);
    CHECK(it.config->listen_set);
    unload(&it);
    load(&it, WORDS("x"), ENV("LASTCALL_LISTEN=:5, :6"));
    CHECK_STR(it.config->listen[1], ":6");
    unload(&it);
}

static void off_means_no_address_and_stands_alone(void)
{
    load(&it, WORDS("--listen=off", "x"), ENV());
    CHECK_INT(it.result, 0);
    CHECK(!it.config->listen[0]);
    unload(&it);
    load(&it, WORDS("--listen=off", "--listen=:80", "x"), ENV());
    CHECK_STR(it.text, "--listen: found off and an address; accepted: addresses, or off alone\n");
    unload(&it);
    load(&it, WORDS("--listen=:80", "--listen=off", "x"), ENV());
    CHECK_INT(it.result, -EINVAL);
    unload(&it);
}

static void an_unknown_variable_is_a_warning_with_the_nearest(void)
{
    load(&it, WORDS("x"),
         ENV("LASTCALL_GRACE_PEROID=5s", "LASTCALL_QQQ=1", "LASTCALLX=1", "LASTCALL_HELP=1"));
    CHECK_INT(it.result, 0);
    CHECK_STR(it.text, "LASTCALL_GRACE_PEROID: unknown variable, ignored; did you mean "
                       "LASTCALL_GRACE_PERIOD?\n"
                       "LASTCALL_QQQ: unknown variable, ignored\n"
                       "LASTCALL_HELP: unknown variable, ignored\n");
    unload(&it);
}

static void variables_of_a_service_called_lastcall_are_ignored(void)
{
    load(&it, WORDS("x"),
         ENV("LASTCALL_PORT=tcp://10.0.0.1:80", "LASTCALL_PORT_80_TCP_ADDR=10.0.0.1",
             "LASTCALL_SERVICE_HOST=10.0.0.1", "LASTCALL_SERVICE_PORT_HTTP=80",
             "LASTCALL_SUPERVISED=1"));
    CHECK_INT(it.result, 0);
    CHECK_STR(it.text, "");
    unload(&it);
}

static void a_bad_variable_is_an_error_that_names_it(void)
{
    load(&it, WORDS("x"), ENV("LASTCALL_MARGIN=fast", "LASTCALL_MARGIN=2s"));
    CHECK_STR(it.text,
              "LASTCALL_MARGIN: found \"fast\"; accepted: a duration such as 500ms, 5s or 2m\n");
    unload(&it);
}

static void the_file_can_be_named_by_a_variable(void)
{
    char name[32], variable[64];
    int fd = make_file("log: {level: warn}", strlen("log: {level: warn}"), name);

    snprintf(variable, sizeof(variable), "LASTCALL_CONFIG=%s", name);
    load(&it, WORDS("x"), ENV(variable));
    CHECK_INT(it.result, 0);
    CHECK_INT(it.config->log_level, LC_LOG_WARN);
    CHECK_STR(it.config->file, name);
    unload(&it);
    close(fd);
}

static void a_file_that_cannot_be_read_is_one_error_among_all(void)
{
    load(&it, WORDS("-c", "/nowhere/x.yaml", "--margin=fast"), ENV());
    CHECK_STR(it.text,
              "/nowhere/x.yaml: found No such file or directory; accepted: a YAML file that can "
              "be read\n"
              "--margin: found \"fast\"; accepted: a duration such as 500ms, 5s or 2m\n");
    unload(&it);
    load(&it, WORDS("-c", "/", "x"), ENV());
    CHECK_STR(it.text, "/: found a directory; accepted: a YAML file that can be read\n");
    unload(&it);
    load(&it, WORDS("-c", "/dev/zero", "x"), ENV());
    CHECK_STR(it.text,
              "/dev/zero: found a device or socket; accepted: a YAML file that can be read\n");
    unload(&it);
    load(&it, WORDS("-c", "", "x"), ENV());
    CHECK_INT(it.result, -EINVAL);
    unload(&it);
}

static void a_named_fifo_is_refused_without_waiting_for_a_writer(void)
{
    char directory[] = "/tmp/lastcall-XXXXXX", fifo[64];

    CHECK(mkdtemp(directory) != NULL);
    snprintf(fifo, sizeof(fifo), "%s/fifo", directory);
    CHECK_INT(mkfifo(fifo, 0600), 0);
    load(&it, WORDS("-c", fifo, "x"), ENV());
    CHECK(strstr(it.text, "found a FIFO") != NULL);
    unload(&it);
    unlink(fifo);
    rmdir(directory);
}

static void a_pipe_can_be_the_file(void)
{
    int pipes[2];
    char name[32];

    CHECK_INT(pipe2(pipes, O_CLOEXEC), 0);
    CHECK(write(pipes[1], "log: {level: warn}", 18) == 18);
    close(pipes[1]);
    snprintf(name, sizeof(name), "/dev/fd/%d", pipes[0]);
    load(&it, WORDS("-c", name, "x"), ENV());
    CHECK_INT(it.result, 0);
    CHECK_INT(it.config->log_level, LC_LOG_WARN);
    unload(&it);
    close(pipes[0]);
}

static void no_file_is_dev_null(void)
{
    load(&it, WORDS("-c/dev/null", "x"), ENV());
    CHECK_INT(it.result, 0);
    unload(&it);
}

static void a_file_has_at_most_one_mebibyte(void)
{
    enum { MEBIBYTE = 1 << 20 };
    static char content[MEBIBYTE + 1];
    char name[32];
    int fd;

    memset(content, ' ', sizeof(content));
    memcpy(content, "log: {}\n#", 9);
    fd = make_file(content, MEBIBYTE, name);
    load(&it, WORDS("-c", name, "x"), ENV());
    CHECK_INT(it.result, 0);
    unload(&it);
    CHECK(write(fd, " ", 1) == 1);
    load(&it, WORDS("-c", name, "x"), ENV());
    CHECK(strstr(it.text, "found more than 1 MiB; accepted: a YAML file up to that\n") != NULL);
    unload(&it);
    close(fd);
}

static void errors_are_bounded_and_the_list_says_that_it_is_incomplete(void)
{
    char content[4096] = "log:\n";
    size_t length = strlen(content);

    for (int i = 0; i < LC_CONFIG_ERRORS_MAX + 1; i++)
        length += (size_t)snprintf(content + length, sizeof(content) - length, "  key%d: x\n", i);
    load_file(&it, content, WORDS("x"), ENV());
    CHECK_INT(it.result, -EINVAL);
    CHECK_INT(it.errors.count, LC_CONFIG_ERRORS_MAX);
    CHECK(it.errors.incomplete);
    unload(&it);
}

static void what_was_found_is_shown_in_one_short_line(void)
{
    load(&it,
         WORDS("--margin",
               "a\nb\x1b[31m aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
               "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
               "x"),
         ENV());
    CHECK_STR(it.text,
              "--margin: found \"a?b?[31m aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
              "...\"; accepted: a duration such as 500ms, 5s or 2m\n");
    unload(&it);
}

int main(void)
{
    TEST(options_end_at_the_first_word_that_is_none);
    TEST(two_dashes_end_the_options);
    TEST(words_of_the_command_line_are_not_expanded);
    TEST(the_name_is_the_last_part_of_the_commands_path);
    TEST(without_a_command_there_is_a_hint);
    TEST(an_empty_command_is_an_error);
    TEST(every_mistake_in_options_is_reported);
    TEST(help_and_version_need_nothing_else);
    TEST(options_win_over_the_environment_and_that_over_the_file);
    TEST(of_an_option_given_twice_the_last_counts_but_addresses_are_collected);
    TEST(off_means_no_address_and_stands_alone);
    TEST(an_unknown_variable_is_a_warning_with_the_nearest);
    TEST(variables_of_a_service_called_lastcall_are_ignored);
    TEST(a_bad_variable_is_an_error_that_names_it);
    TEST(the_file_can_be_named_by_a_variable);
    TEST(a_file_that_cannot_be_read_is_one_error_among_all);
    TEST(a_named_fifo_is_refused_without_waiting_for_a_writer);
    TEST(a_pipe_can_be_the_file);
    TEST(no_file_is_dev_null);
    TEST(a_file_has_at_most_one_mebibyte);
    TEST(errors_are_bounded_and_the_list_says_that_it_is_incomplete);
    TEST(what_was_found_is_shown_in_one_short_line);
    return tap_done();
}
