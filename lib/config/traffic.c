/* SPDX-License-Identifier: Apache-2.0 */
#include "config/types.h"

#include "base/cleanup.h"
#include "base/duration.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Readers of what is said of arrivals, of what is in flight, and of who does not count. */

/*
 * Windows by the name of who has to forget a pod. `min` is how long the slowest part takes where
 * all is well, `max` where it is not.
 *
 * cluster  kube-proxy writes its rules at most once a second (minSyncPeriod), and the endpoints'
 *          controller, its watch and ingress controllers take some more.
 * alb      the AWS load balancer controller calls an API to deregister a target; its team's guide
 *          says to wait for that (EKS best practices, "Load balancing"), which takes 10 to 15 s.
 * neg      a health check of a Google Cloud load balancer is 2 x 5 s by default, and their knowledge
 *          base shows a sleep of 40 s while an endpoint leaves its group ("502 503 errors on
 *          external HTTP(S) Load Balancer").
 * nlb      a Network Load Balancer opens new connections for about two minutes after a target was
 *          deregistered (aws-load-balancer-controller issue 2366, containers-roadmap issue 470).
 */
static const struct {
    const char *name;
    struct lc_window window;
} presets[] = {
    {"cluster", {5000, 1000, 15000}},
    {"alb", {15000, 2000, 60000}},
    {"neg", {20000, 2000, 60000}},
    {"nlb", {120000, 5000, 180000}},
};

enum { QUIET_MSEC = 1000 }; /* of a window that says nothing of it */

static bool find_preset(const char *text, struct lc_window *ret)
{
    for (size_t i = 0; i < sizeof(presets) / sizeof(presets[0]); i++) {
        if (strcmp(presets[i].name, text) != 0)
            continue;
        *ret = presets[i].window;
        return true;
    }
    return false;
}

/* "5s", which is min and max, or "5s:1s:15s". Takes `text` apart. */
static int parse_window(char *text, struct lc_window *ret)
{
    char *quiet = strchr(text, ':'), *max = quiet ? strchr(quiet + 1, ':') : NULL;
    int r;

    if (!quiet) {
        r = lc_duration_parse(text, &ret->min);
        *ret = (struct lc_window){.min = ret->min, .quiet = QUIET_MSEC, .max = ret->min};
        return r;
    }
    if (!max)
        return -EINVAL;
    *quiet = *max = '\0';
    r = lc_duration_parse(text, &ret->min);
    if (r == 0)
        r = lc_duration_parse(quiet + 1, &ret->quiet);
    return r == 0 ? lc_duration_parse(max + 1, &ret->max) : r;
}

static void fail_window(struct lc_loader *loader, const struct lc_key *key,
                        const struct lc_node *node, const char *text, int reason)
{
    char accepted[LC_ACCEPTED_MAX], max[LC_DURATION_TEXT_MAX];

    if (reason == -ERANGE)
        snprintf(accepted, sizeof(accepted),
                 "times from 0s to %s, no finer than 1ms, and a MAX "
                 "that is not below MIN",
                 lc_duration_format(key->max, max));
    else
        lc_key_accepted(key, accepted);
    lc_fail_found(loader, node, text, accepted);
}

static int window_of(const struct lc_key *key, const char *text, struct lc_window *ret)
{
    LC_CLEANUP_FREE char *parts = NULL;
    int r;

    if (find_preset(text, ret))
        return 0;
    parts = strdup(text);
    if (!parts)
        return -ENOMEM;
    r = parse_window(parts, ret);
    if (r == 0 && (ret->min > ret->max || ret->max > key->max || ret->quiet > key->max))
        return -ERANGE;
    return r;
}

bool lc_read_window(struct lc_loader *loader, const struct lc_key *key, const struct lc_node *node,
                    void *object)
{
    struct lc_window *target = lc_key_target(key, object), window;
    char accepted[LC_ACCEPTED_MAX];
    LC_CLEANUP_FREE char *text = lc_read_scalar(loader, node, lc_key_accepted(key, accepted));
    int r = text ? window_of(key, text, &window) : -EINVAL;

    if (r == 0) {
        *target = window;
        lc_origin_set(loader, &target->quiet, node);
        lc_origin_set(loader, &target->max, node);
        return true;
    }
    loader->no_memory |= r == -ENOMEM;
    if (text && r != -ENOMEM)
        fail_window(loader, key, node, text, r);
    loader->times_unknown = true;
    return false;
}

/* In the file, drain.timeout is the place of the time. */
bool lc_read_wait(struct lc_loader *loader, const struct lc_key *key, const struct lc_node *node,
                  void *object)
{
    bool may_be_time = loader->source == LC_SOURCE_TEXT;
    const char *accepted = may_be_time ? "true, false, or a timeout such as 10s" : "true or false";
    LC_CLEANUP_FREE char *text = lc_read_scalar(loader, node, accepted);
    struct lc_drain *drain = lc_key_target(key, object);
    uint64_t timeout;

    if (!text)
        return false;
    if (!strcmp(text, "true") || !strcmp(text, "false")) {
        drain->wait_for_idle = *text == 't';
        return true;
    }
    if (!may_be_time || lc_duration_parse(text, &timeout) < 0 || timeout > key->max) {
        lc_fail_found(loader, node, text, accepted);
        return false;
    }
    drain->wait_for_idle = true;
    drain->timeout = timeout;
    lc_origin_set(loader, &drain->timeout, node);
    return true;
}

static bool read_network(struct lc_loader *loader, const struct lc_node *node, struct lc_cidr *ret)
{
    static const char accepted[] = "a network such as 10.0.0.0/8 or fd00::/8, or an address";
    LC_CLEANUP_FREE char *text = lc_read_scalar(loader, node, accepted);

    if (text && lc_cidr_parse(text, ret) == 0)
        return true;
    if (text)
        lc_fail_found(loader, node, text, accepted);
    return false;
}

bool lc_read_networks(struct lc_loader *loader, const struct lc_key *key,
                      const struct lc_node *node, void *object)
{
    struct lc_cidr **target = lc_key_target(key, object);
    LC_CLEANUP_FREE struct lc_cidr *networks = NULL;
    char accepted[LC_ACCEPTED_MAX];
    bool good = true;

    if (node->kind != LC_NODE_LIST) {
        lc_fail_found(loader, node, NULL, lc_key_accepted(key, accepted));
        return false;
    }
    networks = calloc(node->count + 1, sizeof(*networks));
    if (!networks) {
        loader->no_memory = true;
        return false;
    }
    for (size_t i = 0; i < node->count; i++) {
        size_t mark = lc_path_enter_item(loader, i);

        good &= read_network(loader, node->items[i], &networks[i]);
        lc_path_leave(loader, mark);
    }
    if (!good)
        return false;
    free(*target);
    *target = networks;
    networks = NULL;
    *lc_key_count_target(key, object) = node->count;
    return true;
}
