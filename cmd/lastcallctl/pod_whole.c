/* SPDX-License-Identifier: Apache-2.0 */
#include "pod_rules.h"

#include "pod_words.h"

#include <string.h>

/* The pod as a whole: who runs lastcall in it, what is shared, what is started again. */

static bool mounts(const struct lc_spot *container, const char *volume)
{
    struct lc_spot list = lc_spot_key(container, "volumeMounts");

    for (size_t i = 0; i < lc_spot_count(&list); i++) {
        struct lc_spot item = lc_spot_item(&list, i), name = lc_spot_key(&item, "name");

        if (lc_spot_says(&name, volume))
            return true;
    }
    return false;
}

/* "registry/lastcall:0.1.0@sha256:..." is an image called lastcall. */
static bool is_image_of_lastcall(const struct lc_spot *reference)
{
    static const char name[] = "lastcall";
    const char *text = lc_spot_text(reference);
    const char *base = text ? lc_base_name(text) : "";

    return !strncmp(base, name, strlen(name)) && strchr(":@", base[strlen(name)]);
}

static bool is_installed_into(const struct lc_pod *pod, const char *volume)
{
    struct lc_spot list = lc_spot_key(&pod->spec, "initContainers");

    for (size_t i = 0; i < lc_spot_count(&list); i++) {
        struct lc_spot container = lc_spot_item(&list, i);
        struct lc_spot image = lc_spot_key(&container, "image");

        if (mounts(&container, volume) && lc_container_mentions(&container, "install") &&
            (lc_container_mentions(&container, "lastcallctl") || is_image_of_lastcall(&image)))
            return true;
    }
    return false;
}

bool lc_container_is_injected(const struct lc_container *self)
{
    struct lc_spot volumes = lc_spot_key(&self->pod->spec, "volumes");

    for (size_t i = 0; i < lc_spot_count(&volumes); i++) {
        struct lc_spot item = lc_spot_item(&volumes, i), name = lc_spot_key(&item, "name");
        struct lc_spot reference = lc_spot_key(&item, "image.reference");
        const char *volume = lc_spot_text(&name);

        if (volume && mounts(&self->spot, volume) &&
            (is_image_of_lastcall(&reference) || is_installed_into(self->pod, volume)))
            return true;
    }
    return false;
}

static void check_image(const struct lc_container *self)
{
    struct lc_spot command = lc_spot_key(&self->spot, "command");

    if (lc_container_is_injected(self))
        lc_pod_problem(
            self->pod, &command,
            "missing: the image's own ENTRYPOINT runs without the lastcall that is "
            "mounted; accepted: [PATH/lastcall, --, and the image's ENTRYPOINT and CMD]");
    else
        lc_pod_note(self->pod, &command,
                    "missing: the image's ENTRYPOINT is taken to be lastcall, and args its words");
}

static void check_none(const struct lc_pod *pod, const struct lc_containers *all)
{
    struct lc_spot containers = lc_spot_key(&pod->spec, "containers");
    struct lc_spot command;

    if (all->count != 1) {
        lc_pod_problem(pod, &containers,
                       "found no container that runs lastcall; accepted: one whose command is "
                       "[lastcall, --, COMMAND...]");
        return;
    }
    command = lc_spot_key(&all->list[0].spot, "command");
    lc_pod_problem(pod, &command,
                   "found a command without lastcall; accepted: [lastcall, --, and what is here]");
}

void lc_pod_check_command(const struct lc_pod *pod, const struct lc_containers *all)
{
    bool found = false;

    for (size_t i = 0; i < all->count; i++) {
        const struct lc_container *self = &all->list[i];

        found |= self->role != LC_ROLE_NONE;
        if (self->role == LC_ROLE_IMAGE)
            check_image(self);
        if (self->role == LC_ROLE_WRAPPED)
            lc_pod_note(pod, &self->spot,
                        "lastcall is called by something else, and its words there are not read");
    }
    if (!found)
        check_none(pod, all);
}

static bool is_prestop(const struct lc_spot *container, struct lc_spot *ret)
{
    *ret = lc_spot_key(container, "lifecycle.preStop.httpGet.path");
    return lc_spot_text(ret) && !strncmp(lc_spot_text(ret), "/prestop", strlen("/prestop"));
}

static void check_host_network(const struct lc_pod *pod, const struct lc_containers *all)
{
    struct lc_spot host = lc_spot_key(&pod->spec, "hostNetwork"), path;

    if (!lc_spot_says(&host, "true"))
        return;
    for (size_t i = 0; i < all->count; i++) {
        const struct lc_container *self = &all->list[i];

        if (is_prestop(&self->spot, &path))
            lc_pod_problem(pod, &path,
                           "found /prestop with hostNetwork: the port is the node's, and any pod "
                           "of it may answer; accepted: preStop {sleep: {seconds: N}}");
        if (self->settings.config && lc_container_health_port(self))
            lc_pod_note(pod, &host,
                        "lastcall in container %s listens at the node's port %u: one such pod a "
                        "node",
                        self->name, lc_container_health_port(self));
    }
}

void lc_pod_check_namespaces(const struct lc_pod *pod, const struct lc_containers *all)
{
    struct lc_spot shared = lc_spot_key(&pod->spec, "shareProcessNamespace");

    check_host_network(pod, all);
    if (!lc_spot_says(&shared, "true"))
        return;
    for (size_t i = 0; i < all->count; i++)
        if (all->list[i].role != LC_ROLE_NONE && !all->list[i].sidecar)
            lc_pod_note(pod, &shared,
                        "PID 1 is the pause process, not lastcall in container %s: it reaps and "
                        "stops its own descendants only",
                        all->list[i].name);
}

/* Of the initContainers the next one, and the application after the last, starts once one that stays
 * has passed its startupProbe (KEP-753). */
static void check_sidecar_start(const struct lc_container *self)
{
    struct lc_spot path = lc_spot_key(&self->spot, "startupProbe.httpGet.path");
    const char *text = lc_spot_text(&path);

    if (text && (!strcmp(text, "/startupz") || !strcmp(text, "/readyz")))
        lc_pod_problem(self->pod, &path,
                       "found %s, which waits for the application, which waits for it: the pod "
                       "would never start; accepted: /livez",
                       text);
}

/* A sidecar in the pod's `containers` gets its SIGTERM together with the application; one that is an
 * init container, after it, in reverse order (KEP-753). */
static void check_sidecar(const struct lc_container *self)
{
    struct lc_spot policy = lc_spot_key(&self->spot, "restartPolicy");
    struct lc_spot path, hook = lc_spot_key(&self->spot, "lifecycle.preStop");
    struct lc_spot host = lc_spot_key(&self->pod->spec, "hostNetwork");

    /* On the node's network nobody asks for /prestop: the hooks sleep. */
    if (!lc_spot_says(&host, "true") &&
        (!is_prestop(&self->spot, &path) || strcmp(lc_spot_text(&path), "/prestop?pod") != 0))
        lc_pod_problem(self->pod, path.node ? &path : &hook,
                       "found %s: without its own hook lastcall --sidecar takes the pod's end for "
                       "the restart of a container, and holds nobody up; accepted: httpGet {path: "
                       "/prestop?pod, port: %u}",
                       path.node   ? lc_spot_text(&path)
                       : hook.node ? "another hook"
                                   : "nothing",
                       lc_container_health_port(self));

    if (!self->init)
        lc_pod_problem(self->pod, &self->spot,
                       "found lastcall --sidecar among the containers, where it is stopped "
                       "together with the application; accepted: among the initContainers, with "
                       "restartPolicy Always");
    else if (!lc_spot_says(&policy, "Always"))
        lc_pod_problem(self->pod, &policy,
                       "found %s: the pod would wait for lastcall --sidecar to end before it "
                       "starts; accepted: Always",
                       lc_spot_text(&policy) ? lc_spot_text(&policy) : "nothing");
}

/* "/prestop?container=web" of a container that is called otherwise. */
static void check_prestop_name(const struct lc_container *self, const struct lc_spot *path)
{
    const char *name = strstr(lc_spot_text(path), "container=");
    size_t length = name ? strcspn(name += strlen("container="), "&") : 0;

    if (!name)
        lc_pod_problem(self->pod, path, "found %s; accepted: /prestop?container=%s",
                       lc_spot_text(path), self->name);
    else if (strlen(self->name) != length || memcmp(self->name, name, length) != 0)
        lc_pod_problem(self->pod, path,
                       "found container=%.*s in container %s; accepted: its own name", (int)length,
                       name, self->name);
}

/* The containers beside a sidecar tell it, by their preStop hook, that they are being stopped. */
static void check_beside(const struct lc_container *self, const struct lc_container *sidecar)
{
    struct lc_spot path, hook = lc_spot_key(&self->spot, "lifecycle.preStop");
    struct lc_spot port = lc_spot_key(&hook, "httpGet.port");

    if (self == sidecar || self->init)
        return;
    if (!is_prestop(&self->spot, &path)) {
        if (!hook.node)
            lc_pod_problem(self->pod, &hook,
                           "missing: lastcall --sidecar cannot hold this container up; accepted: "
                           "httpGet {path: /prestop?container=%s, port: %u}",
                           self->name, lc_container_health_port(sidecar));
        return;
    }
    check_prestop_name(self, &path);
    if (!lc_container_listens(sidecar, lc_container_port(self, &port)))
        lc_pod_problem(self->pod, &port,
                       "found %s, where lastcall --sidecar does not listen; accepted: %u",
                       lc_spot_text(&port) ? lc_spot_text(&port) : "nothing",
                       lc_container_health_port(sidecar));
}

/* What the API server refuses, said before it is asked. */
static void check_policy(const struct lc_pod *pod)
{
    struct lc_spot policy = lc_spot_key(&pod->spec, "restartPolicy");
    const char *text = lc_spot_text(&policy);
    bool always = !text || !strcmp(text, "Always");

    if (strstr(pod->kind, "Job") && always)
        lc_pod_problem(pod, &policy, "found %s in a %s; accepted: Never or OnFailure",
                       text ? text : "nothing, which means Always", pod->kind);
    else if (!strstr(pod->kind, "Job") && strcmp(pod->kind, "Pod") != 0 && !always)
        lc_pod_problem(pod, &policy, "found %s in a %s; accepted: Always", text, pod->kind);
}

void lc_pod_check_restarts(const struct lc_pod *pod, const struct lc_containers *all)
{
    check_policy(pod);
    for (size_t i = 0; i < all->count; i++) {
        const struct lc_container *sidecar = &all->list[i];

        if (!sidecar->sidecar)
            continue;
        check_sidecar(sidecar);
        check_sidecar_start(sidecar);
        for (size_t j = 0; j < all->count && sidecar->settings.config; j++)
            check_beside(&all->list[j], sidecar);
    }
}
