/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/http_place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* "http:" or "https:"; what stands behind it, or NULL: there is no scheme. */
static const char *parse_scheme(const char *text, struct lc_place *ret)
{
    static const char *const names[LC_SCHEME_COUNT] = {
        [LC_SCHEME_HTTP] = "http:", [LC_SCHEME_HTTPS] = "https:"};

    for (int scheme = 0; scheme < LC_SCHEME_COUNT; scheme++) {
        size_t length = strlen(names[scheme]);

        if (strncasecmp(text, names[scheme], length) == 0) {
            ret->scheme = (enum lc_scheme)scheme;
            return text + length;
        }
    }
    return NULL;
}

/* ":8080" or nothing. */
static int parse_port(const char *text, size_t length, struct lc_place *ret)
{
    unsigned long port = 0;

    ret->port = ret->scheme == LC_SCHEME_HTTPS ? 443 : 80;
    if (length == 0 || (length == 1 && *text == ':'))
        return 0;
    if (*text != ':' || length > 6 || strspn(text + 1, "0123456789") < length - 1)
        return -EBADMSG;
    port = strtoul(text + 1, NULL, 10);
    if (port == 0 || port > UINT16_MAX)
        return -EBADMSG;
    ret->port = (uint16_t)port;
    return 0;
}

/* "user@host:port": of no use to us is the user. */
static int parse_authority(const char *text, size_t length, struct lc_place *ret)
{
    const char *at = memrchr(text, '@', length), *end;
    size_t host;

    if (at) {
        length -= (size_t)(at + 1 - text);
        text = at + 1;
    }
    if (length && *text == '[') {
        end = memchr(text, ']', length);
        if (!end)
            return -EBADMSG;
        host = (size_t)(end - text) - 1;
        text++, length -= 2;
    } else {
        end = memchr(text, ':', length);
        host = end ? (size_t)(end - text) : length;
    }
    if (host == 0 || host >= sizeof(ret->host))
        return -EBADMSG;
    memcpy(ret->host, text, host);
    ret->host[host] = '\0';
    return parse_port(text + host + (text[host] == ']'), length - host, ret);
}

/* It goes into a request line as it is. A fragment stays with the client. */
static int set_path(struct lc_place *ret, const char *before, size_t before_length,
                    const char *text)
{
    size_t length = strcspn(text, "#");

    if (before_length + length >= sizeof(ret->path))
        return -EBADMSG;
    memmove(ret->path, before, before_length);
    for (size_t i = 0; i < length; i++) {
        if (text[i] <= ' ' || text[i] > '~')
            return -EBADMSG;
        ret->path[before_length + i] = text[i];
    }
    ret->path[before_length + length] = '\0';
    return 0;
}

/* A path that begins anew, one that goes on from here, or a query alone. */
static int follow_path(const struct lc_place *from, const char *text, struct lc_place *ret)
{
    size_t path = strcspn(from->path, "?"), folder = path;

    while (folder > 0 && from->path[folder - 1] != '/')
        folder--;
    if (*text == '/')
        return set_path(ret, "", 0, text);
    if (*text == '?')
        return set_path(ret, from->path, path, text);
    if (*text == '\0' || *text == '#')
        return set_path(ret, from->path, strlen(from->path), text);
    return set_path(ret, from->path, folder, text);
}

static bool has_scheme(const char *text)
{
    size_t length =
        strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");

    return length > 0 && text[length] == ':';
}

int lc_place_follow(const struct lc_place *from, const char *location, struct lc_place *ret)
{
    const char *rest;
    size_t length;
    int r;

    *ret = *from;
    rest = parse_scheme(location, ret);
    ret->absolute = rest != NULL;
    if (!rest && has_scheme(location))
        return -EBADMSG;
    if (!rest)
        rest = location;
    if (strncmp(rest, "//", 2) != 0)
        return ret->absolute ? -EBADMSG : follow_path(from, rest, ret);
    rest += 2;
    length = strcspn(rest, "/?#");
    r = parse_authority(rest, length, ret);
    if (r < 0)
        return r;
    rest += length;
    return *rest == '/' ? set_path(ret, "", 0, rest) : set_path(ret, "/", 1, rest);
}
