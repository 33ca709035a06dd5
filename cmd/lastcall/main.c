/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "config/config.h"
#include "drive/supervisor.h"
#include "sys/process.h"
#include "sys/signals.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { PRINT_MSEC = 20 }; /* for a line; there may be a hundred */

extern char **environ;

/* A line for a person, before there is a log. Nobody else writes to stderr yet, so a pipe that has
 * room keeps it; one that is full must not hold up a start, or an exit, for long. */
static void print_line(const char *kind, const char *text)
{
    char line[1100];
    int len = snprintf(line, sizeof(line), "lastcall: %s%s\n", kind, text);
    struct pollfd room = {.fd = STDERR_FILENO, .events = POLLOUT};

    if (len > 0 && poll(&room, 1, PRINT_MSEC) > 0 && room.revents & POLLOUT)
        (void)!write(STDERR_FILENO, line, (size_t)len < sizeof(line) ? (size_t)len : sizeof(line));
}

static void print_problems(const char *kind, const struct lc_config_errors *problems)
{
    char text[1024];

    for (size_t i = 0; i < problems->count; i++)
        print_line(kind, lc_config_error_format(&problems->list[i], text, sizeof(text)));
    if (problems->incomplete)
        print_line(kind, "there are more, not shown");
}

/* For one that is not PID 1: when our parent dies we get this signal. The parent may have died
 * before we could ask for it. */
static int follow_parent(int signal)
{
    pid_t parent = getppid();

    if (!signal)
        return 0;
    if (prctl(PR_SET_PDEATHSIG, signal) < 0)
        return -errno;
    if (getppid() != parent)
        kill(getpid(), signal);
    return 0;
}

static int fail(const char *what, int error)
{
    char text[256];

    snprintf(text, sizeof(text), "%s: %s", what, strerrordesc_np(-error));
    print_line("", text);
    return LC_EXIT_OWN_FAILURE;
}

static int supervise(struct lc_supervisor_start *start)
{
    int r = lc_log_new(&start->log, STDERR_FILENO);

    if (r < 0) {
        lc_config_free(start->config);
        return fail("log", r);
    }
    r = lc_supervisor_run(start);
    lc_log_free(start->log);
    return r < 0 ? fail("cannot start", r) : r;
}

int main(int argc, char **argv)
{
    struct lc_config_errors errors = {0}, warnings = {0};
    struct lc_supervisor_start start = {.argv = argv, .envp = environ};
    enum lc_cli cli = LC_CLI_RUN;
    int listen_fds, r;

    (void)argc;
    lc_signal_state_read(&start.signals);
    listen_fds = lc_descriptors_inherit(environ);
    if (listen_fds < 0)
        return fail("inherited descriptors", listen_fds);
    start.listen_fds = (unsigned)listen_fds;
    start.nested = getenv("LASTCALL_SUPERVISED") != NULL;

    r = lc_config_load(argv, environ, &start.config, &cli, &errors, &warnings);
    print_problems("warning: ", &warnings);
    print_problems("", &errors);
    lc_config_errors_deinit(&warnings);
    lc_config_errors_deinit(&errors);
    if (r < 0)
        return LC_EXIT_OWN_FAILURE;
    if (cli == LC_CLI_HELP)
        return lc_config_print_help(stdout) < 0 ? LC_EXIT_OWN_FAILURE : EXIT_SUCCESS;
    if (cli == LC_CLI_VERSION)
        return puts("lastcall " LC_VERSION) < 0 || fflush(stdout) < 0 ? LC_EXIT_OWN_FAILURE
                                                                      : EXIT_SUCCESS;
    r = follow_parent(start.config->parent_death_signal);
    if (r < 0) {
        lc_config_free(start.config);
        return fail("parentDeathSignal", r);
    }
    return supervise(&start);
}
