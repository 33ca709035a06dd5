/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_CONFIG_PRINT_H
#define LC_CONFIG_PRINT_H

/* What --help, the man pages and the schema say alike. */

#include "config/types.h"

enum { LC_STANDARD_MAX = 96 };

/* The defaults for people; NULL: there is none. Returns `buf`. */
const char *lc_key_standard(const struct lc_key *key, char buf[static LC_STANDARD_MAX]);
/* What stands for the option's value: "TIME", "flip|after-window|hold", or "". Returns `buf`. */
const char *lc_key_word(const struct lc_key *key, char buf[static LC_STANDARD_MAX]);

/* For mdoc(7): a text behind what makes it one, and as a sentence on a line of its own, with a first
 * letter in upper case and a full stop. */
void lc_print_man_text(FILE *out, const char *text);
void lc_print_man_sentence(FILE *out, const char *text);

/* 0, or -errno where writing failed. */
int lc_print_result(FILE *out);

#endif
