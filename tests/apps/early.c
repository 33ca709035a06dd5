/* SPDX-License-Identifier: Apache-2.0 */

/* early N INIT [ARG...]: N times, INIT becomes PID 1 of a PID namespace, and gets a SIGTERM as soon
 * as /proc/PID/status shows that it blocks or catches it (before that the kernel drops it: nobody
 * may end a PID 1 that has not asked for the signal, kill(2)). Expects exit code 143 each time, and
 * says on stdout, and by its own exit code,
 *
 *     1000 of 1000 counted
 *     no. 57: it runs on
 *
 * To be run as pidns runs a command: it needs CAP_SYS_ADMIN, and changes no mount of others. */

#include "base/cleanup.h"
#include "base/mask.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>

enum { PATIENCE_MSEC = 3000, PROC_TEXT_MAX = 4096 };

_Noreturn static void fail(const char *what)
{
    fprintf(stderr, "early: %s: %s\n", what, strerror(errno));
    exit(125);
}

_Noreturn static void be_init(char **command)
{
    if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
        fail("/proc");
    execv(command[0], command);
    fail(command[0]);
}

static pid_t start(char **command)
{
    pid_t pid =
        (pid_t)syscall(SYS_clone, CLONE_NEWPID | CLONE_NEWNS | SIGCHLD, NULL, NULL, NULL, NULL);

    if (pid < 0)
        fail("clone");
    if (pid == 0)
        be_init(command);
    return pid;
}

static bool has_sigterm(const char *status, const char *field)
{
    const char *line = strstr(status, field);

    return line && strtoull(line + strlen(field), NULL, 16) & LC_MASK_OF(SIGTERM);
}

/* The text of /proc/PID/NAME. */
static const char *read_proc(char ret[static PROC_TEXT_MAX], pid_t pid, const char *name)
{
    ssize_t n;

    snprintf(ret, PROC_TEXT_MAX, "/proc/%d/%s", pid, name);

    LC_CLEANUP_FD int fd = open(ret, O_RDONLY | O_CLOEXEC);

    n = read(fd, ret, PROC_TEXT_MAX - 1);
    if (n < 0)
        fail("/proc");
    ret[n] = '\0';
    return ret;
}

/* In rt_sigtimedwait(2) what is waited for is not shown as blocked: who waits there, and was not
 * seen before, has a child. */
static bool listens(pid_t pid)
{
    char text[PROC_TEXT_MAX], name[32];

    read_proc(text, pid, "status");
    if (has_sigterm(text, "\nSigBlk:\t") || has_sigterm(text, "\nSigCgt:\t"))
        return true;
    snprintf(name, sizeof name, "task/%d/children", pid);
    return read_proc(text, pid, name)[0] != '\0';
}

/* Its wait status, or -1 where it runs on. */
static int await_end(pid_t pid)
{
    LC_CLEANUP_FD int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd end = {.fd = pidfd, .events = POLLIN};
    bool ended = poll(&end, 1, PATIENCE_MSEC) > 0;
    int status;

    if (!ended)
        kill(pid, SIGKILL);
    if (pidfd < 0 || waitpid(pid, &status, 0) < 0)
        fail("its end");
    return ended ? status : -1;
}

int main(int argc, char **argv)
{
    int count = argc > 2 ? atoi(argv[1]) : 0;

    if (count <= 0) {
        fputs("usage: early N INIT [ARG...]\n", stderr);
        return 125;
    }
    for (int i = 1; i <= count; i++) {
        pid_t pid = start(argv + 2);
        int status;

        while (!listens(pid)) /* without a pause: what is asked for is the first moment */
            sched_yield();
        kill(pid, SIGTERM);
        status = await_end(pid);
        if (status != W_EXITCODE(128 + SIGTERM, 0)) {
            if (status < 0)
                printf("no. %d: it runs on\n", i);
            else
                printf("no. %d: wait status %#x\n", i, status);
            return EXIT_FAILURE;
        }
    }
    printf("%d of %d counted\n", count, count);
    return EXIT_SUCCESS;
}
