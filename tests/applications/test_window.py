# SPDX-License-Identifier: Apache-2.0
"""The window, where a real balancer takes its time: its health check comes every 2 s, and only the
third that fails counts."""

import pytest

import window
from cell import play
from lastcall import lateness


@pytest.mark.parametrize("clients", ["new", "kept"])
def test_a_fixed_window_of_5_s_loses_requests(clients):
    seen = play(window.cell(window.FIXED, clients=clients))
    assert seen["load"]["failed"] > 0
    assert window.end(seen["servers"][0]) == lateness(5)


@pytest.mark.parametrize("clients", ["new", "kept"])
def test_one_that_follows_the_arrivals_loses_none_and_is_no_longer_than_needed(clients):
    seen = play(window.cell(window.FOLLOWING, clients=clients))
    assert seen["load"]["failures"] == {}
    stopped = seen["servers"][0]
    last = window.last_arrival(stopped)
    assert last > 5, "the balancer did not take its time"
    assert 0 < window.end(stopped) - last <= window.QUIET + 0.2


def test_three_servers_that_are_stopped_200_ms_apart_lose_none():
    seen = play(window.cell("1s:1s:15s", check="fast", servers=4, stops=3))
    assert seen["load"]["failures"] == {}
    assert [stopped["code"] for stopped in seen["servers"]] == [0, 0, 0]
    begun = [stopped["wall"] for stopped in seen["servers"]]
    ended = [stopped["wall"] + stopped["seconds"] for stopped in seen["servers"]]
    assert max(begun) < min(ended), "they were not stopped at the same time"


def test_a_quiet_server_leaves_after_min():
    stopped, = play(window.cell("1500ms:1s:15s", check="fast", rate=0))["servers"]
    assert window.end(stopped) == lateness(1.5)


def test_clients_that_never_leave_cost_max_and_the_log_says_so():
    stopped, = play(window.cell("1s:1s:4s", check="fast", clients="straight"))["servers"]
    assert window.end(stopped) == lateness(4)
    said, = (event for event in stopped["log"]
             if event["msg"] == "arrivals went on to the end of the window")
    assert said["data"] > 100
