/* SPDX-License-Identifier: Apache-2.0 */
#include "config/policy.h"

#include "config/types.h"

#include <assert.h>
#include <string.h>

/* What a configuration means to the others: the lifecycle, the exit, a reload. */

static_assert(LC_SIGNALS_MAX <= INT8_MAX, "struct lc_config.signals holds every signal");

const char *lc_platform_name(enum lc_platform platform)
{
    static const char *const names[] = {
        [LC_PLATFORM_PLAIN] = "plain",
        [LC_PLATFORM_KUBERNETES] = "kubernetes",
        [LC_PLATFORM_ECS] = "ecs",
    };
    static_assert(sizeof(names) / sizeof(names[0]) == LC_PLATFORM_COUNT, "a name each");

    return (unsigned)platform < LC_PLATFORM_COUNT ? names[platform] : "?";
}

const char *lc_check_kind_name(enum lc_check_kind kind)
{
    static const char *const names[] = {
        [LC_CHECK_STARTUP] = "startup",
        [LC_CHECK_READINESS] = "readiness",
        [LC_CHECK_LIVENESS] = "liveness",
    };
    static_assert(sizeof(names) / sizeof(names[0]) == LC_CHECK_KIND_COUNT, "a name each");

    return (unsigned)kind < LC_CHECK_KIND_COUNT ? names[kind] : "?";
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void lane_init(struct lc_lane_policy *lane, const struct lc_process_config *process)
{
    *lane = (struct lc_lane_policy){
        .stop_timeout = process->stop_timeout,
        /* Without `ports` it is not known who is served: better to wait in vain. */
        .serves = !process->ports_set || process->port_count > 0,
        .essential = true,
    };
    for (size_t kind = 0; kind < LC_HOOK_KIND_COUNT; kind++) {
        lane->hooks[kind] = (uint8_t)process->hook_count[kind];
        for (size_t i = 0; i < process->hook_count[kind]; i++)
            lane->hook_timeout[kind][i] = process->hooks[kind][i].timeout;
    }
}

void lc_config_policy(const struct lc_config *self, struct lc_policy *ret)
{
    *ret = (struct lc_policy){
        .grace = self->grace,
        .margin = self->margin,
        .stop_reserve = least(LC_STOP_RESERVE_MSEC, self->grace - self->margin),
        .leftover_timeout = self->leftover_timeout,
        .window_min = self->window.min,
        .window_quiet = self->window.quiet,
        .window_max = self->window.max,
        .drain = self->drain.wait_for_idle,
        .drain_timeout = self->drain.timeout,
        .readiness = self->readiness,
        .sidecar = self->sidecar,
        .pair_time = LC_PAIR_MSEC,
        .lanes = self->process_count,
    };
    memcpy(ret->second, self->second, sizeof(ret->second));
    for (size_t i = 0; i < self->process_count; i++) {
        lane_init(&ret->lane[i], &self->process[i]);
        /* Whoever was given less than the reserve needs no more of it. */
        ret->stop_reserve = least(ret->stop_reserve, self->process[i].stop_timeout);
    }
}

uint8_t lc_config_exit_code(const struct lc_config *self, uint8_t code, enum lc_outcome outcome)
{
    if (self->exit_codes.code[code] >= 0)
        return (uint8_t)self->exit_codes.code[code];
    if (self->exit_codes.outcome[outcome] >= 0)
        return (uint8_t)self->exit_codes.outcome[outcome];
    return code;
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : a == b;
}

static bool same_words(char *const *a, char *const *b)
{
    for (; *a && *b && !strcmp(*a, *b); a++)
        b++;
    return !*a && !*b;
}

static bool same_ports(const struct lc_process_config *a, const struct lc_process_config *b)
{
    return a->ports_set == b->ports_set && a->port_count == b->port_count &&
           (!a->port_count || !memcmp(a->ports, b->ports, a->port_count * sizeof(*a->ports)));
}

/* Of the types that keys have that cannot change while running. */
static bool same_value(const struct lc_key *key, const void *a, const void *b)
{
    const void *left = lc_key_value(key, a), *right = lc_key_value(key, b);

    switch ((int)key->type) {
    case LC_TYPE_TEXT:
        return same_text(*(char *const *)left, *(char *const *)right);
    case LC_TYPE_COMMAND:
    case LC_TYPE_LISTEN:
        return same_words(*(char *const *const *)left, *(char *const *const *)right);
    case LC_TYPE_PORTS:
        return same_ports(a, b);
    case LC_TYPE_BOOL:
        return *(const bool *)left == *(const bool *)right;
    case LC_TYPE_SIGNAL:
        return *(const int *)left == *(const int *)right;
    default:
        return false;
    }
}

struct differences {
    char *buf;
    size_t size, length, count;
};

static void compare(struct differences *self, enum lc_scope scope, const char *label, const void *a,
                    const void *b)
{
    for (const struct lc_key *key = lc_keys; key < lc_keys + lc_key_count; key++) {
        if (key->scope != scope || !key->fixed || same_value(key, a, b))
            continue;
        if (self->length < self->size)
            self->length += (size_t)snprintf(self->buf + self->length, self->size - self->length,
                                             "%s%s%s", self->count ? ", " : "", label, key->path);
        self->count++;
    }
}

size_t lc_config_fixed_differences(const struct lc_config *running, const struct lc_config *fresh,
                                   char *buf, size_t size)
{
    struct differences found = {.buf = buf, .size = size};
    char label[LC_PATH_MAX];

    if (size)
        buf[0] = '\0';
    compare(&found, LC_SCOPE_ROOT, "", running, fresh);
    for (size_t i = 0; i < running->process_count && i < fresh->process_count; i++) {
        snprintf(label, sizeof(label), "processes[%zu].", i);
        compare(&found, LC_SCOPE_PROCESS, label, &running->process[i], &fresh->process[i]);
    }
    return found.count;
}
