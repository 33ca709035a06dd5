/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/signals.h"

#include "../apps/deny.h"
#include "base/mask.h"
#include "sys_fixture.h"

#include <sys/mman.h>
#include <sys/resource.h>

enum { BURST = 10000, RTMIN = 34 };

static struct lc_signals signals;
static int refuse_signalfd; /* with this errno, or 0 */

static void begin(void)
{
    if (refuse_signalfd)
        CHECK_INT(lc_deny(SYS_signalfd4, refuse_signalfd), 0);
    CHECK_INT(lc_signals_init(&signals), 0);
    CHECK(signals.threaded == (refuse_signalfd != 0));
}

/* The next signal, waiting for it; its number, or 0. */
static int next(struct lc_signal *ret)
{
    int r;

    do
        r = lc_signals_read(&signals, ret);
    while (r == 0 && wait_readable(signals.fd));
    CHECK_INT(r, 1);
    return r == 1 ? ret->number : 0;
}

static int next_but_chld(struct lc_signal *ret)
{
    while (next(ret) == SIGCHLD)
        continue;
    return ret->number;
}

/* From a child of ours; returns its PID. */
static pid_t send_from_child(const int *numbers, size_t count)
{
    pid_t target = getpid(), pid = fork();

    if (pid == 0) {
        for (size_t i = 0; i < count; i++)
            kill(target, numbers[i]);
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    return pid;
}

static void every_signal_is_read_with_its_sender(void)
{
    uint64_t missing = LC_MASK_ALL & ~LC_MASK_OF(SIGKILL) & ~LC_MASK_OF(SIGSTOP);
    int numbers[64], count = 0;
    struct lc_signal signal;
    pid_t sender;

    begin();
    /* Not SIGCONT, which takes those that stop a process out of the queue, and they it. */
    missing &= ~LC_MASK_OF(SIGCONT) & ~LC_MASK_OF(SIGCHLD);
    for (int number = 1; number <= 64; number++)
        if (missing & LC_MASK_OF(number))
            numbers[count++] = number;
    sender = send_from_child(numbers, (size_t)count);
    while (missing && next_but_chld(&signal)) {
        CHECK(missing & LC_MASK_OF(signal.number));
        CHECK_INT(signal.pid, sender);
        CHECK_INT(signal.uid, getuid());
        CHECK_INT(signal.code, SI_USER);
        missing &= ~LC_MASK_OF(signal.number);
    }
    CHECK_INT(missing, 0);
    sender = send_from_child((int[]){SIGCONT}, 1);
    CHECK_INT(next_but_chld(&signal), SIGCONT);
    CHECK_INT(signal.pid, sender);
}

/* As a stop signal that was sent before there was a child: it is seen before anything is started. */
static void what_waits_already_is_read_at_once(void)
{
    const uint64_t all = LC_MASK_ALL;
    struct lc_signal signal;
    pid_t sender;

    lc_mask_change(SIG_SETMASK, &all, NULL);
    sender = send_from_child((int[]){SIGTERM, 32, 33, RTMIN, RTMIN}, 5);
    begin();
    static const int expected[] = {SIGTERM, SIGCHLD, 32, 33, RTMIN, RTMIN};

    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        CHECK_INT(lc_signals_read(&signals, &signal), 1);
        CHECK_INT(signal.number, expected[i]);
        CHECK_INT(signal.pid, sender);
    }
    CHECK_INT(lc_signals_read(&signals, &signal), 0);
}

/* How many SIGRTMIN the next read gives: 1 or 0. */
static int read_one(void)
{
    struct lc_signal signal;

    return lc_signals_read(&signals, &signal) == 1 && signal.number == RTMIN;
}

static void more_than_are_read_at_once_are_neither_lost_nor_read_twice(void)
{
    int sent[3 * LC_SIGNALS_BATCH], count = 0;

    for (int i = 0; i < 3 * LC_SIGNALS_BATCH; i++)
        sent[i] = RTMIN;
    begin();
    send_from_child(sent, 3 * LC_SIGNALS_BATCH);
    WAIT_UNTIL((count += read_one()) >= 3 * LC_SIGNALS_BATCH);
    for (int reads = 0; reads < 2 * LC_SIGNALS_BATCH; reads++)
        count += read_one();
    CHECK_INT(count, 3 * LC_SIGNALS_BATCH);
    CHECK(!lc_signals_buffered(&signals));
}

static void reading_does_not_wait(void)
{
    struct lc_signal signal;

    begin();
    CHECK_INT(lc_signals_read(&signals, &signal), 0);
}

static void the_descriptor_is_close_on_exec_and_does_not_block(void)
{
    begin();
    CHECK(fcntl(signals.fd, F_GETFD) & FD_CLOEXEC);
    CHECK(fcntl(signals.fd, F_GETFL) & O_NONBLOCK);
}

static void real_time_signals_stay_in_order(void)
{
    pid_t senders[5];
    struct lc_signal signal;

    begin();
    for (int i = 0; i < 5; i++)
        senders[i] = send_from_child((int[]){RTMIN + 3}, 1);
    for (int i = 0; i < 5; i++) {
        CHECK_INT(next_but_chld(&signal), RTMIN + 3);
        CHECK_INT(signal.pid, senders[i]);
    }
}

static void of_those_that_wait_the_lowest_comes_first(void)
{
    struct lc_signal signal;

    begin();
    send_from_child((int[]){50, 34, SIGTERM, 64, 41}, 5);
    CHECK_INT(next_but_chld(&signal), SIGTERM);
    CHECK_INT(next_but_chld(&signal), 34);
    CHECK_INT(next_but_chld(&signal), 41);
    CHECK_INT(next_but_chld(&signal), 50);
    CHECK_INT(next_but_chld(&signal), 64);
}

/* The kernel keeps RLIMIT_SIGPENDING of them: then sigqueue(3) says EAGAIN, and the child tries
 * again or, where it is not patient, exits with 1. */
static pid_t burst_from_child(bool patient)
{
    pid_t target = getpid(), pid = fork();

    if (pid != 0)
        return pid;
    for (int sent = 0; sent < BURST;) {
        if (sigqueue(target, RTMIN + 1, (union sigval){.sival_int = sent}) == 0)
            sent++;
        else if (patient)
            usleep(100);
        else
            _exit(1);
    }
    _exit(0);
}

static int count_burst(pid_t sender)
{
    struct lc_signal signal;
    int count = 0;

    while (count < BURST && next_but_chld(&signal) == RTMIN + 1)
        count += signal.pid == sender && signal.code == SI_QUEUE;
    return count;
}

static void a_burst_of_10000_real_time_signals_loses_none(void)
{
    pid_t pid;

    begin();
    pid = burst_from_child(true);
    CHECK_INT(count_burst(pid), BURST);
    CHECK_INT(wait_for_exit(pid), 0);
}

/* As a slow reader finds them: more than the fallback's pipe holds. */
static void what_nobody_reads_for_a_while_is_not_lost(void)
{
    pid_t pid;

    begin();
    pid = burst_from_child(false);
    if (wait_for_exit(pid) == 1) {
        printf("# RLIMIT_SIGPENDING is too low for this test\n");
        return;
    }
    CHECK_INT(count_burst(pid), BURST);
}

static void a_sigpipe_of_our_own_is_dropped_that_of_another_is_not(void)
{
    struct lc_signal signal;
    pid_t sender;
    int ends[2];

    begin();
    CHECK_INT(pipe(ends), 0);
    close(ends[0]);
    CHECK(write(ends[1], "x", 1) < 0 && errno == EPIPE);
    send_from_child((int[]){SIGUSR1}, 1);
    CHECK_INT(next_but_chld(&signal), SIGUSR1);
    while (lc_signals_read(&signals, &signal) == 1)
        CHECK_INT(signal.number, SIGCHLD);
    sender = send_from_child((int[]){SIGPIPE}, 1);
    CHECK_INT(next_but_chld(&signal), SIGPIPE);
    CHECK_INT(signal.pid, sender);
}

static void a_sigxfsz_of_our_own_is_dropped_that_of_another_is_not(void)
{
    struct rlimit none = {.rlim_cur = 0, .rlim_max = 0};
    struct lc_signal signal;
    pid_t sender;
    int file = memfd_create("log", MFD_CLOEXEC);

    begin();
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &none), 0);
    CHECK(write(file, "x", 1) < 0 && errno == EFBIG);
    send_from_child((int[]){SIGUSR1}, 1);
    CHECK_INT(next_but_chld(&signal), SIGUSR1);
    while (lc_signals_read(&signals, &signal) == 1)
        CHECK_INT(signal.number, SIGCHLD);
    sender = send_from_child((int[]){SIGXFSZ}, 1);
    CHECK_INT(next_but_chld(&signal), SIGXFSZ);
    CHECK_INT(signal.pid, sender);
}

static void with_sigchld_ignored_on_entry_exit_codes_are_not_lost(void)
{
    struct lc_signal_state state;
    struct lc_signal received;
    pid_t pid;

    signal(SIGCHLD, SIG_IGN);
    lc_signal_state_read(&state);
    CHECK(state.chld_ignored);
    begin();
    pid = fork();
    if (pid == 0)
        _exit(7);
    CHECK_INT(next(&received), SIGCHLD);
    CHECK_INT(received.pid, pid);
    CHECK_INT(received.code, CLD_EXITED);
    CHECK_INT(wait_for_exit(pid), 7);
}

static void a_sigchld_that_waits_already_is_kept(void)
{
    const uint64_t all = LC_MASK_ALL;
    struct lc_signal signal;
    pid_t pid;

    lc_mask_change(SIG_SETMASK, &all, NULL);
    pid = fork();
    if (pid == 0)
        _exit(0);
    CHECK_INT(wait_for_exit(pid), 0);
    begin();
    CHECK_INT(next(&signal), SIGCHLD);
}

static void the_state_has_the_mask_with_the_signals_that_the_c_library_hides(void)
{
    uint64_t mask = LC_MASK_OF(SIGUSR1) | LC_MASK_OF(32) | LC_MASK_OF(33) | LC_MASK_OF(64), now;
    struct lc_signal_state state;

    lc_mask_change(SIG_SETMASK, &mask, NULL);
    lc_signal_state_read(&state);
    CHECK(state.mask == mask);
    CHECK(!state.chld_ignored);
    begin();
    lc_mask_change(SIG_SETMASK, NULL, &now);
    CHECK(now == (LC_MASK_ALL & ~LC_MASK_OF(SIGKILL) & ~LC_MASK_OF(SIGSTOP)));
}

static void deinit_leaves_nothing_behind(void)
{
    uint64_t before = open_fds(getpid());
    struct lc_signal signal;

    begin();
    for (int i = 0; i < 3; i++) {
        lc_signals_deinit(&signals);
        CHECK_INT(signals.fd, -1);
        CHECK(open_fds(getpid()) == before);
        WAIT_UNTIL(count_tasks() == 1);
        CHECK_INT(lc_signals_init(&signals), 0);
        send_from_child((int[]){SIGTERM}, 1);
        CHECK_INT(next_but_chld(&signal), SIGTERM);
    }
    lc_signals_deinit(&signals);
    lc_signals_deinit(&signals);
}

static void deinit_works_while_the_thread_waits_for_room(void)
{
    pid_t target = getpid(), pid;

    begin();
    pid = fork();
    if (pid == 0) {
        for (int i = 0; i < BURST && sigqueue(target, RTMIN, (union sigval){0}) == 0; i++)
            continue;
        _exit(0);
    }
    CHECK_INT(wait_for_exit(pid), 0);
    lc_signals_deinit(&signals);
    WAIT_UNTIL(count_tasks() == 1);
}

static void test_all(void)
{
    TEST_ALONE(every_signal_is_read_with_its_sender);
    TEST_ALONE(what_waits_already_is_read_at_once);
    TEST_ALONE(more_than_are_read_at_once_are_neither_lost_nor_read_twice);
    TEST_ALONE(reading_does_not_wait);
    TEST_ALONE(the_descriptor_is_close_on_exec_and_does_not_block);
    TEST_ALONE(real_time_signals_stay_in_order);
    TEST_ALONE(a_burst_of_10000_real_time_signals_loses_none);
    TEST_ALONE(what_nobody_reads_for_a_while_is_not_lost);
    TEST_ALONE(a_sigpipe_of_our_own_is_dropped_that_of_another_is_not);
    TEST_ALONE(a_sigxfsz_of_our_own_is_dropped_that_of_another_is_not);
    TEST_ALONE(with_sigchld_ignored_on_entry_exit_codes_are_not_lost);
    TEST_ALONE(a_sigchld_that_waits_already_is_kept);
    TEST_ALONE(the_state_has_the_mask_with_the_signals_that_the_c_library_hides);
    TEST_ALONE(deinit_leaves_nothing_behind);
    TEST_ALONE(deinit_works_while_the_thread_waits_for_room);
}

static void where_there_is_neither_the_error_is_told(void)
{
    struct lc_signals none;

    CHECK_INT(lc_deny(SYS_signalfd4, ENOSYS), 0);
    CHECK_INT(lc_deny(SYS_rt_sigtimedwait, EPERM), 0);
    CHECK_INT(lc_signals_init(&none), -EPERM);
}

int main(void)
{
    printf("# with signalfd\n");
    test_all();
    TEST_ALONE(of_those_that_wait_the_lowest_comes_first);
    printf("# signalfd refused: ENOSYS\n");
    refuse_signalfd = ENOSYS;
    test_all();
    printf("# signalfd refused: EPERM\n");
    refuse_signalfd = EPERM;
    test_all();
    TEST_ALONE(where_there_is_neither_the_error_is_told);
    return tap_done();
}
