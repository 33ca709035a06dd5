/* SPDX-License-Identifier: Apache-2.0 */

/* Any bytes as lastcall's answer, and its body as /status: what the sanitizers see, that a body lies
 * within its answer, and that none of it can move a cursor. */

#include "fuzz.h"

#include "../../cmd/lastcallctl/reply.h"
#include "../../cmd/lastcallctl/status_text.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

static void show(struct lc_tree *tree)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    expect(stream != NULL);
    lc_status_print(stream, tree);
    fclose(stream);
    expect_printable(text, size);
    free(text);
}

static void read_status(const char *bytes, size_t size)
{
    struct lc_yaml_error error;
    struct lc_tree tree = {0};

    if (lc_tree_parse_yaml(&tree, bytes, size, &error) == 0)
        show(&tree);
    lc_tree_deinit(&tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data;
    struct lc_reply reply;
    int r = lc_reply_parse(&reply, bytes, size);

    expect(r == 0 || r == -EBADMSG);
    if (r == 0) {
        expect(reply.body >= bytes && reply.length <= size - (size_t)(reply.body - bytes));
        expect(reply.status >= 0 && reply.status <= 999);
        read_status(reply.body, reply.length);
    } else {
        read_status(bytes, size);
    }
    return 0;
}
