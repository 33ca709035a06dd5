/* SPDX-License-Identifier: Apache-2.0 */
#include "load_options.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "Usage: load --url http://ADDRESS:PORT/PATH [OPTION...]\n"
    "Sends GET requests at a fixed rate, each once, and names each failure.\n"
    "\n"
    "  --url URL          http://, an IPv4 address or localhost, a port, a path\n"
    "  --connections N    at most so many at once (64)\n"
    "  --rate R           requests a second, due whether or not earlier ones have an answer (100)\n"
    "  --seconds S        how long; without it until SIGTERM or SIGINT\n"
    "  --timeout S        a request that has no whole answer S seconds after it was due has\n"
    "                     failed (10)\n"
    "  --keepalive yes|no whether connections are used again (yes)\n"
    "  --json FILE        write the result, with the time of each failure\n"
    "  --requests FILE    write a line for each request: when, how long, on which connection,\n"
    "                     answered by whom, and what became of it\n"
    "  --target-header NAME  the header of an answer that says by whom\n"
    "  --help             this text\n"
    "\n"
    "Exit status: 0 every request was answered with 2xx, 1 some were not, 2 load itself failed.\n";

static int parse_number(const char *option, const char *text, double max, double *ret)
{
    char *end;
    double number = strtod(text, &end);

    if (end == text || *end || !(number > 0) || number > max) {
        fprintf(stderr, "load: --%s %s: a number above 0, at most %g, is expected\n", option, text,
                max);
        return -EINVAL;
    }
    *ret = number;
    return 0;
}

static int parse_url(struct load_options *self, const char *url)
{
    static const char scheme[] = "http://";
    const char *host = url + sizeof scheme - 1, *slash, *colon;
    char address[sizeof self->host] = "";
    char *end = NULL;
    unsigned long port = 0;

    if (strncmp(url, scheme, sizeof scheme - 1) == 0) {
        slash = strchr(host, '/');
        colon = strchr(host, ':');
        if (slash && colon && colon < slash && (size_t)(slash - host) < sizeof self->host) {
            memcpy(self->host, host, (size_t)(slash - host));
            memcpy(address, host, (size_t)(colon - host));
            port = strtoul(colon + 1, &end, 10);
            self->path = slash;
        }
    }
    if (strcmp(address, "localhost") == 0)
        strcpy(address, "127.0.0.1");
    self->address.sin_family = AF_INET;
    self->address.sin_port = htons((uint16_t)port);
    if (end && end == self->path && port > 0 && port <= UINT16_MAX &&
        inet_pton(AF_INET, address, &self->address.sin_addr) == 1)
        return 0;
    fprintf(stderr, "load: --url %s: http://ADDRESS:PORT/PATH is expected\n", url);
    return -EINVAL;
}

static int parse_keep_alive(struct load_options *self, const char *text)
{
    self->keep_alive = strcmp(text, "yes") == 0;
    if (self->keep_alive || strcmp(text, "no") == 0)
        return 0;
    fprintf(stderr, "load: --keepalive %s: yes or no is expected\n", text);
    return -EINVAL;
}

static int parse_option(struct load_options *self, char option, const char *text)
{
    double number = 0;
    int r;

    switch (option) {
    case 'u':
        return parse_url(self, text);
    case 'c':
        r = parse_number("connections", text, 10000, &number);
        self->connections = number < 1 ? 1 : (size_t)number;
        return r;
    case 'r':
        return parse_number("rate", text, 1e6, &self->rate);
    case 's':
        return parse_number("seconds", text, 1e6, &self->seconds);
    case 't':
        r = parse_number("timeout", text, 1e6, &number);
        self->timeout = (uint64_t)(number * 1e9);
        return r;
    case 'k':
        return parse_keep_alive(self, text);
    case 'j':
        self->json = text;
        return 0;
    case 'q':
        self->requests = text;
        return 0;
    case 'g':
        self->target_header = text;
        return 0;
    case 'h':
        fputs(help, stdout);
        return 1;
    default:
        return -EINVAL; /* getopt_long() has said why */
    }
}

int load_options_parse(struct load_options *self, int argc, char *argv[])
{
    static const struct option options[] = {{"url", required_argument, NULL, 'u'},
                                            {"connections", required_argument, NULL, 'c'},
                                            {"rate", required_argument, NULL, 'r'},
                                            {"seconds", required_argument, NULL, 's'},
                                            {"timeout", required_argument, NULL, 't'},
                                            {"keepalive", required_argument, NULL, 'k'},
                                            {"json", required_argument, NULL, 'j'},
                                            {"requests", required_argument, NULL, 'q'},
                                            {"target-header", required_argument, NULL, 'g'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    int option, r;

    *self = (struct load_options){
        .connections = 64, .rate = 100, .timeout = 10000000000, .keep_alive = true};
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        r = parse_option(self, (char)option, optarg);
        if (r != 0)
            return r;
    }
    if (optind < argc || !self->path) {
        fprintf(stderr, "load: %s (see --help)\n",
                optind < argc ? "only options are expected" : "--url is missing");
        return -EINVAL;
    }
    return 0;
}
