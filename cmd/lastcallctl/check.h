/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_CTL_CHECK_H
#define LC_CTL_CHECK_H

/* The options of `lastcallctl check`, by their place in its row. */
enum lc_check_option { LC_CHECK_POD, LC_CHECK_PLATFORM };

#endif
