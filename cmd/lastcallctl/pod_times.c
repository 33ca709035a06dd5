/* SPDX-License-Identifier: Apache-2.0 */
#include "pod_rules.h"

#include "base/duration.h"
#include "pod_words.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* The pod's times against lastcall's. */

enum { STANDARD_GRACE_SECONDS = 30 };

uint64_t lc_pod_grace_seconds(const struct lc_pod *pod)
{
    struct lc_spot spot = lc_spot_key(&pod->spec, "terminationGracePeriodSeconds");
    uint64_t seconds;

    return lc_spot_seconds(&spot, &seconds) ? seconds : STANDARD_GRACE_SECONDS;
}

/* The kubelet kills at its own time, whatever lastcall has planned for later. */
static void check_kill(const struct lc_container *self, const struct lc_spot *spot,
                       uint64_t seconds, const char *absent)
{
    uint64_t grace = self->settings.config->grace, needed = (grace + 999) / 1000;
    char text[LC_DURATION_TEXT_MAX];

    if (seconds * 1000 >= grace)
        return;
    lc_duration_format(grace, text);
    lc_pod_problem(self->pod, spot,
                   "found %s%llu, but lastcall in container %s counts on %s; accepted: %llu or "
                   "more, or --grace-period %llus",
                   absent, (unsigned long long)seconds, self->name, text,
                   (unsigned long long)needed, (unsigned long long)seconds);
}

/* "5", "0.5", "2m", as sleep(1) takes it; in ms. */
static uint64_t sleep_time(const char *text)
{
    size_t length = strspn(text, "0123456789.");
    char duration[24];
    uint64_t msec;

    snprintf(duration, sizeof(duration), "%.*s%c", (int)(length < 20 ? length : 20), text,
             text[length] == 'm' || text[length] == 'h' ? text[length] : 's');
    return lc_duration_parse(duration, &msec) == 0 ? msec : 0;
}

/* "sleep 5; nginx -s quit": all sleeps in one text, in ms. */
static uint64_t sleeps_in(const char *text)
{
    static const char word[] = "sleep ";
    uint64_t msec = 0;

    for (const char *at = strstr(text, word); at; at = strstr(at + 1, word))
        if (at == text || (!isalnum((unsigned char)at[-1]) && !strchr("-_.", at[-1])))
            msec += sleep_time(at + strlen(word));
    return msec;
}

static uint64_t exec_time(const struct lc_spot *command)
{
    struct lc_spot program = lc_spot_item(command, 0), argument = lc_spot_item(command, 1);
    uint64_t msec = 0;

    if (lc_spot_text(&program) && lc_spot_text(&argument) &&
        lc_names_program(lc_spot_text(&program), "sleep"))
        return sleep_time(lc_spot_text(&argument));
    for (size_t i = 0; i < lc_spot_count(command); i++) {
        struct lc_spot word = lc_spot_item(command, i);

        if (lc_spot_text(&word))
            msec += sleeps_in(lc_spot_text(&word));
    }
    return msec;
}

/* With these T0 is the hook's begin: its time is in lastcall's sum. */
static bool begins_the_drain(const struct lc_container *self, const struct lc_spot *hook)
{
    struct lc_spot command = lc_spot_key(hook, "exec.command");
    struct lc_spot program = lc_spot_item(&command, 0);
    struct lc_spot path = lc_spot_key(hook, "httpGet.path");
    struct lc_spot port = lc_spot_key(hook, "httpGet.port");
    const char *text = lc_spot_text(&program);

    if (text && (lc_names_program(text, "lastcallctl")))
        return true;
    text = lc_spot_text(&path);
    return text && !strncmp(text, "/prestop", strlen("/prestop")) &&
           lc_container_listens(self, lc_container_port(self, &port));
}

/* What the hook takes of the pod's time before lastcall's begins, in ms; 0: nothing, or not known. */
static uint64_t hook_time(const struct lc_container *self, const struct lc_spot *hook)
{
    struct lc_spot sleep = lc_spot_key(hook, "sleep.seconds");
    struct lc_spot command = lc_spot_key(hook, "exec.command");
    uint64_t seconds;

    if (begins_the_drain(self, hook))
        return 0;
    return lc_spot_seconds(&sleep, &seconds) ? seconds * 1000 : exec_time(&command);
}

void lc_container_check_grace(const struct lc_container *self)
{
    struct lc_spot spot = lc_spot_key(&self->pod->spec, "terminationGracePeriodSeconds");
    struct lc_spot own = lc_spot_key(&self->spot, "livenessProbe.terminationGracePeriodSeconds");
    struct lc_spot hook = lc_spot_key(&self->spot, "lifecycle.preStop");
    uint64_t seconds = lc_pod_grace_seconds(self->pod), grace = self->settings.config->grace;
    uint64_t hook_seconds = (hook_time(self, &hook) + 999) / 1000;
    char text[LC_DURATION_TEXT_MAX];

    check_kill(self, &spot, seconds, spot.node ? "" : "nothing, which means ");
    if (seconds * 1000 > grace + 999 + hook_seconds * 1000)
        lc_pod_note(self->pod, &spot,
                    "found %llu, of which lastcall in container %s uses %s: --grace-period %llus "
                    "would use all of it",
                    (unsigned long long)seconds, self->name, lc_duration_format(grace, text),
                    (unsigned long long)(seconds - hook_seconds));
    /* It stands for the pod's where this probe is what failed. */
    if (lc_spot_seconds(&own, &seconds))
        check_kill(self, &own, seconds, "");
}

static void check_prestop_is_on(const struct lc_container *self, const struct lc_spot *hook)
{
    struct lc_spot path = lc_spot_key(hook, "httpGet.path");

    if (path.node && !self->settings.config->prestop)
        lc_pod_note(
            self->pod, &path,
            "found %s, which lastcall in container %s answers with 404 unless its file says "
            "http: {prestop: true}",
            lc_spot_text(&path), self->name);
}

static void check_sum(const struct lc_container *self, const struct lc_spot *hook, uint64_t msec)
{
    uint64_t grace = self->settings.config->grace, pod = lc_pod_grace_seconds(self->pod);
    char hook_text[LC_DURATION_TEXT_MAX], grace_text[LC_DURATION_TEXT_MAX];
    char left[LC_DURATION_TEXT_MAX];
    uint64_t needed = (msec + grace + 999) / 1000;

    if (msec + grace <= pod * 1000)
        return;
    lc_duration_format(msec, hook_text);
    lc_duration_format(grace, grace_text);
    lc_duration_format(pod * 1000 > msec ? pod * 1000 - msec : 0, left);
    lc_pod_problem(self->pod, hook,
                   "found a hook of %s, which the kubelet takes out of the %llus before lastcall's "
                   "%s begin with the signal; accepted: none, since lastcall has a window of its "
                   "own, or terminationGracePeriodSeconds %llu, or --grace-period %s",
                   hook_text, (unsigned long long)pod, grace_text, (unsigned long long)needed,
                   left);
}

void lc_container_check_pre_stop(const struct lc_container *self)
{
    struct lc_spot hook = lc_spot_key(&self->spot, "lifecycle.preStop");
    struct lc_spot sleep = lc_spot_key(&hook, "sleep.seconds");
    uint64_t msec = hook_time(self, &hook);

    if (!hook.node || begins_the_drain(self, &hook)) {
        check_prestop_is_on(self, &hook);
        return;
    }
    if (msec)
        check_sum(self, &hook, msec);
    else if (!sleep.node)
        lc_pod_note(self->pod, &hook,
                    "the hook's time is not known; it comes out of the pod's %llus, before "
                    "lastcall's own begin",
                    (unsigned long long)lc_pod_grace_seconds(self->pod));
}
