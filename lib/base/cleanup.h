/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_BASE_CLEANUP_H
#define LC_BASE_CLEANUP_H

/* Typed cleanup attributes: a local that owns something says so where it is declared.
 *
 *     LC_CLEANUP_FD int fd = open(...);
 *     ...
 *     return lc_steal_fd(&fd);
 */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void lc_cleanup_fd(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static inline void lc_cleanup_free(void *pointer)
{
    free(*(void **)pointer);
}

static inline void lc_cleanup_file(FILE **file)
{
    if (*file)
        fclose(*file);
}

static inline int lc_steal_fd(int *fd)
{
    int stolen = *fd;

    *fd = -1;
    return stolen;
}

#define LC_CLEANUP_FD   __attribute__((__cleanup__(lc_cleanup_fd)))
#define LC_CLEANUP_FREE __attribute__((__cleanup__(lc_cleanup_free)))
#define LC_CLEANUP_FILE __attribute__((__cleanup__(lc_cleanup_file)))

#endif
