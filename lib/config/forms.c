/* SPDX-License-Identifier: Apache-2.0 */
#include "config/types.h"

#include "base/duration.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

/* What texts must look like, and how what is accepted is said. */

enum { URL_PATH_MAX = 2000 }; /* less than struct lc_place has room for: some are percent-encoded */

static bool is_name(const char *text)
{
    size_t length = 0;

    for (; text[length]; length++)
        if (!isalnum((unsigned char)text[length]) && !(length && strchr("._-", text[length])))
            return false;
    return length >= 1 && length <= 63;
}

/* An empty one is none: so it stands in manifests that a template made. */
static bool is_host(const char *text)
{
    struct in6_addr binary; /* room for either */

    return !*text || !strcmp(text, "localhost") || inet_pton(AF_INET, text, &binary) == 1 ||
           inet_pton(AF_INET6, text, &binary) == 1;
}

/* It goes into a request line: nothing that could end the line or the path. The slash at its
 * beginning may be left out, as the kubelet allows. */
static bool is_url_path(const char *text)
{
    size_t length = 0;

    for (; text[length]; length++)
        if (text[length] <= ' ' || text[length] > '~')
            return false;
    return length <= URL_PATH_MAX;
}

/* RFC 9110, 5.6.2: a token. */
static bool is_header_name(const char *text)
{
    const char *at = text;

    while (isalnum((unsigned char)*at) || (*at && strchr("!#$%&'*+-.^_`|~", *at)))
        at++;
    return at > text && *at == '\0';
}

static bool is_file_path(const char *text)
{
    return *text == '/' || !strcmp(text, "off");
}

/* A line's end in it would let a value write headers of its own. */
static bool is_header_value(const char *text)
{
    for (; *text; text++)
        if ((*text < ' ' && *text != '\t') || *text == 0x7f)
            return false;
    return true;
}

/* Such as "${TOKEN}" becomes where TOKEN is set and empty: whoever sends no token would have it. */
static bool is_token(const char *text)
{
    return *text && is_header_value(text);
}

const struct lc_form_info lc_forms[LC_FORM_COUNT] = {
    [LC_FORM_NAME] = {.accepted = "up to 63 letters, digits, '.', '_', '-', such as web",
                      .pattern = "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$",
                      .check = is_name},
    [LC_FORM_HOST] = {.accepted = "localhost, or an address such as 127.0.0.1 or ::1",
                      .pattern = "^(|localhost|[0-9.]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)$",
                      .check = is_host},
    [LC_FORM_URL_PATH] = {.accepted = "a path such as /stop?now=1, of at most 2000 characters",
                          .pattern = "^[!-~]{0,2000}$",
                          .check = is_url_path},
    [LC_FORM_HEADER_NAME] = {.accepted = "a header's name, such as Authorization",
                             .pattern = "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$",
                             .check = is_header_name},
    [LC_FORM_HEADER_VALUE] = {.accepted = "text of one line",
                              .pattern = "^[^\\u0000-\\u0008\\u000a-\\u001f\\u007f]*$",
                              .check = is_header_value},
    [LC_FORM_TOKEN] = {.accepted = "text of one line that is not empty",
                       .pattern = "^[^\\u0000-\\u0008\\u000a-\\u001f\\u007f]+$",
                       .check = is_token},
    [LC_FORM_FILE_PATH] = {.accepted = "an absolute path such as /var/lib/lastcall, or off",
                           .pattern = "^(/.*|off)$",
                           .check = is_file_path},
};

/* "flip, after-window or hold" */
static void join_choices(const char *const *choices, char *buf, size_t size)
{
    size_t length = 0;

    for (size_t i = 0; choices[i] && length < size; i++)
        length += (size_t)snprintf(buf + length, size - length, "%s%s",
                                   !i ? "" : (choices[i + 1] ? ", " : " or "), choices[i]);
}

static void describe_objects(const struct lc_key *key, char buf[static LC_ACCEPTED_MAX])
{
    if (key->items == LC_SCOPE_PROCESS)
        snprintf(buf, LC_ACCEPTED_MAX,
                 "a list of exactly one process (this version supervises one), such as "
                 "[{command: [nginx]}]");
    else if (key->items == LC_SCOPE_PROBE)
        snprintf(buf, LC_ACCEPTED_MAX, "a probe such as {httpGet: {path: /healthz, port: 8080}}");
    else if (key->items == LC_SCOPE_HOOK)
        snprintf(buf, LC_ACCEPTED_MAX, "a list of at most %" PRIu64 " hooks, such as [{sleep: 5s}]",
                 key->max);
    else
        snprintf(buf, LC_ACCEPTED_MAX,
                 "a list of at most %" PRIu64 " headers, such as [{name: Accept, value: '*/*'}]",
                 key->max);
}

const char *lc_key_accepted(const struct lc_key *key, char buf[static LC_ACCEPTED_MAX])
{
    static const char *const texts[LC_TYPE_COUNT] = {
        [LC_TYPE_FLAG] = "no value",
        [LC_TYPE_FILE] = "the name of a file",
        [LC_TYPE_BOOL] = "true or false",
        [LC_TYPE_DURATION] = "a duration such as 500ms, 5s or 2m",
        [LC_TYPE_PORT] = "a port from 1 to 65535",
        [LC_TYPE_SIGNAL] = "a signal such as SIGTERM, SIGRTMIN+3 or 15",
        [LC_TYPE_STOP_ON] = "a list of signals such as [SIGTERM, SIGINT]",
        [LC_TYPE_COMMAND] = "a list of words such as [nginx, -g, daemon off;]",
        [LC_TYPE_LISTEN] = "an address such as :9909, a list of them, or off",
        [LC_TYPE_PORTS] = "a list of ports such as [8080], or [] where it serves nobody",
        [LC_TYPE_SECOND] = "a mapping such as {SIGINT: kill, SIGTERM: hurry}",
        [LC_TYPE_SIGNAL_MAP] = "a mapping such as {SIGUSR1: SIGUSR2, SIGHUP: reload}",
        [LC_TYPE_WINDOW] = "a time, MIN:QUIET:MAX such as 5s:1s:15s, or cluster, alb, neg or nlb",
        [LC_TYPE_WAIT] = "true or false",
        [LC_TYPE_NETWORKS] = "a list of networks such as [10.0.0.0/8, fd00::/8]",
        [LC_TYPE_EXIT_CODES] = "a mapping such as {143: 0, forced: 1}",
    };

    if (key->type == LC_TYPE_CHOICE)
        join_choices(key->choices, buf, LC_ACCEPTED_MAX);
    else if (key->type == LC_TYPE_OBJECTS || key->type == LC_TYPE_OBJECT)
        describe_objects(key, buf);
    else if (key->type == LC_TYPE_TEXT)
        snprintf(buf, LC_ACCEPTED_MAX, "%s", lc_forms[key->form].accepted);
    else if (key->type == LC_TYPE_SECONDS)
        snprintf(buf, LC_ACCEPTED_MAX, "a whole number of seconds from %" PRIu64 " to %" PRIu64,
                 key->min, key->max);
    else if (key->type == LC_TYPE_NUMBER)
        snprintf(buf, LC_ACCEPTED_MAX, "a number from %" PRIu64 " to %" PRIu64, key->min, key->max);
    else
        snprintf(buf, LC_ACCEPTED_MAX, "%s", texts[key->type]);
    return buf;
}
