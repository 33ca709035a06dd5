/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_DRIVE_HTTP_PLACE_H
#define LC_DRIVE_HTTP_PLACE_H

/* Where a request goes, and where an answer sends it on to. */

#include "config/config.h"

enum { LC_PLACE_HOST_MAX = 256, LC_PLACE_PATH_MAX = 2048 };

struct lc_place {
    enum lc_scheme scheme;
    char host[LC_PLACE_HOST_MAX]; /* an IPv6 address has no brackets here */
    uint16_t port;
    char path[LC_PLACE_PATH_MAX]; /* with the query */
    bool absolute;                /* it was written as a whole URL */
};

enum { LC_PLACE_ELSEWHERE = 1 };

/* Sets `path`, as the kubelet makes it of that of a probe (formatURL() in pkg/probe/http/request.go,
 * with Go's net/url): behind a slash, without an authority or a fragment, and percent-encoded where a
 * URL has to be. 0 or -ENAMETOOLONG. */
int lc_place_begin(struct lc_place *self, const char *path);

/* The place that `location` means in an answer from `from` (RFC 3986, 5.2, but that "." and ".." in
 * a path are left to the server; what a URL cannot hold is percent-encoded). 0; LC_PLACE_ELSEWHERE:
 * at another host, whatever else it says, and *ret is of no use; or -EBADMSG: no URL, or none of
 * HTTP, or too long. In this order the kubelet looks at it, too (RedirectChecker() in
 * pkg/probe/http/http.go, whose Go takes a URL that names no host at all for one at another). */
int lc_place_follow(const struct lc_place *from, const char *location, struct lc_place *ret);

#endif
