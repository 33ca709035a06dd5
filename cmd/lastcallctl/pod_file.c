/* SPDX-License-Identifier: Apache-2.0 */
#include "pod_file.h"

#include <errno.h>
#include <string.h>

/* A key that is one word however many points it has: "lastcall.yaml". */
static struct lc_spot find_key(const struct lc_spot *map, const char *name)
{
    struct lc_spot found = *map;

    found.node = NULL;
    for (size_t i = 0; map->node && map->node->kind == LC_NODE_MAP && i < map->node->count; i += 2)
        if (map->node->items[i]->kind == LC_NODE_SCALAR && !strcmp(map->node->items[i]->text, name))
            found.node = found.near = map->node->items[i + 1];
    return found;
}

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

/* The ConfigMap of one of the pod's volumes; NULL: it is another kind of volume. */
static const char *config_map_of(const struct lc_pod *pod, const struct lc_spot *mount)
{
    struct lc_spot volumes = lc_spot_key(&pod->spec, "volumes"), name = lc_spot_key(mount, "name");

    for (size_t i = 0; lc_spot_text(&name) && i < lc_spot_count(&volumes); i++) {
        struct lc_spot volume = lc_spot_item(&volumes, i), own = lc_spot_key(&volume, "name");
        struct lc_spot map = lc_spot_key(&volume, "configMap.name");

        if (lc_spot_says(&own, lc_spot_text(&name)))
            return lc_spot_text(&map);
    }
    return NULL;
}

static const char *find_content(const struct lc_pod *pod, const char *map, const char *file)
{
    for (size_t i = 0; i < pod->documents->count; i++) {
        const struct lc_node *node = pod->documents->items[i];
        struct lc_spot document = {.node = node, .near = node};
        struct lc_spot kind = lc_spot_key(&document, "kind");
        struct lc_spot name = lc_spot_key(&document, "metadata.name");
        struct lc_spot data = lc_spot_key(&document, "data");
        struct lc_spot content = find_key(&data, file);

        if (lc_spot_says(&kind, "ConfigMap") && lc_spot_says(&name, map))
            return lc_spot_text(&content);
    }
    return NULL;
}

int lc_container_find_file(const struct lc_container *self, const char *path,
                           struct lc_ctl_file *ret)
{
    struct lc_spot mounts = lc_spot_key(&self->spot, "volumeMounts");

    for (size_t i = 0; i < lc_spot_count(&mounts); i++) {
        struct lc_spot mount = lc_spot_item(&mounts, i);
        const char *file = below(&mount, path);
        const char *map = file ? config_map_of(self->pod, &mount) : NULL;
        const char *content = map ? find_content(self->pod, map, file) : NULL;

        if (!content)
            continue;
        *ret = (struct lc_ctl_file){.bytes = content, .size = strlen(content)};
        if (asprintf(&ret->name, "%s: ConfigMap %s: %s", self->pod->file, map, file) < 0)
            return -ENOMEM;
        return 1;
    }
    return 0;
}
