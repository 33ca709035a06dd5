/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"
#include "command.h"
#include "status_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WATCH_SECONDS = 1 };

/* Up to the top left corner, and nothing below it: ECMA-48, CUP and ED. */
static const char clear_screen[] = "\033[H\033[J";

/* 0, -EBADMSG, -ENOMEM. */
static int print_text(const struct lc_reply *reply)
{
    struct lc_tree tree;
    int r = lc_reply_parse_object(reply, &tree);

    if (r == 0)
        lc_status_print(stdout, &tree);
    lc_tree_deinit(&tree);
    return r;
}

static int print_json(const struct lc_reply *reply)
{
    fwrite(reply->body, 1, reply->length, stdout);
    putchar('\n');
    return 0;
}

static int show(const struct lc_target *target, bool json)
{
    struct lc_answer answer;
    int r = lc_target_ask(target, "GET", "/status", &answer);

    if (r == 0 && answer.reply.status != LC_REPLY_OK)
        r = -EBADMSG;
    if (r < 0)
        return r;
    return json ? print_json(&answer.reply) : print_text(&answer.reply);
}

/* Until lastcall has gone. On a terminal each stands in the place of the one before. */
static int watch(const struct lc_target *target, bool json)
{
    bool redraw = !json && isatty(STDOUT_FILENO), seen = false;

    for (;;) {
        int r;

        if (redraw)
            fputs(clear_screen, stdout);
        else if (seen && !json)
            putchar('\n');
        r = show(target, json);
        if (r == -ECONNREFUSED && seen) {
            fputs(json ? "" : "lastcall has ended\n", stdout);
            return lc_ctl_printed();
        }
        if (r < 0)
            return lc_target_fail(target, r);
        if (lc_ctl_printed() != EXIT_SUCCESS)
            return LC_CTL_FAILED;
        seen = true;
        sleep(WATCH_SECONDS);
    }
}

int lc_ctl_status(const struct lc_ctl_arguments *arguments)
{
    bool json = arguments->value[LC_STATUS_JSON];
    struct lc_target target;
    int r;

    if (lc_target_init(&target, arguments->value[LC_STATUS_ADDRESS]) < 0)
        return LC_CTL_FAILED;
    if (arguments->value[LC_STATUS_WATCH])
        return watch(&target, json);
    r = show(&target, json);
    return r < 0 ? lc_target_fail(&target, r) : lc_ctl_printed();
}
