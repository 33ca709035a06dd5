/* SPDX-License-Identifier: Apache-2.0 */

/* early ROUNDS PIDNS INIT [ARG...]: does a stop signal count that comes as early as it can?
 *
 * Before an init has blocked or handled SIGTERM the kernel drops it, since it is PID 1 (signal(7)).
 * Each round starts INIT through PIDNS (tests/apps/pidns) as PID 1, watches /proc/PID/status until
 * it has blocked, ignored or caught any signal at all (one that waits in sigtimedwait(2) shows
 * nothing as blocked), sends SIGTERM at that moment, and waits, two seconds at the most, for the end; three that did not end are enough. Prints one line of JSON:
 *
 *     {"rounds": 1000, "lost": 0, "usec": [310, 295, ...]}
 *
 * "usec": from just before INIT's execve(2) to the moment at which SIGTERM was seen to count. */

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    PATIENCE_MSEC = 2000,
    LOST_MAX = 3, /* enough is known then */
    ARGUMENTS_MAX = 64,
};

extern char **environ;

static int64_t now_usec(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

_Noreturn static void fail(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

/* posix_spawn(3) leaves glibc's own two ignored. */
#define OF_THE_LIBC (UINT64_C(3) << 31)

/* Blocked, ignored and caught signals, all together; 0 where they cannot be read. */
static uint64_t handled(int status_fd)
{
    static const char *const fields[] = {"SigBlk:", "SigIgn:", "SigCgt:"};
    char status[4096];
    ssize_t length = pread(status_fd, status, sizeof(status) - 1, 0); /* the whole of it */
    uint64_t found = 0;

    status[length > 0 ? length : 0] = '\0';
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        const char *line = strstr(status, fields[i]);

        found |= line ? strtoull(line + strlen(fields[i]), NULL, 16) : 0;
    }
    return found & ~OF_THE_LIBC;
}

/* Starts it; returns PIDNS' own PID, *ret_init is the init's. */
static pid_t start(char **command, pid_t *ret_init)
{
    char *arguments[ARGUMENTS_MAX + 5], number[16], line[16];
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t all;
    size_t count = 0;
    int pipes[2], quiet;
    pid_t outer;

    if (pipe2(pipes, O_CLOEXEC) < 0)
        fail("pipe2");
    quiet = open("/dev/null", O_RDWR | O_CLOEXEC);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pipes[1], 9);
    posix_spawn_file_actions_adddup2(&actions, quiet, 2);
    /* Nothing is handled before INIT does it. */
    sigfillset(&all);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    snprintf(number, sizeof(number), "9");
    arguments[count++] = command[0];
    arguments[count++] = (char[]){"--pid-fd"};
    arguments[count++] = number;
    arguments[count++] = (char[]){"--"};
    for (command++; *command && count < ARGUMENTS_MAX; command++)
        arguments[count++] = *command;
    arguments[count] = NULL;
    if (posix_spawn(&outer, arguments[0], &actions, &attributes, arguments, environ) != 0)
        fail(arguments[0]);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    close(quiet);
    close(pipes[1]);
    if (read(pipes[0], line, sizeof(line)) <= 0)
        fail("no PID");
    close(pipes[0]);
    *ret_init = (pid_t)atoi(line);
    return outer;
}

static bool ends(pid_t outer)
{
    int fd = (int)syscall(SYS_pidfd_open, outer, 0);
    bool ended =
        fd >= 0 && poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, PATIENCE_MSEC) == 1;

    if (fd >= 0)
        close(fd);
    if (!ended)
        kill(outer, SIGKILL);
    waitpid(outer, NULL, 0);
    return ended;
}

/* Returns whether the signal counted. */
static bool play(char **command, int64_t *ret_usec)
{
    char path[32];
    int64_t begun = now_usec();
    pid_t init, outer = start(command, &init);
    int status_fd;

    snprintf(path, sizeof(path), "/proc/%d/status", init);
    status_fd = open(path, O_RDONLY | O_CLOEXEC);
    if (status_fd < 0)
        fail(path);
    while (!handled(status_fd) && now_usec() - begun < PATIENCE_MSEC * INT64_C(1000))
        continue;
    kill(init, SIGTERM);
    *ret_usec = now_usec() - begun;
    close(status_fd);
    return ends(outer);
}

int main(int argc, char **argv)
{
    int most = argc > 3 ? atoi(argv[1]) : 0, rounds = 0, lost = 0;

    if (most < 1) {
        fputs("usage: early ROUNDS PIDNS INIT [ARG...]\n", stderr);
        return 2;
    }
    printf("{\"usec\": [");
    for (; rounds < most && lost < LOST_MAX; rounds++) {
        int64_t usec;

        lost += !play(argv + 2, &usec);
        printf("%s%lld", rounds ? ", " : "", (long long)usec);
    }
    printf("], \"rounds\": %d, \"lost\": %d}\n", rounds, lost);
    return EXIT_SUCCESS;
}
