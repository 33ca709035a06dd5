# SPDX-License-Identifier: Apache-2.0
"""lastcallctl status, ready and drain: what they ask of a lastcall that runs."""

import json
import os
import re
import shutil
import signal
import stat
import time

import pytest

from lastcall import binary, lateness, python, until
from lastcallctl import Inside, ctl, program
from namespaces import Network
from terminal import Terminal

SERVER = python("""
import socket
listener = socket.create_server(("", 8000))
print("up")
held = []
while True:
    held.append(listener.accept())
""")
LATE_SERVER = python("""
import socket, sys
sys.stdin.readline()
listener = socket.create_server(("", 8000))
sys.stdin.readline()
""")


def start(lastcall, *options, window="300ms", command=SERVER, **more):
    app = lastcall("--propagation", window, "--grace-period", "20s", *options, "--", *command,
                   **more).ready()
    app.wait_output("up")
    return app


@pytest.fixture
def inside():
    """lastcallctl in the container of that lastcall: inside(app, *words)."""
    started = []

    def run(*arguments, **options):
        started.append(Inside(*arguments, **options))
        return started[-1]

    yield run
    for one in started:
        one.close()


# --- ready ---

def test_ready_is_silent_and_0_while_readiness_is_on(lastcall, inside):
    assert inside(start(lastcall), "ready").end() == (0, "", "")


def test_ready_says_the_check_that_fails_in_starting_and_in_a_shutdown(lastcall, inside):
    app = lastcall("--propagation", "20s", "--grace-period", "30s", "--ports", "8000", "--",
                   *LATE_SERVER, stdin=-1)
    app.wait_for("process started")
    said = "python3 failed: nothing listens on port 8000\n"
    assert until(lambda: inside(app, "ready").end() == (1, "", said)), inside(app, "ready").end()
    app.outer.stdin.write(b"\n")
    app.outer.stdin.flush()
    app.ready()
    assert inside(app, "ready").end() == (0, "", "")
    app.signal("SIGTERM")
    app.wait_for("signal")
    assert inside(app, "ready").end() == (1, "", "shutdown failed: propagating\n")


def test_ready_can_ask_an_address(lastcall, inside, place):
    app = start(lastcall, "--listen", ":9909", "--listen", f"unix:{place}/x.sock")
    for address in (":9909", "127.0.0.1:9909", "[::1]:9909", f"unix:{place}/x.sock"):
        assert inside(app, "ready", "--address", address).end() == (0, "", ""), address
    code, _, said = inside(app, "ready", "--address", ":1").end()
    assert code == 1 and said.startswith("lastcallctl: :1: nobody listens there")
    code, _, said = inside(app, "ready", "--address", "localhost").end()
    assert code == 125 and "accepted: [HOST]:PORT, unix:PATH" in said


@pytest.mark.parametrize("answer, said", [
    (b"", "Connection reset by peer"),
    (b"SSH-2.0-OpenSSH\r\n\r\n", "what answers there is no lastcall"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", "what answers there is no lastcall"),
    (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100000, "what answers there is no lastcall"),
], ids=["nothing", "ssh", "half an answer", "too much"])
def test_what_is_no_answer_is_not_ready(lastcall, inside, place, answer, said):
    path = os.path.join(place, "answer")
    with open(path, "wb") as file:
        file.write(answer)
    app = lastcall("--", *python(f"""
import socket
listener = socket.create_server(("", 8000))
print("up")
while True:
    stream, _ = listener.accept()
    stream.recv(4096)
    try:
        stream.sendall(open({path!r}, "rb").read())
        stream.close()
    except OSError:
        pass
""")).ready()
    app.wait_output("up")
    code, _, told = inside(app, "ready", "--address", ":8000").end()
    assert code == 1 and said in told


# --- status ---

def test_status_is_one_screen_that_has_what_status_has(lastcall, inside):
    app = start(lastcall, "--ports", "8000")
    with Network(app.pid).connect(("127.0.0.1", 8000)):
        code, shown, said = inside(app, "status").end()
    assert (code, said) == (0, "")
    lines = shown.splitlines()
    assert len(lines) <= 24 and max(map(len, lines)) <= 80
    for pattern in (r"^lastcall \d", r"^phase +running for \d+\.\d s, ready$",
                    r"^grace +20\.0 s, 1\.0 s of it kept$",
                    r"^processes +python3: ready, PID \d+$", r"^checks +python3: ok$",
                    r"^ +shutdown: ok$",
                    # A look that takes too long for a request is no count.
                    r"^connections +(\d in flight of 1 open, 0 wait to be accepted, 1 listening|"
                    r"not known)$",
                    r"^phases +starting: \d\.\d s$", r"^ +running: \d+\.\d s$"):
        assert re.search(pattern, shown, re.MULTILINE), f"no {pattern} in\n{shown}"
    assert "began" not in shown and "deadline" not in shown


def test_status_in_a_shutdown_says_since_when_why_and_until_when(lastcall, inside):
    app = start(lastcall, window="10s")
    assert inside(app, "drain").end()[0] == 0
    shown = inside(app, "status").end()[1]
    assert re.search(r"^phase +propagating for \d\.\d s, at most \d+\.\d s more, not ready$",
                     shown, re.MULTILINE), shown
    assert re.search(r"^began +\d\.\d s ago, by a drain$", shown, re.MULTILINE), shown
    assert re.search(r"^deadline +none before a stop signal comes$", shown, re.MULTILINE), shown
    app.signal("SIGTERM")
    app.wait_for("signal")
    shown = inside(app, "status").end()[1]
    assert re.search(r"^deadline +in 1\d\.\d s$", shown, re.MULTILINE), shown
    assert re.search(r"^ +shutdown: failed: propagating$", shown, re.MULTILINE), shown


def test_status_json_is_what_status_answers(lastcall, inside):
    app = start(lastcall)
    shown = json.loads(inside(app, "status", "--json").end()[1])
    asked = app.http("/status").json()
    assert shown.keys() == asked.keys()
    assert shown["processes"][0]["pid"] == asked["processes"][0]["pid"] == 2


def test_watch_shows_it_again_until_lastcall_has_gone(lastcall, inside):
    app = start(lastcall)
    watching = inside(app, "status", "--watch")
    seen = watching.output.first(lambda line: line.raw.startswith("phase"), 5)
    assert watching.output.first(
        lambda line: line.raw.startswith("phase") and line is not seen, 5) is not None
    app.signal("SIGTERM")
    app.exit_code()
    # As PID 1 lastcall ends whatever is left in its namespace, lastcallctl too.
    code, shown, _ = watching.end()
    assert code == 143 or (code == 0 and shown.endswith("\nlastcall has ended\n"))
    assert "\x1b" not in shown


def test_watch_redraws_on_a_terminal(lastcall, inside):
    app = start(lastcall)
    terminal = Terminal()
    try:
        inside(app, "status", "--watch", stdout=terminal.slave)
        first = terminal.expect("\x1b[H\x1b[Jlastcall")
        terminal.expect("\x1b[H\x1b[Jlastcall", after=first)
    finally:
        terminal.close()


# --- drain ---

@pytest.mark.memory
def test_drain_returns_at_once_and_undo_brings_readiness_back(lastcall, inside):
    app = start(lastcall, window="10s")
    assert inside(app, "drain").end() == (0, "propagating\n", "")
    assert inside(app, "ready").end()[0] == 1
    assert app.wait_for("drain")["sender"] > 1
    assert inside(app, "drain", "--undo").end() == (0, "running\n", "")
    assert inside(app, "ready").end()[0] == 0
    assert inside(app, "drain", "--undo").end() == (0, "running: nothing is being drained\n", "")


@pytest.mark.memory
def test_drain_wait_is_a_prestop_hook(lastcall, inside):
    """It returns when window and drain are over; the stop signal then counts from its begin."""
    app = start(lastcall, "--wait-for-idle=10s", window="1s")
    hook = inside(app, "drain", "--wait")
    assert hook.end() == (0, "propagating\ndrained\n", "")
    ended = time.monotonic()
    drained = app.wait_for("phase", next="drained")
    # The window, and a look that finds nothing in flight.
    assert drained["t"] == lateness(1.0, late=0.5) and ended - drained.at < 0.5
    app.signal("SIGTERM")
    assert app.wait_for("signal")["t"] > 1.0
    assert app.exit_code() == 143
    assert app.wait_for("exit")["cause"] == "drain"


def test_drain_wait_again_waits_for_the_remaining_time(lastcall, inside):
    app = start(lastcall, window="1500ms")
    began = inside(app, "drain", "--wait")
    begun = app.wait_for("drain", result="begun")
    again = inside(app, "drain", "--wait")
    app.wait_for("drain", result="under way already")
    assert began.end()[0] == 0
    code, shown, _ = again.end()
    assert code == 0 and re.match(r"propagating already: .*\ndrained\n$", shown)
    assert app.events("phase", next="drained")[0]["t"] == lateness(1.5)
    late = inside(app, "drain", "--wait").end()
    assert late[0] == 0 and late[1].endswith("\ndrained\n")
    assert len(app.events("drain", result="begun")) == 1 and begun


def test_drain_wait_has_a_bound(lastcall, inside):
    app = start(lastcall, window="10s")
    began = time.monotonic()
    assert inside(app, "drain", "--wait", "--timeout", "300ms").end() == (
        1, "propagating\n", "lastcallctl: propagating still\n")
    assert time.monotonic() - began > 0.3
    assert app.status("/readyz") == 503


def test_drain_wait_ends_when_somebody_takes_it_back(lastcall, inside):
    app = start(lastcall, window="10s")
    hook = inside(app, "drain", "--wait")
    app.wait_for("drain")
    inside(app, "drain", "--undo").end()
    assert hook.end() == (1, "propagating\n", "lastcallctl: the drain was taken back: running\n")


def test_drain_wait_is_over_when_lastcall_goes_away(lastcall, inside):
    """Here it is not PID 1, so that its end is not that of the namespace."""
    app = start(lastcall, window="15s", program=["/bin/sh", "-c", '"$0" "$@"; echo over; read x',
                                                 binary()], stdin=-1)
    hook = inside(app, "drain", "--wait")
    hook.output.first(lambda line: line.raw == "propagating", 5)
    os.kill(app.pid, signal.SIGKILL)
    app.wait_output("over")
    assert hook.end() == (0, "propagating\n", "")


def test_undo_after_the_stop_signal_is_1_and_says_why(lastcall, inside):
    app = start(lastcall, window="10s")
    app.signal("SIGTERM")
    app.wait_for("signal")
    assert inside(app, "drain", "--undo").end() == (
        1, "propagating: a stop signal has come\n", "")


# --- where it cannot be asked ---

@pytest.mark.parametrize("words, code", [(["status"], 125), (["drain"], 125),
                                         (["drain", "--wait"], 125), (["ready"], 1)])
def test_where_no_lastcall_runs_the_error_names_the_socket(words, code):
    """In a mount namespace of its own: nobody else's lastcall can be in it."""
    done = ctl("--user", "--map-root-user", "--mount", program(), *words, path="/usr/bin/unshare")
    if "unshare failed" in done.stderr:
        pytest.skip("no user namespaces here: " + done.stderr.strip())
    assert done.returncode == code and done.stdout == ""
    assert re.fullmatch(r"lastcallctl: @lastcall-\d+: nobody listens there: no lastcall runs in this "
                        r"container\n", done.stderr)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become somebody else")
@pytest.mark.parametrize("words, code", [(["status"], 125), (["drain"], 125), (["ready"], 1)])
def test_another_user_is_refused_and_told_why(lastcall, inside, place, words, code):
    path = shutil.copy(program(), place)
    os.chmod(path, stat.S_IRUSR | stat.S_IXUSR | stat.S_IROTH | stat.S_IXOTH)
    app = start(lastcall)
    ended, shown, said = inside(app, *words, uid=65534, path=path).end()
    assert (ended, shown) == (code, "")
    assert re.fullmatch(r"lastcallctl: @lastcall-\d+: it answers its own user and root alone\n", said)
    assert app.status("/readyz") == 200 and not app.events("drain")


@pytest.mark.parametrize("words, said", [
    (["drain", "--wait", "--undo"], "accepted: one of both"),
    (["drain", "--timeout", "5s"], "found no --wait"),
    (["drain", "--wait", "--timeout", "5"], "accepted: a duration such as 20s"),
    (["ready", "--adress=x"], "did you mean --address?"),
    (["status", "x"], "accepted: no further word"),
])
def test_words_that_do_not_fit_are_refused_before_anything_is_asked(words, said):
    done = ctl(*words)
    assert done.returncode == 125 and said in done.stderr and done.stdout == ""
