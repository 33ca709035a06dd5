# SPDX-License-Identifier: Apache-2.0
"""What the tests of the applications share. Those under load are in cell.py."""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import servers  # noqa: E402  (adds the others' places)
from fixtures import heed_signals, place  # noqa: E402, F401  (found by its name)
from lastcall import Lastcall  # noqa: E402


def pytest_configure():
    heed_signals()


@pytest.fixture
def application(place):
    """Starts one under lastcall, alone: application("node", port, *options of lastcall)."""
    started = []

    def start(app, port, *options):
        command = servers.command(app, port, place)
        started.append(Lastcall(place, [*options, "--", *command], env=servers.environment()))
        return started[-1]

    yield start
    for one in started:
        one.close()
