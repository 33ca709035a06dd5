/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/terminal.h"

#include "sys/process.h"
#include "sys_fixture.h"

#include <sys/ioctl.h>

/* A terminal of our own, on descriptor 0; we are the leader of its session. Descriptors 1 and 2 go
 * where they went. */
static void open_terminal(void)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), terminal;

    CHECK(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    CHECK(setsid() > 0);
    terminal = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    CHECK_INT(ioctl(terminal, TIOCSCTTY, 0), 0);
    CHECK_INT(dup2(terminal, 0), 0);
    signal(SIGTTOU, SIG_IGN); /* as a shell does */
}

/* Runs `test` in a group of its own, in the foreground, as a shell with job control starts a job. */
static pid_t start_job(void (*test)(void))
{
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        tcsetpgrp(0, getpid());
        signal(SIGTTOU, SIG_DFL);
        run_and_exit(test);
    }
    setpgid(pid, pid);
    return pid;
}

static struct lc_child start(const char *command, int terminal)
{
    const char *argv[] = {"sh", "-c", command, NULL};
    struct lc_spawn spec = {
        .argv = (char **)(uintptr_t)argv,
        .envp = environ,
        .terminal = terminal,
    };
    struct lc_exec_error error;
    struct lc_child child;

    CHECK_INT(lc_child_spawn(&child, &spec), 0);
    CHECK(wait_readable(child.exec_fd));
    CHECK_INT(lc_child_exec_result(&child, &error), 1);
    return child;
}

static void without_a_terminal_there_is_no_foreground(void)
{
    int nowhere = open("/dev/null", O_RDWR);

    for (int fd = 0; fd < 3; fd++)
        dup2(nowhere, fd);
    /* Our words are gone with descriptor 1. */
    if (lc_terminal_foreground() != -1)
        _exit(1);
}

static void the_foreground_is_ours_where_our_group_has_it(void)
{
    open_terminal();
    CHECK_INT(lc_terminal_foreground(), 0);
}

static void it_is_found_where_all_descriptors_are_redirected(void)
{
    int nowhere = open("/dev/null", O_RDWR), terminal;

    open_terminal();
    for (int fd = 0; fd < 3; fd++)
        dup2(nowhere, fd);
    terminal = lc_terminal_foreground();
    /* Our words are gone with descriptor 1. */
    if (terminal <= 2 || fcntl(terminal, F_GETFD) != FD_CLOEXEC ||
        lc_terminal_give(terminal, getpgrp(), 0) < 0)
        _exit(1);
    lc_terminal_close(terminal);
    if (fcntl(terminal, F_GETFD) >= 0)
        _exit(1);
}

static void check_background(void)
{
    CHECK_INT(lc_terminal_foreground(), -1);
    CHECK_INT(lc_terminal_give(0, getpgrp(), 0), -EPERM);
}

static void in_the_background_it_is_not_and_is_not_taken(void)
{
    pid_t pid;

    open_terminal();
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        run_and_exit(check_background);
    }
    CHECK_INT(wait_for_exit(pid), 0);
    CHECK_INT(tcgetpgrp(0), getpgrp());
}

static void a_child_gets_the_foreground_and_we_get_it_back(void)
{
    struct lc_signals signals;
    struct lc_child child;

    open_terminal();
    CHECK_INT(lc_signals_init(&signals), 0);
    child = start("exec sleep 100", lc_terminal_foreground());
    CHECK_INT(tcgetpgrp(0), child.pid);
    CHECK_INT(lc_terminal_foreground(), -1);
    CHECK_INT(lc_child_signal(&child, SIGKILL, false), 0);
    CHECK_INT(wait_for_exit(child.pid), 128 + SIGKILL);
    CHECK_INT(lc_terminal_give(0, getpgrp(), child.pid), 0);
    CHECK_INT(lc_terminal_foreground(), 0);
}

static void a_child_does_not_get_it_where_we_had_not(void)
{
    struct lc_child child;

    open_terminal();
    child = start("exec sleep 100", -1);
    CHECK_INT(tcgetpgrp(0), getpgrp());
    CHECK_INT(lc_child_signal(&child, SIGKILL, false), 0);
    CHECK_INT(wait_for_exit(child.pid), 128 + SIGKILL);
}

static void what_somebody_else_has_taken_is_not_given(void)
{
    struct lc_child other, child;

    open_terminal();
    other = start("exec sleep 100", -1);
    CHECK_INT(tcsetpgrp(0, other.pid), 0);
    child = start("exec sleep 100", 0);
    CHECK_INT(tcgetpgrp(0), other.pid);
    CHECK_INT(lc_terminal_give(0, getpgrp(), child.pid), -EPERM);
    CHECK_INT(tcgetpgrp(0), other.pid);
    CHECK_INT(lc_terminal_give(0, getpgrp(), other.pid), 0);
    kill(other.pid, SIGKILL);
    kill(child.pid, SIGKILL);
}

static void expect_job_control(void)
{
    CHECK(lc_terminal_job_control());
}

static void a_job_of_a_shell_has_job_control(void)
{
    open_terminal();
    CHECK_INT(wait_for_exit(start_job(expect_job_control)), 0);
}

/* As sh -c 'lastcall …; true': the shell with job control is our grandparent. */
static void ask_through_shell(void)
{
    pid_t pid = fork();

    if (pid == 0)
        run_and_exit(expect_job_control);
    CHECK_INT(wait_for_exit(pid), 0);
}

static void so_has_one_that_a_script_of_the_same_job_has_started(void)
{
    open_terminal();
    CHECK_INT(wait_for_exit(start_job(ask_through_shell)), 0);
}

static void the_leader_of_a_session_has_none(void)
{
    open_terminal();
    CHECK(!lc_terminal_job_control());
}

static void expect_none(void)
{
    CHECK(!lc_terminal_job_control());
    lc_terminal_stop_self(); /* or this test would hang */
}

static void pid_1_has_none_and_does_not_stop(void)
{
    CHECK_INT(setpgid(0, 0), 0); /* should it stop its group after all, then not the whole test */
    as_init(expect_none, true);
}

static void stop_and_go_on(void)
{
    struct lc_signals signals;
    struct lc_signal signal;
    int64_t blocked;

    CHECK_INT(lc_signals_init(&signals), 0);
    blocked = status_number(getpid(), "SigBlk:", 16);
    lc_terminal_stop_self();
    CHECK_INT(status_number(getpid(), "SigBlk:", 16), blocked);
    WAIT_UNTIL(lc_signals_read(&signals, &signal) == 1 && signal.number == SIGCONT);
    CHECK_INT(lc_signals_read(&signals, &signal), 0);
}

static void a_job_stops_for_its_shell_and_goes_on_with_fg(void)
{
    int status = 0;
    pid_t job;

    open_terminal();
    job = start_job(stop_and_go_on);
    CHECK_INT(waitpid(job, &status, WUNTRACED), job);
    CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTSTP);
    kill(-job, SIGCONT);
    CHECK_INT(wait_for_exit(job), 0);
}

static void stop_with_script(void)
{
    pid_t pid = fork();

    if (pid == 0)
        run_and_exit(stop_and_go_on);
    CHECK_INT(wait_for_exit(pid), 0);
}

/* The shell sees only the script: if that went on, the terminal would seem to hang. */
static void the_whole_job_stops(void)
{
    int status = 0;
    pid_t job;

    open_terminal();
    job = start_job(stop_with_script);
    CHECK_INT(waitpid(job, &status, WUNTRACED), job);
    CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTSTP);
    kill(-job, SIGCONT);
    CHECK_INT(wait_for_exit(job), 0);
}

static void an_orphaned_group_does_not_stop(void)
{
    open_terminal(); /* a session's leader: its parent is in another session */
    lc_terminal_stop_self();
}

/* An inherited ignore of SIGTSTP is for our child, and does not keep us from stopping. */
static void stop_though_ignored(void)
{
    signal(SIGTSTP, SIG_IGN);
    stop_and_go_on();
    CHECK_INT(status_number(getpid(), "SigIgn:", 16) & INT64_C(1) << (SIGTSTP - 1),
              INT64_C(1) << (SIGTSTP - 1));
}

static void stopping_leaves_dispositions_as_they_were(void)
{
    int status = 0;
    pid_t job;

    open_terminal();
    job = start_job(stop_though_ignored);
    CHECK_INT(waitpid(job, &status, WUNTRACED), job);
    CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTSTP);
    kill(-job, SIGCONT);
    CHECK_INT(wait_for_exit(job), 0);
}

int main(void)
{
    TEST_ALONE(without_a_terminal_there_is_no_foreground);
    TEST_ALONE(the_foreground_is_ours_where_our_group_has_it);
    TEST_ALONE(it_is_found_where_all_descriptors_are_redirected);
    TEST_ALONE(in_the_background_it_is_not_and_is_not_taken);
    TEST_ALONE(a_child_gets_the_foreground_and_we_get_it_back);
    TEST_ALONE(a_child_does_not_get_it_where_we_had_not);
    TEST_ALONE(what_somebody_else_has_taken_is_not_given);
    TEST_ALONE(a_job_of_a_shell_has_job_control);
    TEST_ALONE(so_has_one_that_a_script_of_the_same_job_has_started);
    TEST_ALONE(the_leader_of_a_session_has_none);
    if (have_namespaces())
        TEST_ALONE(pid_1_has_none_and_does_not_stop);
    else
        skip("pid_1_has_none_and_does_not_stop", "user namespaces are refused");
    TEST_ALONE(a_job_stops_for_its_shell_and_goes_on_with_fg);
    TEST_ALONE(the_whole_job_stops);
    TEST_ALONE(an_orphaned_group_does_not_stop);
    TEST_ALONE(stopping_leaves_dispositions_as_they_were);
    return tap_done();
}
