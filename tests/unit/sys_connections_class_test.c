/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/connections_class.h"

#include "tap.h"

enum { IDLE_MSEC = 1000, HELD = 4242 };

struct row {
    const char *what;
    struct lc_connection socket;
    enum lc_connection_class class;
};

/* With its state, who holds it, and what it has received: a request of 100 bytes, say. */
#define SOCKET(state_, inode_, bytes_, ...)                                                     \
    {                                                                                           \
        .state = LC_TCP_##state_, .inode = (inode_), .timed = true, .bytes_received = (bytes_), \
        __VA_ARGS__                                                                             \
    }
#define TIMES(received, sent, acked) \
    .received_msec = (received), .sent_msec = (sent), .acked_msec = (acked)

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        enum lc_connection_class class = lc_connection_classify(&rows[i].socket, IDLE_MSEC);

        if (class != rows[i].class)
            printf("# %s\n", rows[i].what);
        CHECK_STR(lc_connection_class_name(class), lc_connection_class_name(rows[i].class));
    }
}

#define CHECK_ROWS(...)                                    \
    do {                                                   \
        static const struct row rows_[] = {__VA_ARGS__};   \
        check_rows(rows_, sizeof rows_ / sizeof rows_[0]); \
    } while (0)

static void whose_data_is_newer_is_owed_an_answer(void)
{
    CHECK_ROWS(
        {"asked, never answered", SOCKET(ESTABLISHED, HELD, 100, TIMES(2000, 9000, 2000)),
         LC_CONNECTION_OWED},
        {"asked again", SOCKET(ESTABLISHED, HELD, 100, TIMES(2000, 2004, 2000)),
         LC_CONNECTION_OWED},
        {"for a day", SOCKET(ESTABLISHED, HELD, 100, TIMES(86400000, 86400004, 86400000)),
         LC_CONNECTION_OWED},
        {"asked just now", SOCKET(ESTABLISHED, HELD, 100, TIMES(0, 5000, 0)), LC_CONNECTION_OWED},
        {"asked, then half closed", SOCKET(CLOSE_WAIT, HELD, 101, TIMES(2000, 9000, 1000)),
         LC_CONNECTION_OWED});
}

static void one_that_was_answered_and_is_quiet_is_idle(void)
{
    CHECK_ROWS(
        {"answered", SOCKET(ESTABLISHED, HELD, 100, TIMES(5000, 4000, 3960)), LC_CONNECTION_IDLE},
        {"for as long as counts", SOCKET(ESTABLISHED, HELD, 100, TIMES(1004, 1000, 960)),
         LC_CONNECTION_IDLE},
        {"never used", SOCKET(ESTABLISHED, HELD, 0, TIMES(5000, 5000, 5000)), LC_CONNECTION_IDLE},
        {"never used, and the peer has closed",
         SOCKET(CLOSE_WAIT, HELD, 1, TIMES(5000, 5000, 5000), .unread = 1), LC_CONNECTION_IDLE},
        {"greeted, and nothing was said", SOCKET(ESTABLISHED, HELD, 0, TIMES(5000, 4996, 4000)),
         LC_CONNECTION_IDLE});
}

static void within_a_jiffy_only_a_newer_acknowledgement_shows_the_answer(void)
{
    CHECK_ROWS(
        {"a tie", SOCKET(ESTABLISHED, HELD, 100, TIMES(5000, 5000, 5000)), LC_CONNECTION_TIED},
        {"a tie just now", SOCKET(ESTABLISHED, HELD, 100, TIMES(0, 0, 0)), LC_CONNECTION_TIED},
        {"acknowledged later", SOCKET(ESTABLISHED, HELD, 100, TIMES(5000, 5000, 4960)),
         LC_CONNECTION_IDLE},
        {"acknowledged later, just now", SOCKET(ESTABLISHED, HELD, 100, TIMES(40, 40, 0)),
         LC_CONNECTION_MOVING},
        {"the same segment, stamped twice", SOCKET(ESTABLISHED, HELD, 100, TIMES(5000, 5000, 4990)),
         LC_CONNECTION_TIED},
        {"acknowledged before", SOCKET(ESTABLISHED, HELD, 100, TIMES(5000, 5000, 5040)),
         LC_CONNECTION_TIED},
        {"without data there is none", SOCKET(ESTABLISHED, HELD, 0, TIMES(5000, 5000, 5000)),
         LC_CONNECTION_IDLE});
}

static void whose_data_has_moved_lately_still_moves(void)
{
    CHECK_ROWS(
        {"streams", SOCKET(ESTABLISHED, HELD, 100, TIMES(9000, 999, 990)), LC_CONNECTION_MOVING},
        {"no longer", SOCKET(ESTABLISHED, HELD, 100, TIMES(9000, 1000, 990)), LC_CONNECTION_IDLE},
        {"answered just now", SOCKET(ESTABLISHED, HELD, 100, TIMES(8, 4, 0)), LC_CONNECTION_MOVING},
        {"has only just connected", SOCKET(ESTABLISHED, HELD, 0, TIMES(8, 8, 8)),
         LC_CONNECTION_MOVING});
}

static void bytes_that_are_unread_or_unacknowledged_are_in_flight(void)
{
    CHECK_ROWS(
        {"unread", SOCKET(ESTABLISHED, HELD, 100, TIMES(9000, 8000, 8000), .unread = 1),
         LC_CONNECTION_UNREAD},
        {"unacknowledged", SOCKET(ESTABLISHED, HELD, 100, TIMES(9000, 8000, 8000), .unacked = 1),
         LC_CONNECTION_UNACKED},
        {"unread, and a FIN", SOCKET(CLOSE_WAIT, HELD, 100, TIMES(9000, 8000, 8000), .unread = 2),
         LC_CONNECTION_UNREAD},
        {"a FIN is no byte to read",
         SOCKET(CLOSE_WAIT, HELD, 100, TIMES(9000, 8000, 8000), .unread = 1), LC_CONNECTION_IDLE},
        {"closed by us before all was acknowledged",
         SOCKET(FIN_WAIT1, 0, 100, TIMES(9000, 8000, 8000), .unacked = 2), LC_CONNECTION_UNACKED},
        {"by both", SOCKET(LAST_ACK, 0, 100, TIMES(9000, 8000, 8000), .unacked = 2),
         LC_CONNECTION_UNACKED},
        {"by both at once", SOCKET(CLOSING, 0, 100, TIMES(9000, 8000, 8000), .unacked = 2),
         LC_CONNECTION_UNACKED});
}

static void what_we_closed_and_the_peer_has_got_is_over(void)
{
    CHECK_ROWS(
        {"our FIN alone is not acknowledged",
         SOCKET(FIN_WAIT1, 0, 100, TIMES(9000, 10, 10), .unacked = 1), LC_CONNECTION_ENDING},
        {"by both", SOCKET(LAST_ACK, 0, 100, TIMES(9000, 10, 10), .unacked = 1),
         LC_CONNECTION_ENDING},
        {"the peer has still to close", SOCKET(FIN_WAIT2, HELD, 100, TIMES(10, 10, 10)),
         LC_CONNECTION_ENDING},
        {"gone", SOCKET(CLOSE, HELD, 100, TIMES(10, 10, 10), .unacked = 5), LC_CONNECTION_ENDING});
}

static void one_in_a_listen_queue_waits(void)
{
    CHECK_ROWS(
        {"not accepted", SOCKET(ESTABLISHED, 0, 100, TIMES(9000, 9000, 9000)),
         LC_CONNECTION_WAITING},
        {"with its request", SOCKET(ESTABLISHED, 0, 100, TIMES(9000, 9000, 9000), .unread = 100),
         LC_CONNECTION_WAITING},
        {"half closed", SOCKET(CLOSE_WAIT, 0, 100, TIMES(9000, 9000, 9000)), LC_CONNECTION_WAITING},
        {"in its handshake", {.state = LC_TCP_SYN_RECV}, LC_CONNECTION_WAITING});
}

static void without_times_it_is_in_flight_for_all_we_know(void)
{
    CHECK_ROWS(
        {"nothing in its queues",
         {.state = LC_TCP_ESTABLISHED, .inode = HELD},
         LC_CONNECTION_UNKNOWN},
        {"unread", {.state = LC_TCP_ESTABLISHED, .inode = HELD, .unread = 1}, LC_CONNECTION_UNREAD},
        {"not accepted", {.state = LC_TCP_ESTABLISHED}, LC_CONNECTION_WAITING});
}

int main(void)
{
    TEST(whose_data_is_newer_is_owed_an_answer);
    TEST(one_that_was_answered_and_is_quiet_is_idle);
    TEST(within_a_jiffy_only_a_newer_acknowledgement_shows_the_answer);
    TEST(whose_data_has_moved_lately_still_moves);
    TEST(bytes_that_are_unread_or_unacknowledged_are_in_flight);
    TEST(what_we_closed_and_the_peer_has_got_is_over);
    TEST(one_in_a_listen_queue_waits);
    TEST(without_times_it_is_in_flight_for_all_we_know);
    return tap_done();
}
