# SPDX-License-Identifier: Apache-2.0
"""A probe's answer, beside a thousand clients who never finish their request. lastcall alone."""

import contextlib
import os
import socket
import subprocess
import sys
import time

from figure import OURS, Bound, Figure, Spec
from programs import COMMANDS, Init, tool, wait_until

ADDRESS = ("127.0.0.1", 9909)
CLIENTS = 1000
PROBES = 1000
MSEC = 1e3

ALONE = Spec("readyz", "ms", "/readyz, from connect to the end of its answer", "p99")
BESIDE = Spec("readyz-slow", "ms", "The same beside 1,000 clients who send a byte now and then, and "
              "come back when they have been closed", "p99", bound=Bound(50))


def _probe():
    began = time.monotonic()
    with socket.create_connection(ADDRESS, 5) as connection:
        connection.sendall(b"GET /readyz HTTP/1.1\r\nHost: pod\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    if not answer.startswith(b"HTTP/1.1 200"):
        raise ValueError(f"/readyz: {answer[:80]}")
    return (time.monotonic() - began) * MSEC


def _probes():
    samples = []
    for _ in range(PROBES):
        samples.append(_probe())
        time.sleep(0.002)
    return samples


def _answers():
    try:
        return _probe() > 0
    except (OSError, ValueError):
        return False


@contextlib.contextmanager
def _slow_clients():
    here = os.path.dirname(os.path.abspath(__file__))
    clients = subprocess.Popen([sys.executable, os.path.join(here, "slow_clients.py"),
                                *map(str, ADDRESS), str(CLIENTS)], stdout=subprocess.PIPE)
    try:
        clients.stdout.readline()  # all have tried once
        yield
    finally:
        clients.kill()
        clients.wait()
        clients.stdout.close()


def measure():
    init = Init(COMMANDS[OURS], [tool("echo")])
    try:
        wait_until("/readyz 200", _answers)
        yield Figure(ALONE, {OURS: _probes()})
        with _slow_clients():
            yield Figure(BESIDE, {OURS: _probes()})
    finally:
        init.close()


MEASURES = ((measure, (ALONE, BESIDE)),)
