/* SPDX-License-Identifier: Apache-2.0 */
#include "config/loader.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <time.h>

/* How long a pipe's writer may take, all in all: PID 1 must not hang on a file. */
enum { PIPE_WAIT_MSEC = 5000 };

static int64_t now_msec(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/*
 * NULL where it can be read to its end without surprise: a file, or the pipe of `-c <(...)` and
 * `-c /dev/stdin`, or /dev/null. A named FIFO may have no writer ever: what pipe(2) made lies on a
 * file system of its own.
 */
static const char *what_is_wrong(int fd)
{
    struct stat status;
    struct statfs filesystem;

    if (fstat(fd, &status) < 0)
        return strerror(errno);
    if (S_ISREG(status.st_mode))
        return NULL;
    if (S_ISDIR(status.st_mode))
        return "a directory";
    if (S_ISFIFO(status.st_mode))
        return fstatfs(fd, &filesystem) == 0 && filesystem.f_type == PIPEFS_MAGIC ? NULL : "a FIFO";
    if (S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3))
        return NULL;
    return "a device or socket";
}

/* 1 where there is something to read, 0 where the time is over, or -errno. */
static int wait_readable(int fd, int64_t deadline)
{
    struct pollfd poller = {.fd = fd, .events = POLLIN};
    int64_t left = deadline - now_msec();
    int r = left > 0 ? poll(&poller, 1, (int)left) : 0;

    return r < 0 ? -errno : r;
}

/* Up to `size` bytes, until the end of the file. Returns how many, or -errno. */
static ssize_t read_all(int fd, char *buf, size_t size)
{
    int64_t deadline = now_msec() + PIPE_WAIT_MSEC;
    size_t length = 0;

    while (length < size) {
        ssize_t got = read(fd, buf + length, size - length);

        if (got == 0)
            break;
        if (got > 0) {
            length += (size_t)got;
            continue;
        }
        if (errno == EAGAIN) {
            int r = wait_readable(fd, deadline);

            if (r == 0)
                return -ETIMEDOUT;
            if (r < 0 && r != -EINTR)
                return r;
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    return (ssize_t)length;
}

int lc_file_read(const char *name, char **ret, size_t *ret_size, struct lc_config_errors *errors)
{
    /* Without O_NONBLOCK the open of a FIFO waits for a writer. */
    LC_CLEANUP_FD int fd = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    LC_CLEANUP_FREE char *bytes = NULL;
    const char *wrong;
    ssize_t length;

    wrong = fd < 0 ? strerror(errno) : what_is_wrong(fd);
    if (wrong) {
        lc_errors_add(errors, *name ? name : "--config", NULL,
                      "found %s%s; accepted: a YAML file that can be read",
                      *name ? "" : "an empty name: ", wrong);
        return -EINVAL;
    }
    bytes = malloc(LC_YAML_SIZE_MAX + 1);
    if (!bytes)
        return -ENOMEM;
    length = read_all(fd, bytes, LC_YAML_SIZE_MAX + 1);
    if (length < 0) {
        lc_errors_add(errors, name, NULL, "cannot be read: %s", strerror((int)-length));
        return -EINVAL;
    }
    if (length > LC_YAML_SIZE_MAX) {
        lc_errors_add(errors, name, NULL,
                      "found more than 1 MiB; accepted: a YAML file up to that");
        return -EINVAL;
    }
    *ret = bytes;
    *ret_size = (size_t)length;
    bytes = NULL;
    return 0;
}
