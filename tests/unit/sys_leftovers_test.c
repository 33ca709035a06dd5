/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/leftovers.h"

#include "../apps/deny.h"
#include "sys/proc_stat.h"
#include "sys/reap.h"
#include "sys_fixture.h"

static struct lc_leftovers signal_all(int signal)
{
    struct lc_leftovers found;

    CHECK_INT(lc_leftovers_signal(signal, &found), 0);
    return found;
}

static void wait_for_ever(void)
{
    for (;;)
        pause();
}

/* Forks a child that forks a daemon, in a session of its own, which runs `life`; returns when the
 * daemon is an orphan and ours. Its PID. */
static pid_t leave_daemon(void (*life)(void))
{
    struct lc_reaped reaped = {.pid = 0};
    pid_t middle, found = 0;
    int told[2];

    CHECK_INT(lc_subreaper(), 0);
    CHECK_INT(pipe2(told, O_CLOEXEC), 0);
    middle = fork();
    if (middle == 0) {
        pid_t pid;

        setsid();
        pid = fork();
        if (pid == 0) {
            close(told[1]);
            life();
        }
        (void)!write(told[1], &pid, sizeof pid);
        _exit(0);
    }
    WAIT_UNTIL(lc_reap(&reaped) == 1 && reaped.pid == middle);
    CHECK_INT(read(told[0], &found, sizeof found), sizeof found);
    close(told[0]);
    close(told[1]);
    return found;
}

static void check_end(pid_t pid, int status)
{
    struct lc_reaped reaped = {.pid = 0};

    WAIT_UNTIL(lc_reap(&reaped) == 1 && reaped.kind != LC_REAP_STOPPED);
    CHECK_INT(reaped.pid, pid);
    CHECK_INT(reaped.status, status);
}

static void with_nobody_left_it_finds_nobody(void)
{
    struct lc_leftovers found = signal_all(0);

    CHECK_INT(found.alive, 0);
    CHECK_INT(found.zombies, 0);
    CHECK_INT(found.refused, 0);
    CHECK_INT(found.example, 0);
}

static void a_daemon_in_a_session_of_its_own_is_found_and_signalled(void)
{
    pid_t daemon = leave_daemon(wait_for_ever);
    struct lc_leftovers found = signal_all(0);

    CHECK_INT(found.alive, 1);
    CHECK_INT(found.example, daemon);
    CHECK(strncmp(found.example_name, "sys_leftovers", 13) == 0);
    CHECK_INT(signal_all(SIGTERM).alive, 1);
    check_end(daemon, SIGTERM);
    CHECK_INT(signal_all(SIGTERM).alive, 0);
}

static void have_grandchildren(void)
{
    if (fork() > 0)
        if (fork() > 0)
            wait_for_ever();
    fork();
    wait_for_ever();
}

/* Two children of the daemon's, and a child of each of these. */
static void descendants_of_any_depth_are_found_and_signalled(void)
{
    leave_daemon(have_grandchildren);
    struct lc_reaped reaped;

    WAIT_UNTIL(signal_all(0).alive == 5);
    CHECK_INT(signal_all(SIGKILL).alive, 5);
    for (int i = 0; i < 5; i++)
        WAIT_UNTIL(lc_reap(&reaped) == 1 && reaped.status == SIGKILL);
    CHECK_INT(signal_all(0).alive, 0);
}

static void stop_itself(void)
{
    raise(SIGSTOP);
    wait_for_ever();
}

static void a_stopped_one_is_continued_so_that_the_signal_reaches_it(void)
{
    pid_t daemon = leave_daemon(stop_itself);

    WAIT_UNTIL(state_of(daemon) == 'T');
    signal_all(0);
    CHECK_INT(state_of(daemon), 'T');
    CHECK_INT(signal_all(SIGTERM).alive, 1);
    check_end(daemon, SIGTERM);
}

static void have_zombie(void)
{
    if (fork() == 0)
        _exit(0);
    wait_for_ever();
}

static void a_zombie_whose_parent_lives_is_told_apart(void)
{
    pid_t daemon = leave_daemon(have_zombie);

    WAIT_UNTIL(signal_all(0).zombies == 1);
    CHECK_INT(signal_all(0).alive, 1);
    CHECK_INT(signal_all(0).example, daemon);
    kill(daemon, SIGKILL);
}

static void exit_at_once(void)
{
    _exit(0);
}

static void one_that_is_not_reaped_yet_counts(void)
{
    pid_t daemon = leave_daemon(exit_at_once);

    WAIT_UNTIL(state_of(daemon) == 'Z');
    CHECK_INT(signal_all(0).alive, 1);
    CHECK_INT(signal_all(0).zombies, 0);
    check_end(daemon, 0);
    CHECK_INT(signal_all(0).alive, 0);
}

/* A sibling: same parent, same group, same session, but not ours. */
static pid_t foreigner;

static void a_process_that_is_not_ours_is_never_signalled(void)
{
    pid_t daemon = leave_daemon(wait_for_ever);

    CHECK_INT(signal_all(SIGKILL).alive, 1);
    check_end(daemon, SIGKILL);
    CHECK_INT(signal_all(SIGKILL).alive, 0);
    CHECK_INT(kill(foreigner, 0), 0);
    CHECK(state_of(foreigner) == 'S');
}

static void where_pidfd_open_is_refused_it_works_all_the_same(void)
{
    pid_t daemon = leave_daemon(stop_itself);

    WAIT_UNTIL(state_of(daemon) == 'T');
    CHECK_INT(lc_deny(SYS_pidfd_open, ENOSYS), 0);
    CHECK_INT(signal_all(SIGTERM).alive, 1);
    check_end(daemon, SIGTERM);
}

static void one_that_we_may_not_signal_is_told_apart(void)
{
    pid_t daemon = leave_daemon(wait_for_ever);

    CHECK_INT(setresuid(65534, 65534, 0), 0);
    struct lc_leftovers found = signal_all(SIGTERM);

    CHECK_INT(found.refused, 1);
    CHECK_INT(found.alive, 0);
    CHECK_INT(found.example, daemon);
    CHECK_INT(seteuid(0), 0);
    CHECK_INT(kill(daemon, SIGKILL), 0);
}

static void it_leaves_no_descriptor_open(void)
{
    uint64_t before = open_fds(getpid());

    signal_all(0);
    CHECK(open_fds(getpid()) == before);
}

/* Without /proc, not PID 1: nobody can be found, but that somebody is there is known. */
static void hide_proc(void)
{
    CHECK(enter_namespaces(0));
    CHECK_INT(mount("none", "/proc", "tmpfs", 0, NULL), 0);
}

static void without_proc_it_says_that_it_cannot_find_them(void)
{
    pid_t daemon = leave_daemon(wait_for_ever);
    struct lc_leftovers found;

    hide_proc();
    CHECK_INT(lc_leftovers_signal(SIGTERM, &found), -ENOENT);
    CHECK_INT(found.alive, 1);
    kill(daemon, SIGKILL);
    check_end(daemon, SIGKILL);
    CHECK_INT(lc_leftovers_signal(SIGTERM, &found), 0);
    CHECK_INT(found.alive, 0);
}

/* The /proc of the namespace above has other numbers, which are other processes. */
static void see_the_wrong_proc(void)
{
    struct lc_leftovers found;
    pid_t pid = fork();

    if (pid == 0)
        wait_for_ever();
    CHECK_INT(lc_leftovers_signal(0, &found), 0);
    CHECK_INT(found.alive, 1);
    CHECK_INT(found.example, 0);
}

static void a_proc_of_another_namespace_is_not_believed(void)
{
    CHECK(enter_namespaces(CLONE_NEWPID));
    pid_t pid = fork();

    if (pid == 0)
        run_and_exit(see_the_wrong_proc);
    CHECK_INT(wait_for_exit(pid), 0);
}

/*
 * As PID 1.
 */

static void check_as_init(void)
{
    pid_t daemon = leave_daemon(stop_itself);
    struct lc_leftovers found;

    CHECK_INT(getpid(), 1);
    WAIT_UNTIL(state_of(daemon) == 'T');
    found = signal_all(0);
    CHECK_INT(found.alive, 1);
    CHECK_INT(found.example, daemon);
    CHECK_INT(signal_all(SIGTERM).alive, 1);
    check_end(daemon, SIGTERM);
    found = signal_all(SIGKILL);
    CHECK_INT(found.alive, 0);
    CHECK_INT(found.zombies, 0);
}

static void check_zombie_as_init(void)
{
    pid_t daemon = leave_daemon(have_zombie);

    WAIT_UNTIL(signal_all(0).zombies == 1);
    CHECK_INT(signal_all(0).alive, 1);
    CHECK_INT(signal_all(0).example, daemon);
}

static void check_as_init_without_proc(void)
{
    pid_t daemon = leave_daemon(wait_for_ever);

    CHECK_INT(signal_all(0).alive, 1);
    CHECK_INT(signal_all(SIGTERM).alive, 1);
    check_end(daemon, SIGTERM);
    CHECK_INT(signal_all(SIGTERM).alive, 0);
}

static void as_pid_1_the_whole_namespace_is_meant(void)
{
    as_init(check_as_init, true);
}

static void as_pid_1_a_zombie_whose_parent_lives_is_told_apart(void)
{
    as_init(check_zombie_as_init, true);
}

static void as_pid_1_without_proc_it_works_by_kill_and_wait(void)
{
    as_init(check_as_init_without_proc, false);
}

/*
 * /proc/PID/stat.
 */

#define STAT_REST " S 3 4 5 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 2 0 12345 4096 1 18446744073709551615"

static void check_stat_name(const char *text, const char *name)
{
    struct lc_proc_stat stat;

    CHECK_INT(lc_proc_stat_parse(text, &stat), 0);
    CHECK_INT(stat.pid, 17);
    CHECK_INT(stat.parent, 3);
    CHECK_INT(stat.state, 'S');
    CHECK_INT(stat.threads, 2);
    CHECK_INT(stat.start, 12345);
    CHECK(!stat.kernel_thread);
    CHECK_STR(stat.name, name);
}

static void a_name_may_hold_brackets_and_spaces(void)
{
    check_stat_name("17 (web)" STAT_REST, "web");
    check_stat_name("17 (a b)" STAT_REST, "a b");
    check_stat_name("17 ())" STAT_REST, ")");
    check_stat_name("17 (x) R 1 (y)" STAT_REST, "x) R 1 (y");
    check_stat_name("17 ()" STAT_REST, "");
    check_stat_name("17 (longer than a name may be)" STAT_REST, "longer than a n");
    check_stat_name("17 (line\nend)" STAT_REST, "line\nend");
}

static void a_broken_stat_is_refused(void)
{
    static const char *const texts[] = {
        "", "17", "17 (web", "17 web) S 3", "17 (web) S", ")17(", ("x (web)" STAT_REST)};
    struct lc_proc_stat stat;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        CHECK_INT(lc_proc_stat_parse(texts[i], &stat), -EBADMSG);
}

static void a_leader_that_ended_before_its_threads_is_alive(void)
{
    CHECK(lc_proc_stat_is_dead(&(struct lc_proc_stat){.state = 'Z', .threads = 1}));
    CHECK(!lc_proc_stat_is_dead(&(struct lc_proc_stat){.state = 'Z', .threads = 2}));
    CHECK(!lc_proc_stat_is_dead(&(struct lc_proc_stat){.state = 'D', .threads = 1}));
}

static void test_family(void)
{
    TEST_ALONE(with_nobody_left_it_finds_nobody);
    TEST_ALONE(a_daemon_in_a_session_of_its_own_is_found_and_signalled);
    TEST_ALONE(descendants_of_any_depth_are_found_and_signalled);
    TEST_ALONE(a_stopped_one_is_continued_so_that_the_signal_reaches_it);
    TEST_ALONE(a_zombie_whose_parent_lives_is_told_apart);
    TEST_ALONE(one_that_is_not_reaped_yet_counts);
    TEST_ALONE(a_process_that_is_not_ours_is_never_signalled);
    TEST_ALONE(where_pidfd_open_is_refused_it_works_all_the_same);
    TEST_ALONE(it_leaves_no_descriptor_open);
    if (geteuid() == 0)
        TEST_ALONE(one_that_we_may_not_signal_is_told_apart);
    else
        skip("one_that_we_may_not_signal_is_told_apart", "needs root");
}

static void test_namespaces(void)
{
    TEST_ALONE(without_proc_it_says_that_it_cannot_find_them);
    TEST_ALONE(a_proc_of_another_namespace_is_not_believed);
    TEST_ALONE(as_pid_1_the_whole_namespace_is_meant);
    TEST_ALONE(as_pid_1_a_zombie_whose_parent_lives_is_told_apart);
    TEST_ALONE(as_pid_1_without_proc_it_works_by_kill_and_wait);
}

int main(void)
{
    TEST(a_name_may_hold_brackets_and_spaces);
    TEST(a_broken_stat_is_refused);
    TEST(a_leader_that_ended_before_its_threads_is_alive);
    foreigner = fork();
    if (foreigner == 0)
        wait_for_ever();
    test_family();
    kill(foreigner, SIGKILL);
    waitpid(foreigner, NULL, 0);
    if (have_namespaces())
        test_namespaces();
    else
        skip("as_pid_1", "user namespaces are refused");
    return tap_done();
}
