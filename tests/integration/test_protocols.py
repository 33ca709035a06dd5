# SPDX-License-Identifier: Apache-2.0
"""What lastcall takes for in flight of real servers and clients, protocol by protocol."""

import os
import time

import pytest

from lastcall import ROOT, SLOWNESS, until
from protocols import BUSY, IDLE, PORT, ROWS, SERVERS, Scene, table

WATCH_SEC = 2.5 * SLOWNESS  # longer than drain.idle: data that has moved is no reason any more

# Who asks for several things at once may get one of them, and wait for the others: to the kernel it
# looks as if he had been answered. README says what helps.
SEVERAL_AT_ONCE = ("HTTP/2", "gRPC", "pipelined")


def called(app):
    """What the connection is taken for; None where there is none, or the look was not done in time."""
    count = app.http("/status").json()["connections"]
    if not count or count["open"] != 1:
        return None
    return BUSY if count["inFlight"] else IDLE


def watch(app):
    seen, end = [], time.monotonic() + WATCH_SEC
    while time.monotonic() < end or not seen[-1:]:
        seen += filter(None, [called(app)])
        time.sleep(0.05)  # it is watched, and nothing else is waited for
    return seen


@pytest.mark.plain
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.protocol}: {row.what}")
def test_what_a_connection_is_taken_for(lastcall, place, row):
    app = lastcall("--ports", PORT, "--", *SERVERS[row.protocol](place)).ready(timeout=60)
    with Scene(app) as scene:
        row.act(scene)
        assert until(lambda: called(app), timeout=20), app.story("there is no connection")
        if row.called == IDLE:
            assert until(lambda: called(app) == IDLE, timeout=20)
        else:
            seen = watch(app)
            assert set(seen) == {BUSY}, seen


@pytest.mark.plain
def test_nobody_who_waits_is_called_idle_but_where_several_wait_at_once():
    for row in ROWS:
        if row.waits and row.called == IDLE:
            assert any(word in (row.protocol + row.what) for word in SEVERAL_AT_ONCE), row


@pytest.mark.plain
def test_readme_has_this_table():
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
        assert table() in file.read(), "tests/integration/protocols.py prints it"
