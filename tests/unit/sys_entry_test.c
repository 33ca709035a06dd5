/* SPDX-License-Identifier: Apache-2.0 */

/* Linked with lc_entry as its entry point; runs itself to look at a start from the outside. */

#include "sys/entry.h"

#include "base/mask.h"
#include "sys/signals.h"
#include "sys_fixture.h"

#include <sys/ptrace.h>

#define UNBLOCKABLE (LC_MASK_OF(SIGKILL) | LC_MASK_OF(SIGSTOP))

static const char *program;

/* What the program sees when it is run with `mask` blocked. */
struct seen {
    uint64_t entry_mask; /* lc_entry_mask */
    uint64_t mask;       /* blocked in main() */
    struct lc_signal_state state;
};

static int report(void)
{
    struct seen seen = {.entry_mask = lc_entry_mask};

    lc_mask_change(SIG_SETMASK, NULL, &seen.mask);
    lc_signal_state_read(&seen.state);
    return write(STDOUT_FILENO, &seen, sizeof seen) == sizeof seen ? 0 : 1;
}

static struct seen start_with(uint64_t mask)
{
    struct seen seen = {.mask = 0};
    int ends[2];
    pid_t pid;

    CHECK_INT(pipe2(ends, O_CLOEXEC), 0);
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        lc_mask_change(SIG_SETMASK, &mask, NULL);
        execl(program, program, "report", NULL);
        _exit(127);
    }
    close(ends[1]);
    CHECK_INT(read(ends[0], &seen, sizeof seen), sizeof seen);
    close(ends[0]);
    CHECK_INT(wait_for_exit(pid), 0);
    return seen;
}

static void all_signals_are_blocked_when_main_begins(void)
{
    CHECK(start_with(0).mask == (LC_MASK_ALL & ~UNBLOCKABLE));
}

static void the_mask_that_it_was_started_with_is_known(void)
{
    static const uint64_t masks[] = {
        0,
        LC_MASK_OF(SIGTERM),
        LC_MASK_OF(32) | LC_MASK_OF(33) | LC_MASK_OF(34),
        LC_MASK_ALL & ~UNBLOCKABLE,
    };

    for (size_t i = 0; i < sizeof masks / sizeof masks[0]; i++) {
        struct seen seen = start_with(masks[i]);

        CHECK(seen.entry_mask == masks[i]);
        CHECK(seen.state.mask == masks[i]);
    }
}

static bool next_system_call(pid_t pid, struct __ptrace_syscall_info *ret)
{
    int status;

    return ptrace(PTRACE_SYSCALL, pid, NULL, NULL) == 0 && waitpid(pid, &status, 0) == pid &&
           WIFSTOPPED(status) && ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof *ret, ret) > 0;
}

/* Starts the program under trace, halted after its exec. */
static pid_t start_traced(void)
{
    const uint64_t none = 0; /* a SIGTRAP that is blocked would not halt it */
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        lc_mask_change(SIG_SETMASK, &none, NULL);
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        execl(program, program, "report", NULL);
        _exit(127);
    }
    CHECK_INT(waitpid(pid, NULL, 0), pid);
    CHECK_INT(ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL), 0);
    return pid;
}

/* A dynamic program's linker comes before its entry point. */
__attribute__((unused)) static void the_first_system_call_blocks_all_signals(void)
{
    pid_t pid = start_traced();
    struct __ptrace_syscall_info info = {.op = PTRACE_SYSCALL_INFO_NONE};

    CHECK(next_system_call(pid, &info));
    while (info.op != PTRACE_SYSCALL_INFO_ENTRY && next_system_call(pid, &info))
        continue; /* the return from execve(2) */
    CHECK_INT(info.op, PTRACE_SYSCALL_INFO_ENTRY);
    CHECK_INT(info.entry.nr, SYS_rt_sigprocmask);
    CHECK_INT(info.entry.args[0], SIG_SETMASK);
    CHECK_INT(info.entry.args[3], 8);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

int main(int argc, char **argv)
{
    program = argv[0];
    if (argc > 1)
        return report();
    TEST(all_signals_are_blocked_when_main_begins);
    TEST(the_mask_that_it_was_started_with_is_known);
#ifdef LC_TEST_STATIC
    TEST(the_first_system_call_blocks_all_signals);
#endif
    return tap_done();
}
