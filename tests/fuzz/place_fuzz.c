/* SPDX-License-Identifier: Apache-2.0 */

/* Any bytes as the Location of an answer: what comes of it can be asked for, and is one line. */

#include "drive/http_place.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct lc_place from = {.host = "127.0.0.1", .port = 80, .path = "/a/b?c"};
    struct lc_place place;
    char *location = calloc(1, size + 1);

    if (!location)
        return 0;
    memcpy(location, data, size);
    if (lc_place_follow(&from, location, &place) == 0) {
        if (place.path[0] != '/' || place.host[0] == '\0' || place.port == 0)
            abort();
        for (const char *at = place.path; *at; at++)
            if (*at <= ' ' || *at > '~')
                abort();
    }
    free(location);
    return 0;
}
