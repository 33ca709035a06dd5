/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/descriptors.h"

#include "../apps/deny.h"
#include "sys_fixture.h"

static char *nothing[] = {NULL};

/* Descriptors 3, 7, 40 and, beyond what a small table has, 900. */
static void open_some(void)
{
    static const int numbers[] = {3, 7, 40, 900};

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        CHECK_INT(dup2(1, numbers[i]), numbers[i]);
}

static void check_closed(void)
{
    CHECK_INT(lc_descriptors_inherit(nothing), 0);
    for (int fd = 0; fd < 3; fd++)
        CHECK(fcntl(fd, F_GETFD) >= 0);
    for (int fd = 3; fd < 1024; fd++)
        CHECK(fcntl(fd, F_GETFD) < 0);
}

static void inherited_descriptors_are_closed(void)
{
    open_some();
    check_closed();
}

static void inherited_descriptors_are_closed_where_close_range_is_refused(void)
{
    CHECK_INT(lc_deny(SYS_close_range, ENOSYS), 0);
    open_some();
    check_closed();
}

/* openat(2) is refused in place of a /proc that is not mounted. */
static void inherited_descriptors_are_closed_without_proc_and_close_range(void)
{
    CHECK_INT(lc_deny(SYS_close_range, EPERM), 0);
    CHECK_INT(lc_deny(SYS_openat, ENOENT), 0);
    open_some();
    check_closed();
}

/* O_PATH: as good as closed, but taken. */
static void closed_standard_descriptors_are_filled(void)
{
    int saved = dup2(1, 500);

    for (int fd = 0; fd < 3; fd++)
        close(fd);
    (void)!lc_descriptors_inherit(nothing);
    saved = fcntl(500, F_GETFD);
    int first = open("/", O_RDONLY), flags = fcntl(2, F_GETFD);
    bool refused = write(2, "x", 1) < 0 && errno == EBADF;

    /* Descriptor 1 is gone, and with it our words: the exit code has to do. */
    if (saved >= 0 || first != 3 || flags != FD_CLOEXEC || !refused)
        _exit(1);
}

static void those_that_are_open_are_left_alone(void)
{
    int before = fcntl(1, F_GETFL);

    CHECK_INT(dup2(1, 0), 0);
    CHECK_INT(lc_descriptors_inherit(nothing), 0);
    for (int fd = 0; fd < 2; fd++) {
        CHECK_INT(fcntl(fd, F_GETFL), before);
        CHECK_INT(fcntl(fd, F_GETFD), 0);
    }
}

static int inherit_listening(pid_t pid, const char *count)
{
    char listen_pid[32], listen_fds[32];
    char *environment[] = {listen_pid, listen_fds, NULL};

    snprintf(listen_pid, sizeof listen_pid, "LISTEN_PID=%d", pid);
    snprintf(listen_fds, sizeof listen_fds, "LISTEN_FDS=%s", count);
    return lc_descriptors_inherit(environment);
}

static void listening_descriptors_for_us_are_kept_close_on_exec(void)
{
    for (int fd = 3; fd < 8; fd++)
        CHECK_INT(dup2(1, fd), fd);
    CHECK_INT(inherit_listening(getpid(), "2"), 2);
    CHECK_INT(fcntl(3, F_GETFD), FD_CLOEXEC);
    CHECK_INT(fcntl(4, F_GETFD), FD_CLOEXEC);
    for (int fd = 5; fd < 8; fd++)
        CHECK(fcntl(fd, F_GETFD) < 0);
}

static void listening_descriptors_for_another_process_are_closed(void)
{
    CHECK_INT(dup2(1, 3), 3);
    CHECK_INT(inherit_listening(getppid(), "1"), 0);
    CHECK(fcntl(3, F_GETFD) < 0);
}

static void a_listening_descriptor_that_is_not_open_is_an_error(void)
{
    close(4);
    CHECK_INT(dup2(1, 3), 3);
    CHECK_INT(inherit_listening(getpid(), "2"), -EBADF);
}

static void nonsense_in_listen_fds_is_none(void)
{
    static const char *const counts[] = {"", "x", "-1", "1x", " 1", "99999999999", "2147483647"};

    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        CHECK_INT(inherit_listening(getpid(), counts[i]), 0);
}

int main(void)
{
    TEST_ALONE(inherited_descriptors_are_closed);
    TEST_ALONE(inherited_descriptors_are_closed_where_close_range_is_refused);
    TEST_ALONE(inherited_descriptors_are_closed_without_proc_and_close_range);
    TEST_ALONE(closed_standard_descriptors_are_filled);
    TEST_ALONE(those_that_are_open_are_left_alone);
    TEST_ALONE(listening_descriptors_for_us_are_kept_close_on_exec);
    TEST_ALONE(listening_descriptors_for_another_process_are_closed);
    TEST_ALONE(a_listening_descriptor_that_is_not_open_is_an_error);
    TEST_ALONE(nonsense_in_listen_fds_is_none);
    return tap_done();
}
