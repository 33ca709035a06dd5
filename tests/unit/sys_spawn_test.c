/* SPDX-License-Identifier: Apache-2.0 */
#include "../apps/deny.h"
#include "base/mask.h"
#include "sys_spawn.h"

#include <sys/resource.h>

static struct lc_child start_sleep(void)
{
    struct lc_spawn spec = spec_of(ARGV("sleep", "100"));

    return start(&spec);
}

static void end(struct lc_child *child)
{
    CHECK_INT(lc_child_signal(child, SIGKILL, false), 0);
    CHECK_INT(wait_for_exit(child->pid), 128 + SIGKILL);
    lc_child_deinit(child);
}

static void a_program_runs_and_its_exit_code_is_its_own(void)
{
    struct lc_spawn spec = spec_of(ARGV("sh", "-c", "exit 7"));
    struct lc_child child = start(&spec);

    CHECK_INT(wait_for_exit(child.pid), 7);
    lc_child_deinit(&child);
}

static void mask_and_dispositions_are_those_that_we_were_started_with(void)
{
    uint64_t mask = LC_MASK_OF(SIGUSR1) | LC_MASK_OF(32) | LC_MASK_OF(33) | LC_MASK_OF(64);
    struct lc_spawn spec = spec_of(ARGV("sleep", "100"));
    struct lc_signals signals;
    struct lc_child child;
    int64_t ignored;

    lc_mask_change(SIG_SETMASK, &mask, NULL);
    signal(SIGHUP, SIG_IGN);
    signal(SIGCHLD, SIG_IGN);
    ignored = status_number(getpid(), "SigIgn:", 16); /* with what started the test */
    lc_signal_state_read(&spec.signals);
    CHECK_INT(lc_signals_init(&signals), 0);
    child = start(&spec);
    CHECK(status_number(child.pid, "SigBlk:", 16) == (int64_t)mask);
    CHECK_INT(status_number(child.pid, "SigIgn:", 16), ignored);
    end(&child);
    lc_signals_deinit(&signals);
}

static void reset_signals_blocks_nothing_and_ignores_nothing(void)
{
    static const uint64_t ignore[8] = {1 /* SIG_IGN */};
    struct lc_spawn spec = spec_of(ARGV("sleep", "100"));
    struct lc_signals signals;
    struct lc_child child;

    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    CHECK_INT(syscall(SYS_rt_sigaction, 33, ignore, NULL, 8), 0);
    spec.signals = (struct lc_signal_state){.mask = LC_MASK_OF(SIGUSR1), .chld_ignored = true};
    spec.reset_signals = true;
    CHECK_INT(lc_signals_init(&signals), 0);
    child = start(&spec);
    CHECK_INT(status_number(child.pid, "SigBlk:", 16), 0);
    CHECK_INT(status_number(child.pid, "SigIgn:", 16), 0);
    end(&child);
    lc_signals_deinit(&signals);
}

static void it_leads_a_group_of_its_own_as_soon_as_spawn_returns(void)
{
    struct lc_spawn spec = spec_of(ARGV("sleep", "100"));

    for (int i = 0; i < 20; i++) {
        struct lc_child child = spawn(&spec);

        CHECK_INT(getpgid(child.pid), child.pid);
        CHECK_INT(lc_child_signal(&child, SIGKILL, true), 0);
        CHECK_INT(wait_for_exit(child.pid), 128 + SIGKILL);
        lc_child_deinit(&child);
    }
}

static void it_gets_descriptors_0_to_2_and_no_other(void)
{
    char *nothing[] = {NULL};
    struct lc_child other, child;

    CHECK_INT(lc_descriptors_inherit(nothing), 0);
    other = start_sleep();
    CHECK(open("/", O_RDONLY | O_CLOEXEC) >= 0);
    child = start_sleep();
    WAIT_UNTIL(open_fds(child.pid) == 7); /* the dynamic linker opens some, and closes them */
    end(&child);
    end(&other);
}

static void a_descriptor_that_was_closed_is_closed_in_it_too(void)
{
    char *nothing[] = {NULL};
    struct lc_child child;

    close(0);
    CHECK_INT(lc_descriptors_inherit(nothing), 0);
    child = start_sleep();
    WAIT_UNTIL(open_fds(child.pid) == 6);
    end(&child);
}

static void check_environment(pid_t pid, const char *entry, bool expected)
{
    char path[64], text[65536];
    size_t length, size = strlen(entry) + 1;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/environ", pid);
    file = fopen(path, "re");
    length = file ? fread(text, 1, sizeof text, file) : 0;
    CHECK(length > 0);
    CHECK((memmem(text, length, entry, size) != NULL) == expected);
    if (file)
        fclose(file);
}

static void listening_descriptors_are_passed_on_under_its_own_pid(void)
{
    char own[32], wanted[32];
    char **environment = ARGV(own, "LISTEN_FDS=2", "LISTEN_FDNAMES=a:b", "LISTEN_PIDFDID=9");
    struct lc_spawn spec = spec_of(ARGV("sleep", "100"));
    struct lc_child child;

    snprintf(own, sizeof own, "LISTEN_PID=%d", getpid());
    close(3);
    close(4);
    CHECK_INT(open("/", O_RDONLY), 3);
    CHECK_INT(open("/", O_RDONLY), 4);
    CHECK_INT(lc_descriptors_inherit(environment), 2);
    spec.envp = environment;
    spec.listen_fds = 2;
    child = start(&spec);
    WAIT_UNTIL(open_fds(child.pid) == 31);
    snprintf(wanted, sizeof wanted, "LISTEN_PID=%d", child.pid);
    check_environment(child.pid, wanted, true);
    check_environment(child.pid, "LISTEN_FDS=2", true);
    check_environment(child.pid, "LISTEN_FDNAMES=a:b", true);
    check_environment(child.pid, "LISTEN_PIDFDID=9", false);
    check_environment(child.pid, own, false);
    end(&child);
    CHECK(fcntl(3, F_GETFD) & FD_CLOEXEC); /* in us they stay close-on-exec */
}

static void without_them_it_is_not_told_of_any(void)
{
    char **environment = ARGV("LISTEN_PID=1", "LISTEN_FDS=2", "LISTEN_FDNAMES=a:b", "OTHER=1");
    struct lc_spawn spec = spec_of(ARGV("/bin/sleep", "100"));
    struct lc_child child;

    spec.envp = environment;
    child = start(&spec);
    check_environment(child.pid, "OTHER=1", true);
    for (int i = 0; i < 3; i++)
        check_environment(child.pid, environment[i], false);
    end(&child);
}

static void a_signal_right_after_the_start_reaches_it(void)
{
    struct lc_spawn spec = spec_of(ARGV("sleep", "100"));
    struct lc_signals signals;

    CHECK_INT(lc_signals_init(&signals), 0);
    for (int i = 0; i < 20; i++) {
        struct lc_child child = spawn(&spec);

        CHECK_INT(lc_child_signal(&child, SIGTERM, false), 0);
        CHECK_INT(wait_for_exit(child.pid), 128 + SIGTERM);
        lc_child_deinit(&child);
    }
    lc_signals_deinit(&signals);
}

static void a_signal_to_the_group_reaches_all_of_it(void)
{
    struct lc_spawn spec = spec_of(ARGV("sh", "-c", "sleep 100 & echo up; exec sleep 100"));
    struct lc_child child;
    struct lc_reaped reaped;
    unsigned killed = 0;
    char text[3];
    int out[2];

    CHECK_INT(lc_subreaper(), 0);
    CHECK_INT(pipe2(out, O_CLOEXEC), 0);
    dup2(out[1], STDOUT_FILENO);
    child = start(&spec);
    CHECK_INT(read(out[0], text, sizeof text), 3);
    CHECK_INT(lc_child_signal(&child, SIGTERM, true), 0);
    WAIT_UNTIL(lc_reap(&reaped) == 1 && reaped.status == SIGTERM && ++killed == 2);
}

static void what_has_been_reaped_gets_no_signal(void)
{
    struct lc_spawn spec = spec_of(ARGV("true"));
    struct lc_child child = start(&spec);

    CHECK(child.pidfd >= 0);
    CHECK(fcntl(child.pidfd, F_GETFD) & FD_CLOEXEC);
    CHECK_INT(wait_for_exit(child.pid), 0);
    CHECK_INT(lc_child_signal(&child, SIGKILL, false), -ESRCH);
    lc_child_deinit(&child);
}

static void where_pidfd_open_is_refused_signals_go_by_kill(void)
{
    struct lc_child child;

    CHECK_INT(lc_deny(SYS_pidfd_open, EPERM), 0);
    child = start_sleep();
    CHECK_INT(child.pidfd, -1);
    end(&child);
}

static void where_pidfd_send_signal_is_refused_signals_go_by_kill(void)
{
    struct lc_child child;

    CHECK_INT(lc_deny(SYS_pidfd_send_signal, ENOSYS), 0);
    child = start_sleep();
    CHECK(child.pidfd >= 0);
    end(&child);
    CHECK_INT(lc_deny(SYS_pidfd_send_signal, EPERM), 0);
    child = start_sleep();
    end(&child);
}

static void where_fork_fails_the_error_is_told_and_nothing_leaks(void)
{
    struct lc_spawn spec = spec_of(ARGV("true"));
    uint64_t before = open_fds(getpid());
    struct lc_child child;

    CHECK_INT(lc_deny(SYS_clone, EAGAIN), 0);
    CHECK_INT(lc_child_spawn(&child, &spec), -EAGAIN);
    CHECK(open_fds(getpid()) == before);
}

static void a_failure_before_exec_is_125_and_names_its_call(void)
{
    struct lc_spawn spec = spec_of(ARGV("true"));
    struct lc_exec_error error;
    struct lc_child child;

    CHECK_INT(lc_deny(SYS_setpgid, EPERM), 0);
    child = spawn(&spec);
    CHECK_INT(exec_result(&child, &error), -ECHILD);
    CHECK_STR(error.operation, "setpgid");
    CHECK_INT(error.error, EPERM);
    CHECK_INT(error.exit_code, 125);
    CHECK_INT(wait_for_exit(child.pid), 125);
}

static void sixteen_descriptors_are_enough(void)
{
    struct rlimit limit = {.rlim_cur = 16, .rlim_max = 16};
    char *nothing[] = {NULL};
    struct lc_child children[3];

    CHECK_INT(lc_descriptors_inherit(nothing), 0);
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
    for (int i = 0; i < 3; i++)
        children[i] = start_sleep();
    for (int i = 0; i < 3; i++)
        end(&children[i]);
}

/* Where none are left, the child runs all the same, or there is none and we know. */
static void without_descriptors_spawn_fails_and_leaves_no_child(void)
{
    struct lc_spawn spec = spec_of(ARGV("true"));
    struct lc_child child;

    while (dup(0) >= 0)
        continue;
    CHECK_INT(lc_child_spawn(&child, &spec), -EMFILE);
    CHECK(!lc_reap_has_children());
}

int main(void)
{
    TEST_ALONE(a_program_runs_and_its_exit_code_is_its_own);
    TEST_ALONE(mask_and_dispositions_are_those_that_we_were_started_with);
    TEST_ALONE(reset_signals_blocks_nothing_and_ignores_nothing);
    TEST_ALONE(it_leads_a_group_of_its_own_as_soon_as_spawn_returns);
    TEST_ALONE(it_gets_descriptors_0_to_2_and_no_other);
    TEST_ALONE(a_descriptor_that_was_closed_is_closed_in_it_too);
    TEST_ALONE(listening_descriptors_are_passed_on_under_its_own_pid);
    TEST_ALONE(without_them_it_is_not_told_of_any);
    TEST_ALONE(a_signal_right_after_the_start_reaches_it);
    TEST_ALONE(a_signal_to_the_group_reaches_all_of_it);
    TEST_ALONE(what_has_been_reaped_gets_no_signal);
    TEST_ALONE(where_pidfd_open_is_refused_signals_go_by_kill);
    TEST_ALONE(where_pidfd_send_signal_is_refused_signals_go_by_kill);
    TEST_ALONE(where_fork_fails_the_error_is_told_and_nothing_leaks);
    TEST_ALONE(a_failure_before_exec_is_125_and_names_its_call);
    TEST_ALONE(sixteen_descriptors_are_enough);
    TEST_ALONE(without_descriptors_spawn_fails_and_leaves_no_child);
    return tap_done();
}
