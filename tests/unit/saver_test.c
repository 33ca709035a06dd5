/* SPDX-License-Identifier: Apache-2.0 */
#include "base/saver.h"

#include "base/cleanup.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATIENCE_MSEC = 10000 };

static char directory[] = "/tmp/lc-saver-XXXXXX", path[64];
static struct lc_saver *saver;
static int file;

static void set_up(enum lc_saver_mode mode)
{
    snprintf(path, sizeof(path), "%s/file", directory);
    unlink(path);
    CHECK_INT(lc_saver_new(&saver), 0);
    file = lc_saver_add(saver, path, mode);
    CHECK_INT(file, 0);
}

static void save(const char *text)
{
    CHECK_INT(lc_saver_put(saver, file, text, strlen(text)), 0);
}

static void check_content(const char *expected)
{
    LC_CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    char text[64] = "";

    CHECK(fd >= 0 && read(fd, text, sizeof(text) - 1) >= 0);
    CHECK_STR(text, expected);
}

static void make_file(const char *content)
{
    LC_CLEANUP_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    CHECK_INT(write(fd, content, strlen(content)), (ssize_t)strlen(content));
}

static void a_file_is_replaced_by_a_new_one(void)
{
    struct stat before, after;

    set_up(LC_SAVER_REPLACE);
    make_file("old");
    stat(path, &before);
    save("new");
    CHECK(lc_saver_wait(saver, PATIENCE_MSEC));
    stat(path, &after);
    CHECK_INT(lc_saver_result(saver, file), 0);
    CHECK(before.st_ino != after.st_ino);
    check_content("new");
    lc_saver_free(saver);
}

static void in_place_it_stays_the_same_file_and_is_cut(void)
{
    struct stat before, after;

    set_up(LC_SAVER_IN_PLACE);
    make_file("something long");
    stat(path, &before);
    save("short");
    CHECK(lc_saver_wait(saver, PATIENCE_MSEC));
    stat(path, &after);
    CHECK_INT(before.st_ino, after.st_ino);
    check_content("short");
    lc_saver_free(saver);
}

static void in_place_it_is_not_made(void)
{
    set_up(LC_SAVER_IN_PLACE);
    save("x");
    CHECK(lc_saver_wait(saver, PATIENCE_MSEC));
    CHECK_INT(lc_saver_result(saver, file), -ENOENT);
    CHECK_INT(access(path, F_OK), -1);
    lc_saver_free(saver);
}

static void the_newest_content_is_in_the_end_what_the_file_has(void)
{
    char text[16];

    set_up(LC_SAVER_REPLACE);
    for (int i = 0; i < 2000; i++) {
        snprintf(text, sizeof(text), "%d", i);
        save(text);
    }
    CHECK(lc_saver_wait(saver, PATIENCE_MSEC));
    check_content("1999");
    lc_saver_free(saver);
}

static void what_is_too_large_is_refused(void)
{
    static const char large[LC_SAVER_SIZE_MAX + 1];

    set_up(LC_SAVER_REPLACE);
    CHECK_INT(lc_saver_put(saver, file, large, sizeof(large)), -EFBIG);
    CHECK(lc_saver_wait(saver, PATIENCE_MSEC));
    lc_saver_free(saver);
}

/* A FIFO that nobody reads: open(2) waits for ever. */
static void a_write_that_hangs_holds_up_nobody(void)
{
    set_up(LC_SAVER_IN_PLACE);
    CHECK_INT(mkfifo(path, 0600), 0);
    save("x");
    CHECK(!lc_saver_wait(saver, 50));
    save("y");
    lc_saver_free(saver); /* left behind with its thread, until somebody reads */
    LC_CLEANUP_FD int reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    CHECK(reader >= 0);
}

int main(void)
{
    if (!mkdtemp(directory))
        return EXIT_FAILURE;
    TEST(a_file_is_replaced_by_a_new_one);
    TEST(in_place_it_stays_the_same_file_and_is_cut);
    TEST(in_place_it_is_not_made);
    TEST(the_newest_content_is_in_the_end_what_the_file_has);
    TEST(what_is_too_large_is_refused);
    TEST(a_write_that_hangs_holds_up_nobody);
    unlink(path);
    rmdir(directory);
    return tap_done();
}
