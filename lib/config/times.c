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

enum part_kind { PART_MARGIN, PART_WINDOW, PART_DRAIN, PART_HOOK, PART_STOP };

struct part {
    enum part_kind kind;
    char name[40];
    uint64_t *target;  /* NULL: the stop reserve, which is nobody's setting */
    uint64_t msec;     /* after it was cut */
    uint64_t wish;     /* before */
    uint64_t fixed;    /* what of it cannot be cut: that which was set */
    const char *where; /* NULL: a default */
};

/* The longest path from T0 to the platform's SIGKILL. */
struct sum {
    struct part part[4 + LC_HOOK_KIND_COUNT * LC_HOOKS_MAX];
    size_t count;
    uint64_t grace;
    uint64_t window_min; /* as it was wished */
};

static void add_part(struct sum *self, enum part_kind kind, const char *name, uint64_t *target,
                     uint64_t msec, const char *where)
{
    struct part *part = &self->part[self->count++];

    *part = (struct part){
        .kind = kind,
        .target = target,
        .msec = msec,
        .wish = msec,
        .fixed = where || kind == PART_STOP ? msec : 0,
        .where = where,
    };
    snprintf(part->name, sizeof(part->name), "%s", name);
}

/* The longest it can take; of a `min` that was set that much at the least. */
static void add_window(struct sum *self, struct lc_loader *loader)
{
    struct lc_window *window = &loader->config->window;
    const char *where = lc_origin_find(loader, &window->max);
    struct part *part = &self->part[self->count];

    self->window_min = window->min;
    add_part(self, PART_WINDOW, "window", &window->max, window->max, where);
    if (where)
        return;
    part->where = lc_origin_find(loader, &window->min);
    part->fixed = part->where ? window->min : 0;
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
        add_window(self, loader);
    add_hooks(self, loader, LC_HOOK_PRE_STOP);
    if (serves(process) && config->drain.wait_for_idle)
        add_part(self, PART_DRAIN, "drain", &config->drain.timeout, config->drain.timeout,
                 lc_origin_find(loader, &config->drain.timeout));
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

/* What cannot be cut, and the first place where something was set. */
static uint64_t total_fixed(const struct sum *self, const struct part **ret_first)
{
    uint64_t msec = 0;

    *ret_first = NULL;
    for (size_t i = 0; i < self->count; i++) {
        const struct part *part = &self->part[i];

        msec += part->fixed;
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

        length = append(text, sizeof(text), length, "%s%s %s%s%s%s", i ? " + " : "", part->name,
                        lc_duration_format(part->fixed, time), part->target ? " (" : "",
                        !part->target ? "" : (part->where ? part->where : "default, cut"),
                        part->target ? ")" : "");
    }
    lc_errors_add(loader->errors, grace_where ? grace_where : first->where, NULL,
                  "found times that do not fit in the grace: %s = %s; accepted: at most %s, which "
                  "is shutdown.gracePeriod (%s)",
                  text, lc_duration_format(fixed, time), lc_duration_format(sum->grace, grace),
                  grace_where ? grace_where : "default");
}

static bool can_be_cut(const struct part *part)
{
    return !part->where || part->fixed < part->msec;
}

/* Takes what is too much from the defaults of one kind, in equal shares, down to `floor`. */
static void cut(struct sum *self, enum part_kind kind, uint64_t floor)
{
    uint64_t all = total(self), over = all > self->grace ? all - self->grace : 0;
    size_t left = 0;

    for (size_t i = 0; i < self->count; i++)
        left += self->part[i].kind == kind && can_be_cut(&self->part[i]);
    for (size_t i = 0; i < self->count && over; i++) {
        struct part *part = &self->part[i];
        uint64_t least = part->where && part->fixed > floor ? part->fixed : floor;
        uint64_t share, spare = part->msec > least ? part->msec - least : 0;

        if (part->kind != kind || !can_be_cut(part))
            continue;
        share = (over + left - 1) / left;
        left--;
        share = share < spare ? share : spare;
        part->msec -= share;
        over -= share;
    }
}

/* First what is seldom needed: the window beyond its `min`, then the drain, then the hooks; then
 * the window itself, since it only makes a stop gentler; the margin, without which the platform
 * kills us before we have cleaned up, late, and never below a quarter of the grace where nothing
 * that was set needs it. */
static void cut_defaults(struct sum *self, bool any_set)
{
    cut(self, PART_WINDOW, self->window_min);
    cut(self, PART_DRAIN, 0);
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

enum { SPAN_MAX = 2 * LC_DURATION_TEXT_MAX + 8 };

/* "5s", "5s to 15s" */
static const char *span(uint64_t min, uint64_t max, char buf[static SPAN_MAX])
{
    char low[LC_DURATION_TEXT_MAX], high[LC_DURATION_TEXT_MAX];

    lc_duration_format(max, high);
    if (min < max)
        snprintf(buf, SPAN_MAX, "%s to %s", lc_duration_format(min, low), high);
    else
        snprintf(buf, SPAN_MAX, "%s", high);
    return buf;
}

/* ", window 1.5s (cut from 5s to 15s to fit)" */
static size_t append_part(const struct sum *self, char *buf, size_t size, size_t length,
                          const struct part *part)
{
    bool window = part->kind == PART_WINDOW;
    char time[SPAN_MAX], wish[SPAN_MAX];

    /* Hooks and the stop have lines of their own in the log when their time comes. */
    if ((part->kind == PART_HOOK || part->kind == PART_STOP) && part->msec == part->wish)
        return length;
    length = append(buf, size, length, ", %s %s", part->name,
                    span(window ? self->window_min : part->msec, part->msec, time));
    if (part->where)
        length = append(buf, size, length, " (%s)", part->where);
    if (part->msec != part->wish)
        length = append(buf, size, length, " (cut from %s to fit)",
                        span(window ? self->window_min : part->wish, part->wish, wish));
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
        length = append_part(sum, text, sizeof(text), length, &sum->part[i]);
    if (!serves(config->process))
        append(text, sizeof(text), length, ", no window (ports is empty: it serves nobody)");
    config->why = strdup(text);
    loader->no_memory |= !config->why;
}

/* A window's `min` and `max`: where one was set, the other's default gives way. */
static void order_window(struct lc_loader *loader)
{
    struct lc_window *window = &loader->config->window;
    const char *max = lc_origin_find(loader, &window->max);
    char low[LC_DURATION_TEXT_MAX], high[LC_DURATION_TEXT_MAX];

    if (window->min <= window->max)
        return;
    if (!max)
        window->max = window->min;
    else if (!lc_origin_find(loader, &window->min))
        window->min = window->max;
    else
        lc_errors_add(loader->errors, max, "shutdown.propagation.max",
                      "found %s; accepted: at least shutdown.propagation.min (%s)",
                      lc_duration_format(window->max, high), lc_duration_format(window->min, low));
}

void lc_fit_times(struct lc_loader *loader)
{
    const struct part *first;
    struct sum sum;
    uint64_t fixed;

    if (loader->times_unknown || loader->file_unknown)
        return;
    order_window(loader);
    sum_init(&sum, loader);
    fixed = total_fixed(&sum, &first);
    if (first && fixed > sum.grace) {
        fail_sum(loader, &sum, fixed, first);
        return;
    }
    cut_defaults(&sum, first != NULL);
    if (loader->config->window.min > loader->config->window.max)
        loader->config->window.min = loader->config->window.max;
    explain(loader, &sum);
}
