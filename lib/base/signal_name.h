/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_BASE_SIGNAL_NAME_H
#define LC_BASE_SIGNAL_NAME_H

/* Signals by name. Real-time signals count from 34 whatever the libc calls SIGRTMIN (glibc keeps
 * 32 and 33 for itself, musl 32 to 34): container runtimes do the same with an image's STOPSIGNAL. */

enum {
    LC_SIGNAL_MAX = 64, /* the highest signal number of Linux */
    LC_SIGNAL_RTMIN = 34,
    LC_SIGNAL_NAME_MAX = 16, /* longest name, with its NUL */
};

/* "SIGTERM", "TERM", "sigterm", "15", "SIGRTMIN+3", "RTMAX-1": the number 1..64, or -EINVAL. */
int lc_signal_parse(const char *text);

/* "SIGTERM", "SIGRTMIN+3"; "SIG32" for the two without a name. Returns `buf`. */
const char *lc_signal_format(int number, char buf[static LC_SIGNAL_NAME_MAX]);

#endif
