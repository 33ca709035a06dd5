/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_CTL_MANIFEST_H
#define LC_CTL_MANIFEST_H

#include "settings.h"

/*
 * Holds every pod in a manifest against the configuration: Pod, Deployment, StatefulSet, DaemonSet,
 * ReplicaSet, Job, CronJob, in several documents, or in a List.
 */
struct lc_manifest_findings {
    struct lc_config_errors problems;
    struct lc_config_errors notes;  /* worth a look, and no error */
    struct lc_config_errors truths; /* what holds, where there is no problem: one a container */
};

/* `file` is its name, "-" stdin; `words` and `envp` as in pod.h; *ret is the caller's, zeroed before,
 * and deinited after. 0, or -errno. */
int lc_manifest_check(const char *file, char *const *words, char *const *envp,
                      struct lc_manifest_findings *ret);
/* The same for a content that is at hand. */
int lc_manifest_check_bytes(const char *file, const char *bytes, size_t size, char *const *words,
                            char *const *envp, struct lc_manifest_findings *ret);
void lc_manifest_findings_deinit(struct lc_manifest_findings *self);

#endif
