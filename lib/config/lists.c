/* SPDX-License-Identifier: Apache-2.0 */
#include "config/types.h"

#include "base/cleanup.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

/* Readers of lists. Every item is looked at even after one was wrong: all errors are reported. */

static bool want_list(struct lc_loader *loader, const struct lc_key *key,
                      const struct lc_node *node)
{
    char accepted[LC_ACCEPTED_MAX];

    if (node->kind == LC_NODE_LIST)
        return true;
    lc_fail_found(loader, node, NULL, lc_key_accepted(key, accepted));
    return false;
}

/* The words of a list; NULL: an error was added. Ends with NULL. */
static char **read_words(struct lc_loader *loader, const struct lc_node *list, const char *accepted)
{
    char **words = calloc(list->count + 1, sizeof(*words));
    size_t read = 0;

    if (!words) {
        loader->no_memory = true;
        return NULL;
    }
    for (size_t i = 0; i < list->count; i++) {
        size_t mark = lc_path_enter_item(loader, i);

        words[read] = lc_read_scalar(loader, list->items[i], accepted);
        read += words[read] != NULL;
        lc_path_leave(loader, mark);
    }
    if (read == list->count)
        return words;
    lc_words_free(words);
    return NULL;
}

bool lc_read_command(struct lc_loader *loader, const struct lc_key *key, const struct lc_node *node,
                     void *object)
{
    char ***target = lc_key_target(key, object), **words, accepted[LC_ACCEPTED_MAX];

    if (!want_list(loader, key, node))
        return false;
    words = read_words(loader, node, "a word; in quotes where it is empty, ~ or null");
    if (!words)
        return false;
    if (!words[0] || words[0][0] == '\0') {
        lc_fail(loader, node, "found %s; accepted: %s",
                words[0] ? "\"\" as the program" : "an empty list", lc_key_accepted(key, accepted));
        lc_words_free(words);
        return false;
    }
    lc_words_free(*target);
    *target = words;
    return true;
}

static bool is_port(const char *text)
{
    size_t length = strspn(text, "0123456789");
    long port = length && length <= 5 && text[length] == '\0' ? strtol(text, NULL, 10) : 0;

    return port >= 1 && port <= UINT16_MAX;
}

/* ":9909", "127.0.0.1:80", "[::1]:9909", "unix:/run/x.sock". */
static bool is_address(const char *text)
{
    const char *colon = strrchr(text, ':');
    char host[INET6_ADDRSTRLEN + 2] = "";
    struct in6_addr binary; /* room for either */
    size_t length;

    if (!strncmp(text, "unix:", 5))
        return text[5] != '\0' && strlen(text + 5) < sizeof(((struct sockaddr_un *)0)->sun_path);
    if (!colon || !is_port(colon + 1))
        return false;
    length = (size_t)(colon - text);
    if (length == 0)
        return true;
    if (length >= sizeof(host))
        return false;
    memcpy(host, text, length);
    if (host[0] != '[')
        return inet_pton(AF_INET, host, &binary) == 1;
    if (host[length - 1] != ']')
        return false;
    host[length - 1] = '\0';
    return inet_pton(AF_INET6, host + 1, &binary) == 1;
}

static size_t count_words(char *const *words)
{
    size_t count = 0;

    while (words && words[count])
        count++;
    return count;
}

/* Puts `more` behind the target's words, and takes it. */
static bool append_words(struct lc_loader *loader, char ***target, char **more)
{
    size_t before = count_words(*target), added = count_words(more);
    char **grown;

    if (!before || !added) {
        lc_fail(loader, NULL, "found off and an address; accepted: addresses, or off alone");
        lc_words_free(more);
        return false;
    }
    grown = reallocarray((void *)*target, before + added + 1, sizeof(*grown));
    if (!grown) {
        loader->no_memory = true;
        lc_words_free(more);
        return false;
    }
    memcpy((void *)(grown + before), (void *)more, (added + 1) * sizeof(*grown));
    free((void *)more);
    *target = grown;
    return true;
}

/* "off" stands alone, and becomes no address at all. */
static bool check_addresses(struct lc_loader *loader, const struct lc_node *list, char **words)
{
    bool good = true;

    if (list->count == 1 && !strcmp(words[0], "off")) {
        free(words[0]);
        words[0] = NULL;
        return true;
    }
    for (size_t i = 0; i < list->count; i++) {
        size_t mark = lc_path_enter_item(loader, i);

        if (!is_address(words[i])) {
            lc_fail_found(loader, list->items[i], words[i],
                          "an address such as :9909, 127.0.0.1:80, [::1]:9909 or unix:/run/x.sock; "
                          "off alone");
            good = false;
        }
        lc_path_leave(loader, mark);
    }
    return good;
}

bool lc_read_listen(struct lc_loader *loader, const struct lc_key *key, const struct lc_node *node,
                    void *object)
{
    char ***target = lc_key_target(key, object), **words;
    /* A single address may stand without brackets. */
    struct lc_node *item[] = {&(struct lc_node){0}};
    struct lc_node single = {.kind = LC_NODE_LIST, .items = item, .count = 1};

    if (node->kind == LC_NODE_SCALAR && !lc_node_is_null(node)) {
        *item[0] = *node;
        node = &single;
    }
    if (!want_list(loader, key, node))
        return false;
    words = read_words(loader, node, "an address such as :9909");
    if (!words)
        return false;
    if (!check_addresses(loader, node, words)) {
        lc_words_free(words);
        return false;
    }
    if (loader->appending)
        return append_words(loader, target, words);
    lc_words_free(*target);
    *target = words;
    return true;
}

/* `--ports none` says what `ports: []` says in the file. */
static bool is_none(const struct lc_loader *loader, const struct lc_node *list)
{
    return loader->source == LC_SOURCE_TEXT && list->count == 1 &&
           !strcmp(list->items[0]->text, "none");
}

bool lc_read_ports(struct lc_loader *loader, const struct lc_key *key, const struct lc_node *node,
                   void *object)
{
    LC_CLEANUP_FREE uint16_t *ports = NULL;
    uint16_t **target = lc_key_target(key, object);
    size_t count, read = 0;

    if (!want_list(loader, key, node))
        return false;
    count = is_none(loader, node) ? 0 : node->count;
    ports = calloc(count + 1, sizeof(*ports));
    if (!ports) {
        loader->no_memory = true;
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        size_t mark = lc_path_enter_item(loader, i);
        uint64_t port;

        if (lc_read_number(loader, node->items[i], 1, UINT16_MAX, "a port from 1 to 65535", &port))
            ports[read++] = (uint16_t)port;
        lc_path_leave(loader, mark);
    }
    if (read != count)
        return false;
    free(*target);
    *target = ports;
    ports = NULL;
    *lc_key_count_target(key, object) = count;
    return true;
}

bool lc_read_stop_on(struct lc_loader *loader, const struct lc_key *key, const struct lc_node *node,
                     void *object)
{
    static const char accepted[] = "a signal that can be caught, such as SIGTERM";
    uint64_t set = 0;
    bool good = true;

    if (!want_list(loader, key, node))
        return false;
    for (size_t i = 0; i < node->count; i++) {
        size_t mark = lc_path_enter_item(loader, i);
        int number = 0;

        if (!lc_read_signal(loader, node->items[i], accepted, &number)) {
            good = false;
        } else if (number == SIGKILL || number == SIGSTOP || number == SIGCHLD) {
            lc_fail_found(loader, node->items[i], NULL, accepted);
            good = false;
        } else {
            set |= UINT64_C(1) << (number - 1);
        }
        lc_path_leave(loader, mark);
    }
    if (good && !set) {
        lc_fail(loader, node, "found an empty list; accepted: at least one signal");
        good = false;
    }
    if (good)
        *(uint64_t *)lc_key_target(key, object) = set;
    return good;
}
