/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_CTL_POD_H
#define LC_CTL_POD_H

/*
 * A pod, held against the configuration that lastcall would have in it. Each rule is a function
 * that says what does not add up: a problem, which fails the check, or a note.
 */

#include "settings.h"
#include "spot.h"

struct lc_pod {
    const char *file;
    const char *kind;                 /* of the object that the pod is part of: "Deployment" */
    const char *name;                 /* of that object; never NULL */
    struct lc_spot annotations, spec; /* the pod's */
    const struct lc_node *documents;  /* all of the manifest */
    char *const *words; /* the check's own command line: it stands above the container's */
    char *const *envp;  /* the check's environment: it stands below the container's */
    struct lc_config_errors *problems, *notes, *truths;
};

/* How a container has to do with lastcall. */
enum lc_role {
    LC_ROLE_NONE,
    LC_ROLE_COMMAND, /* its command is lastcall */
    LC_ROLE_IMAGE,   /* it has no command: its image's ENTRYPOINT must be lastcall */
    LC_ROLE_WRAPPED, /* lastcall is called by something else, and its words cannot be read */
};

struct lc_container {
    const struct lc_pod *pod;
    struct lc_spot spot;
    const char *name; /* never NULL */
    bool init;        /* among the initContainers */
    bool sidecar;     /* lastcall --sidecar */
    enum lc_role role;
    char *const *words; /* lastcall's command line in it */
    struct lc_ctl_settings settings;
    struct lc_policy policy; /* where settings.config is not NULL */
};

/* All rules. 0 or -ENOMEM. */
int lc_pod_check(const struct lc_pod *self);

/* Adds one that is not there yet. */
void lc_pod_add(struct lc_config_errors *list, const char *where, const char *path,
                const char *text);
/* "FILE:LINE:COLUMN: PATH: ...", once. */
__attribute__((format(printf, 3, 4))) void lc_pod_problem(const struct lc_pod *self,
                                                          const struct lc_spot *spot,
                                                          const char *format, ...);
__attribute__((format(printf, 3, 4))) void lc_pod_note(const struct lc_pod *self,
                                                       const struct lc_spot *spot,
                                                       const char *format, ...);

#endif
