/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static int parse_unix(const char *path, struct lc_address *ret)
{
    size_t length = strlen(path);

    if (!length)
        return -EINVAL;
    if (length >= sizeof(ret->local.sun_path))
        return -ENAMETOOLONG;
    ret->local.sun_family = AF_UNIX;
    memcpy(ret->local.sun_path, path, length + 1);
    ret->length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + 1);
    return 0;
}

/* 1..65535 in network order; 0 where `text` is none: strtoul() would take signs and spaces. */
static in_port_t parse_port(const char *text)
{
    unsigned port = 0;

    if (!*text || strlen(text) > 5)
        return 0;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return 0;
        port = port * 10 + (unsigned)(*text - '0');
    }
    return port <= UINT16_MAX ? htons((uint16_t)port) : 0;
}

static int parse_v4(const char *host, in_port_t port, struct lc_address *ret)
{
    if (inet_pton(AF_INET, host, &ret->v4.sin_addr) != 1)
        return -EINVAL;
    ret->v4.sin_family = AF_INET;
    ret->v4.sin_port = port;
    ret->length = sizeof(ret->v4);
    return 0;
}

static int parse_v6(const char *host, in_port_t port, struct lc_address *ret)
{
    if (inet_pton(AF_INET6, host, &ret->v6.sin6_addr) != 1)
        return -EINVAL;
    ret->v6.sin6_family = AF_INET6;
    ret->v6.sin6_port = port;
    ret->length = sizeof(ret->v6);
    return 0;
}

int lc_address_parse(const char *text, struct lc_address *ret)
{
    const char *colon = strrchr(text, ':');
    char host[INET6_ADDRSTRLEN + 2]; /* and its brackets */
    in_port_t port;

    *ret = (struct lc_address){0};
    if (!strncmp(text, "unix:", 5))
        return parse_unix(text + 5, ret);

    if (!colon || (size_t)(colon - text) >= sizeof(host))
        return -EINVAL;
    port = parse_port(colon + 1);
    if (!port)
        return -EINVAL;
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = '\0';

    if (!*host) {
        ret->everywhere = true;
        return parse_v6("::", port, ret);
    }
    if (*host != '[')
        return parse_v4(host, port, ret);
    if (colon[-1] != ']')
        return -EINVAL;
    host[colon - text - 1] = '\0';
    /* Who puts a variable into the brackets need not know of which kind its address is. */
    return strchr(host + 1, ':') ? parse_v6(host + 1, port, ret) : parse_v4(host + 1, port, ret);
}
