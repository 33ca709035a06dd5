/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_CTL_POD_FILE_H
#define LC_CTL_POD_FILE_H

#include "pod.h"

/* The file that the container has at `path`, where it comes from an annotation of the pod, or from a
 * ConfigMap that the same manifest has: `helm template` and `kustomize build` print both. Its `name`
 * is the caller's to free; the bytes are the manifest's. 1; 0: it is none of these; -ENOMEM. */
int lc_container_find_file(const struct lc_container *self, const char *path,
                           struct lc_ctl_file *ret);

#endif
