/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_TESTS_APPS_LOAD_OPTIONS_H
#define LC_TESTS_APPS_LOAD_OPTIONS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct load_options {
    struct sockaddr_in address;
    char host[64]; /* as in the URL, with the port */
    const char *path;
    size_t connections;
    double rate;      /* requests a second */
    double seconds;   /* 0: until a signal comes */
    uint64_t timeout; /* ns, from when a request is due */
    bool keep_alive;
    const char *json;          /* NULL: none */
    const char *requests;      /* the file of load_record.h; NULL: none */
    const char *target_header; /* NULL: none */
};

/* Returns 0, 1 where --help was asked for and given, or -EINVAL once stderr says what is wrong.
 * The strings are those of `argv`. */
int load_options_parse(struct load_options *self, int argc, char *argv[]);

#endif
