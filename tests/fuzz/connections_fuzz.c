/* SPDX-License-Identifier: Apache-2.0 */

/* Any bytes as a netlink message, as a line of /proc/net/tcp or another of those tables, and as
 * /proc/net/snmp, by the first byte. Whatever is found in them is in some class, and can be
 * remembered. What it starts from, in connections/, Linux 6.18 has written, but for that byte. */

#include "fuzz.h"

#include "sys/connections_seen.h"
#include "sys/connections_table.h"

#include <stdlib.h>
#include <string.h>

static void on_found(void *userdata, const struct lc_connection *found)
{
    struct lc_seen *seen = userdata;
    enum lc_connection_class class = lc_connection_classify(found, 1000);
    int news;

    expect(class >= 0 && class < LC_CONNECTION_CLASS_COUNT && lc_connection_class_name(class));
    if (found->cookie == 0)
        return;
    news = lc_seen_note(seen, found->cookie, (uint32_t)found->bytes_received,
                        found->segments_received);
    expect(news == LC_SEEN_OLD || news == LC_SEEN_NEW || news == LC_SEEN_GROWN);
    expect(lc_seen_note(seen, found->cookie, (uint32_t)found->bytes_received,
                        found->segments_received) == LC_SEEN_OLD);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lc_seen seen = {.level_count = 0};
    struct lc_connection socket;
    uint64_t opens;
    char *text;

    if (size == 0)
        return 0;
    text = malloc(size);
    if (!text)
        return 0;
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    if (data[0] % 3 == 0)
        lc_diag_parse(data + 1, size - 1, 0, on_found, &seen);
    else if (data[0] % 3 == 1 &&
             lc_table_parse(data[0] / 3 % LC_TABLE_KIND_COUNT, text, &socket) == 0)
        on_found(&seen, &socket);
    else if (data[0] % 3 == 2)
        lc_table_parse_opens(text, &opens);
    lc_seen_deinit(&seen);
    free(text);
    return 0;
}
