# SPDX-License-Identifier: Apache-2.0
"""What is asked of lastcall over its control socket: to drain, and to take that back."""

import json
import os

import pytest

from lastcall import SERVING, lateness, python, until

SERVER = python("""
import socket
listener = socket.create_server(("", 8000))
print("up")
while True:
    listener.accept()
""")


def elapsed(app):
    """Since T0."""
    return app.http("/status").json()["elapsed"]


def start(lastcall, *options, window="300ms", command=SERVER, **more):
    app = lastcall("--propagation", window, "--grace-period", "20s", *options, "--", *command,
                   **more).ready()
    app.wait_output("up")
    return app


@pytest.mark.memory
def test_drain_goes_as_far_as_the_stop_and_waits_there(lastcall):
    app = start(lastcall, "--wait-for-idle")
    answer = app.post("/drain")
    assert (answer.status, answer.body) == (202, "propagating\n")
    assert app.wait_for("drain", result="begun")["uid"] == 0  # as its namespace has it
    assert app.wait_for("connections")["in_flight"] == 0
    assert app.status("/readyz") == 503
    assert app.wait_for("phase", phase="draining")["next"] == "drained"
    assert app.http("/status").json()["phase"] == "drained"
    assert not app.events("stop signal sent") and app.running()


@pytest.mark.memory
def test_a_stop_signal_after_a_drain_counts_from_the_drain(lastcall):
    app = lastcall("--propagation", "200ms", "--grace-period", "3s", "--margin", "500ms", "--",
                   "sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.05; done",
                   via=SERVING).ready()
    app.wait_output("up")
    assert app.post("/drain").status == 202
    app.wait_for("phase", phase="propagating", next="drained")
    assert until(lambda: elapsed(app) > 1)
    app.signal("SIGTERM")
    signal = app.wait_for("signal")
    assert signal["action"] == "stop" and signal["t"] == lateness(1.0, late=0.5)
    assert app.wait_for("stop signal sent")["t"] == lateness(signal["t"], late=0.1)
    assert app.wait_for("killed")["t"] == lateness(2.5)
    assert app.exit_code() == 137


@pytest.mark.memory
def test_an_undo_brings_readiness_back_and_the_next_shutdown_is_a_whole_one(lastcall, place):
    with open(f"{place}/message", "w", encoding="ascii"):
        pass
    config = {"terminationMessagePath": f"{place}/message",
              "shutdown": {"gracePeriod": "20s", "propagation": "400ms"},
              "drain": {"waitForIdle": True},
              "processes": [{"name": "web", "command": SERVER}]}
    app = lastcall(config=json.dumps(config)).ready()
    app.wait_output("up")
    app.post("/drain")
    assert until(lambda: os.path.getsize(f"{place}/message"))
    first = app.wait_for("connections")
    assert app.status("/readyz") == 503
    undone = app.post("/undo")
    assert (undone.status, undone.body) == (202, "running\n")
    assert app.status("/readyz") == 200
    app.wait_for("undo", result="taken back")
    back = app.wait_for("phase", next="running", after=first)
    assert 0 < back["elapsed"] < 60 and "t" not in back
    assert until(lambda: not os.path.getsize(f"{place}/message"))
    assert not app.events("connections still in flight")
    app.signal("SIGTERM")
    assert app.wait_for("phase", phase="propagating", after=back)["elapsed"] == lateness(0.4)
    app.wait_for("connections", after=back, source="netlink")
    app.exit_code()


def test_a_drain_asked_for_again_changes_nothing_and_says_so(lastcall):
    app = start(lastcall, window="5s")
    assert app.post("/drain").status == 202
    assert until(lambda: elapsed(app) > 0.5)
    again = app.post("/drain")
    assert again.status == 200 and again.body.startswith("propagating already: the shutdown began ")
    assert elapsed(app) > 0.5
    app.signal("SIGTERM")
    app.wait_for("signal")
    assert app.post("/drain").status == 200


def test_an_undo_without_a_drain_changes_nothing_and_says_so(lastcall):
    app = start(lastcall)
    answer = app.post("/undo")
    assert (answer.status, answer.body) == (200, "running: nothing is being drained\n")
    assert app.status("/readyz") == 200


def test_an_undo_after_the_stop_signal_is_refused(lastcall):
    app = start(lastcall, window="5s")
    app.post("/drain")
    app.signal("SIGTERM")
    app.wait_for("signal")
    answer = app.post("/undo")
    assert (answer.status, answer.body) == (409, "propagating: a stop signal has come\n")
    assert app.status("/readyz") == 503


def test_what_is_asked_over_the_control_socket_is_counted_with_its_answer(lastcall):
    app = start(lastcall, window="5s")
    for path in ("/drain", "/drain", "/undo", "/drain"):
        app.post(path)
    app.signal("SIGTERM")
    app.wait_for("signal")
    app.post("/undo")
    told = [line for line in app.http("/metrics").body.splitlines()
            if line.startswith("lastcall_http_requests_total") and ("drain" in line or "undo" in line)]
    assert told == ['lastcall_http_requests_total{path="/drain",code="200"} 1',
                    'lastcall_http_requests_total{path="/drain",code="202"} 2',
                    'lastcall_http_requests_total{path="/undo",code="202"} 1',
                    'lastcall_http_requests_total{path="/undo",code="409"} 1']


def test_an_undo_after_the_end_of_a_process_is_refused(lastcall):
    app = start(lastcall, window="5s", stdin=-1, command=[
        "sh", "-c", "(trap '' TERM; exec sleep 100) & echo up; read x"])
    app.post("/drain")
    app.outer.stdin.close()
    app.wait_for("leftover processes asked to stop")
    answer = app.post("/undo")
    assert (answer.status, answer.body) == (409, "exited: a process has ended\n")


def test_a_drain_while_starting_skips_the_waits_and_its_undo_goes_on_starting(lastcall):
    app = lastcall("--propagation", "5s", "--grace-period", "20s", "--ports", "8000", "--",
                   *python("""
import socket, sys
sys.stdin.readline()
listener = socket.create_server(("", 8000))
sys.stdin.readline()
"""), stdin=-1)
    app.wait_for("process started")
    assert app.post("/drain").body == "drained\n"
    assert app.post("/undo").body == "starting\n"
    app.outer.stdin.write(b"\n")
    app.outer.stdin.flush()
    app.ready()
    assert app.status("/readyz") == 200


def test_drain_and_undo_exist_on_the_control_socket_alone(lastcall, place):
    app = start(lastcall, "--listen", ":9909", "--listen", f"unix:{place}/x.sock")
    for path in ("/drain", "/undo"):
        for address in (("127.0.0.1", 9909), f"{place}/x.sock"):
            assert app.status(path, address=address) == 404
            # as any path at all
            assert app.status(path, method="POST", address=address) == 405
        assert app.status(path, address=app.control()) == 404
    assert app.status("/readyz") == 200 and not app.events("drain") + app.events("undo")


def test_what_a_client_puts_behind_the_request_is_no_second_one(lastcall):
    app = start(lastcall)
    with app.network.connect(app.control()) as stream:
        stream.sendall(b"POST /undo HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
                       b"POST /drain HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        while stream.recv(4096):
            pass
    assert app.status("/readyz") == 200 and not app.events("drain")


def test_that_nothing_listens_is_said_once_where_a_stop_signal_comes_after_a_drain(lastcall):
    app = start(lastcall, command=python("import signal\nprint('up')\nsignal.pause()"))
    assert app.post("/drain").status == 202
    app.wait_for("phase", phase="running", next="drained")
    app.signal("SIGTERM")
    assert app.exit_code() == 143
    assert len(app.events("nothing listens: no window, no drain")) == 1
