/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_TESTS_UNIT_SYS_FIXTURE_H
#define LC_TESTS_UNIT_SYS_FIXTURE_H

/* What the tests of lib/sys share. Each runs in a process of its own, since it changes what a
 * process cannot change back: masks, system call filters, sessions, namespaces. */

#include "tap.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MSEC = 10000 };

static void (*alone)(void);

/* Its exit code, or 128 + the signal that killed it. One that hangs is killed: 255. */
__attribute__((unused)) static int wait_for_exit(pid_t pid)
{
    int status;

    for (int waited = 0; waited < 3 * PATIENCE_MSEC; waited++) {
        pid_t ended = waitpid(pid, &status, WNOHANG);

        if (ended == pid)
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        if (ended < 0)
            return 255;
        usleep(1000);
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    return 255;
}

_Noreturn __attribute__((unused)) static void run_and_exit(void (*test)(void))
{
    tap.checks_failed = 0;
    test();
    fflush(stdout);
    _exit(tap.checks_failed > 100 ? 100 : (int)tap.checks_failed);
}

__attribute__((unused)) static void run_alone(void)
{
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid == 0)
        run_and_exit(alone);
    CHECK(pid > 0);
    CHECK_INT(wait_for_exit(pid), 0);
}

#define TEST_ALONE(function) (alone = (function), tap_run(#function, run_alone))

__attribute__((unused)) static void skip(const char *name, const char *why)
{
    printf("ok %u - ", ++tap.count);
    for (; *name; name++)
        putchar(*name == '_' ? ' ' : *name);
    printf(" # SKIP %s\n", why);
}

/*
 * Namespaces.
 */

__attribute__((unused)) static bool write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (fd >= 0)
        close(fd);
    return written;
}

/* New user and mount namespaces (and `flags`), as root there; false where they are refused. */
__attribute__((unused)) static bool enter_namespaces(int flags)
{
    char uid_map[32], gid_map[32];

    snprintf(uid_map, sizeof uid_map, "0 %u 1", geteuid());
    snprintf(gid_map, sizeof gid_map, "0 %u 1", getegid());
    return unshare(CLONE_NEWUSER | CLONE_NEWNS | flags) == 0 &&
           write_text("/proc/self/setgroups", "deny") &&
           write_text("/proc/self/uid_map", uid_map) && write_text("/proc/self/gid_map", gid_map) &&
           mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

__attribute__((unused)) static bool have_namespaces(void)
{
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid == 0)
        _exit(enter_namespaces(CLONE_NEWPID) ? 0 : 1);
    return wait_for_exit(pid) == 0;
}

/* Runs `test` as PID 1 of a namespace, with its /proc or an empty directory in its place. */
__attribute__((unused)) static void as_init(void (*test)(void), bool proc)
{
    bool entered = enter_namespaces(CLONE_NEWPID);

    CHECK(entered);
    if (!entered)
        return;
    fflush(stdout);

    pid_t pid = fork();

    if (pid == 0) {
        CHECK(mount("none", "/proc", proc ? "proc" : "tmpfs", 0, NULL) == 0);
        run_and_exit(test);
    }
    CHECK_INT(wait_for_exit(pid), 0);
}

/*
 * Waiting, with a bound.
 */

__attribute__((unused)) static int64_t now_msec(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

__attribute__((unused)) static bool wait_readable(int fd)
{
    struct pollfd entry = {.fd = fd, .events = POLLIN};

    return poll(&entry, 1, PATIENCE_MSEC) == 1;
}

/* Waits until `condition` is true, looking each millisecond. */
#define WAIT_UNTIL(condition)                                 \
    do {                                                      \
        int64_t end_ = now_msec() + PATIENCE_MSEC;            \
        bool seen_;                                           \
        while (!(seen_ = (condition)) && now_msec() < end_)   \
            usleep(1000);                                     \
        if (!seen_)                                           \
            printf("# waited in vain for: %s\n", #condition); \
        CHECK(seen_);                                         \
    } while (0)

/*
 * Looking at processes.
 */

/* A line of /proc/PID/status that begins with `field`, as a number of that base; -1: not there. */
__attribute__((unused)) static int64_t status_number(pid_t pid, const char *field, int base)
{
    char path[64], line[256];
    int64_t number = -1;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/status", pid);
    file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, field, strlen(field)) == 0)
            number = (int64_t)strtoull(line + strlen(field), NULL, base);
    if (file)
        fclose(file);
    return number;
}

__attribute__((unused)) static char state_of(pid_t pid)
{
    char path[64], line[256];
    char state = '?';
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/status", pid);
    file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "State: %c", &state) == 1)
            break;
    if (file)
        fclose(file);
    return state;
}

/* Descriptor N of it is open: bit N, for the first 64. */
__attribute__((unused)) static uint64_t open_fds(pid_t pid)
{
    char path[64];
    uint64_t found = 0;
    const struct dirent *entry;
    DIR *directory;

    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    directory = opendir(path);
    while (directory && (entry = readdir(directory))) {
        int fd = atoi(entry->d_name);

        if (entry->d_name[0] != '.' && fd < 64 && (pid != getpid() || fd != dirfd(directory)))
            found |= UINT64_C(1) << fd;
    }
    if (directory)
        closedir(directory);
    return found;
}

__attribute__((unused)) static unsigned count_tasks(void)
{
    return (unsigned)status_number(getpid(), "Threads:", 10);
}

#endif
