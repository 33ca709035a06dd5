# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the integration tests; what they start is in lastcall.py."""

import os
import shlex
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from fixtures import heed_signals, place  # noqa: E402, F401  (found by its name)
from lastcall import PRINT, PYTHON, UNDER, Lastcall  # noqa: E402  (needs the path)


def pytest_configure(config):
    heed_signals()
    config.addinivalue_line("markers", "memory: worth running under valgrind: each path of the "
                                       "code once, in little time")
    config.addinivalue_line("markers", "plain: holds for the plain program only (its size, its "
                                       "time, a sandbox in which a sanitizer cannot live)")


def pytest_collection_modifyitems(items):
    if not UNDER:
        return
    for item in items:
        if item.get_closest_marker("plain"):
            item.add_marker(pytest.mark.skip(reason=f"cannot be told under {UNDER}: the plain "
                                                    "program is tested for it"))


@pytest.fixture
def lastcall(place):
    """Starts lastcall, any number of times: lastcall(*arguments, **options of Lastcall)."""
    started = []

    def start(*arguments, **options):
        started.append(Lastcall(place, list(arguments), **options))
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.fixture(params=["PID 1", "subreaper"])
def anywhere(request, lastcall):
    """As lastcall, in two tests: one where it is PID 1, one where it is not."""
    def start(*arguments, **options):
        return lastcall(*arguments, subreaper=request.param == "subreaper", **options)
    return start


DAEMON = PRINT + """
import os, signal, sys
stubborn = "stubborn" in sys.argv
if os.fork():
    os._exit(0)
os.setsid()
if os.fork():
    os._exit(0)
# An orphan in a session of its own, out of reach of any group.
def on_term(*_):
    print("daemon got SIGTERM")
    if not stubborn:
        os._exit(0)
signal.signal(signal.SIGTERM, on_term)
print("daemon up")
while True:
    signal.pause()
"""


@pytest.fixture
def daemon(place):
    """A shell's words that start the daemon; more words may follow."""
    path = os.path.join(place, "daemon.py")
    with open(path, "w", encoding="ascii") as file:
        file.write(DAEMON)
    return shlex.join([PYTHON, "-I", "-S", path])


@pytest.fixture
def figure(record_property):
    """figure("RSS when idle", "1.2 MiB"): something measured, for the end of tests/run."""
    def record(name, value):
        record_property(f"figure: {name}", value)
    return record
