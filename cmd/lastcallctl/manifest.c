/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest.h"

#include "base/cleanup.h"
#include "config/errors.h"
#include "pod.h"
#include "read.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Where in an object the pod's metadata and spec are, by its kind. */
static const struct {
    const char *kind, *prefix;
} homes[] = {
    {"Pod", ""},
    {"Deployment", "spec.template."},
    {"StatefulSet", "spec.template."},
    {"DaemonSet", "spec.template."},
    {"ReplicaSet", "spec.template."},
    {"ReplicationController", "spec.template."},
    {"Job", "spec.template."},
    {"CronJob", "spec.jobTemplate.spec.template."},
    {"PodTemplate", "template."},
};

static struct lc_spot find_part(const struct lc_spot *object, const char *prefix, const char *part)
{
    char path[LC_SPOT_PATH_MAX];

    snprintf(path, sizeof(path), "%s%s", prefix, part);
    return lc_spot_key(object, path);
}

static int check_object(struct lc_pod *pod, const struct lc_spot *object, size_t *pods)
{
    struct lc_spot kind = lc_spot_key(object, "kind");
    struct lc_spot name = lc_spot_key(object, "metadata.name");
    struct lc_spot containers;
    const char *prefix = NULL;

    for (size_t i = 0; i < sizeof(homes) / sizeof(homes[0]); i++)
        if (lc_spot_says(&kind, homes[i].kind))
            prefix = homes[i].prefix;
    if (!prefix)
        return 0;
    pod->kind = lc_spot_text(&kind);
    pod->name = lc_spot_text(&name) ? lc_spot_text(&name) : "?";
    pod->annotations = find_part(object, prefix, "metadata.annotations");
    pod->spec = find_part(object, prefix, "spec");
    containers = lc_spot_key(&pod->spec, "containers");
    (*pods)++;
    if (lc_spot_count(&containers))
        return lc_pod_check(pod);
    lc_pod_problem(pod, &containers, "found %s; accepted: a list of containers",
                   containers.node ? "something else" : "nothing");
    return 0;
}

static int check_document(struct lc_pod *pod, const struct lc_node *node, size_t *pods)
{
    struct lc_spot document = {.node = node, .near = node};
    struct lc_spot kind = lc_spot_key(&document, "kind"), items = lc_spot_key(&document, "items");
    int r = 0;

    if (!lc_spot_text(&kind) || !strstr(lc_spot_text(&kind), "List"))
        return check_object(pod, &document, pods);
    for (size_t i = 0; i < lc_spot_count(&items) && r == 0; i++) {
        struct lc_spot item = lc_spot_item(&items, i);

        r = check_object(pod, &item, pods);
    }
    return r;
}

static int check_documents(struct lc_pod *pod, const struct lc_tree *tree, size_t *pods)
{
    int r = 0;

    pod->documents = tree->root;
    for (size_t i = 0; i < tree->root->count && r == 0; i++)
        r = check_document(pod, tree->root->items[i], pods);
    return r;
}

static int check_bytes(struct lc_pod *pod, const char *bytes, size_t size)
{
    size_t pods = 0;
    struct lc_yaml_error error;
    struct lc_tree tree = {0};
    int r = lc_tree_parse_documents(&tree, bytes, size, &error);

    if (r == -EINVAL) {
        struct lc_node node = {.line = error.line, .column = error.column};
        struct lc_spot place = {.near = &node};

        lc_pod_problem(pod, &place, "%s", error.text);
        r = 0;
    } else if (r == 0) {
        r = check_documents(pod, &tree, &pods);
        if (r == 0 && !pods)
            lc_errors_add(pod->problems, pod->file, NULL,
                          "found no pod; accepted: a Pod, Deployment, StatefulSet, DaemonSet, "
                          "ReplicaSet, Job or CronJob");
    }
    lc_tree_deinit(&tree);
    return r;
}

int lc_manifest_check_bytes(const char *file, const char *bytes, size_t size, char *const *words,
                            char *const *envp, struct lc_manifest_findings *ret)
{
    struct lc_pod pod = {.file = file,
                         .words = words,
                         .envp = envp,
                         .problems = &ret->problems,
                         .notes = &ret->notes,
                         .truths = &ret->truths};

    return check_bytes(&pod, bytes, size);
}

int lc_manifest_check(const char *file, char *const *words, char *const *envp,
                      struct lc_manifest_findings *ret)
{
    LC_CLEANUP_FREE char *bytes = NULL;
    size_t size = 0;
    int r = lc_ctl_read(file, &bytes, &size);

    if (r < 0)
        return r;
    return lc_manifest_check_bytes(!strcmp(file, "-") ? "stdin" : file, bytes, size, words, envp,
                                   ret);
}

void lc_manifest_findings_deinit(struct lc_manifest_findings *self)
{
    lc_config_errors_deinit(&self->problems);
    lc_config_errors_deinit(&self->notes);
    lc_config_errors_deinit(&self->truths);
}
