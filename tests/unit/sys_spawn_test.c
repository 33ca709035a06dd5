/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/process.h"

#include "../apps/deny.h"
#include "sys/mask.h"
#include "sys_fixture.h"

#include <ftw.h>
#include <limits.h>
#include <sys/resource.h>
#include <sys/stat.h>

static char directory[] = "/tmp/lc-spawn-XXXXXX";

/* execve(2) takes what it does not change as char *. */
#define ARGV(...) ((char **)(uintptr_t)(const char *[]){__VA_ARGS__, NULL})

static struct lc_spawn spec_of(char *const *argv)
{
    return (struct lc_spawn){.argv = argv, .envp = environ, .terminal = -1};
}

static struct lc_child spawn(const struct lc_spawn *spec)
{
    struct lc_child child = {.pidfd = -1, .exec_fd = -1};

    CHECK_INT(lc_child_spawn(&child, spec), 0);
    return child;
}

static int exec_result(struct lc_child *child, struct lc_exec_error *ret)
{
    CHECK(wait_readable(child->exec_fd));
    return lc_child_exec_result(child, ret);
}

/* Starts `spec` and waits until its program runs. */
static struct lc_child start(const struct lc_spawn *spec)
{
    struct lc_child child = spawn(spec);
    struct lc_exec_error error;

    CHECK_INT(exec_result(&child, &error), 1);
    CHECK_INT(child.exec_fd, -1);
    return child;
}

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

static void check_failure_in(const char *path, const char *program, int error, int exit_code)
{
    char variable[PATH_MAX + 8];
    char *environment[] = {variable, NULL};
    struct lc_spawn spec = spec_of(ARGV(program));
    struct lc_exec_error found = {.error = 0};
    struct lc_child child;

    snprintf(variable, sizeof variable, "PATH=%s", path);
    spec.envp = environment;
    child = spawn(&spec);
    CHECK_INT(exec_result(&child, &found), -ECHILD);
    CHECK_INT(found.error, error);
    CHECK_INT(found.exit_code, exit_code);
    CHECK_STR(found.operation, "execve");
    CHECK_INT(wait_for_exit(child.pid), exit_code);
    lc_child_deinit(&child);
}

static void check_failure(const char *program, int error, int exit_code)
{
    check_failure_in("/usr/bin:/bin", program, error, exit_code);
}

static const char *make_file(const char *name, const char *text, mode_t mode)
{
    static char path[PATH_MAX];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", directory, name);
    file = fopen(path, "we");
    CHECK(file && fputs(text, file) >= 0 && fclose(file) == 0 && chmod(path, mode) == 0);
    return path;
}

static const char *make_program(const char *subdirectory, const char *text, mode_t mode)
{
    char name[64];

    snprintf(name, sizeof name, "%s/%s", directory, subdirectory);
    CHECK(mkdir(name, 0755) == 0 || errno == EEXIST);
    snprintf(name, sizeof name, "%s/program", subdirectory);
    return make_file(name, text, mode);
}

static void a_program_runs_and_its_exit_code_is_its_own(void)
{
    struct lc_spawn spec = spec_of(ARGV("sh", "-c", "exit 7"));
    struct lc_child child = start(&spec);

    CHECK_INT(wait_for_exit(child.pid), 7);
    lc_child_deinit(&child);
}

static void a_program_that_is_not_there_is_127_at_once(void)
{
    check_failure("lastcall-no-such-program", ENOENT, 127);
    check_failure("/no/such/program", ENOENT, 127);
    check_failure("", ENOENT, 127);
    check_failure("/etc/passwd/program", ENOTDIR, 127);
}

static void a_program_that_cannot_be_executed_is_126_at_once(void)
{
    check_failure("/etc", EACCES, 126);
    check_failure(make_file("not-executable", "#!/bin/sh\n", 0644), EACCES, 126);
}

static void what_is_no_program_is_126_and_not_given_to_a_shell(void)
{
    check_failure(make_file("no-program", "exit 7\n", 0755), ENOEXEC, 126);
    check_failure(make_file("empty", "", 0755), ENOEXEC, 126);
    make_program("text", "exit 7\n", 0755);
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/text", directory);
    check_failure_in(path, "program", ENOEXEC, 126);
}

static void a_script_whose_interpreter_is_missing_is_127(void)
{
    check_failure(make_file("broken", "#!/no/such/interpreter\n", 0755), ENOENT, 127);
}

static void arguments_that_are_too_long_are_126(void)
{
    size_t size = 256 * 1024; /* one argument may have 32 pages (execve(2)) */
    char *argument = malloc(size);
    struct lc_spawn spec = spec_of(ARGV("true", argument));
    struct lc_exec_error error;
    struct lc_child child;

    memset(argument, 'x', size - 1);
    argument[size - 1] = '\0';
    child = spawn(&spec);
    CHECK_INT(exec_result(&child, &error), -ECHILD);
    CHECK_INT(error.error, E2BIG);
    CHECK_INT(error.exit_code, 126);
    CHECK_INT(wait_for_exit(child.pid), 126);
    free(argument);
}

/* Runs "program" of ours with that PATH (NULL: unset), in our directory; its exit code. */
static int run_along(const char *path, const char *program)
{
    char variable[PATH_MAX + 8];
    char *environment[] = {path ? variable : NULL, NULL};
    struct lc_spawn spec = spec_of(ARGV(program));
    struct lc_exec_error error;
    struct lc_child child;

    snprintf(variable, sizeof variable, "PATH=%s", path ? path : "");
    spec.envp = environment;
    child = spawn(&spec);
    CHECK(exec_result(&child, &error) != 0);
    lc_child_deinit(&child);
    return wait_for_exit(child.pid);
}

static void path_is_searched_as_execvp_does(void)
{
    CHECK_INT(chdir(directory), 0);
    make_program("good", "#!/bin/sh\nexit 11\n", 0755);
    make_program("denied", "#!/bin/sh\nexit 12\n", 0644);
    make_file("file", "", 0644);
    CHECK_INT(run_along("good", "program"), 11);
    CHECK_INT(run_along("/no/such:file:good", "program"), 11);
    CHECK_INT(run_along("denied:good", "program"), 11);
    CHECK_INT(run_along("denied:/no/such", "program"), 126);
    CHECK_INT(run_along("/no/such:file", "program"), 127);
    CHECK_INT(run_along(NULL, "true"), 0);
    CHECK_INT(run_along("", "true"), 127);
    CHECK_INT(chdir("good"), 0);
    CHECK_INT(run_along("/no/such:", "program"), 11);
    CHECK_INT(run_along(":/no/such", "program"), 11);
    CHECK_INT(run_along("/no/such::/none", "program"), 11);
}

static void a_path_element_that_is_too_long_is_passed_over(void)
{
    char path[2 * PATH_MAX] = "";

    CHECK_INT(chdir(directory), 0);
    make_program("good", "#!/bin/sh\nexit 11\n", 0755);
    memset(path, 'x', PATH_MAX);
    strcpy(path + PATH_MAX, ":good");
    char *environment[] = {NULL, NULL};
    struct lc_spawn spec = spec_of(ARGV("program"));

    CHECK(asprintf(&environment[0], "PATH=%s", path) > 0);
    spec.envp = environment;
    struct lc_child child = start(&spec);

    CHECK_INT(wait_for_exit(child.pid), 11);
    free(environment[0]);
}

static void the_result_of_exec_is_not_known_before_it_is(void)
{
    struct lc_exec_error error;
    int ends[2];

    CHECK_INT(pipe2(ends, O_NONBLOCK), 0);
    struct lc_child child = {.pid = 1, .pidfd = -1, .exec_fd = ends[0]};

    CHECK_INT(lc_child_exec_result(&child, &error), 0);
    close(ends[1]);
    CHECK_INT(lc_child_exec_result(&child, &error), 1);
}

static void mask_and_dispositions_are_those_that_we_were_started_with(void)
{
    uint64_t mask = LC_MASK_OF(SIGUSR1) | LC_MASK_OF(32) | LC_MASK_OF(33) | LC_MASK_OF(64);
    struct lc_spawn spec = spec_of(ARGV("sleep", "100"));
    struct lc_signals signals;
    struct lc_child child;

    lc_mask_change(SIG_SETMASK, &mask, NULL);
    signal(SIGHUP, SIG_IGN);
    signal(SIGCHLD, SIG_IGN);
    lc_signal_state_read(&spec.signals);
    CHECK_INT(lc_signals_init(&signals), 0);
    child = start(&spec);
    CHECK(status_number(child.pid, "SigBlk:", 16) == (int64_t)mask);
    CHECK_INT(status_number(child.pid, "SigIgn:", 16), LC_MASK_OF(SIGHUP) | LC_MASK_OF(SIGCHLD));
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

static void it_dies_with_us_where_asked(void)
{
    struct lc_reaped reaped = {.pid = 0};
    pid_t middle;
    int ready[2];
    char byte;

    CHECK_INT(lc_subreaper(), 0);
    CHECK_INT(pipe2(ready, O_CLOEXEC), 0);
    middle = fork();
    if (middle == 0) {
        struct lc_spawn spec = spec_of(ARGV("sleep", "100"));

        spec.parent_death_signal = SIGTERM;
        start(&spec);
        _exit(0);
    }
    close(ready[1]);
    CHECK_INT(read(ready[0], &byte, 1), 0);
    WAIT_UNTIL(lc_reap(&reaped) == 1 && reaped.pid != middle);
    CHECK_INT(reaped.kind, LC_REAP_KILLED);
    CHECK_INT(reaped.status, SIGTERM);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void)status;
    (void)type;
    (void)where;
    return remove(path);
}

static void remove_directory(void)
{
    nftw(directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
    if (!mkdtemp(directory))
        return EXIT_FAILURE;
    TEST_ALONE(a_program_runs_and_its_exit_code_is_its_own);
    TEST_ALONE(a_program_that_is_not_there_is_127_at_once);
    TEST_ALONE(a_program_that_cannot_be_executed_is_126_at_once);
    TEST_ALONE(what_is_no_program_is_126_and_not_given_to_a_shell);
    TEST_ALONE(a_script_whose_interpreter_is_missing_is_127);
    TEST_ALONE(arguments_that_are_too_long_are_126);
    TEST_ALONE(path_is_searched_as_execvp_does);
    TEST_ALONE(a_path_element_that_is_too_long_is_passed_over);
    TEST_ALONE(the_result_of_exec_is_not_known_before_it_is);
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
    TEST_ALONE(it_dies_with_us_where_asked);
    remove_directory();
    return tap_done();
}
