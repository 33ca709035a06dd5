/* SPDX-License-Identifier: Apache-2.0 */

/* The log on every kind of descriptor that stderr may be. */

#include "base/log.h"

#include "log_tally.h"
#include "tap.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

static void open_pipe(int fds[2], int flags)
{
    if (pipe2(fds, O_CLOEXEC | flags))
        abort();
}

/* A file without a name, its position shared by all who have it, as a container's log file is. */
static int open_file(int flags)
{
    int fd = memfd_create("log", MFD_CLOEXEC);

    if (fd < 0 || fcntl(fd, F_SETFL, flags))
        abort();
    return fd;
}

static void read_file(struct tally *tally, int fd, uint64_t total)
{
    lseek(fd, 0, SEEK_SET);
    tally_read(tally, fd, total);
}

/* All of them, in order; closes both. */
static void write_and_read_lines(const int fds[2])
{
    struct lc_log *log = new_log(fds[1]);
    struct tally tally = {0};

    write_lines(log, 0, 200);
    tally_read(&tally, fds[0], 200);
    CHECK_TALLY(&tally, 200);
    CHECK_INT(tally.lines, 200);
    /* A log that is not done leaves its ring to its thread, which LeakSanitizer may find. */
    CHECK(lc_log_flush(log, 10000));
    lc_log_free(log);
    close_pipe(fds);
}

static void a_pipe_gets_one_json_line_for_each_that_is_written(void)
{
    int fds[2];

    open_pipe(fds, 0);
    write_and_read_lines(fds);
}

static void lines_below_the_level_are_not_written(void)
{
    int fds[2];
    struct lc_log *log;
    char buf[4096];
    ssize_t n;

    open_pipe(fds, 0);
    log = new_log(fds[1]);
    lc_log(log, LC_LOG_DEBUG, "by default no");
    lc_log_configure(log, LC_LOG_JSON, LC_LOG_WARN);
    lc_log(log, LC_LOG_INFO, "no");
    lc_log(log, LC_LOG_WARN, "yes");
    lc_log(log, LC_LOG_ERROR, "yes");
    CHECK(lc_log_flush(log, 10000));
    n = read(fds[0], buf, sizeof(buf) - 1);
    buf[n > 0 ? n : 0] = '\0';
    CHECK(strstr(buf, "\"warn\",\"msg\":\"yes\"}\n{"));
    CHECK(strstr(buf, "\"error\",\"msg\":\"yes\"}\n"));
    CHECK(!strstr(buf, "no"));
    lc_log_free(log);
    close_pipe(fds);
}

static void text_can_be_asked_for(void)
{
    int fds[2];
    struct lc_log *log;
    char buf[4096];
    ssize_t n;

    open_pipe(fds, 0);
    log = new_log(fds[1]);
    lc_log_configure(log, LC_LOG_TEXT, LC_LOG_INFO);
    lc_log(log, LC_LOG_INFO, "hello", LC_INT("i", 1));
    CHECK(lc_log_flush(log, 10000));
    n = read(fds[0], buf, sizeof(buf) - 1);
    buf[n > 0 ? n : 0] = '\0';
    CHECK(n > 12);
    CHECK_STR(buf + 12, " info  hello i=1\n");
    lc_log_free(log);
    close_pipe(fds);
}

/* Lines of all lengths, each of which has to come out of one read(2). */
static void write_and_read_packets(int writer, int reader)
{
    struct lc_log *log = new_log(writer);
    char value[6000], packet[2 * LC_LOG_LINE_MAX];
    size_t longest = 0;

    for (size_t len = 0; len < sizeof(value) - 1; len += 97) {
        memset(value, 'x', len);
        value[len] = '\0';
        lc_log(log, LC_LOG_INFO, "long", LC_STR("a", value), LC_STR("b", value), LC_STR("c", value),
               LC_STR("d", value + len / 5 * 2), LC_STR("e", value));
        ssize_t n = read(reader, packet, sizeof(packet) - 1);

        if (n < 1)
            abort();
        CHECK(n <= LC_LOG_LINE_MAX);
        CHECK(memchr(packet, '\n', (size_t)n) == packet + n - 1);
        packet[n - 1] = '\0';
        CHECK(json_valid(packet));
        longest = (size_t)n > longest ? (size_t)n : longest;
    }
    CHECK(longest > LC_LOG_LINE_MAX / 2);
    lc_log_free(log);
}

static void a_line_is_one_write_of_at_most_4096_bytes_into_a_pipe(void)
{
    int fds[2];

    open_pipe(fds, O_DIRECT); /* packet mode: a read returns what one write wrote */
    write_and_read_packets(fds[1], fds[0]);
    close_pipe(fds);
}

static void a_line_is_one_write_of_at_most_4096_bytes_into_a_socket(void)
{
    int fds[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds))
        abort();
    write_and_read_packets(fds[1], fds[0]);
    close_pipe(fds);
}

static void a_stream_socket_gets_all_lines_in_order(void)
{
    int fds[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
        abort();
    write_and_read_lines(fds);
}

static void a_regular_file_gets_all_lines_in_order(void)
{
    int fd = open_file(0);
    struct lc_log *log = new_log(fd);
    struct tally tally = {0};

    for (uint64_t i = 0; i < 1000; i++) {
        write_numbered(log, i);
        if (i % 100 == 99)
            CHECK(lc_log_flush(log, 10000));
    }
    read_file(&tally, fd, 1000);
    CHECK_TALLY(&tally, 1000);
    CHECK_INT(tally.lost, 0);
    lc_log_free(log);
    close(fd);
}

static void lines_and_the_application_s_writes_to_a_shared_file_do_not_overwrite_each_other(void)
{
    int fd = open_file(0);
    int applications = dup(fd);
    struct lc_log *log = new_log(fd);
    struct tally tally = {0};

    for (uint64_t i = 0; i < 100; i++) {
        char line[64];
        int len = snprintf(line, sizeof(line), "{\"i\":%d}\n", (int)(2 * i + 1));

        write_numbered(log, 2 * i);
        CHECK(lc_log_flush(log, 10000));
        CHECK_INT(write(applications, line, (size_t)len), len);
    }
    read_file(&tally, fd, 200);
    CHECK_TALLY(&tally, 200);
    lc_log_free(log);
    close(applications);
    close(fd);
}

static void the_flags_of_the_descriptor_are_never_touched(void)
{
    int fds[2], other[2], file = open_file(O_APPEND);

    open_pipe(fds, 0);
    open_pipe(other, O_NONBLOCK);
    for (int i = 0; i < 3; i++) {
        int fd = i == 0 ? fds[1] : i == 1 ? other[1] : file;
        int flags = fcntl(fd, F_GETFL), fd_flags = fcntl(fd, F_GETFD);
        struct lc_log *log = new_log(fd);
        struct tally tally = {0};

        fcntl(fd, F_SETPIPE_SZ, 4096);
        for (uint64_t k = 0; k < 2000; k++)
            write_numbered(log, k);
        CHECK_INT(fcntl(fd, F_GETFL), flags);
        CHECK_INT(fcntl(fd, F_GETFD), fd_flags);
        if (i < 2)
            tally_read(&tally, i == 0 ? fds[0] : other[0], 2000);
        CHECK(lc_log_flush(log, 10000));
        lc_log_free(log);
        CHECK_INT(fcntl(fd, F_GETFL), flags);
    }
    close_pipe(fds);
    close_pipe(other);
    close(file);
}

static int open_terminal(int *ret_master)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    int slave;

    if (master < 0 || grantpt(master) || unlockpt(master))
        abort();
    slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0)
        abort();
    *ret_master = master;
    return slave;
}

static size_t read_text_line(int fd, char *buf, size_t size)
{
    size_t len = 0;

    while (len < size - 1 && read(fd, buf + len, 1) == 1 && buf[len] != '\n')
        len++;
    buf[len] = '\0';
    return len;
}

static void a_terminal_gets_text_and_no_control_characters(void)
{
    int master, slave = open_terminal(&master);
    struct lc_log *log = new_log(slave);
    char line[4096];

    lc_log(log, LC_LOG_ERROR, "hello", LC_STR("a", "\x1b[31mred"), LC_STR("b", "two words"));
    read_text_line(master, line, sizeof(line));
    CHECK(strlen(line) > 12);
    CHECK_STR(line + 12, " error hello a=\\u001b[31mred b=\"two words\"\r");
    CHECK(lc_log_flush(log, 10000));
    lc_log_free(log);
    close(slave);
    close(master);
}

static void a_terminal_that_nobody_reads_never_blocks_the_caller(void)
{
    int master, slave = open_terminal(&master);
    struct lc_log *log = new_log(slave);
    char line[4096];
    unsigned long lines = 0, lost = 0;

    for (int i = 0; i < 3000; i++)
        lc_log(log, LC_LOG_INFO, "numbered", LC_INT("i", i));
    CHECK(!lc_log_flush(log, 1)); /* it did fill up */
    while (lines + lost < 3000) {
        const char *count;

        read_text_line(master, line, sizeof(line));
        count = strstr(line, " warn  log lines lost count=");
        if (count)
            lost += strtoul(strchr(count, '=') + 1, NULL, 10);
        else
            lines += strstr(line, " info  numbered i=") != NULL;
    }
    CHECK_INT(lines + lost, 3000);
    CHECK(lost > 0);
    CHECK(lc_log_flush(log, 10000));
    lc_log_free(log);
    close(slave);
    close(master);
}

static void several_writers_into_one_pipe_tear_no_line(void)
{
    enum { WRITERS = 4, EACH = 1500 };
    int fds[2];
    char *line = NULL;
    size_t size = 0, lines[WRITERS] = {0};
    FILE *reader;

    open_pipe(fds, 0);
    fcntl(fds[1], F_SETPIPE_SZ, 16384);
    for (int w = 0; w < WRITERS; w++) {
        if (fork() == 0) {
            struct lc_log *log = new_log(fds[1]);
            char pad[1000];

            alarm(PATIENCE_SEC);
            memset(pad, 'a' + w, sizeof(pad) - 1);
            pad[sizeof(pad) - 1] = '\0';
            for (int i = 0; i < EACH; i++)
                lc_log(log, LC_LOG_INFO, "many", LC_INT("w", w), LC_STR("pad", pad + i % 900));
            _exit(lc_log_flush(log, PATIENCE_SEC * 1000) ? 0 : 1);
        }
    }
    close(fds[1]);
    reader = fdopen(fds[0], "r");
    for (ssize_t n; reader && (n = getline(&line, &size, reader)) > 0;) {
        line[n - 1] = '\0';
        CHECK(json_valid(line));
        if (strstr(line, "\"many\""))
            lines[tally_number(line, "\"w\":")]++;
        else /* whose they are is not said: all together */
            lines[0] += tally_number(line, "\"count\":");
    }
    for (int w = 1; w < WRITERS; w++) {
        CHECK(lines[w] > 0);
        lines[0] += lines[w];
    }
    CHECK_INT(lines[0], WRITERS * EACH);
    for (int w = 0, status; w < WRITERS; w++)
        CHECK(wait(&status) > 0 && status == 0);
    free(line);
    fclose(reader);
}

int main(void)
{
    alarm(PATIENCE_SEC);
    TEST(a_pipe_gets_one_json_line_for_each_that_is_written);
    TEST(lines_below_the_level_are_not_written);
    TEST(text_can_be_asked_for);
    TEST(a_line_is_one_write_of_at_most_4096_bytes_into_a_pipe);
    TEST(a_line_is_one_write_of_at_most_4096_bytes_into_a_socket);
    TEST(a_stream_socket_gets_all_lines_in_order);
    TEST(a_regular_file_gets_all_lines_in_order);
    TEST(lines_and_the_application_s_writes_to_a_shared_file_do_not_overwrite_each_other);
    TEST(the_flags_of_the_descriptor_are_never_touched);
    TEST(a_terminal_gets_text_and_no_control_characters);
    TEST(a_terminal_that_nobody_reads_never_blocks_the_caller);
    TEST(several_writers_into_one_pipe_tear_no_line);
    return tap_done();
}
