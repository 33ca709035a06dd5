/* SPDX-License-Identifier: Apache-2.0 */
#include "command.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * `lastcallctl install DIR`: what an init container runs to bring lastcall into an image that lacks
 * it, from an image that has no shell and no cp. A binary appears whole or not at all: the
 * application's container may start from the volume at any time, after a restart too.
 */

enum { COPY_BYTES = 64 * 1024, PROGRAMS = 2 };

static int write_all(int fd, const char *bytes, size_t size)
{
    while (size) {
        ssize_t written = write(fd, bytes, size);

        if (written < 0 && errno != EINTR)
            return -errno;
        if (written > 0) {
            bytes += written;
            size -= (size_t)written;
        }
    }
    return 0;
}

static int copy_bytes(int from, int to)
{
    LC_CLEANUP_FREE char *buf = malloc(COPY_BYTES);
    ssize_t got;
    int r = 0;

    if (!buf)
        return -ENOMEM;
    do {
        got = read(from, buf, COPY_BYTES);
        if (got > 0)
            r = write_all(to, buf, (size_t)got);
        else if (got < 0 && errno != EINTR)
            r = -errno;
    } while (r == 0 && got != 0);
    return r;
}

/* The file in `dir` under a temporary name, whole and on the disk. */
static int write_temporary(int from, int dir, const char *temporary)
{
    LC_CLEANUP_FD int to =
        openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    int r;

    if (to < 0)
        return -errno;
    r = copy_bytes(from, to);
    /* Whoever runs the application may have another uid than the init container. */
    if (r == 0 && fchmod(to, 0555) < 0)
        r = -errno;
    /* A full disk or a quota on a network's file system may be told as late as here. */
    if (r == 0 && fsync(to) < 0)
        r = -errno;
    if (close(lc_steal_fd(&to)) < 0 && r == 0)
        r = -errno;
    return r;
}

/* A program on its way into the volume. */
struct copy {
    const char *name;
    bool own;           /* this very program, whatever its file is called */
    char temporary[48]; /* "": there is none */
};

static int copy_program(struct copy *self, int source_dir, int dir)
{
    LC_CLEANUP_FD int from = self->own ? open("/proc/self/exe", O_RDONLY | O_CLOEXEC)
                                       : openat(source_dir, self->name, O_RDONLY | O_CLOEXEC);
    uint64_t number;
    int r;

    if (from < 0)
        return -errno;
    /* Not our PID: an init container's is always 1, and two pods may share the volume. */
    if (getrandom(&number, sizeof(number), 0) < 0)
        return -errno;
    snprintf(self->temporary, sizeof(self->temporary), ".%s.%016" PRIx64, self->name, number);
    r = write_temporary(from, dir, self->temporary);
    if (r == -EEXIST) /* nobody's but another's */
        self->temporary[0] = '\0';
    return r;
}

static int publish(struct copy *self, int dir)
{
    if (renameat(dir, self->temporary, dir, self->name) < 0)
        return -errno;
    self->temporary[0] = '\0';
    return 0;
}

/* Both are written before the first of them is there: a full disk leaves what was. */
static int install(struct copy copies[static PROGRAMS], int source_dir, int dir, size_t *ret_failed)
{
    int r = 0;

    for (size_t i = 0; i < PROGRAMS && r == 0; i++) {
        *ret_failed = i;
        r = copy_program(&copies[i], source_dir, dir);
    }
    for (size_t i = 0; i < PROGRAMS && r == 0; i++) {
        *ret_failed = i;
        r = publish(&copies[i], dir);
    }
    for (size_t i = 0; i < PROGRAMS; i++)
        if (copies[i].temporary[0])
            unlinkat(dir, copies[i].temporary, 0);
    return r;
}

/* The directory that this program lies in: lastcall lies beside it. */
static int open_own_directory(void)
{
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
    char *slash;
    int fd;

    if (length < 0)
        return -errno;
    path[length] = '\0';
    slash = strrchr(path, '/');
    if (!slash)
        return -ENOENT;
    slash[slash == path] = '\0';
    fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int lc_ctl_install(const struct lc_ctl_arguments *arguments)
{
    const char *name = arguments->rest[1];
    LC_CLEANUP_FD int source_dir = open_own_directory();
    LC_CLEANUP_FD int dir = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct copy copies[PROGRAMS] = {{.name = "lastcall"}, {.name = "lastcallctl", .own = true}};
    size_t failed = 0;
    int r;

    if (source_dir < 0)
        return lc_ctl_fail("/proc/self/exe: %s", strerror(-source_dir));
    if (dir < 0)
        return lc_ctl_fail("%s: %s", name, strerror(errno));
    r = install(copies, source_dir, dir, &failed);
    if (r < 0)
        return lc_ctl_fail("%s/%s: %s", name, copies[failed].name, strerror(-r));
    /* The names are on the disk too, once this is done; not every file system can (EINVAL). */
    if (fsync(dir) < 0 && errno != EINVAL)
        return lc_ctl_fail("%s: %s", name, strerror(errno));
    return EXIT_SUCCESS;
}
