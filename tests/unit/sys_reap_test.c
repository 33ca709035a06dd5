/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/reap.h"

#include "sys_fixture.h"

#include <sys/ptrace.h>
#include <sys/resource.h>

enum { ORPHANS = 500 };

/* The next that ended or stopped, waiting for it. */
static struct lc_reaped next(void)
{
    struct lc_reaped reaped = {.pid = 0};

    WAIT_UNTIL(lc_reap(&reaped) == 1);
    return reaped;
}

static void an_exit_code_is_told(void)
{
    pid_t pid = fork();
    struct lc_reaped reaped;

    if (pid == 0)
        _exit(42);
    reaped = next();
    CHECK_INT(reaped.kind, LC_REAP_EXITED);
    CHECK_INT(reaped.pid, pid);
    CHECK_INT(reaped.status, 42);
    CHECK_INT(lc_reap(&reaped), -ECHILD);
}

static void a_signal_that_killed_is_told(void)
{
    pid_t pid = fork();
    struct lc_reaped reaped;

    if (pid == 0)
        for (;;)
            pause();
    kill(pid, SIGKILL);
    reaped = next();
    CHECK_INT(reaped.kind, LC_REAP_KILLED);
    CHECK_INT(reaped.pid, pid);
    CHECK_INT(reaped.status, SIGKILL);
    CHECK(!reaped.core_dumped);
}

static void a_stop_is_told_and_the_child_is_still_there(void)
{
    pid_t pid = fork();
    struct lc_reaped reaped;

    if (pid == 0) {
        raise(SIGSTOP);
        _exit(3);
    }
    reaped = next();
    CHECK_INT(reaped.kind, LC_REAP_STOPPED);
    CHECK_INT(reaped.pid, pid);
    CHECK_INT(reaped.status, SIGSTOP);
    CHECK_INT(lc_reap(&reaped), 0);
    kill(pid, SIGCONT);
    reaped = next();
    CHECK_INT(reaped.kind, LC_REAP_EXITED);
    CHECK_INT(reaped.status, 3);
}

static void reaping_does_not_wait_for_a_child_that_lives(void)
{
    pid_t pid = fork();
    struct lc_reaped reaped;

    if (pid == 0)
        for (;;)
            pause();
    CHECK_INT(lc_reap(&reaped), 0);
    CHECK(lc_reap_has_children());
    kill(pid, SIGKILL);
    next();
}

static void without_children_it_says_so(void)
{
    struct lc_reaped reaped;

    CHECK_INT(lc_reap(&reaped), -ECHILD);
    CHECK(!lc_reap_has_children());
}

static void looking_for_children_reaps_none(void)
{
    pid_t pid = fork();
    struct lc_reaped reaped;

    if (pid == 0)
        _exit(5);
    WAIT_UNTIL(state_of(pid) == 'Z');
    CHECK(lc_reap_has_children());
    reaped = next();
    CHECK_INT(reaped.status, 5);
}

/* Made by clone(2) with another signal than SIGCHLD at its end: wait(2) alone does not see it. */
static void a_child_that_sends_no_sigchld_is_reaped(void)
{
    pid_t pid = (pid_t)syscall(SYS_clone, 0, NULL, NULL, NULL, NULL);
    struct lc_reaped reaped;

    if (pid == 0)
        _exit(9);
    reaped = next();
    CHECK_INT(reaped.pid, pid);
    CHECK_INT(reaped.status, 9);
}

static void exit_with_7(int signal)
{
    (void)signal;
    _exit(7);
}

/* PTRACE_TRACEME keeps other tracers off; then only its parent can let a signal through. */
static void a_child_that_let_itself_be_traced_by_us_gets_its_signals(void)
{
    pid_t pid = fork();
    struct lc_reaped reaped;

    if (pid == 0) {
        signal(SIGTERM, exit_with_7);
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        raise(SIGTERM);
        _exit(1);
    }
    reaped = next();
    CHECK_INT(reaped.kind, LC_REAP_EXITED);
    CHECK_INT(reaped.pid, pid);
    CHECK_INT(reaped.status, 7);
}

static void a_child_that_let_itself_be_traced_by_us_may_execute_another_program(void)
{
    pid_t pid = fork();
    struct lc_reaped reaped;

    if (pid == 0) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        execl("/bin/sh", "sh", "-c", "exit 8", NULL);
        _exit(1);
    }
    reaped = next();
    CHECK_INT(reaped.kind, LC_REAP_EXITED);
    CHECK_INT(reaped.pid, pid);
    CHECK_INT(reaped.status, 8);
}

/* Many deaths, one SIGCHLD: nobody is lost. */
static void a_subreaper_reaps_orphans_at_any_rate(void)
{
    struct lc_reaped reaped;
    unsigned orphans = 0;
    pid_t pid;

    CHECK_INT(lc_subreaper(), 0);
    pid = fork();
    if (pid == 0) {
        for (int i = 0; i < ORPHANS; i++)
            if (fork() == 0)
                _exit(1);
        _exit(0);
    }
    WAIT_UNTIL(state_of(pid) == 'Z');
    while (lc_reap_has_children()) {
        reaped = next();
        orphans += reaped.pid != pid && reaped.status == 1;
    }
    CHECK_INT(orphans, ORPHANS);
}

int main(void)
{
    TEST_ALONE(an_exit_code_is_told);
    TEST_ALONE(a_signal_that_killed_is_told);
    TEST_ALONE(a_stop_is_told_and_the_child_is_still_there);
    TEST_ALONE(reaping_does_not_wait_for_a_child_that_lives);
    TEST_ALONE(without_children_it_says_so);
    TEST_ALONE(looking_for_children_reaps_none);
    TEST_ALONE(a_child_that_sends_no_sigchld_is_reaped);
    TEST_ALONE(a_child_that_let_itself_be_traced_by_us_gets_its_signals);
    TEST_ALONE(a_child_that_let_itself_be_traced_by_us_may_execute_another_program);
    TEST_ALONE(a_subreaper_reaps_orphans_at_any_rate);
    return tap_done();
}
