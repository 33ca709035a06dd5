/* SPDX-License-Identifier: Apache-2.0 */
#include "pod_rules.h"

#include "base/duration.h"
#include "pod_words.h"

#include <stdlib.h>
#include <string.h>

/* Probes: what they ask, and whether they hear of a shutdown in time. */

struct probe {
    const char *key;
    const char *paths[2]; /* of lastcall's, that say what this probe is for */
};

static const struct probe readiness = {"readinessProbe", {"/readyz"}};
static const struct probe liveness = {"livenessProbe", {"/livez", "/healthz"}};
static const struct probe startup = {"startupProbe", {"/startupz", "/readyz"}};

/* ":9909", "0.0.0.0:80", "[::]:80"; 0 where only the pod itself can reach it. */
static uint16_t reachable_port(const char *address)
{
    static const char *const loopback[] = {"unix:", "127.", "[::1]", "localhost"};
    const char *colon = strrchr(address, ':');

    for (size_t i = 0; i < sizeof(loopback) / sizeof(loopback[0]); i++)
        if (!strncmp(address, loopback[i], strlen(loopback[i])))
            return 0;
    return colon ? (uint16_t)strtoul(colon + 1, NULL, 10) : 0;
}

uint16_t lc_container_health_port(const struct lc_container *self)
{
    for (char *const *address = self->settings.config->listen; *address; address++)
        if (reachable_port(*address))
            return reachable_port(*address);
    return 0;
}

bool lc_container_listens(const struct lc_container *self, uint64_t port)
{
    for (char *const *address = self->settings.config->listen; *address; address++)
        if (port && reachable_port(*address) == port)
            return true;
    return false;
}

uint64_t lc_container_port(const struct lc_container *self, const struct lc_spot *port)
{
    struct lc_spot ports = lc_spot_key(&self->spot, "ports");
    uint64_t number = 0;

    if (lc_spot_number(port, &number) || !lc_spot_text(port))
        return number;
    for (size_t i = 0; i < lc_spot_count(&ports); i++) {
        struct lc_spot item = lc_spot_item(&ports, i);
        struct lc_spot name = lc_spot_key(&item, "name");
        struct lc_spot value = lc_spot_key(&item, "containerPort");

        if (lc_spot_says(&name, lc_spot_text(port)) && lc_spot_number(&value, &number))
            return number;
    }
    return 0;
}

/* "httpGet {path: /readyz, port: 9909}" */
static const char *suggest(const struct lc_container *self, const struct probe *probe,
                           char buf[static 80])
{
    uint16_t port = lc_container_health_port(self);

    if (port)
        snprintf(buf, 80, "httpGet {path: %s, port: %u}", probe->paths[0], port);
    else
        snprintf(buf, 80, "a probe of lastcall, once --listen is an address with a port");
    return buf;
}

static bool is_path_of(const struct probe *probe, const char *path)
{
    size_t length = strcspn(path, "?");

    for (size_t i = 0; i < 2 && probe->paths[i]; i++)
        if (strlen(probe->paths[i]) == length && !memcmp(probe->paths[i], path, length))
            return true;
    return false;
}

/* Of a request to lastcall's own port. */
static void check_request(const struct lc_container *self, const struct probe *probe,
                          const struct lc_spot *get)
{
    struct lc_spot path = lc_spot_key(get, "path"), scheme = lc_spot_key(get, "scheme");
    const char *text = lc_spot_text(&path) ? lc_spot_text(&path) : "/";

    if (!is_path_of(probe, text))
        lc_pod_problem(self->pod, &path, "found %s; accepted: %s", text, probe->paths[0]);
    if (lc_spot_says(&scheme, "HTTPS"))
        lc_pod_problem(self->pod, &scheme,
                       "found HTTPS; accepted: HTTP, which is what lastcall "
                       "speaks");
}

/* The port of a probe that opens one; 0: it opens none, or one that has no number. */
static uint64_t port_of(const struct lc_container *self, const struct lc_spot *probe,
                        struct lc_spot *ret_port)
{
    static const char *const ports[] = {"httpGet.port", "tcpSocket.port", "grpc.port"};

    for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
        *ret_port = lc_spot_key(probe, ports[i]);
        if (ret_port->node)
            break;
    }
    return lc_container_port(self, ret_port);
}

static void check_name(const struct lc_container *self, const struct lc_spot *port, uint64_t number)
{
    if (lc_spot_text(port) && !number)
        lc_pod_problem(self->pod, port,
                       "found \"%s\"; accepted: a number, or the name of one of "
                       "the container's ports",
                       lc_spot_text(port));
}

static void check_probe(const struct lc_container *self, const struct probe *probe)
{
    struct lc_spot spot = lc_spot_key(&self->spot, probe->key), port;
    struct lc_spot get = lc_spot_key(&spot, "httpGet");
    uint64_t number = port_of(self, &spot, &port);

    check_name(self, &port, number);
    if (get.node && lc_container_listens(self, number))
        check_request(self, probe, &get);
}

void lc_container_check_probes(const struct lc_container *self)
{
    check_probe(self, &readiness);
    check_probe(self, &liveness);
    check_probe(self, &startup);
}

/* Whoever asks the application hears nothing of lastcall's shutdown. */
static bool asks_lastcall(const struct lc_container *self, const struct lc_spot *spot)
{
    struct lc_spot get = lc_spot_key(spot, "httpGet"), port;
    struct lc_spot command = lc_spot_key(spot, "exec.command");
    struct lc_spot program = lc_spot_item(&command, 0);
    uint64_t number = port_of(self, spot, &port);
    char instead[80];

    if (lc_spot_text(&program) && lc_names_program(lc_spot_text(&program), "lastcallctl"))
        return true;
    if (get.node && lc_container_listens(self, number))
        return true;
    suggest(self, &readiness, instead);
    if (lc_container_listens(self, number))
        lc_pod_problem(self->pod, spot,
                       "found a probe that only connects: it succeeds in a shutdown, too; "
                       "accepted: %s",
                       instead);
    else if (number)
        lc_pod_problem(self->pod, &port,
                       "found %llu, which is not lastcall's: the application stays ready in a "
                       "shutdown; accepted: %s",
                       (unsigned long long)number, instead);
    else if (!lc_spot_text(&port))
        lc_pod_problem(self->pod, spot,
                       "found a probe of the application, which stays ready in a shutdown; "
                       "accepted: %s",
                       instead);
    return false;
}

static uint64_t number_or(const struct lc_spot *probe, const char *key, uint64_t standard)
{
    struct lc_spot spot = lc_spot_key(probe, key);
    uint64_t number;

    return lc_spot_number(&spot, &number) ? number : standard;
}

/* The kubelet looks every periodSeconds and believes the failureThreshold-th failure in a row; the
 * defaults are 10 and 3 (kubernetes.io, "Configure Liveness, Readiness and Startup Probes"). */
static void check_speed(const struct lc_container *self, const struct lc_spot *spot)
{
    uint64_t period = number_or(spot, "periodSeconds", 10);
    uint64_t failures = number_or(spot, "failureThreshold", 3);
    unsigned long long seen = period * failures; /* s, at the latest */
    struct lc_spot blamed = lc_spot_key(spot, "periodSeconds");
    const char *better = seen > 2   ? "periodSeconds 2 with failureThreshold 1, or "
                         : seen > 1 ? "periodSeconds 1 with failureThreshold 1, or "
                                    : "";
    char window[LC_DURATION_TEXT_MAX];

    if (!self->policy.window_max || seen * 1000 <= self->policy.window_max)
        return;
    if (self->policy.readiness != LC_READINESS_FLIP)
        return;
    lc_pod_problem(self->pod, &blamed,
                   "found periodSeconds %llu with failureThreshold %llu: it may take %llus until "
                   "readiness is seen to be off, but the window is over after %s; accepted: "
                   "%sa longer window",
                   (unsigned long long)period, (unsigned long long)failures, seen,
                   lc_duration_format(self->policy.window_max, window), better);
}

void lc_container_check_readiness(const struct lc_container *self)
{
    struct lc_spot spot = lc_spot_key(&self->spot, readiness.key);
    char instead[80];

    /* A Job is no endpoint of anybody's. */
    if (!lc_policy_serves(&self->policy) || strstr(self->pod->kind, "Job"))
        return;
    if (!spot.node)
        lc_pod_problem(self->pod, &spot,
                       "missing: nobody would hear that lastcall has turned readiness off; "
                       "accepted: %s",
                       suggest(self, &readiness, instead));
    else if (asks_lastcall(self, &spot))
        check_speed(self, &spot);
}
