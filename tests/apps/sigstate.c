/* SPDX-License-Identifier: Apache-2.0 */

/* sigstate: prints as one line of JSON what a process inherits and tells no one.
 *
 *     {"pid": 7, "ppid": 1, "pgrp": 7, "sid": 1, "foreground": 7, "blocked": [], "ignored": [17],
 *      "fds": [0, 1, 2], "env": {"LISTEN_FDS": "1", …}}
 *
 * Signals are numbers, from /proc/self/status: 32 and 33, which the C library hides, are among
 * them. "foreground" is the foreground group of the first terminal among 0-2, or null. "env" has the
 * variables that begin with LISTEN_, LASTCALL_ or NOTIFY_. */

#include "base/json.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint64_t read_mask(const char *field)
{
    char line[256];
    uint64_t mask = 0;
    FILE *status = fopen("/proc/self/status", "re");

    if (!status) {
        perror("sigstate: /proc/self/status");
        exit(EXIT_FAILURE);
    }
    while (fgets(line, sizeof line, status))
        if (strncmp(line, field, strlen(field)) == 0)
            mask = strtoull(line + strlen(field), NULL, 16);
    fclose(status);
    return mask;
}

static void print_mask(struct lc_json *json, const char *key, uint64_t mask)
{
    lc_json_array_begin(json, key);
    for (int number = 1; number <= 64; number++)
        if (mask >> (number - 1) & 1)
            lc_json_int(json, NULL, number);
    lc_json_end(json);
}

static void print_fds(struct lc_json *json)
{
    DIR *directory = opendir("/proc/self/fd");
    const struct dirent *entry;

    lc_json_array_begin(json, "fds");
    while (directory && (entry = readdir(directory))) {
        int fd = atoi(entry->d_name);

        if (entry->d_name[0] != '.' && fd != dirfd(directory))
            lc_json_int(json, NULL, fd);
    }
    lc_json_end(json);
    if (directory)
        closedir(directory);
}

static void print_foreground(struct lc_json *json)
{
    for (int fd = 0; fd <= 2; fd++) {
        pid_t group = tcgetpgrp(fd);

        if (group >= 0) {
            lc_json_int(json, "foreground", group);
            return;
        }
    }
    lc_json_null(json, "foreground");
}

static void print_environment(struct lc_json *json)
{
    static const char *const prefixes[] = {"LISTEN_", "LASTCALL_", "NOTIFY_"};

    lc_json_object_begin(json, "env");
    for (char **entry = environ; *entry; entry++) {
        char name[64];
        const char *value = strchr(*entry, '=');

        if (!value || (size_t)(value - *entry) >= sizeof name)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)(value - *entry), *entry);
        for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
            if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
                lc_json_string(json, name, value + 1);
    }
    lc_json_end(json);
}

int main(void)
{
    char text[16384];
    struct lc_json json;

    lc_json_init(&json, text, sizeof text);
    lc_json_object_begin(&json, NULL);
    lc_json_int(&json, "pid", getpid());
    lc_json_int(&json, "ppid", getppid());
    lc_json_int(&json, "pgrp", getpgrp());
    lc_json_int(&json, "sid", getsid(0));
    print_foreground(&json);
    print_mask(&json, "blocked", read_mask("SigBlk:"));
    print_mask(&json, "ignored", read_mask("SigIgn:"));
    print_fds(&json);
    print_environment(&json);
    lc_json_finish(&json);
    puts(text);
    return EXIT_SUCCESS;
}
