/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/mask.h"
#include "sys/environment.h"
#include "sys/pidfd.h"
#include "sys/process.h"
#include "sys/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define LISTEN_PID       "LISTEN_PID="
#define PID_DIGITS_MAX   10
#define PATH_WHERE_UNSET "/bin:/usr/bin" /* as execvp(3) has it */

/* All that the child needs, made before the fork: another thread may hold malloc's lock, and the
 * child, which has no such thread, would wait for it in vain. */
struct plan {
    const struct lc_spawn *spec;
    char **envp;
    const char *path;
    char listen_pid[sizeof LISTEN_PID + PID_DIGITS_MAX]; /* one of envp; the child fills it in */
    pid_t parent_group;
};

/*
 * In the child: each step returns 0 or -errno, and calls nothing that is not async-signal-safe.
 */

static int lead_group(struct plan *plan)
{
    (void)plan;
    return setpgid(0, 0) < 0 ? -errno : 0;
}

/* Every signal is blocked, so no SIGTTOU stops us here. Where somebody else has taken the terminal
 * in the meantime, the program runs in the background, as it would have without us. */
static int take_foreground(struct plan *plan)
{
    if (plan->spec->terminal >= 0)
        lc_terminal_give(plan->spec->terminal, getpid(), plan->parent_group);
    return 0;
}

/* Past the C library, whose sigaction(3) keeps 32 and 33 to itself; in the kernel's structure, too,
 * all zeros is the default action, no flags and an empty mask. */
static int reset_dispositions(void)
{
    static const uint64_t defaults[8];

    for (int number = 1; number <= 64; number++)
        if (syscall(SYS_rt_sigaction, number, defaults, NULL, LC_MASK_SIZE) < 0 &&
            number != SIGKILL && number != SIGSTOP)
            return -errno;
    return 0;
}

static int restore_dispositions(struct plan *plan)
{
    if (plan->spec->reset_signals)
        return reset_dispositions();
    if (plan->spec->signals.chld_ignored && signal(SIGCHLD, SIG_IGN) == SIG_ERR)
        return -errno;
    return 0;
}

/* None of them is the number it becomes: 0 to 2 are always open in lastcall. */
static int replace_stdio(struct plan *plan)
{
    for (int i = 0; plan->spec->stdio && i < 3; i++)
        if (plan->spec->stdio[i] >= 0 && dup2(plan->spec->stdio[i], i) < 0)
            return -errno;
    return 0;
}

static void write_pid(char *text, pid_t pid)
{
    int digits = 1;

    for (pid_t rest = pid; rest >= 10; rest /= 10)
        digits++;
    text[digits] = '\0';
    for (; digits > 0; pid /= 10)
        text[--digits] = (char)('0' + pid % 10);
}

static int pass_descriptors(struct plan *plan)
{
    for (unsigned i = 0; i < plan->spec->listen_fds; i++)
        if (fcntl(LC_LISTEN_FDS_START + (int)i, F_SETFD, 0) < 0)
            return -errno;
    write_pid(plan->listen_pid + strlen(LISTEN_PID), getpid());
    return 0;
}

/* Comes last: from here on a signal may end the child, as it would end the program. */
static int restore_mask(struct plan *plan)
{
    uint64_t mask = plan->spec->reset_signals ? 0 : plan->spec->signals.mask;

    return lc_mask_change(SIG_SETMASK, &mask, NULL) < 0 ? -errno : 0;
}

/* An element of PATH and a name, put together; false where they are too long for any file. An empty
 * element is the current directory. */
static bool join_path(char ret[static PATH_MAX], const char *element, size_t length,
                      const char *name)
{
    size_t name_size = strlen(name) + 1;

    if (length + 1 + name_size > PATH_MAX)
        return false;
    memcpy(ret, element, length);
    if (length > 0)
        ret[length++] = '/';
    memcpy(ret + length, name, name_size);
    return true;
}

/* Errors that mean that the file may well be further along PATH: those of glibc's execvp(3). */
static bool may_be_elsewhere(int error)
{
    return error == ENOENT || error == ENOTDIR || error == ESTALE || error == ENODEV ||
           error == ETIMEDOUT || error == EACCES;
}

static int exec_along_path(const struct plan *plan)
{
    char file[PATH_MAX];
    int result = -ENOENT;

    for (const char *element = plan->path, *end;; element = end + 1) {
        end = strchrnul(element, ':');
        if (join_path(file, element, (size_t)(end - element), plan->spec->argv[0])) {
            execve(file, plan->spec->argv, plan->envp);
            if (!may_be_elsewhere(errno))
                return -errno;
            if (errno == EACCES) /* is there, but not for us: says more than "not found" */
                result = -EACCES;
        }
        if (*end == '\0')
            return result;
    }
}

static int exec_program(struct plan *plan)
{
    const char *name = plan->spec->argv[0];

    if (*name == '\0')
        return -ENOENT;
    if (!strchr(name, '/'))
        return exec_along_path(plan);
    execve(name, plan->spec->argv, plan->envp);
    return -errno;
}

static uint8_t exec_exit_code(int error)
{
    return error == ENOENT || error == ENOTDIR ? LC_EXIT_NOT_FOUND : LC_EXIT_NOT_EXECUTABLE;
}

/* The report's text is a pointer: it means the same to the parent, of which we are a copy. */
_Noreturn static void run_child(struct plan *plan, int report_fd)
{
    static const struct {
        const char *operation;
        int (*take)(struct plan *plan);
    } steps[] = {
        {"setpgid", lead_group},
        {"tcsetpgrp", take_foreground},
        {"sigaction", restore_dispositions},
        {"dup2", replace_stdio},
        {"fcntl", pass_descriptors},
        {"sigprocmask", restore_mask},
        {"execve", exec_program},
    };
    struct lc_exec_error failure = {.error = 0};

    for (size_t i = 0; failure.error == 0; i++) {
        failure.error = -steps[i].take(plan);
        failure.operation = steps[i].operation;
        failure.exit_code =
            steps[i].take == exec_program ? exec_exit_code(failure.error) : LC_EXIT_OWN_FAILURE;
    }
    /* Where nobody reads it any more the exit code is all there is to say. */
    (void)!write(report_fd, &failure, sizeof failure);
    _exit(failure.exit_code);
}

/*
 * In the parent.
 */

/* LISTEN_PIDFDID names a process, too (systemd 258), and is optional. */
static bool is_passed_on(const char *entry, bool listen_fds)
{
    if (lc_environment_is(entry, "LISTEN_PID") || lc_environment_is(entry, "LISTEN_PIDFDID"))
        return false;
    return listen_fds ||
           (!lc_environment_is(entry, "LISTEN_FDS") && !lc_environment_is(entry, "LISTEN_FDNAMES"));
}

static int plan_environment(struct plan *plan)
{
    char *const *envp = plan->spec->envp;
    size_t count = 0, kept = 0;

    while (envp[count])
        count++;
    plan->envp = calloc(count + 2, sizeof *plan->envp); /* LISTEN_PID and the NULL */
    if (!plan->envp)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++)
        if (is_passed_on(envp[i], plan->spec->listen_fds > 0))
            plan->envp[kept++] = envp[i];
    memcpy(plan->listen_pid, LISTEN_PID, sizeof LISTEN_PID);
    if (plan->spec->listen_fds > 0)
        plan->envp[kept] = plan->listen_pid;
    plan->path = lc_environment_get(envp, "PATH");
    if (!plan->path)
        plan->path = PATH_WHERE_UNSET;
    return 0;
}

static void clear_plan(struct plan *plan)
{
    free(plan->envp);
}

int lc_child_spawn(struct lc_child *ret, const struct lc_spawn *spec)
{
    __attribute__((__cleanup__(clear_plan))) struct plan plan = {
        .spec = spec,
        .parent_group = getpgrp(),
    };
    int ends[2], r;
    pid_t pid;

    r = plan_environment(&plan);
    if (r < 0)
        return r;
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) /* the one report fits in it */
        return -errno;

    LC_CLEANUP_FD int reader = ends[0];
    LC_CLEANUP_FD int writer = ends[1];

    /* Not fork(3), whose handlers take locks; not vfork(2), which waits for exec. */
    pid = _Fork();
    if (pid < 0)
        return -errno;
    if (pid == 0)
        run_child(&plan, writer);
    /* In both, so that neither has to wait for the other. EACCES: it has done exec already, with
     * its group set; ESRCH: it has ended. */
    setpgid(pid, pid);
    *ret = (struct lc_child){.pid = pid, .pidfd = lc_pidfd_open(pid)};
    if (ret->pidfd < 0)
        ret->pidfd = -1;
    ret->exec_fd = lc_steal_fd(&reader);
    return 0;
}
