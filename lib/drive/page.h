/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_DRIVE_PAGE_H
#define LC_DRIVE_PAGE_H

/* The page on "/": HTML with all that it needs inside, made at build time (page/embed.py), and
 * compressed by gzip once and for all. Every browser reads that, and whoever sends no
 * Accept-Encoding takes anything (RFC 9110, 12.5.3); kept plain, too, it would be the largest thing
 * in the program. */

#include <stddef.h>

extern const unsigned char lc_page[];
extern const size_t lc_page_length;
extern const char lc_page_policy[]; /* its Content-Security-Policy */

#endif
