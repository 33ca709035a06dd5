/* SPDX-License-Identifier: Apache-2.0 */
#include "core/internal.h"

/* What the preStop hooks tell a sidecar; lifecycle.h says what they mean. */

void lc_prestop(struct lc_lifecycle *self, const struct lc_event *event, lc_msec at,
                struct lc_actions *ret)
{
    enum lc_unpaired hook =
        event->kind == LC_EVENT_PRESTOP_POD ? LC_UNPAIRED_POD : LC_UNPAIRED_CONTAINER;
    bool paired = self->unpaired != LC_UNPAIRED_NONE && self->unpaired != hook;

    self->asked = true;
    if (self->t0 != LC_NEVER && self->unpaired == LC_UNPAIRED_NONE)
        return;
    self->unpaired = paired ? LC_UNPAIRED_NONE : hook;
    self->unpaired_at = at;
    if (self->t0 == LC_NEVER && hook == LC_UNPAIRED_CONTAINER)
        lc_begin(self, LC_CAUSE_DRAIN, event, at, ret);
}

void lc_stay_unpaired(struct lc_lifecycle *self, lc_msec at, struct lc_actions *ret)
{
    bool restarts = self->unpaired == LC_UNPAIRED_CONTAINER;
    uint32_t live = lc_lanes_live(self);

    self->unpaired = LC_UNPAIRED_NONE;
    if (!restarts)
        return;
    lc_take_back(self, at, ret);
    for (size_t i = 0; i < self->policy.lanes; i++) {
        if (lc_has(live, i))
            lc_start(self, i, at, ret);
    }
}

void lc_end_sidecar(struct lc_lifecycle *self, lc_msec at, struct lc_actions *ret)
{
    lc_skip_all_hooks(self, at, ret);
    lc_finish(self, at, ret);
}
