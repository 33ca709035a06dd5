# SPDX-License-Identifier: Apache-2.0
"""What the drain waits for, and what it does not, with real servers."""

import base64
import os
import time

import pytest

from lastcall import lateness, until

WEB = ("127.0.0.1", 8000)
END = b"\r\n\r\n"


@pytest.fixture
def start(application):
    def start(app, *options):
        one = application(app, WEB[1], "--grace-period", "30s", *options)
        assert until(lambda: answers(one), 20), one.story("no answer")
        return one
    return start


def answers(app):
    try:
        return app.http("/", address=WEB).status == 200
    except OSError:
        return False


def request(path, method="GET", *headers):
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: test", *headers]).encode() + END


def receive(stream, count, text):
    """All that comes until `text` has come so often, or the peer has closed."""
    got = b""
    while got.count(text) < count and (piece := stream.recv(4096)):
        got += piece
    return got


def stop(app):
    """The signal; what was in flight then."""
    app.signal("SIGTERM")
    return app.wait_for("connections")["in_flight"]


def assert_nothing_was_cut(app):
    app.exit_code(timeout=30)
    assert app.wait_for("exit")["cut"] == 0


@pytest.mark.parametrize("app", ["node", "go", "gunicorn"])
def test_a_slow_upload_is_taken_to_its_end_and_answered(start, app):
    one = start(app, "--wait-for-idle=10s")
    with one.network.connect(WEB, timeout=20) as stream:
        stream.sendall(request("/upload", "POST", "Content-Length: 5000", "Expect: 100-continue"))
        assert b"100 Continue" in receive(stream, 1, END)
        assert stop(one) == 1
        for _ in range(5):
            time.sleep(0.3)  # a client that takes its time
            stream.sendall(b"x" * 1000)
        assert b"5000\n" in receive(stream, 1, b"5000\n")
    assert_nothing_was_cut(one)


@pytest.mark.parametrize("app", ["node", "go", "gunicorn"])
def test_a_stream_with_pauses_is_sent_to_its_end(start, app):
    one = start(app, "--wait-for-idle=10s")
    with one.network.connect(WEB, timeout=20) as stream:
        stream.sendall(request("/stream"))
        got = receive(stream, 1, b"piece\n")
        assert stop(one) == 1
        got += receive(stream, 1, b"0" + END)
    assert got.count(b"piece\n") == 5
    assert_nothing_was_cut(one)


@pytest.mark.parametrize("app", ["python", "node", "go"])
def test_requests_that_wait_behind_another_on_their_connection_are_answered(start, app):
    one = start(app, "--wait-for-idle=10s")
    with one.network.connect(WEB, timeout=20) as stream:
        stream.sendall(request("/soon") * 3)
        got = receive(stream, 1, b"hello\n")
        assert stop(one) == 1
        got += receive(stream, 2, b"hello\n")
    assert got.count(b"hello\n") == 3
    assert_nothing_was_cut(one)


@pytest.mark.parametrize("app", ["python", "node", "go"])
def test_idle_connections_that_are_kept_alive_do_not_hold_it(start, app):
    one = start(app, "--wait-for-idle=10s")
    streams = [one.network.connect(WEB) for _ in range(10)]
    for stream in streams:
        # The first exchange is acknowledged at once, and may not be told from a request in flight.
        for _ in range(3):
            stream.sendall(request("/"))
            assert receive(stream, 1, b"hello\n")
    assert until(lambda: in_flight(one) == 0, 10)
    assert stop(one) == 0
    assert one.wait_for("phase", phase="draining")["elapsed"] == lateness(0)
    for stream in streams:
        stream.close()


def web_socket():
    key = base64.b64encode(os.urandom(16)).decode()
    return request("/", "GET", "Connection: Upgrade", "Upgrade: websocket",
                   "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}")


@pytest.mark.parametrize("app, opening, sign", [
    ("node", web_socket(), b"\x81\x01x"), ("node", request("/events"), b"piece\n"),
    ("go", request("/events"), b"piece\n"), ("gunicorn", request("/events"), b"piece\n"),
], ids=["a websocket of node", "events of node", "events of go", "events of gunicorn"])
def test_what_never_ends_is_cut_at_the_timeout_counted_and_reported(start, app, opening, sign):
    one = start(app, "--wait-for-idle=1s", "--stop-timeout", "3s")
    with one.network.connect(WEB) as stream:
        stream.sendall(opening)
        assert sign in receive(stream, 1, sign)
        assert stop(one) == 1
        assert one.wait_for("phase", phase="draining")["elapsed"] == lateness(1)
        said = one.wait_for("connections still in flight")
        assert said["count"] == 1 and "127.0.0.1:" in said["peers"]
        one.exit_code()
    assert one.wait_for("exit")["cut"] == 1


def in_flight(app):
    connections = app.http("/status").json()["connections"]
    return connections and connections["inFlight"]
