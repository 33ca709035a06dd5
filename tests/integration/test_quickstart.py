# SPDX-License-Identifier: Apache-2.0
"""deploy/quickstart shows what it promises, and leaves nothing behind however it ends."""

import os
import re
import signal
import subprocess
import time

import pytest

from lastcall import ROOT, binary, helper

QUICKSTART = os.path.join(ROOT, "deploy", "quickstart")

pytestmark = pytest.mark.plain  # it measures the program as it is released


def start(place, *options, lastcall=None):
    """In a session of its own, as at a terminal: a Ctrl-C reaches its process group."""
    return subprocess.Popen(
        [QUICKSTART, *options], start_new_session=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "TMPDIR": place, "LASTCALL": lastcall or binary()})


def writers_to(place):
    """Processes whose output goes to a file below `place`: all that the quickstart starts."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/fd/1").startswith(place + "/"):
                found.append(int(pid))
        except OSError:
            pass  # not ours, or gone
    return found


def assert_nothing_is_left(place):
    assert writers_to(place) == []
    assert os.listdir(place) == []


def wait_for(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_with_lastcall_no_request_fails_and_each_stop_has_its_timeline(place):
    process = start(place, "--stops", "2", "--only", "lastcall", "--away", "0")
    out, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (0, "")
    assert re.search(r"^with lastcall: 0 of [1-9]\d\d+ requests failed over 4 stops$", out, re.M)
    assert len(re.findall(r"^stop [12] of 2: lastcall and nginx [AB], (?:new|kept-alive) ", out,
                          re.M)) == 4
    for event in (r"0\.000  SIGTERM to lastcall", r"0\.\d+  readiness is off",
                  r"2\.\d+  the window is over: [1-9]", r"2\.\d+  SIGQUIT to nginx",
                  r"2\.\d+  nginx has ended with 0", r"2\.\d+  lastcall exits with 0"):
        assert len(re.findall(rf"^  T\+{event}", out, re.M)) == 4, event
    assert_nothing_is_left(place)


def test_without_lastcall_requests_fail(place):
    process = start(place, "--stops", "2", "--only", "nothing", "--away", "0")
    out, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (0, "")
    assert re.search(r"^without: [1-9]\d* of \d+ requests failed over 8 stops$", out, re.M)
    assert re.search(r"^    [1-9]\d* closed in the middle of the answer$", out, re.M)
    assert_nothing_is_left(place)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_no_process_and_no_file(place, number):
    process = start(place, "--stops", "2", "--only", "tini", "--only", "nothing")
    # Eight balancers, sixteen times a master and a worker, eight times the load.
    wait_for(lambda: len(writers_to(place)) >= 48)
    os.killpg(process.pid, number)
    out, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (128 + number, "")
    assert "requests failed" not in out
    assert_nothing_is_left(place)


def test_a_server_that_does_not_start_is_named_and_nothing_is_left(place, tmp_path):
    broken = tmp_path / "cmd/lastcall/lastcall"
    broken.parent.mkdir(parents=True)
    broken.write_text("#!/bin/sh\necho no such luck >&2\nexit 3\n")
    broken.chmod(0o755)
    (tmp_path / "tests/apps").mkdir(parents=True)
    (tmp_path / "tests/apps/load").symlink_to(helper("load"))
    process = start(place, "--only", "lastcall", lastcall=str(broken))
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "ended with 3" in errors and "no such luck" in errors
    assert_nothing_is_left(place)


def test_logs_are_kept_where_asked(place, tmp_path):
    kept = tmp_path / "kept"
    process = start(place, "--stops", "1", "--only", "lastcall", "--away", "0", "--keep-logs", kept)
    process.communicate(timeout=120)
    assert process.returncode == 0
    for name in ("haproxy.cfg", "load.json", "a/nginx.conf", "a/life-0.log", "b/access.log"):
        assert (kept / "00" / name).stat().st_size > 0
    assert_nothing_is_left(place)


def test_help_needs_nothing_and_does_nothing(place):
    process = start(place, "--help")
    out, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")
    for option in ("--stops", "--only", "--away", "--keep-logs", "--lastcall"):
        assert option in out
    assert_nothing_is_left(place)
