/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_SYS_FAMILY_H
#define LC_SYS_FAMILY_H

/* Our living descendants, from /proc/PID/task/TID/children: it costs as much as there are of them,
 * however many processes others have. One that forks at that moment may be missed (proc(5)): not for
 * ending them, see sys/leftovers.h. Without these files (CONFIG_PROC_CHILDREN) a whole census. */

#include <sys/types.h>

enum { LC_FAMILY_MAX = 4096 }; /* the rest is left out */

/* Their PIDs, to be freed. Their number, or -errno. Never blocks. */
ssize_t lc_family_list(pid_t **ret);

#endif
