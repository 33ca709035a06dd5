/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_CTL_READ_H
#define LC_CTL_READ_H

#include <stdio.h>

/* Files that a person names; "-" is stdin. Unlike lastcall this may wait: for a cluster's answer in a
 * pipe, for a person at a terminal. */

enum { LC_CTL_READ_MAX = 64 << 20 };

/* NULL with errno. lc_ctl_close() it. */
FILE *lc_ctl_open(const char *name);
void lc_ctl_close(FILE *file);

/* The whole content, to be freed; at most LC_CTL_READ_MAX bytes. 0 or -errno. */
int lc_ctl_read(const char *name, char **ret, size_t *ret_size);

#endif
