/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/descriptors.h"

#include "sys/environment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* How far to look where nothing tells what is open. Container runtimes allow 2^30 descriptors to a
 * process: to try them all would take minutes. */
enum { BLIND_LIMIT = 65536 };

/* A decimal number without sign or space, or -1. */
static int parse_number(const char *text)
{
    char *end;
    long number;

    if (!text || *text < '0' || *text > '9')
        return -1;
    errno = 0;
    number = strtol(text, &end, 10);
    return errno || *end || number > INT_MAX ? -1 : (int)number;
}

static int count_listen_fds(char *const *envp)
{
    int count;

    if (parse_number(lc_environment_get(envp, "LISTEN_PID")) != getpid())
        return 0;
    count = parse_number(lc_environment_get(envp, "LISTEN_FDS"));
    return count < 0 || count > INT_MAX - LC_LISTEN_FDS_START ? 0 : count;
}

/* From `/proc/self/fd`; false where it cannot be read. */
static bool close_listed_from(int first)
{
    DIR *directory = opendir("/proc/self/fd");
    const struct dirent *entry;

    if (!directory)
        return false;
    while ((entry = readdir(directory))) {
        int fd = parse_number(entry->d_name);

        if (fd >= first && fd != dirfd(directory))
            close(fd);
    }
    closedir(directory);
    return true;
}

static void close_blindly_from(int first)
{
    struct rlimit limit;
    int end = BLIND_LIMIT;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max < BLIND_LIMIT)
        end = (int)limit.rlim_max;
    for (int fd = first; fd < end; fd++)
        close(fd);
}

static void close_from(int first)
{
    if (syscall(SYS_close_range, (unsigned)first, ~0U, 0) == 0)
        return;
    if (!close_listed_from(first))
        close_blindly_from(first);
}

static int fill_standard(void)
{
    for (int fd = 0; fd < LC_LISTEN_FDS_START; fd++) {
        if (fcntl(fd, F_GETFD) >= 0)
            continue;
        /* The lowest free number is this one. With O_PATH every read and write is EBADF, as if it
         * were closed, and it needs no /dev/null, which a bare image may lack. */
        if (open("/", O_PATH | O_CLOEXEC) < 0)
            return -errno;
    }
    return 0;
}

int lc_descriptors_inherit(char *const *envp)
{
    int count = count_listen_fds(envp), r;

    for (int i = 0; i < count; i++)
        if (fcntl(LC_LISTEN_FDS_START + i, F_SETFD, FD_CLOEXEC) < 0)
            return -errno;
    close_from(LC_LISTEN_FDS_START + count);
    r = fill_standard();
    return r < 0 ? r : count;
}
