/* SPDX-License-Identifier: Apache-2.0 */
#include "sys_spawn.h"

#include <ftw.h>
#include <limits.h>
#include <sys/stat.h>

static char directory[] = "/tmp/lc-spawn-XXXXXX";

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
    TEST_ALONE(a_program_that_is_not_there_is_127_at_once);
    TEST_ALONE(a_program_that_cannot_be_executed_is_126_at_once);
    TEST_ALONE(what_is_no_program_is_126_and_not_given_to_a_shell);
    TEST_ALONE(a_script_whose_interpreter_is_missing_is_127);
    TEST_ALONE(arguments_that_are_too_long_are_126);
    TEST_ALONE(path_is_searched_as_execvp_does);
    TEST_ALONE(a_path_element_that_is_too_long_is_passed_over);
    TEST_ALONE(the_result_of_exec_is_not_known_before_it_is);
    remove_directory();
    return tap_done();
}
