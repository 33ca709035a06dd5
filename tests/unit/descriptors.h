/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_TESTS_UNIT_DESCRIPTORS_H
#define LC_TESTS_UNIT_DESCRIPTORS_H

/* How many descriptors we have: to compare before and after, since the one that counts is among them. */

#include <dirent.h>

static inline int count_descriptors(void)
{
    DIR *list = opendir("/proc/self/fd");
    int count = 0;

    while (list && readdir(list))
        count++;
    if (list)
        closedir(list);
    return count;
}

#endif
