/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/http_means.h"

#include <stdlib.h>
#include <sys/resource.h>

bool lc_http_has_memory(size_t bytes)
{
    void *volatile probe = malloc(bytes); /* else the compiler takes success for granted */
    bool there = probe;

    free(probe);
    return there;
}

unsigned lc_http_connections_limit(unsigned most)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur / 2 >= most)
        return most;
    return limit.rlim_cur < 2 ? 1 : (unsigned)(limit.rlim_cur / 2);
}
