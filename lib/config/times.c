/* SPDX-License-Identifier: Apache-2.0 */
#include "config/loader.h"

#include "base/duration.h"
#include "config/policy.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/*
 * The times, held against the grace. What was set must fit: where it does not, somebody would be
 * killed who was promised time, and it is better to hear of that now. What is a default gives way.
 */

enum part_kind { PART_MARGIN, PART_WINDOW, PART_HOOK, PART_STOP };

struct part {
    enum part_kind kind;
    char name[40];
    uint64_t *target;  /* NULL: the stop reserve, which is nobody's setting */
    uint64_t msec;     /* after it was cut */
    uint64_t wish;     /* before */
    const char *where; /* NULL: a default */
};

/* The longest path from T0 to the platform's SIGKILL. */
struct sum {
    struct part part[3 + LC_HOOK_KIND_COUNT * LC_HOOKS_MAX];
    size_t count;
    uint64_t grace;
};

static struct part *add_part(struct sum *self, enum part_kind kind, const char *name,
                             uint64_t *target, uint64_t msec, const char *where)
{
    struct part *part = &self->part[self->count++];

    *part =
        (struct part){.kind = kind, .target = target, .msec = msec, .wish = msec, .where = where};
    snprintf(part->name, sizeof(part->name), "%s", name);
    return part;
}

static void add_hooks(struct sum *self, struct lc_loader *loader, enum lc_hook_kind kind)
{
    static const char *const names[] = {
        [LC_HOOK_PRE_STOP] = "preStop", [LC_HOOK_POST_STOP] = "postStop"};
    struct lc_process_config *process = loader->config->process;

    for (size_t i = 0; i < process->hook_count[kind]; i++) {
        struct lc_hook *hook = &process->hooks[kind][i];
        const char *where = lc_origin_find(loader, &hook->timeout);
        char name[40];

        if (!where && hook->action == LC_HOOK_SLEEP)
            where = lc_origin_find(loader, &hook->sleep);
        if (!where && hook->action == LC_HOOK_SIGNAL)
            continue; /* it takes no time */
        snprintf(name, sizeof(name), "%s[%zu]", names[kind], i);
        add_part(self, PART_HOOK, name, &hook->timeout, hook->timeout, where);
    }
}

static bool serves(const struct lc_process_config *process)
{
    return !process->ports_set || process->port_count;
}

static void sum_init(struct sum *self, struct lc_loader *loader)
{
    struct lc_config *config = loader->config;
    struct lc_process_config *process = config->process;
    const char *where = lc_origin_find(loader, &process->stop_timeout);

    *self = (struct sum){.grace = config->grace};
    add_part(self, PART_MARGIN, "margin", &config->margin, config->margin,
             lc_origin_find(loader, &config->margin));
    if (serves(process))
        add_part(self, PART_WINDOW, "window", &config->window, config->window,
                 lc_origin_find(loader, &config->window));
    add_hooks(self, loader, LC_HOOK_PRE_STOP);
    if (where)
        add_part(self, PART_STOP, "stopTimeout", &process->stop_timeout, process->stop_timeout,
                 where);
    else
        add_part(self, PART_STOP, "stop reserve", NULL, LC_STOP_RESERVE_MSEC, NULL);
    add_hooks(self, loader, LC_HOOK_POST_STOP);
}

static uint64_t total(const struct sum *self)
{
    uint64_t msec = 0;

    for (size_t i = 0; i < self->count; i++)
        msec += self->part[i].msec;
    return msec;
}

/* What cannot be cut: that which was set, and the reserve of a stop whose time was not. */
static uint64_t total_fixed(const struct sum *self, const struct part **ret_first)
{
    uint64_t msec = 0;

    *ret_first = NULL;
    for (size_t i = 0; i < self->count; i++) {
        const struct part *part = &self->part[i];

        if (part->where || part->kind == PART_STOP)
            msec += part->msec;
        if (part->where && !*ret_first)
            *ret_first = part;
    }
    return msec;
}

__attribute__((format(printf, 4, 5))) static size_t append(char *buf, size_t size, size_t length,
                                                           const char *format, ...)
{
    va_list arguments;
    int written;

    if (length >= size)
        return length;
    va_start(arguments, format);
    written = vsnprintf(buf + length, size - length, format, arguments);
    va_end(arguments);
    return length + (size_t)written;
}

static void fail_sum(struct lc_loader *loader, const struct sum *sum, uint64_t fixed,
                     const struct part *first)
{
    const char *grace_where = lc_origin_find(loader, &loader->config->grace);
    char text[2048], time[LC_DURATION_TEXT_MAX], grace[LC_DURATION_TEXT_MAX];
    size_t length = 0;

    for (size_t i = 0; i < sum->count; i++) {
        const struct part *part = &sum->part[i];
        bool cut = !part->where && part->kind != PART_STOP;

        length = append(text, sizeof(text), length, "%s%s %s%s%s%s", i ? " + " : "", part->name,
                        lc_duration_format(cut ? 0 : part->msec, time), part->target ? " (" : "",
                        !part->target ? "" : (part->where ? part->where : "default, cut"),
                        part->target ? ")" : "");
    }
    lc_errors_add(loader->errors, grace_where ? grace_where : first->where, NULL,
                  "found times that do not fit in the grace: %s = %s; accepted: at most %s, which "
                  "is shutdown.gracePeriod (%s)",
                  text, lc_duration_format(fixed, time), lc_duration_format(sum->grace, grace),
                  grace_where ? grace_where : "default");
}

/* Takes what is too much from the defaults of one kind, in equal shares, down to `floor`. */
static void cut(struct sum *self, enum part_kind kind, uint64_t floor)
{
    uint64_t all = total(self), over = all > self->grace ? all - self->grace : 0;
    size_t left = 0;

    for (size_t i = 0; i < self->count; i++)
        left += self->part[i].kind == kind && !self->part[i].where;
    for (size_t i = 0; i < self->count && over; i++) {
        struct part *part = &self->part[i];
        uint64_t share, spare = part->msec > floor ? part->msec - floor : 0;

        if (part->kind != kind || part->where)
            continue;
        share = (over + left - 1) / left;
        left--;
        share = share < spare ? share : spare;
        part->msec -= share;
        over -= share;
    }
}

/* Hooks first, then the window, since both only make a stop gentler; the margin, without which
 * the platform kills us before we have cleaned up, late, and never below a quarter of the grace where
 * nothing that was set needs it. */
static void cut_defaults(struct sum *self, bool any_set)
{
    cut(self, PART_HOOK, LC_STOP_RESERVE_MSEC);
    cut(self, PART_WINDOW, 0);
    cut(self, PART_HOOK, 0);
    cut(self, PART_MARGIN, any_set ? 0 : self->grace / 4);
    cut(self, PART_STOP, 0);
    for (size_t i = 0; i < self->count; i++)
        if (self->part[i].target)
            *self->part[i].target = self->part[i].msec;
}

static const char *platform_reason(enum lc_platform platform)
{
    static const char *const reasons[] = {
        [LC_PLATFORM_PLAIN] = "neither in a pod nor on ECS (no variable of theirs is set)",
        [LC_PLATFORM_KUBERNETES] = "in a pod (KUBERNETES_SERVICE_HOST is set)",
        [LC_PLATFORM_ECS] = "on ECS (ECS_CONTAINER_METADATA_URI_V4 is set)",
    };

    return reasons[platform];
}

/* ", window 1.5s (cut from 5s to fit)" */
static size_t append_part(char *buf, size_t size, size_t length, const struct part *part)
{
    char time[LC_DURATION_TEXT_MAX], wish[LC_DURATION_TEXT_MAX];

    /* Hooks and the stop have lines of their own in the log when their time comes. */
    if ((part->kind == PART_HOOK || part->kind == PART_STOP) && part->msec == part->wish)
        return length;
    length = append(buf, size, length, ", %s %s", part->name, lc_duration_format(part->msec, time));
    if (part->where)
        return append(buf, size, length, " (%s)", part->where);
    if (part->msec != part->wish)
        return append(buf, size, length, " (cut from %s to fit)",
                      lc_duration_format(part->wish, wish));
    return length;
}

static void explain(struct lc_loader *loader, const struct sum *sum)
{
    struct lc_config *config = loader->config;
    const char *where = lc_origin_find(loader, &config->grace);
    char text[2048], time[LC_DURATION_TEXT_MAX];
    size_t length;

    length = append(text, sizeof(text), 0, "%s: grace %s%s%s%s", platform_reason(config->platform),
                    lc_duration_format(config->grace, time), where ? " (" : "", where ? where : "",
                    where ? ")" : "");
    for (size_t i = 0; i < sum->count; i++)
        length = append_part(text, sizeof(text), length, &sum->part[i]);
    if (!serves(config->process))
        append(text, sizeof(text), length, ", no window (ports is empty: it serves nobody)");
    config->why = strdup(text);
    loader->no_memory |= !config->why;
}

void lc_fit_times(struct lc_loader *loader)
{
    const struct part *first;
    struct sum sum;
    uint64_t fixed;

    if (loader->times_unknown || loader->file_unknown)
        return;
    sum_init(&sum, loader);
    fixed = total_fixed(&sum, &first);
    if (first && fixed > sum.grace) {
        fail_sum(loader, &sum, fixed, first);
        return;
    }
    cut_defaults(&sum, first != NULL);
    explain(loader, &sum);
}
