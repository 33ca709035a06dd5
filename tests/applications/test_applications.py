# SPDX-License-Identifier: Apache-2.0
"""lastcall's column of the tables that tests/applications/run prints, with a faster balancer."""

import pytest

import servers
from cell import Cell, play


@pytest.mark.parametrize("clients", ["new", "kept"])
@pytest.mark.parametrize("app", servers.NAMES)
def test_no_request_of_an_application_without_shutdown_code_is_lost(app, clients):
    seen = play(Cell(app, clients=clients, check="fast"))
    stopped, load = seen["servers"][0], seen["load"]
    assert load["failures"] == {}
    assert load["reused"] > 0 if clients == "kept" else load["reused"] == 0
    last = stopped["log"][-1]
    assert last["msg"] == "exit" and last["in_flight"] > 0 and last["cut"] == 0
    assert not stopped["killed"]


def test_without_lastcall_it_loses_some():
    """Else the tests above could not fail."""
    load = play(Cell("go", init="tini", check="fast"))["load"]
    assert load["failed"] > 0
