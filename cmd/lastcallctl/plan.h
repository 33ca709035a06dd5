/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_CTL_PLAN_H
#define LC_CTL_PLAN_H

/* The options of `lastcallctl plan`, by their place in its row. */
enum lc_plan_option { LC_PLAN_FORMAT, LC_PLAN_PLATFORM };

#endif
