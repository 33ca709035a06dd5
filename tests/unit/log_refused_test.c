/* SPDX-License-Identifier: Apache-2.0 */

/* The log where the kernel refuses: a call, a thread, a write. Nothing blocks, and what is lost is
 * counted to the line. */

#include "base/log.h"

#include "log_tally.h"
#include "tap.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* In place of the lib's pthread_create(3), by the linker's --wrap: a limit on processes that can be
 * lifted again, for root, too. */
static bool threads_refused;
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *),
                          void *userdata);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *),
                          void *userdata);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *),
                          void *userdata)
{
    return threads_refused ? EAGAIN : __real_pthread_create(thread, attr, start, userdata);
}

/* From now on in this thread and those that it starts, `call` on `fd` gets `action`. */
static void filter_call(unsigned call, int fd, uint32_t action)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)fd, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, action),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof(filter) / sizeof(filter[0]), .filter = filter};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
        abort();
}

/* For what cannot be undone in a process: filters, limits, threads that are stuck. */
static void in_child(void (*body)(void))
{
    int status = -1;
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        alarm(PATIENCE_SEC);
        tap.checks_failed = 0;
        body();
        fflush(stdout);
        _exit(tap.checks_failed ? 1 : 0);
    }
    CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
    CHECK_INT(status, 0);
}

/* Lines are lost on `fd`, which then becomes a pipe. */
static void lose_then_tell(int fd, bool closed)
{
    int fds[2];
    struct lc_log *log;
    struct tally tally = {0};

    if (closed)
        close(fd);
    log = new_log(fd);
    for (uint64_t i = 0; i < 100;
         i += 25) { /* a report that is lost itself counts all it tells of */
        write_lines(log, i, i + 25);
        CHECK(lc_log_flush(log, 10000));
    }
    if (pipe2(fds, O_CLOEXEC) || (fds[1] != fd && (dup2(fds[1], fd) != fd || close(fds[1]))))
        abort();
    write_lines(log, 100, 110);
    tally_read(&tally, fds[0], 110);
    CHECK_TALLY(&tally, 110);
    CHECK_INT(tally.lost, 100);
    CHECK(lc_log_flush(log, 10000));
    lc_log_free(log);
    close(fds[0]);
    close(fd);
}

static void a_closed_descriptor_loses_lines_and_counts_them(void)
{
    int fd =
        fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 50); /* nobody else takes this number meanwhile */

    lose_then_tell(fd, true);
}

static void a_descriptor_of_a_path_only_loses_lines_and_counts_them(void)
{
    lose_then_tell(open("/dev/null", O_PATH | O_CLOEXEC), false);
}

static void a_descriptor_that_is_only_readable_loses_lines_and_counts_them(void)
{
    lose_then_tell(open("/dev/null", O_RDONLY | O_CLOEXEC), false);
}

static void a_full_disk_loses_lines_and_counts_them(void)
{
    lose_then_tell(open("/dev/full", O_WRONLY | O_CLOEXEC), false);
}

static void fill_a_file_up_to_its_limit(void)
{
    int fd = memfd_create("log", MFD_CLOEXEC);
    struct lc_log *log = new_log(fd);
    struct tally tally = {0};
    struct rlimit limit;

    getrlimit(RLIMIT_FSIZE, &limit);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){.rlim_cur = 1000, .rlim_max = limit.rlim_max});
    write_lines(log, 0, 20);
    CHECK(lc_log_flush(log, 10000));
    setrlimit(RLIMIT_FSIZE, &limit);
    write_lines(log, 20, 25);
    CHECK(lc_log_flush(log, 10000));
    lseek(fd, 0, SEEK_SET);
    tally.expect_bad = true;
    tally_read(&tally, fd, 25);
    CHECK_INT(tally.bad, 1); /* the half line, by itself */
    tally.bad = 0;
    CHECK_TALLY(&tally, 25);
    CHECK(tally.lost > 0);
}

static void half_a_line_in_a_full_file_spoils_no_other(void)
{
    in_child(fill_a_file_up_to_its_limit);
}

static void log_without_pwritev2(void)
{
    int fds[2];
    struct lc_log *log;
    struct tally tally = {0};

    open_small_pipe(fds, 0);
    filter_call(SYS_pwritev2, fds[1], SECCOMP_RET_ERRNO | ENOSYS);
    log = new_log(fds[1]);
    write_lines(log, 0, 10);
    tally_read(&tally, fds[0], 10);
    CHECK_INT(tally.lost, 0);
    write_lines(log, 10, 3000);
    tally_read(&tally, fds[0], 3000);
    CHECK_TALLY(&tally, 3000);
    CHECK(tally.lost > 0);
    CHECK(lc_log_flush(log, 10000));
    lc_log_free(log);
}

static void where_pwritev2_is_refused_the_thread_writes_every_line(void)
{
    in_child(log_without_pwritev2);
}

/* Reads what there is, without waiting for more. */
static void tally_drain(struct tally *tally, int fd)
{
    fcntl(fd, F_SETFL, O_NONBLOCK);
    for (char byte; read(fd, &byte, 1) == 1;)
        tally_bytes(tally, &byte, 1);
}

static void where_no_thread_can_be_had_lines_are_lost_and_counted(void)
{
    int fds[2];
    struct lc_log *log;
    struct tally tally = {0};

    open_small_pipe(fds, 0);
    log = new_log(fds[1]);
    threads_refused = true;
    write_lines(log, 0, 200);
    CHECK(lc_log_flush(log, 1)); /* nothing waits */
    tally_drain(&tally, fds[0]);
    write_lines(log, 200, 210); /* before Linux 6.4 these are lost, too */
    tally_drain(&tally, fds[0]);
    threads_refused = false;
    write_lines(log, 210, 215);
    tally_read(&tally, fds[0], 215);
    CHECK_TALLY(&tally, 215);
    CHECK(tally.lost > 0);
    CHECK(lc_log_flush(log, 10000));
    lc_log_free(log);
    close_pipe(fds);
}

static void log_without_pwritev2_and_threads(void)
{
    int fds[2];
    struct lc_log *log;
    struct tally tally = {0};

    open_small_pipe(fds, 0);
    filter_call(SYS_pwritev2, fds[1], SECCOMP_RET_ERRNO | EPERM);
    log = new_log(fds[1]);
    threads_refused = true;
    write_lines(log, 0, 100);
    threads_refused = false;
    write_lines(log, 100, 105);
    tally_read(&tally, fds[0], 105);
    CHECK_TALLY(&tally, 105);
    CHECK_INT(tally.lost, 100);
    CHECK(lc_log_flush(log, 10000));
}

static void without_a_thread_and_without_pwritev2_nothing_blocks_either(void)
{
    in_child(log_without_pwritev2_and_threads);
}

/* The filter is this thread's: the log's own was started before it. */
static void log_into_a_file_under_filter(void)
{
    static const unsigned calls[] = {SYS_pwritev2, SYS_write, SYS_writev, SYS_pwrite64};
    int fd = memfd_create("log", MFD_CLOEXEC);
    struct lc_log *log = new_log(fd);

    write_lines(log, 0, 1);
    CHECK(lc_log_flush(log, 10000));
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
        filter_call(calls[i], fd, SECCOMP_RET_KILL_PROCESS);
    write_lines(log, 1, 50);
    CHECK(lc_log_flush(log, 10000));
    lc_log_free(log);
}

static void a_regular_file_is_written_by_the_thread_alone(void)
{
    in_child(log_into_a_file_under_filter);
}

static void start_thread_then_send_signals(void)
{
    int fd = memfd_create("log", MFD_CLOEXEC);
    struct lc_log *log = new_log(fd);
    sigset_t all, none, now, pending;

    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, NULL);
    write_lines(log, 0, 1);
    CHECK(lc_log_flush(log, 10000));
    pthread_sigmask(SIG_SETMASK, NULL, &now);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    for (int number = 1; number <= 64; number++) {
        CHECK_INT(sigismember(&now, number) > 0, 0); /* the caller's mask is as it was */
        if (number == SIGKILL || number == SIGSTOP || sigismember(&all, number) <= 0)
            continue;
        if (number == SIGSYS) /* ThreadSanitizer's own thread leaves it open */
            continue;
        kill(getpid(), number);
        sigpending(&pending); /* at once: stop signals and SIGCONT take each other back */
        CHECK(sigismember(&pending, number));
    }
}

static void no_signal_is_delivered_to_the_thread(void)
{
    in_child(start_thread_then_send_signals);
}

static void flush_and_free_with_a_stuck_thread(void)
{
    int fds[2];
    struct lc_log *log;

    open_small_pipe(fds, 0);
    log = new_log(fds[1]);
    write_lines(log, 0, 2000);
    CHECK(!lc_log_flush(log, 0));
    CHECK(!lc_log_flush(log, 1));
    CHECK(!lc_log_flush(log, 1100));
    lc_log_free(log);
}

static void flush_gives_up_at_its_time_and_free_does_not_wait(void)
{
    in_child(flush_and_free_with_a_stuck_thread);
}

static void free_of_null_and_of_an_unused_log_is_allowed(void)
{
    lc_log_free(NULL);
    lc_log_free(new_log(STDOUT_FILENO));
}

int main(void)
{
    alarm(PATIENCE_SEC);
    TEST(a_closed_descriptor_loses_lines_and_counts_them);
    TEST(a_descriptor_of_a_path_only_loses_lines_and_counts_them);
    TEST(a_descriptor_that_is_only_readable_loses_lines_and_counts_them);
    TEST(a_full_disk_loses_lines_and_counts_them);
    TEST(half_a_line_in_a_full_file_spoils_no_other);
    TEST(where_pwritev2_is_refused_the_thread_writes_every_line);
    TEST(where_no_thread_can_be_had_lines_are_lost_and_counted);
    TEST(without_a_thread_and_without_pwritev2_nothing_blocks_either);
    TEST(a_regular_file_is_written_by_the_thread_alone);
    TEST(no_signal_is_delivered_to_the_thread);
    TEST(flush_gives_up_at_its_time_and_free_does_not_wait);
    TEST(free_of_null_and_of_an_unused_log_is_allowed);
    return tap_done();
}
