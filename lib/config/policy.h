/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_CONFIG_POLICY_H
#define LC_CONFIG_POLICY_H

/* What a process is left with between its stop signal and the deadline, at the least: it stands in
 * for a stopTimeout that was not set. */
enum { LC_STOP_RESERVE_MSEC = 500 };

/* The preStop hooks of a pod that goes reach its sidecar within this time. */
enum { LC_PAIR_MSEC = 2000 };

#endif
