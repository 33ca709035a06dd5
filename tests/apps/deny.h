/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_TESTS_APPS_DENY_H
#define LC_TESTS_APPS_DENY_H

/* A seccomp filter that lets a system call fail, as an old kernel, gVisor or a container runtime's
 * profile would. For the calling thread, its children and what they execute; cannot be undone. */

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define LC_DENY_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define LC_DENY_ARCH AUDIT_ARCH_AARCH64
#else
#error "the architecture's AUDIT_ARCH_ constant is missing here"
#endif

static inline int lc_deny_install(struct sock_filter *program, unsigned short length)
{
    struct sock_fprog filter = {.len = length, .filter = program};

    /* Without it only root may set a filter (seccomp(2)). */
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) < 0)
        return -errno;
    return 0;
}

/* `number` answers `error` from now on. 0 or -errno. */
static inline int lc_deny(long number, int error)
{
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, LC_DENY_ARCH, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ((unsigned)error & SECCOMP_RET_DATA)),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };

    return lc_deny_install(program, sizeof program / sizeof program[0]);
}

/* socket(2) knows no AF_NETLINK from now on, as in gVisor's sandbox or under a strict profile. */
static inline int lc_deny_netlink(void)
{
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, LC_DENY_ARCH, 0, 5),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
        /* the family, an int; both architectures are little-endian */
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };

    return lc_deny_install(program, sizeof program / sizeof program[0]);
}

#endif
