# SPDX-License-Identifier: Apache-2.0
"""The worst that can come: floods, no descriptors, and processes that do not want to end."""

import ctypes
import os
import subprocess
import time

import pytest

from lastcall import PYTHON, SERVING, lateness, only_child, prelude, python, until

# Real-time signals, which do not coalesce, as fast as one processor sends them, until it is killed.
FLOOD = "import os, sys\nwhile True:\n    os.kill(int(sys.argv[1]), 50)\n"


@pytest.fixture
def flood():
    """flood(PID): from now on, until the test ends."""
    started = []

    def start(pid):
        started.append(subprocess.Popen([PYTHON, "-I", "-S", "-c", FLOOD, str(pid)],
                                        stderr=subprocess.DEVNULL))
        return started[-1]

    yield start
    for one in started:
        one.kill()
        one.wait()


@pytest.mark.plain
def test_a_flood_of_signals_at_full_speed_delays_neither_probes_nor_the_kill(lastcall, flood):
    app = lastcall("--propagation", "1s", "--grace-period", "6s", "--",
                   *python("""
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(50, signal.SIG_IGN)
print("up")
while True:
    signal.pause()
"""), via=SERVING)
    app.ready().wait_output("up")
    app.network  # ready to be asked before the flood comes
    flood(app.pid)
    for _ in range(50):
        assert app.status("/livez", timeout=2) == 200
    begun = app.signal("SIGTERM")
    while time.monotonic() - begun < 3:
        assert app.status("/livez", timeout=2) == 200
    killed = app.wait_for("killed", timeout=10)
    assert killed["t"] == lateness(5.0)
    assert app.exit_code() == 137


@pytest.mark.plain
def test_without_descriptors_for_its_loop_it_exits_with_125_and_says_why(lastcall):
    for most in range(4, 9):
        app = lastcall("--", "sleep", "100", via=prelude("--nofile", str(most)))
        assert app.exit_code() == 125, f"{most} descriptors"
        assert app.said("Too many open files") or app.said("libevent"), \
            app.story(f"{most} descriptors: no reason given")


def test_a_process_that_stops_itself_again_after_its_stop_signal_is_continued_once(anywhere):
    app = anywhere("--grace-period", "2s", "--", *python("""
import os, signal
def on_term(*_):
    for _ in range(3):
        os.kill(os.getpid(), signal.SIGSTOP)
        print("continued")
signal.signal(signal.SIGTERM, on_term)
print("up")
while True:
    signal.pause()
"""))
    app.ready().wait_output("up")
    app.signal("SIGTERM")
    app.wait_output("continued")
    assert until(lambda: len(app.events("process stopped")) == 2), app.story("not stopped again")
    assert app.wait_for("killed", timeout=5)["t"] == lateness(1.0)
    assert app.exit_code() == 137
    assert sum("continued" in line.raw for line in app.output.list) == 1


@pytest.fixture
def undead():
    """undead(PID): from now on a thread of the process is traced by us. Killed, it stays a zombie
    until we wait for it (ptrace(2), "Death under ptrace"), and its process is not reaped by anybody
    meanwhile: to its parent it looks like one in uninterruptible sleep. Returns what lets it go."""
    libc = ctypes.CDLL(None, use_errno=True)
    traced = set()

    def trace(pid):
        thread = max(map(int, os.listdir(f"/proc/{pid}/task")))
        assert thread != pid, "it has one thread"
        done = libc.ptrace(PTRACE_SEIZE, thread, None, None)
        assert done == 0, os.strerror(ctypes.get_errno())
        traced.add(thread)

        def release():
            traced.remove(thread)
            os.waitpid(thread, WALL)
        return release

    yield trace
    for thread in traced:
        os.waitpid(thread, WALL)


PTRACE_SEIZE, WALL = 0x4206, 0x40000000  # linux/ptrace.h, linux/wait.h


@pytest.mark.plain
@pytest.mark.parametrize("margin", ["0s", "1s"])
def test_what_does_not_end_after_sigkill_is_left_behind_at_the_end_of_the_margin(anywhere, undead,
                                                                                 margin):
    app = anywhere("--grace-period", "2s", "--margin", margin, "--", *python("""
import signal, threading
threading.Thread(target=threading.Event().wait, daemon=True).start()
print("up")
signal.pause()
"""))
    app.ready().wait_output("up")
    release = undead(only_child(app.pid))
    app.signal("SIGTERM")
    assert app.wait_for("killed", timeout=5)["t"] == lateness(2.0 - float(margin[:-1]))
    app.wait_for("process has not ended, left behind")
    last = app.wait_for("exit")
    assert last["outcome"] == "forced" and last["t"] == lateness(2.0)
    release()  # a PID 1 takes its namespace with it, and waits for all of it to be gone
    assert app.exit_code() == 137
