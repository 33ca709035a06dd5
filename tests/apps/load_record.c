/* SPDX-License-Identifier: Apache-2.0 */
#include "load_record.h"

#include <errno.h>
#include <inttypes.h>

FILE *load_record_open(const char *path)
{
    FILE *record = fopen(path, "we");

    if (record)
        fputs("due,took_ms,connection,reused,target,outcome\n", record);
    return record;
}

void load_record_write(FILE *record, const struct load_request *request)
{
    fprintf(record, "%.6f,%.3f,%" PRIu64 ",%s,%s,%s\n", (double)request->due / 1e9,
            (double)request->took / 1e6, request->connection, request->reused ? "yes" : "no",
            request->target, request->outcome);
}

int load_record_close(FILE *record)
{
    bool torn = ferror(record);

    return fclose(record) != 0 || torn ? -EIO : 0;
}
