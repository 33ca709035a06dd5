/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"
#include "command.h"

#include <stdlib.h>
#include <string.h>

/* "[-]web failed: nothing listens on port 8080", of all the checks' lines */
static void print_failed(const struct lc_reply *reply)
{
    const char *line = reply->body, *end = reply->body + reply->length;

    while (line < end) {
        const char *next = memchr(line, '\n', (size_t)(end - line));
        size_t length = (size_t)((next ? next : end) - line);

        if (length > 3 && !memcmp(line, "[-]", 3))
            fprintf(stderr, "%.*s\n", (int)(length - 3), line + 3);
        line += length + 1;
    }
}

/* Exec probes and HEALTHCHECK know good and bad, and no third. */
int lc_ctl_ready(const struct lc_ctl_arguments *arguments)
{
    struct lc_target target;
    struct lc_answer answer;
    int r = lc_target_init(&target, arguments->value[LC_READY_ADDRESS]);

    if (r < 0)
        return LC_CTL_FAILED;
    r = lc_target_ask(&target, "GET", "/readyz", &answer);
    if (r < 0)
        lc_target_fail(&target, r);
    else if (answer.reply.status == LC_REPLY_OK)
        return EXIT_SUCCESS;
    else
        print_failed(&answer.reply);
    return EXIT_FAILURE;
}
