/* SPDX-License-Identifier: Apache-2.0 */
#include "pod_rules.h"

#include <string.h>

/* Ports. All containers of a pod share one network: a port is one process's. */

/* A port that a container says it has. */
struct port {
    struct lc_spot spot; /* of its number */
    uint64_t number;
    const char *protocol;
};

static bool next_port(const struct lc_container *container, size_t *at, struct port *ret)
{
    struct lc_spot ports = lc_spot_key(&container->spot, "ports");

    while (*at < lc_spot_count(&ports)) {
        struct lc_spot item = lc_spot_item(&ports, (*at)++);
        struct lc_spot protocol = lc_spot_key(&item, "protocol");

        ret->spot = lc_spot_key(&item, "containerPort");
        ret->protocol = lc_spot_text(&protocol) ? lc_spot_text(&protocol) : "TCP";
        if (lc_spot_number(&ret->spot, &ret->number))
            return true;
    }
    return false;
}

/* The place of a port that stands before that one. */
static bool find_earlier(const struct lc_containers *all, size_t container, size_t at,
                         const struct port *port, struct port *ret)
{
    for (size_t i = 0; i <= container; i++)
        for (size_t j = 0; next_port(&all->list[i], &j, ret) && (i < container || j < at);)
            if (ret->number == port->number && !strcmp(ret->protocol, port->protocol))
                return true;
    return false;
}

static void check_twice(const struct lc_pod *pod, const struct lc_containers *all)
{
    struct port port, other;

    for (size_t i = 0; i < all->count; i++)
        for (size_t at = 0; next_port(&all->list[i], &at, &port);)
            if (find_earlier(all, i, at, &port, &other))
                lc_pod_problem(pod, &port.spot,
                               "found %llu twice, first in line %zu; accepted: once, since the "
                               "containers of a pod share one network",
                               (unsigned long long)port.number, other.spot.near->line);
}

static bool declares(const struct lc_container *self, uint64_t number)
{
    struct port port;

    for (size_t at = 0; next_port(self, &at, &port);)
        if (port.number == number)
            return true;
    return false;
}

/* Lastcall's own port, in a container beside it. */
static void check_own_port(const struct lc_pod *pod, const struct lc_containers *all, size_t own)
{
    const struct lc_container *self = &all->list[own];
    struct port port;

    for (size_t i = 0; i < all->count; i++) {
        const struct lc_container *other = &all->list[i];

        if (i == own)
            continue;
        for (size_t at = 0; next_port(other, &at, &port);)
            if (lc_container_listens(self, port.number))
                lc_pod_problem(pod, &port.spot,
                               "found %llu, where lastcall listens in container %s; accepted: "
                               "another, or --listen there",
                               (unsigned long long)port.number, self->name);
        if (i > own && other->settings.config &&
            lc_container_listens(self, lc_container_health_port(other)))
            lc_pod_problem(pod, &other->spot,
                           "found a second lastcall that listens at %u, as in container %s; "
                           "accepted: another --listen",
                           lc_container_health_port(other), self->name);
    }
}

/* Lastcall's own port says nothing of the application's. */
static bool declares_another(const struct lc_container *self, const struct lc_container *lastcall)
{
    struct port port;

    for (size_t at = 0; next_port(self, &at, &port);)
        if (!lc_container_listens(lastcall, port.number))
            return true;
    return false;
}

/* Of a port that the application is said to have, in the container or, with a sidecar, in the pod. */
static void check_undeclared(const struct lc_container *self, uint16_t number, bool others)
{
    struct lc_spot ports = lc_spot_key(&self->spot, "ports");

    if (others && self->sidecar)
        lc_pod_problem(self->pod, &self->spot,
                       "found %u in `ports`, which no container of the pod declares; accepted: the "
                       "application's ports",
                       number);
    else if (others)
        lc_pod_problem(self->pod, &ports,
                       "found no %u, which lastcall waits for (its `ports`); accepted: the same "
                       "ports here as there",
                       number);
    else
        lc_pod_note(self->pod, self->sidecar ? &self->spot : &ports,
                    "missing: lastcall waits for %u (its `ports`), which %s does not declare",
                    number, self->sidecar ? "the pod" : "the container");
}

/* One of the ports that make lastcall's process ready. */
static void check_port(const struct lc_containers *all, const struct lc_container *self,
                       uint16_t number)
{
    bool others = false;

    if (lc_container_listens(self, number)) {
        lc_pod_problem(self->pod, &self->spot,
                       "found %u in `ports`, where lastcall itself listens; accepted: the "
                       "application's ports",
                       number);
        return;
    }
    for (size_t i = 0; i < all->count; i++) {
        if (&all->list[i] != self && !self->sidecar)
            continue;
        if (declares(&all->list[i], number))
            return;
        others |= declares_another(&all->list[i], self);
    }
    check_undeclared(self, number, others);
}

static void check_ports_of(const struct lc_containers *all, const struct lc_container *self)
{
    for (size_t i = 0; i < self->settings.config->process_count; i++) {
        const struct lc_process_config *process = &self->settings.config->process[i];

        for (size_t j = 0; j < process->port_count; j++)
            check_port(all, self, process->ports[j]);
    }
}

void lc_pod_check_ports(const struct lc_pod *pod, const struct lc_containers *all)
{
    check_twice(pod, all);
    for (size_t i = 0; i < all->count; i++) {
        const struct lc_container *self = &all->list[i];

        if (!self->settings.config)
            continue;
        check_own_port(pod, all, i);
        check_ports_of(all, self);
    }
}
