/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_TESTS_PROPERTY_ACCOUNT_H
#define LC_TESTS_PROPERTY_ACCOUNT_H

/* The oracle's own account of a life, and what follows from it. Times and chains are reckoned here
 * without lib/core's help, and in the plainest way: a policy of many lanes that all need each
 * other takes long. */

#include "oracle.h"

lc_msec account_plus(lc_msec a, lc_msec b);
lc_msec account_minus(lc_msec a, lc_msec b);
bool account_live(const struct oracle *self, size_t lane);
bool account_unasked(const struct oracle *self, size_t lane);
bool account_closed(const struct oracle *self, size_t lane);

/* `upper` needs `lower`, directly or not. */
bool account_needs(const struct lc_policy *policy, size_t upper, size_t lower);

/* When a lane must be gone, so that those beneath it keep their reserve. */
lc_msec account_stage_end(const struct oracle *self, const struct lc_policy *policy, size_t lane);

/* In how many stages, one after the other, the unasked lanes can be stopped. */
unsigned account_stages(const struct oracle *self, const struct lc_policy *policy);

/* When the waits must be over. */
lc_msec account_cut(const struct oracle *self, const struct lc_policy *policy);

bool account_serving(const struct oracle *self, const struct lc_policy *policy);

/* It serves, or one that serves needs it. */
bool account_deferred(const struct oracle *self, const struct lc_policy *policy, size_t lane);

/* All that the lane needs is there. */
bool account_satisfied(const struct oracle *self, const struct lc_policy *policy, size_t lane);

bool account_all_closed(const struct oracle *self, const struct lc_policy *policy);

/* Ready, as far as the lanes go. */
bool account_fit(const struct oracle *self, const struct lc_policy *policy);

/* Waits and hooks for which there is no time any more are skipped in silence: this account is
 * brought up to date before whatever happens at `at`. What was skipped stays so, though the end of
 * a stage is put off when a lane beneath it has been asked. */
void account_note_time(struct oracle *self, const struct lc_policy *policy, lc_msec at);

void account_end_hook(struct oracle *self, const struct lc_policy *policy, size_t lane,
                      enum lc_hook_kind kind);

/* A container's hook has stayed alone: the shutdown is to be taken back at `at`. */
bool account_is_alone(const struct oracle *self, const struct lc_policy *policy, lc_msec at);

/* The shutdown has never been. */
void account_take_back(struct oracle *self);

/* Whoever waits at /prestop still has something to wait for. */
bool account_holds(const struct oracle *self);

/* The event would take a drain back. */
bool account_is_undo(const struct oracle *self, const struct lc_event *event);

/* A preStop hook is left that the end of DRAINING has to wait for. */
bool account_pre_stop_hooks_left(const struct oracle *self, const struct lc_policy *policy);

/* Takes an event in, before the actions that it led to are looked at. */
void account_see(struct oracle *self, const struct lc_policy *policy, const struct lc_event *event);

#endif
