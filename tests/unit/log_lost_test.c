/* SPDX-License-Identifier: Apache-2.0 */

/* The log whose reader is slow, idle or gone: nothing blocks, and what is lost is counted to the
 * line. */

#include "base/log.h"

#include "log_tally.h"
#include "tap.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>

static void overfill_and_read(int flags)
{
    int fds[2];
    struct lc_log *log;
    struct tally tally = {0};

    open_small_pipe(fds, flags);
    log = new_log(fds[1]);
    for (uint64_t round = 1; round <= 3; round++) {
        write_lines(log, (round - 1) * 3000, round * 3000);
        tally_read(&tally, fds[0], round * 3000);
        CHECK_TALLY(&tally, round * 3000);
        CHECK(tally.lost > 0);
    }
    CHECK(lc_log_flush(log, 10000));
    lc_log_free(log);
    close_pipe(fds);
}

static void a_full_pipe_never_blocks_and_the_lost_are_told_as_soon_as_somebody_reads(void)
{
    overfill_and_read(0);
}

static void so_it_is_where_somebody_made_the_pipe_non_blocking(void)
{
    overfill_and_read(O_NONBLOCK);
}

struct reader {
    int fd;
    uint64_t total;
    struct tally tally;
};

static void *read_all(void *userdata)
{
    struct reader *self = userdata;

    tally_read(&self->tally, self->fd, self->total);
    return NULL;
}

static void with_a_reader_that_is_too_slow_every_line_is_received_or_told_in_its_place(void)
{
    int fds[2];
    struct reader reader = {.total = 20000};
    struct lc_log *log;
    pthread_t thread;

    open_small_pipe(fds, 0);
    reader.fd = fds[0];
    log = new_log(fds[1]);
    if (pthread_create(&thread, NULL, read_all, &reader))
        abort();
    write_lines(log, 0, 20000);
    CHECK(lc_log_flush(log, PATIENCE_SEC * 1000));
    pthread_join(thread, NULL);
    CHECK_TALLY(&reader.tally, 20000);
    lc_log_free(log);
    close_pipe(fds);
}

/* Between two reports at least half of the ring was read: some 200 lines. */
static void a_report_is_about_many_lines_not_one(void)
{
    int fds[2];
    struct lc_log *log;
    struct tally tally = {0};
    uint64_t i = 0;

    open_small_pipe(fds, 0);
    log = new_log(fds[1]);
    while (tally.lines < 5000) {
        write_lines(log, i, i + 100); /* more than the 4096 bytes that are read each time */
        i += 100;
        tally_read(&tally, fds[0], tally.lines + tally.lost + 1);
    }
    CHECK(tally.reports > 0);
    CHECK(tally.reports <= tally.lines / 100);
    tally_read(&tally, fds[0], i);
    CHECK_TALLY(&tally, i);
    CHECK(lc_log_flush(log, 10000));
    lc_log_free(log);
    close_pipe(fds);
}

static void write_to_closed_pipe(void)
{
    int fds[2];
    struct lc_log *log;
    sigset_t pending;

    open_small_pipe(fds, 0);
    log = new_log(fds[1]);
    close(fds[0]);
    write_lines(log, 0, 100);
    CHECK(lc_log_flush(log, 10000));
    sigpending(&pending);
    CHECK(!sigismember(&pending, SIGPIPE));
    lc_log_free(log);
}

static void a_closed_pipe_leaves_no_SIGPIPE_where_it_is_blocked(void)
{
    sigset_t set;

    signal(SIGPIPE, SIG_DFL);
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    write_to_closed_pipe();
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void a_closed_pipe_ends_nobody_where_SIGPIPE_is_ignored(void)
{
    signal(SIGPIPE, SIG_IGN);
    write_to_closed_pipe();
}

/* A SIGPIPE that somebody sent is not the log's to take. */
static void a_sent_SIGPIPE_stays_pending(void)
{
    sigset_t set, pending;
    int fds[2];
    struct lc_log *log;

    signal(SIGPIPE, SIG_DFL);
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    open_small_pipe(fds, 0);
    log = new_log(fds[1]);
    close(fds[0]);
    kill(getpid(), SIGPIPE);
    write_lines(log, 0, 10);
    sigpending(&pending);
    CHECK(sigismember(&pending, SIGPIPE));
    sigtimedwait(&set, NULL, &(struct timespec){0});
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    lc_log_free(log);
    close(fds[1]);
}

/* A log to a FIFO, whose reader's end can be closed and opened again. */
struct fifo {
    char dir[32], path[64];
    int reader, writer;
    struct lc_log *log;
};

static void fifo_open_reader(struct fifo *self)
{
    self->reader = open(self->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (self->reader < 0)
        abort();
}

static void fifo_begin(struct fifo *self)
{
    signal(SIGPIPE, SIG_IGN);
    strcpy(self->dir, "/tmp/lc-log-XXXXXX");
    if (!mkdtemp(self->dir))
        abort();
    snprintf(self->path, sizeof(self->path), "%s/fifo", self->dir);
    if (mkfifo(self->path, 0600))
        abort();
    fifo_open_reader(self);
    self->writer = open(self->path, O_WRONLY | O_CLOEXEC);
    if (self->writer < 0 || fcntl(self->writer, F_SETPIPE_SZ, 4096) < 0)
        abort();
    unlink(self->path);
    rmdir(self->dir);
    snprintf(self->path, sizeof(self->path), "/proc/self/fd/%d", self->writer);
    self->log = new_log(self->writer);
}

static void fifo_end(struct fifo *self)
{
    /* A log that is not done leaves its ring to its thread, which LeakSanitizer may find. */
    CHECK(lc_log_flush(self->log, 10000));
    lc_log_free(self->log);
    close(self->reader);
    close(self->writer);
}

static void when_a_fifo_s_reader_returns_it_is_told_what_it_missed(void)
{
    struct fifo fifo;
    struct tally tally = {0};

    fifo_begin(&fifo);
    write_lines(fifo.log, 0, 5);
    tally_read(&tally, fifo.reader, 5);
    close(fifo.reader);
    write_lines(fifo.log, 5, 15);
    CHECK(lc_log_flush(fifo.log, 10000));
    fifo_open_reader(&fifo);
    write_lines(fifo.log, 15, 20);
    tally_read(&tally, fifo.reader, 20);
    CHECK_TALLY(&tally, 20);
    CHECK_INT(tally.lost, 10);
    fifo_end(&fifo);
}

static void flush_tells_what_no_later_line_would(void)
{
    struct fifo fifo;
    struct tally tally = {0};

    fifo_begin(&fifo);
    close(fifo.reader);
    write_lines(fifo.log, 0, 10);
    CHECK(lc_log_flush(fifo.log, 10000));
    fifo_open_reader(&fifo);
    CHECK(lc_log_flush(fifo.log, 10000));
    tally_read(&tally, fifo.reader, 10);
    CHECK_TALLY(&tally, 10);
    CHECK_INT(tally.lost, 10);
    fifo_end(&fifo);
}

static void lines_that_wait_when_the_reader_goes_are_counted(void)
{
    struct fifo fifo;
    struct tally tally = {0};

    fifo_begin(&fifo);
    write_lines(fifo.log, 0, 1000);
    CHECK(!lc_log_flush(fifo.log, 1));
    close(fifo.reader); /* what is in the FIFO stays there as long as one of the ends is open */
    CHECK(lc_log_flush(fifo.log, 10000));
    fifo_open_reader(&fifo);
    write_lines(fifo.log, 1000, 1001);
    tally_read(&tally, fifo.reader, 1001);
    CHECK_TALLY(&tally, 1001);
    CHECK(tally.lost > 900);
    fifo_end(&fifo);
}

static void the_format_may_change_while_the_thread_reports(void)
{
    int fds[2];
    struct reader reader = {.total = 3000};
    struct lc_log *log;
    pthread_t thread;

    open_small_pipe(fds, 0);
    reader.fd = fds[0];
    log = new_log(fds[1]);
    write_lines(log, 0, 3000);
    if (pthread_create(&thread, NULL, read_all, &reader))
        abort();
    for (unsigned i = 0; i < 1000; i++)
        lc_log_configure(log, LC_LOG_AUTO, LC_LOG_INFO);
    pthread_join(thread, NULL);
    CHECK_TALLY(&reader.tally, 3000);
    CHECK(lc_log_flush(log, 10000));
    lc_log_free(log);
    close_pipe(fds);
}

int main(void)
{
    alarm(PATIENCE_SEC);
    TEST(a_full_pipe_never_blocks_and_the_lost_are_told_as_soon_as_somebody_reads);
    TEST(so_it_is_where_somebody_made_the_pipe_non_blocking);
    TEST(with_a_reader_that_is_too_slow_every_line_is_received_or_told_in_its_place);
    TEST(a_report_is_about_many_lines_not_one);
    TEST(a_closed_pipe_leaves_no_SIGPIPE_where_it_is_blocked);
    TEST(a_closed_pipe_ends_nobody_where_SIGPIPE_is_ignored);
    TEST(a_sent_SIGPIPE_stays_pending);
    TEST(when_a_fifo_s_reader_returns_it_is_told_what_it_missed);
    TEST(flush_tells_what_no_later_line_would);
    TEST(lines_that_wait_when_the_reader_goes_are_counted);
    TEST(the_format_may_change_while_the_thread_reports);
    return tap_done();
}
