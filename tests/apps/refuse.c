/* SPDX-License-Identifier: Apache-2.0 */

/* refuse NAME[=ENOSYS|=EPERM]... -- COMMAND [ARG...]
 *
 * Runs COMMAND with these system calls refused, ENOSYS unless said otherwise: what an old kernel
 * (ENOSYS), gVisor, or a strict seccomp profile (EPERM) does. The name netlink stands for sockets of
 * AF_NETLINK, which are then unknown. */

#include "deny.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *name;
    long number;
} calls[] = {
    {"clone3", SYS_clone3},
    {"close_range", SYS_close_range},
    {"epoll_create1", SYS_epoll_create1},
    {"eventfd2", SYS_eventfd2},
    {"faccessat2", SYS_faccessat2},
    {"io_uring_setup", SYS_io_uring_setup},
    {"openat2", SYS_openat2},
    {"pidfd_getfd", SYS_pidfd_getfd},
    {"pidfd_open", SYS_pidfd_open},
    {"pidfd_send_signal", SYS_pidfd_send_signal},
    {"prctl", SYS_prctl},
    {"preadv2", SYS_preadv2},
    {"pwritev2", SYS_pwritev2},
    {"rt_sigtimedwait", SYS_rt_sigtimedwait},
    {"setpgid", SYS_setpgid},
    {"signalfd4", SYS_signalfd4},
    {"timerfd_create", SYS_timerfd_create},
    {"waitid", SYS_waitid},
};

_Noreturn static void fail(const char *what, const char *why)
{
    fprintf(stderr, "refuse: %s: %s\n", what, why);
    exit(125);
}

/* Cuts "=EPERM" off `word` and returns its number. */
static int parse_error(char *word)
{
    char *error = strchr(word, '=');

    if (!error)
        return ENOSYS;
    *error++ = '\0';
    if (strcmp(error, "ENOSYS") == 0)
        return ENOSYS;
    if (strcmp(error, "EPERM") == 0)
        return EPERM;
    fail(error, "neither ENOSYS nor EPERM");
}

static void refuse(char *word)
{
    int error = parse_error(word), r;

    if (strcmp(word, "netlink") == 0) {
        if (lc_deny_netlink() < 0)
            fail("seccomp", word);
        return;
    }
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        if (strcmp(calls[i].name, word) != 0)
            continue;
        r = lc_deny(calls[i].number, error);
        if (r < 0)
            fail("seccomp", strerror(-r));
        return;
    }
    fail(word, "not a system call that this program knows");
}

int main(int argc, char **argv)
{
    int i;

    for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        refuse(argv[i]);
    if (i + 1 >= argc)
        fail("usage", "refuse NAME[=ENOSYS|=EPERM]... -- COMMAND [ARG...]");
    execvp(argv[i + 1], argv + i + 1);
    fail(argv[i + 1], strerror(errno));
}
