/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_CTL_POD_RULES_H
#define LC_CTL_POD_RULES_H

#include "pod.h"

/* A pod's containers: those that run beside each other, sidecars among the initContainers too. */
struct lc_containers {
    struct lc_container *list;
    size_t count;
};

/* Of the pod as a whole (pod_whole.c). */
void lc_pod_check_command(const struct lc_pod *pod, const struct lc_containers *all);
void lc_pod_check_namespaces(const struct lc_pod *pod, const struct lc_containers *all);
void lc_pod_check_restarts(const struct lc_pod *pod, const struct lc_containers *all);

/* Of a container that lastcall runs in. */
void lc_container_check_grace(const struct lc_container *self);     /* pod_times.c */
void lc_container_check_pre_stop(const struct lc_container *self);  /* pod_times.c */
void lc_container_check_probes(const struct lc_container *self);    /* pod_probes.c */
void lc_container_check_readiness(const struct lc_container *self); /* pod_probes.c */

/* Ports, of all containers against each other (pod_ports.c). */
void lc_pod_check_ports(const struct lc_pod *pod, const struct lc_containers *all);

/* A volume that brings lastcall into the container: an image that is called so, or one that an
 * init container installs into. */
bool lc_container_is_injected(const struct lc_container *self);

/* The port of one of lastcall's own listeners that the kubelet can reach; 0: it has none. */
uint16_t lc_container_health_port(const struct lc_container *self);
/* Whether lastcall listens there, as seen from the kubelet. */
bool lc_container_listens(const struct lc_container *self, uint64_t port);
/* A port, written as its number or by its name in the container's `ports`; 0: no such. */
uint64_t lc_container_port(const struct lc_container *self, const struct lc_spot *port);

/* In seconds; 30 where the pod does not say. */
uint64_t lc_pod_grace_seconds(const struct lc_pod *pod);

#endif
