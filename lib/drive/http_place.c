/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/http_place.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* How long the scheme at the beginning of `text` is; 0: there is none. */
static size_t scheme_length(const char *text)
{
    size_t length =
        strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");

    return isalpha((unsigned char)*text) && text[length] == ':' ? length : 0;
}

static int set_scheme(struct lc_place *ret, const char *text, size_t length)
{
    static const char *const names[LC_SCHEME_COUNT] = {
        [LC_SCHEME_HTTP] = "http", [LC_SCHEME_HTTPS] = "https"};

    for (int scheme = 0; scheme < LC_SCHEME_COUNT; scheme++) {
        if (strlen(names[scheme]) == length && strncasecmp(text, names[scheme], length) == 0) {
            ret->scheme = (enum lc_scheme)scheme;
            return 0;
        }
    }
    return -EBADMSG;
}

/* ":8080", ":" or nothing. */
static bool is_port(const char *text, size_t length)
{
    return length == 0 || (*text == ':' && strspn(text + 1, "0123456789") >= length - 1);
}

static int set_port(struct lc_place *ret, const char *text, size_t length)
{
    unsigned long port = 0;

    ret->port = ret->scheme == LC_SCHEME_HTTPS ? 443 : 80;
    if (length <= 1)
        return 0;
    if (length > 6)
        return -EBADMSG;
    port = strtoul(text + 1, NULL, 10);
    if (port == 0 || port > UINT16_MAX)
        return -EBADMSG;
    ret->port = (uint16_t)port;
    return 0;
}

/* "user@host:port": of no use to us is the user. A host too long for us is left empty, which none is
 * that we could have come from. What stands behind the host, or NULL: it is no authority. */
static const char *parse_host(const char *text, size_t length, struct lc_place *ret)
{
    const char *at = memrchr(text, '@', length), *host = at ? at + 1 : text, *rest, *close;
    size_t host_length;

    length -= (size_t)(host - text);
    if (length && *host == '[') {
        close = memchr(host, ']', length);
        if (!close)
            return NULL;
        host++;
        host_length = (size_t)(close - host);
        rest = close + 1;
    } else {
        rest = memchr(host, ':', length);
        host_length = rest ? (size_t)(rest - host) : length;
        rest = host + host_length;
    }
    if (host_length >= sizeof(ret->host))
        host_length = 0;
    memcpy(ret->host, host, host_length);
    ret->host[host_length] = '\0';
    return rest;
}

static bool has_control_character(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return true;
    return false;
}

/* Whether Go leaves it in a URL as it is: a query whatever it may be. */
static bool is_plain(unsigned char byte, bool query)
{
    return byte > ' ' && byte <= '~' && (query || !strchr("\"<>\\^`{|}", byte));
}

/* It goes into a request line, where a blank would end it. A fragment stays with the client. */
static int set_path(struct lc_place *ret, const char *before, size_t before_length,
                    const char *text)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t length = strcspn(text, "#"), at = before_length, query = strcspn(text, "?");

    memmove(ret->path, before, before_length);
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        bool plain = is_plain(byte, i >= query);

        if (at + (plain ? 1 : 3) >= sizeof(ret->path))
            return -EBADMSG;
        ret->path[at++] = plain ? text[i] : '%';
        if (!plain) {
            ret->path[at++] = digits[byte >> 4];
            ret->path[at++] = digits[byte & 15];
        }
    }
    ret->path[at] = '\0';
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

/* "//host:8080/path", whose `scheme` stands before it. */
static int follow_authority(const struct lc_place *from, const char *scheme, size_t length,
                            const char *text, struct lc_place *ret)
{
    const char *authority = text + 2, *end = authority + strcspn(authority, "/?#");
    const char *port = parse_host(authority, (size_t)(end - authority), ret);
    int r = 0;

    if (!port || !is_port(port, (size_t)(end - port)))
        return -EBADMSG;
    if (strcasecmp(ret->host, from->host) != 0)
        return LC_PLACE_ELSEWHERE;
    if (length)
        r = set_scheme(ret, scheme, length);
    if (r == 0)
        r = set_port(ret, port, (size_t)(end - port));
    if (r < 0)
        return r;
    return *end == '/' ? set_path(ret, "", 0, end) : set_path(ret, "/", 1, end);
}

int lc_place_begin(struct lc_place *self, const char *path)
{
    size_t scheme = scheme_length(path);
    const char *rest = path + (scheme ? scheme + 1 : 0);

    if (strncmp(rest, "//", 2) == 0)
        path = rest + 2 + strcspn(rest + 2, "/?#");
    return set_path(self, "/", *path != '/', path) < 0 ? -ENAMETOOLONG : 0;
}

int lc_place_follow(const struct lc_place *from, const char *location, struct lc_place *ret)
{
    size_t scheme = scheme_length(location);
    const char *rest = location + (scheme ? scheme + 1 : 0);

    *ret = *from;
    ret->absolute = scheme > 0;
    if (has_control_character(location))
        return -EBADMSG;
    if (strncmp(rest, "//", 2) == 0)
        return follow_authority(from, location, scheme, rest, ret);
    if (scheme)
        return LC_PLACE_ELSEWHERE;
    /* What looks like a scheme there, and is none (RFC 3986, 4.2). */
    if (memchr(rest, ':', strcspn(rest, "/?#")))
        return -EBADMSG;
    return follow_path(from, rest, ret);
}
