/* SPDX-License-Identifier: Apache-2.0 */
#include "read.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

FILE *lc_ctl_open(const char *name)
{
    return strcmp(name, "-") != 0 ? fopen(name, "re") : stdin;
}

void lc_ctl_close(FILE *file)
{
    if (file && file != stdin)
        fclose(file);
}

static int read_to_end(FILE *file, char **ret, size_t *ret_size)
{
    LC_CLEANUP_FREE char *bytes = NULL;
    size_t size = 0, room = 0;

    do {
        char *grown;

        if (size == room) {
            room = room ? room * 2 : 64 * 1024;
            if (room > LC_CTL_READ_MAX)
                return -EFBIG;
            grown = realloc(bytes, room);
            if (!grown)
                return -ENOMEM;
            bytes = grown;
        }
        size += fread(bytes + size, 1, room - size, file);
    } while (!feof(file) && !ferror(file));
    if (ferror(file))
        return errno ? -errno : -EIO;
    *ret = bytes;
    *ret_size = size;
    bytes = NULL;
    return 0;
}

int lc_ctl_read(const char *name, char **ret, size_t *ret_size)
{
    FILE *file = lc_ctl_open(name);
    int r;

    if (!file)
        return -errno;
    errno = 0;
    r = read_to_end(file, ret, ret_size);
    lc_ctl_close(file);
    return r;
}
