/* SPDX-License-Identifier: Apache-2.0 */
#include "pod.h"

#include "base/cleanup.h"
#include "config/errors.h"
#include "pod_rules.h"
#include "pod_words.h"
#include "sum.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static bool is_there(const struct lc_config_errors *list, const char *where, const char *path,
                     const char *text)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct lc_config_error *one = &list->list[i];

        if (!strcmp(one->where, where) && !strcmp(one->text, text) &&
            !strcmp(one->path ? one->path : "", path ? path : ""))
            return true;
    }
    return false;
}

void lc_pod_add(struct lc_config_errors *list, const char *where, const char *path,
                const char *text)
{
    if (!is_there(list, where, path, text))
        lc_errors_add(list, where, path, "%s", text);
}

__attribute__((format(printf, 4, 0))) static void say(const struct lc_pod *self,
                                                      struct lc_config_errors *list,
                                                      const struct lc_spot *spot,
                                                      const char *format, va_list arguments)
{
    LC_CLEANUP_FREE char *where = NULL;
    LC_CLEANUP_FREE char *text = NULL;

    if (asprintf(&where, "%s:%zu:%zu", self->file, spot->near->line, spot->near->column) < 0)
        where = NULL;
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    if (where && text)
        lc_pod_add(list, where, spot->path[0] ? spot->path : NULL, text);
    else
        list->incomplete = true;
}

void lc_pod_problem(const struct lc_pod *self, const struct lc_spot *spot, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say(self, self->problems, spot, format, arguments);
    va_end(arguments);
}

void lc_pod_note(const struct lc_pod *self, const struct lc_spot *spot, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say(self, self->notes, spot, format, arguments);
    va_end(arguments);
}

static enum lc_role role_of(const struct lc_spot *container)
{
    struct lc_spot command = lc_spot_key(container, "command");
    struct lc_spot program = lc_spot_item(&command, 0);

    if (!lc_spot_count(&command))
        return lc_container_mentions(container, "lastcall") ? LC_ROLE_WRAPPED : LC_ROLE_IMAGE;
    if (lc_spot_text(&program) && lc_names_program(lc_spot_text(&program), "lastcall"))
        return LC_ROLE_COMMAND;
    return lc_container_mentions(container, "lastcall") ? LC_ROLE_WRAPPED : LC_ROLE_NONE;
}

/* An init container that ends before the others start has no part in a shutdown; one that restarts
 * always is a sidecar. */
static bool runs_on(const struct lc_spot *container, bool init)
{
    struct lc_spot policy = lc_spot_key(container, "restartPolicy");
    struct lc_spot command = lc_spot_key(container, "command");
    struct lc_spot program = lc_spot_item(&command, 0);

    return !init || lc_spot_says(&policy, "Always") ||
           (lc_spot_text(&program) && lc_names_program(lc_spot_text(&program), "lastcall"));
}

static void add_containers(struct lc_containers *self, const struct lc_pod *pod,
                           const struct lc_spot *list, bool init)
{
    for (size_t i = 0; i < lc_spot_count(list); i++) {
        struct lc_spot spot = lc_spot_item(list, i), name = lc_spot_key(&spot, "name");

        if (spot.node && runs_on(&spot, init))
            self->list[self->count++] = (struct lc_container){
                .pod = pod,
                .spot = spot,
                .name = lc_spot_text(&name) ? lc_spot_text(&name) : "?",
                .init = init,
                .role = role_of(&spot),
            };
    }
}

static int containers_init(struct lc_containers *self, const struct lc_pod *pod)
{
    struct lc_spot inits = lc_spot_key(&pod->spec, "initContainers");
    struct lc_spot containers = lc_spot_key(&pod->spec, "containers");

    *self = (struct lc_containers){0};
    self->list =
        calloc(lc_spot_count(&inits) + lc_spot_count(&containers) + 1, sizeof(*self->list));
    if (!self->list)
        return -ENOMEM;
    add_containers(self, pod, &inits, true);
    add_containers(self, pod, &containers, false);
    return 0;
}

static void containers_deinit(struct lc_containers *self)
{
    for (size_t i = 0; i < self->count; i++)
        lc_container_deinit(&self->list[i]);
    free(self->list);
}

/* Something of lastcall's in a container whose command is its image's. */
static bool has_sign(const struct lc_container *self)
{
    static const char *const probes[] = {"readinessProbe", "livenessProbe", "startupProbe"};
    struct lc_spot env = lc_spot_key(&self->spot, "env");

    for (size_t i = 0; i < lc_spot_count(&env); i++) {
        struct lc_spot item = lc_spot_item(&env, i), name = lc_spot_key(&item, "name");

        if (lc_spot_text(&name) && !strncmp(lc_spot_text(&name), "LASTCALL_", 9))
            return true;
    }
    for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++) {
        struct lc_spot probe = lc_spot_key(&self->spot, probes[i]);
        struct lc_spot port = lc_spot_key(&probe, "httpGet.port");

        if (lc_container_port(self, &port) == 9909)
            return true;
    }
    return lc_container_is_injected(self);
}

/* Only where nobody else is lastcall can an image be meant that has it inside. */
static void settle_roles(struct lc_containers *all)
{
    bool found = false;

    for (size_t i = 0; i < all->count; i++)
        found |= all->list[i].role == LC_ROLE_COMMAND || all->list[i].role == LC_ROLE_WRAPPED;
    for (size_t i = 0; i < all->count; i++) {
        struct lc_container *self = &all->list[i];

        if (self->role == LC_ROLE_IMAGE && !has_sign(self) && (found || all->count > 1))
            self->role = LC_ROLE_NONE;
    }
}

/* What is true of it, should nothing be wrong with any. */
static void tell_truth(const struct lc_container *self)
{
    LC_CLEANUP_FREE char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    if (!stream)
        return;
    fprintf(stream, "%s %s, container %s: %s; ", self->pod->kind, self->pod->name, self->name,
            self->settings.config->why);
    lc_ctl_print_sum(stream, &self->policy);
    if (fclose(stream) == 0)
        lc_pod_add(self->pod->truths, self->pod->file, NULL, text);
}

static void check_container(const struct lc_container *self)
{
    if (self->role == LC_ROLE_NONE)
        return;
    if (!self->settings.config) {
        lc_pod_note(self->pod, &self->spot,
                    "its configuration has errors: what depends on it is not looked at");
        return;
    }
    lc_container_check_grace(self);
    lc_container_check_pre_stop(self);
    lc_container_check_probes(self);
    lc_container_check_readiness(self);
    tell_truth(self);
}

static int check_containers(const struct lc_pod *self, struct lc_containers *all)
{
    settle_roles(all);
    lc_pod_check_command(self, all);
    for (size_t i = 0; i < all->count; i++) {
        struct lc_container *container = &all->list[i];
        int r = container->role == LC_ROLE_NONE ? 0 : lc_container_load(container);

        if (r < 0)
            return r;
        check_container(container);
    }
    lc_pod_check_namespaces(self, all);
    lc_pod_check_restarts(self, all);
    lc_pod_check_ports(self, all);
    return 0;
}

int lc_pod_check(const struct lc_pod *self)
{
    struct lc_containers all;
    int r = containers_init(&all, self);

    if (r == 0)
        r = check_containers(self, &all);
    containers_deinit(&all);
    return r;
}
