/* SPDX-License-Identifier: Apache-2.0 */
#include "pod_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What of `path` lies below the mount; NULL: nothing. */
static const char *below(const struct lc_spot *mount, const char *path)
{
    struct lc_spot spot = lc_spot_key(mount, "mountPath"), sub = lc_spot_key(mount, "subPath");
    const char *folder = lc_spot_text(&spot), *file = lc_spot_text(&sub);
    size_t length = folder ? strlen(folder) : 0;

    if (!length || strncmp(path, folder, length) != 0)
        return NULL;
    if (file)
        return path[length] == '\0' ? file : NULL;
    return path[length] == '/' ? path + length + 1 : NULL;
}

/* The volume that is mounted; without a node where there is none. */
static struct lc_spot volume_of(const struct lc_pod *pod, const struct lc_spot *mount)
{
    struct lc_spot volumes = lc_spot_key(&pod->spec, "volumes"), name = lc_spot_key(mount, "name");

    for (size_t i = 0; lc_spot_text(&name) && i < lc_spot_count(&volumes); i++) {
        struct lc_spot volume = lc_spot_item(&volumes, i), own = lc_spot_key(&volume, "name");

        if (lc_spot_says(&own, lc_spot_text(&name)))
            return volume;
    }
    return (struct lc_spot){0};
}

static const char *find_in_config_map(const struct lc_pod *pod, const char *map, const char *file)
{
    for (size_t i = 0; i < pod->documents->count; i++) {
        const struct lc_node *node = pod->documents->items[i];
        struct lc_spot document = {.node = node, .near = node};
        struct lc_spot kind = lc_spot_key(&document, "kind");
        struct lc_spot name = lc_spot_key(&document, "metadata.name");
        struct lc_spot data = lc_spot_key(&document, "data");
        struct lc_spot content = lc_spot_word(&data, file, strlen(file));

        if (lc_spot_says(&kind, "ConfigMap") && lc_spot_says(&name, map))
            return lc_spot_text(&content);
    }
    return NULL;
}

/* The annotation of "metadata.annotations['NAME']"; without a node where it is none. */
static struct lc_spot find_annotation(const struct lc_pod *pod, const char *field)
{
    static const char begin[] = "metadata.annotations['";
    const char *end = strstr(field, "']");

    if (strncmp(field, begin, strlen(begin)) != 0 || !end)
        return (struct lc_spot){0};
    field += strlen(begin);
    return lc_spot_word(&pod->annotations, field, (size_t)(end - field));
}

static const char *find_in_annotations(const struct lc_pod *pod, const struct lc_spot *items,
                                       const char *file)
{
    for (size_t i = 0; i < lc_spot_count(items); i++) {
        struct lc_spot item = lc_spot_item(items, i), path = lc_spot_key(&item, "path");
        struct lc_spot field = lc_spot_key(&item, "fieldRef.fieldPath");
        struct lc_spot content = {0};

        if (!lc_spot_says(&path, file) || !lc_spot_text(&field))
            continue;
        content = find_annotation(pod, lc_spot_text(&field));
        return lc_spot_text(&content);
    }
    return NULL;
}

static int find_in_volume(const struct lc_pod *pod, const struct lc_spot *volume, const char *file,
                          struct lc_ctl_file *ret)
{
    struct lc_spot name = lc_spot_key(volume, "configMap.name");
    struct lc_spot items = lc_spot_key(volume, "downwardAPI.items");
    const char *map = lc_spot_text(&name);
    const char *content =
        map ? find_in_config_map(pod, map, file) : find_in_annotations(pod, &items, file);
    int size;

    if (!content)
        return 0;
    *ret = (struct lc_ctl_file){.bytes = content, .size = strlen(content)};
    size = map ? asprintf(&ret->name, "%s: ConfigMap %s: %s", pod->file, map, file)
               : asprintf(&ret->name, "%s: annotations: %s", pod->file, file);
    return size < 0 ? -ENOMEM : 1;
}

int lc_container_find_file(const struct lc_container *self, const char *path,
                           struct lc_ctl_file *ret)
{
    struct lc_spot mounts = lc_spot_key(&self->spot, "volumeMounts");
    int r = 0;

    for (size_t i = 0; i < lc_spot_count(&mounts) && r == 0; i++) {
        struct lc_spot mount = lc_spot_item(&mounts, i);
        struct lc_spot volume = volume_of(self->pod, &mount);
        const char *file = below(&mount, path);

        if (file && volume.node)
            r = find_in_volume(self->pod, &volume, file, ret);
    }
    return r;
}
