/* SPDX-License-Identifier: Apache-2.0 */
#include "base/duration.h"
#include "client.h"
#include "command.h"
#include "drive/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { POLL_MSEC = 100, PHASE_MAX = 24 };

/* The phase, as /status has it. 0 or -errno. */
static int ask_phase(const struct lc_target *target, char ret[static PHASE_MAX])
{
    struct lc_answer answer;
    struct lc_tree tree;
    const struct lc_node *phase;
    int r = lc_target_ask(target, "GET", "/status", &answer);

    if (r < 0)
        return r;
    r = lc_reply_parse_object(&answer.reply, &tree);
    phase = r == 0 ? lc_node_find(tree.root, "phase") : NULL;
    if (phase && phase->kind == LC_NODE_SCALAR)
        snprintf(ret, PHASE_MAX, "%s", phase->text);
    else if (r == 0)
        r = -EBADMSG;
    lc_tree_deinit(&tree);
    return r;
}

static bool is_waited_for(const char *phase)
{
    return !strcmp(phase, "propagating") || !strcmp(phase, "draining");
}

/* Somebody else has taken it back. */
static bool is_undone(const char *phase)
{
    return !strcmp(phase, "running") || !strcmp(phase, "starting");
}

/* Until window and drain are over. That lastcall has gone is an end of them, too; anything else that
 * goes wrong in between is tried again: a hook that fails early gives the application away. */
static int wait_until_over(const struct lc_target *target, lc_msec timeout)
{
    const struct timespec pause = {.tv_nsec = POLL_MSEC * 1000000L};
    lc_msec end = timeout == LC_NEVER ? LC_NEVER : lc_clock_msec() + timeout;
    char phase[PHASE_MAX] = "propagating";

    for (;;) {
        int r = ask_phase(target, phase);

        if (r == -ECONNREFUSED)
            return EXIT_SUCCESS;
        if (r == 0 && !is_waited_for(phase))
            break;
        if (lc_clock_msec() >= end) {
            lc_ctl_fail("%s still", phase);
            return EXIT_FAILURE;
        }
        nanosleep(&pause, NULL);
    }
    if (is_undone(phase)) {
        lc_ctl_fail("the drain was taken back: %s", phase);
        return EXIT_FAILURE;
    }
    puts(phase);
    return lc_ctl_printed();
}

static int parse_timeout(const struct lc_ctl_arguments *arguments, lc_msec *ret)
{
    const char *text = arguments->value[LC_DRAIN_TIMEOUT];

    *ret = LC_NEVER;
    if (!text)
        return 0;
    if (lc_duration_parse(text, ret) == 0)
        return 0;
    lc_ctl_fail("--timeout: found \"%s\"; accepted: a duration such as 20s", text);
    return -EINVAL;
}

static int check(const struct lc_ctl_arguments *arguments)
{
    if (arguments->value[LC_DRAIN_UNDO] && arguments->value[LC_DRAIN_WAIT])
        return lc_ctl_fail("--undo: found --wait beside it; accepted: one of both");
    if (arguments->value[LC_DRAIN_TIMEOUT] && !arguments->value[LC_DRAIN_WAIT])
        return lc_ctl_fail("--timeout: found no --wait; accepted: both");
    return EXIT_SUCCESS;
}

int lc_ctl_drain(const struct lc_ctl_arguments *arguments)
{
    bool undo = arguments->value[LC_DRAIN_UNDO], wait = arguments->value[LC_DRAIN_WAIT];
    struct lc_target target;
    struct lc_answer answer;
    lc_msec timeout;
    int r = check(arguments);

    if (r != EXIT_SUCCESS)
        return r;
    if (parse_timeout(arguments, &timeout) < 0 || lc_target_init(&target, NULL) < 0)
        return LC_CTL_FAILED;
    r = lc_target_ask(&target, "POST", undo ? "/undo" : "/drain", &answer);
    /* Gone before it could answer: the waiting finds out. */
    if (r == -ECONNRESET && wait)
        return wait_until_over(&target, timeout);
    if (r < 0)
        return lc_target_fail(&target, r);
    fwrite(answer.reply.body, 1, answer.reply.length, stdout);
    r = lc_ctl_printed();
    if (answer.reply.status != LC_REPLY_OK && answer.reply.status != LC_REPLY_ACCEPTED)
        return EXIT_FAILURE;
    return wait ? wait_until_over(&target, timeout) : r;
}
