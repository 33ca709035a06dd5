/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_SYS_ENTRY_H
#define LC_SYS_ENTRY_H

/* The program's entry point (-Wl,-e,lc_entry): its first system call blocks all 64 signals, before
 * the C library has run. The kernel drops a signal that reaches the init of a PID namespace at its
 * default disposition, unless it is blocked (signal(7), pid_namespaces(7)): from here on a stop
 * signal waits until lc_signals reads it. */

#include <stdint.h>

/* The signal mask we were started with, as the kernel lays it out: bit N-1 is signal N. Written
 * once, before main(). */
extern uint64_t lc_entry_mask;

/* What it holds where lc_entry is not the entry point (tests, other architectures). The kernel
 * never gives it: SIGKILL and SIGSTOP cannot be blocked. */
#define LC_ENTRY_MASK_UNKNOWN UINT64_MAX

#endif
