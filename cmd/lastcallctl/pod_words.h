/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_CTL_POD_WORDS_H
#define LC_CTL_POD_WORDS_H

#include "pod.h"

/* What a container would give lastcall: its words and its environment. */

/* The last part of a path. */
const char *lc_base_name(const char *path);
/* Whether `text` is how somebody calls that program: by its name, or by a path that ends so. */
bool lc_names_program(const char *text, const char *program);
/* The first word among a container's command and args that is, or holds, such a name. */
bool lc_container_mentions(const struct lc_spot *container, const char *program);

/* Reads the configuration, says what is wrong with it, and fills settings, policy and sidecar; the
 * role is known. 0 or -ENOMEM; lc_container_deinit() in every case. */
int lc_container_load(struct lc_container *self);
void lc_container_deinit(struct lc_container *self);

#endif
