# SPDX-License-Identifier: Apache-2.0
"""Signals for the init on their way to the application."""

import json
import os
import signal
import subprocess
import time

import pytest

from lastcall import helper, prelude, proc_status, python, until

STOPPERS = (15, 2, 3, 37)  # what a runtime stops a container with, by the image's STOPSIGNAL
LEFT_OUT = {9, 19, 17, 32, 33}  # the uncatchable, SIGCHLD, and what the libc hides
OTHERS = [number for number in range(1, 65) if number not in LEFT_OUT.union(STOPPERS)]

# Prints each signal that it gets, in the order of their arrival.
LISTENER = python("""
import os, signal
signals = signal.valid_signals() - {signal.SIGCHLD}
signal.pthread_sigmask(signal.SIG_BLOCK, signals)
print("up")
while True:
    print("got", signal.sigwaitinfo(signals).si_signo)
""")

COUNTER = python("""
import os, signal
signals = signal.valid_signals() - {signal.SIGCHLD}
signal.pthread_sigmask(signal.SIG_BLOCK, signals)
counts = {}
print("up")
while (got := signal.sigwaitinfo(signals).si_signo) != 64:  # comes last: the highest
    counts[got] = counts.get(got, 0) + 1
print("counts", *(f"{number}={count}" for number, count in counts.items()))
""")


def up(app):
    app.wait_output("up")
    return app


def got(app):
    return [int(line.raw.split()[1]) for line in app.output.list if line.raw.startswith("got ")]


def send_all(app, number, count):
    """They queue, as many as RLIMIT_SIGPENDING lets (signal(7)): then the sender has to wait."""
    for _ in range(count):
        while True:
            try:
                os.kill(app.pid, number)
                break
            except BlockingIOError:
                time.sleep(0.001)


def test_each_signal_but_the_uncatchable_reaches_the_child(init):
    app = up(init(*LISTENER))
    for number in OTHERS:
        app.signal(number)
        assert until(lambda n=number: n in got(app), timeout=2), f"signal {number} did not come"


def test_each_signal_reaches_the_child_once(init):
    app = up(init(*LISTENER))
    for number in OTHERS:
        app.signal(number)
        until(lambda n=number: n in got(app), timeout=1)
    app.signal(10)
    until(lambda: got(app)[-1:] == [10], timeout=1)
    twice = sorted({number for number in got(app) if got(app).count(number) > 1} - {10})
    assert not twice, f"more than once: {twice}"


@pytest.mark.parametrize("number", STOPPERS, ids=["SIGTERM", "SIGINT", "SIGQUIT", "SIGRTMIN+3"])
def test_the_stop_signal_of_an_image_reaches_the_child(init, number):
    app = up(init(*LISTENER))
    app.signal(number)
    assert until(lambda: number in got(app), timeout=2), "it did not come"


def test_signals_32_and_33_that_the_libc_hides_reach_the_child(init):
    for number in (32, 33):
        app = up(init("sh", "-c", "echo up; exec sleep 100"))
        assert until(lambda a=app: comm(a.child()) == "sleep"), "the child is no sleep"
        app.signal(number)
        try:
            code = app.exit_code(timeout=2)
        except AssertionError:
            code = None
        assert code == 128 + number, f"signal {number} did not come"


def comm(pid):
    try:
        with open(f"/proc/{pid}/comm", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return None


def test_a_burst_of_10000_real_time_signals_is_10000(init):
    app = up(init(*COUNTER))
    send_all(app, 50, 10000)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and pending(app.pid):
        time.sleep(0.01)
    send_all(app, 64, 1)
    counts = app.output.first(lambda line: line.raw.startswith("counts"), 10)
    assert counts is not None, "not all came"
    assert "50=10000" in counts.raw.split(), f"it got {counts.raw}"


def pending(pid):
    status = proc_status(pid)
    return int(status["ShdPnd"], 16) | int(status["SigPnd"], 16)


def test_real_time_signals_come_in_their_order(init):
    app = up(init(*LISTENER))
    child = app.child()
    os.kill(child, signal.SIGSTOP)
    assert until(lambda: proc_status(child)["State"].startswith("T"))
    for number in (41, 45, 50):
        send_all(app, number, 20)
    assert until(lambda: not pending(app.pid)), "the init does not read them"
    os.kill(child, signal.SIGCONT)
    until(lambda: len([n for n in got(app) if n > 40]) >= 60, timeout=3)
    found = [number for number in got(app) if number > 40]
    assert found == [41] * 20 + [45] * 20 + [50] * 20, f"it got {len(found)}"


def test_of_1000_stop_signals_sent_as_soon_as_they_can_count_1000_count(init, program_path):
    done = subprocess.run([helper("early"), "1000", helper("pidns"), program_path, "--", "sleep",
                           "100"], capture_output=True, text=True, check=True, timeout=100)
    result = json.loads(done.stdout)
    assert result["lost"] == 0, f"{result['lost']} of {result['rounds']} were lost"


def test_a_stop_signal_that_was_pending_before_the_init_began_counts(init):
    app = init(*python("""
import signal
signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
signal.pause()
"""), via=prelude("--pending", "SIGTERM"))  # which blocks it, too
    try:
        code = app.exit_code(timeout=3)
    except AssertionError:
        code = None
    assert code == 143, "it was lost" if code is None else f"exit code {code}"


def test_the_exit_code_after_a_stop_signal_is_the_childs_own(init):
    app = up(init("sh", "-c", 'trap "exit 7" TERM; echo up; while :; do sleep 0.05; done'))
    app.signal("SIGTERM")
    code = app.exit_code()
    assert code == 7, f"exit code {code}"


def test_a_child_that_a_stop_signal_kills_gives_143(init):
    app = up(init("sh", "-c", "echo up; exec sleep 100"))
    app.signal("SIGTERM")
    code = app.exit_code()
    assert code == 143, f"exit code {code}"


def test_a_signal_that_the_child_ignores_ends_nobody(init):
    app = up(init("sh", "-c", 'trap "" USR2; echo up; sleep 0.5; exit 3'))
    app.signal("SIGUSR2")
    code = app.exit_code()
    assert code == 3, f"exit code {code}"


@pytest.mark.parametrize("name", ["SIGTTIN", "SIGTTOU", "SIGTSTP", "SIGPIPE", "SIGALRM", "SIGSEGV",
                                  "SIGABRT", "SIGBUS", "SIGXFSZ", "SIGHUP"])
@pytest.mark.differs("dumb-init", "documented: with a session of its own it stops itself at "
                                  "SIGTSTP, SIGTTIN and SIGTTOU, for the shell above it")
def test_the_init_itself_is_neither_stopped_nor_ended_by(init, name):
    app = up(init("sh", "-c", f'trap "" {name[3:]}; echo up; sleep 0.4; exit 3'))
    app.signal(name)
    code = app.exit_code(timeout=5)
    assert code == 3, f"exit code {code}"


def test_a_sigchld_from_outside_does_no_harm(init):
    app = up(init("sh", "-c", "echo up; sleep 0.4; exit 3"))
    for _ in range(100):
        os.kill(app.pid, signal.SIGCHLD)
    code = app.exit_code()
    assert code == 3, f"exit code {code}"


def test_a_child_that_was_stopped_gets_its_stop_signal(init):
    app = up(init("sh", "-c", "echo up; exec sleep 100"))
    child = app.child()
    os.kill(child, signal.SIGSTOP)
    assert until(lambda: proc_status(child)["State"].startswith("T"))
    app.signal("SIGTERM")
    try:
        code = app.exit_code(timeout=3)
    except AssertionError:
        code = None
    assert code == 143, "it stays stopped" if code is None else f"exit code {code}"


@pytest.mark.differs("dumb-init", "documented: it signals the child's whole session")
def test_a_signal_to_the_init_is_not_sent_to_orphans_too(init):
    """Only the child is asked while it runs: its workers are its own."""
    app = up(init("sh", "-c", "(trap 'echo orphan got it' USR1; while :; do sleep 0.05; done) & "
                              "(trap '' USR1; exec setsid sleep 3) & trap '' USR1; echo up; "
                              "sleep 0.5; kill -9 %1; exit 0"))
    app.signal("SIGUSR1")
    app.exit_code(timeout=15)
    assert not any("orphan got it" in line.raw for line in app.output.list), "the orphan got it"
