/* SPDX-License-Identifier: Apache-2.0 */

/* Any bytes as a manifest. Besides what the sanitizers see: each finding has a place and a text, in
 * printable characters, and where there is a pod and no problem, something is said to be true. */

#include "fuzz.h"

#include "../../cmd/lastcallctl/manifest.h"

#include <errno.h>
#include <stdlib.h>

static void check(const struct lc_config_errors *found)
{
    for (size_t i = 0; i < found->count; i++) {
        expect(found->list[i].where && *found->list[i].where);
        expect(found->list[i].text && *found->list[i].text);
        for (const char *at = found->list[i].text; *at; at++)
            expect((unsigned char)*at >= 0x20 && *at != 0x7f);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* Not literals, which are const: the program's words are not. */
    static char program[] = "check", option[] = "--margin=2s", path[] = "PATH=/bin";
    static char *const words[] = {program, option, NULL}, *const envp[] = {path, NULL};
    struct lc_manifest_findings findings = {0};
    int r = lc_manifest_check_bytes("pod.yaml", (const char *)data, size, words, envp, &findings);

    expect(r == 0 || r == -ENOMEM);
    check(&findings.problems);
    check(&findings.notes);
    check(&findings.truths);
    expect(r < 0 || findings.problems.count || findings.truths.count);
    lc_manifest_findings_deinit(&findings);
    return 0;
}
