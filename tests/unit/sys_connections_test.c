/* SPDX-License-Identifier: Apache-2.0 */
#include "sys_connections.h"

static void nothing_is_there(void)
{
    struct lc_connections *connections = make_named();
    const struct lc_connections_count *count = look(connections);

    CHECK_INT(count->listeners, 0);
    CHECK_INT(count->open, 0);
    CHECK_INT(count->in_flight, 0);
    CHECK_INT(lc_connections_source(connections, NULL), LC_CONNECTIONS_NETLINK);
    lc_connections_free(connections);
}

/* The kernel may need a moment to deliver an acknowledgement, and what moves becomes idle in time. */
static void check_class(struct lc_connections *connections, enum lc_connection_class class)
{
    WAIT_UNTIL(look(connections)->by_class[class] == 1);
    CHECK_INT(lc_connections_count(connections)->open, 1);
    CHECK_INT(lc_connections_count(connections)->in_flight, class >= LC_CONNECTION_WAITING);
}

/* So that the answer does not come in the request's jiffy. */
static bool received_long_ago(struct lc_connections *connections)
{
    size_t count;

    look(connections);
    return lc_connections_listed(connections, &count)->socket.received_msec > 20 && count == 1;
}

static void check_life(const char *bound, const char *dialled)
{
    int listener = listen_on(bound, PORT);
    struct lc_connections *connections = make_named();
    struct pair pair = {.client = connect_from(NULL, dialled, PORT)};

    check_class(connections, LC_CONNECTION_WAITING);
    CHECK_INT(lc_connections_count(connections)->backlog, 1);
    pair.server = accept(listener, NULL, NULL);
    check_class(connections, LC_CONNECTION_MOVING);
    check_class(connections, LC_CONNECTION_IDLE);
    CHECK_INT(lc_connections_count(connections)->backlog, 0);
    say(pair.client, "a request");
    check_class(connections, LC_CONNECTION_UNREAD);
    hear(pair.server, "a request");
    check_class(connections, LC_CONNECTION_OWED);
    WAIT_UNTIL(received_long_ago(connections));
    say(pair.server, "an answer");
    check_class(connections, LC_CONNECTION_MOVING);
    check_class(connections, LC_CONNECTION_IDLE);
    CHECK_INT(lc_connections_count(connections)->listeners, 1);
    close_pair(&pair);
    CHECK_INT(look(connections)->open, 0);
    close(listener);
    CHECK_INT(look(connections)->listeners, 0);
    lc_connections_free(connections);
}

static void a_connection_over_ipv4_from_its_queue_to_its_end(void)
{
    check_life("127.0.0.1", "127.0.0.1");
}

static void over_ipv6(void)
{
    check_life("::1", "::1");
}

static void over_ipv4_to_a_listener_on_ipv6(void)
{
    check_life("::", "127.0.0.1");
}

int main(void)
{
    if (!have_network()) {
        skip("connections", "user or network namespaces are refused");
        return tap_done();
    }
    if (!enter_network())
        return 1;
    TEST(nothing_is_there);
    TEST(a_connection_over_ipv4_from_its_queue_to_its_end);
    TEST(over_ipv6);
    TEST(over_ipv4_to_a_listener_on_ipv6);
    return tap_done();
}
