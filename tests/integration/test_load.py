# SPDX-License-Identifier: Apache-2.0
"""The load generator (tests/apps/load) names each failure, retries nothing, and does not flatter a
server that stalls: against small servers that do exactly one thing wrong."""

import contextlib
import csv
import json
import signal
import socket
import struct
import subprocess
import threading
import time

import pytest

from lastcall import helper

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"


class Server:
    """Each connection is handed to `script`, in a thread of its own, with its number."""

    def __init__(self, script):
        self.requests = 0
        self.connections = 0
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._run, args=(connection, self.connections),
                                 daemon=True).start()

    def _run(self, connection, number):
        with connection, contextlib.suppress(OSError):
            self._script(self, connection, number)

    def read_request(self, connection):
        """False where the client has closed."""
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            piece = connection.recv(4096)
            if not piece:
                return False
            request += piece
        self.requests += 1
        return True

    def close(self):
        self._listener.close()


def answer_with(*pieces):
    """Answers each request with `pieces`, each sent by itself."""
    def script(server, connection, _number):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while server.read_request(connection):
            for piece in pieces:
                connection.sendall(piece)
    return script


def answer_and_close(data):
    def script(server, connection, _number):
        if server.read_request(connection):
            # The end comes in the packet of the answer: nobody can send another request before it.
            connection.sendall(data, socket.MSG_MORE)
            connection.shutdown(socket.SHUT_WR)
    return script


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def reset_on_request(server, connection, _number):
    if server.read_request(connection):
        reset(connection)


def reset_in_answer(server, connection, _number):
    if server.read_request(connection):
        connection.sendall(OK[:-2])
        reset(connection)


def answer_once_then_close(server, connection, _number):
    if server.read_request(connection):
        connection.sendall(OK)
        server.read_request(connection)


def answer_once_then_reset(server, connection, _number):
    if server.read_request(connection):
        connection.sendall(OK)
        if server.read_request(connection):
            reset(connection)


def stay_silent(server, connection, _number):
    while server.read_request(connection):
        pass


@pytest.fixture
def serve():
    servers = []

    def start(script):
        servers.append(Server(script))
        return servers[-1]
    yield start
    for server in servers:
        server.close()


def start_load(place, port, *options):
    return subprocess.Popen(
        [helper("load"), "--url", f"http://127.0.0.1:{port}/", "--json", f"{place}/load.json",
         *map(str, options)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(place, process):
    """(exit status, what it has written)"""
    _, errors = process.communicate(timeout=30)
    assert errors == ""
    with open(f"{place}/load.json", encoding="utf-8") as file:
        return process.returncode, json.load(file)


def load(place, port, *options):
    return finish(place, start_load(place, port, *options))


@pytest.mark.parametrize("script, failure", [
    (reset_on_request, "reset before answer"),
    (answer_and_close(b""), "closed before answer"),
    (answer_and_close(OK[:-2]), "closed in the middle of the answer"),
    (answer_and_close(OK[:20]), "closed in the middle of the answer"),
    (reset_in_answer, "closed in the middle of the answer"),
    (answer_and_close(CHUNKED), "closed in the middle of the answer"),
    (answer_and_close(b"HTTP/1.1 503 Gone\r\nContent-Length: 0\r\n\r\n"), "status 503"),
    (answer_and_close(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"), "status 302"),
    (answer_and_close(b"SSH-2.0-OpenSSH_9.2\r\n"), "malformed answer"),
    (answer_with(CHUNKED + b"x\r\n"), "malformed answer"),
    (stay_silent, "timeout"),
    (answer_with(OK[:-2]), "timeout"),
], ids=["reset", "closed", "cut in the body", "cut in the headers",
        "reset in the body", "cut between chunks",
        "status 503", "status 302", "not HTTP", "not a chunk", "no answer", "half an answer"])
def test_each_failure_has_its_name_and_is_not_retried(place, serve, script, failure):
    server = serve(script)
    status, result = load(place, server.port, "--rate", 50, "--seconds", 0.1, "--timeout", 0.5,
                          "--connections", 8)
    assert status == 1
    assert result["failures"] == {failure: 5}
    assert (result["requests"], result["answered"], result["failed"]) == (5, 0, 5)
    assert [event["class"] for event in result["events"]] == [failure] * 5
    assert not any(event["reused"] for event in result["events"])
    assert server.requests == 5


@pytest.mark.parametrize("script", [answer_once_then_close, answer_once_then_reset])
def test_a_kept_alive_connection_that_is_closed_on_a_request_is_a_failure_of_its_own(
        place, serve, script):
    server = serve(script)
    _, result = load(place, server.port, "--rate", 50, "--seconds", 0.12, "--connections", 1)
    assert result["failures"] == {"reused connection closed before any byte": 3}
    assert result["answered"] == 3
    assert [event["reused"] for event in result["events"]] == [True] * 3
    assert server.requests == 6


def test_a_connection_that_is_closed_between_requests_is_no_failure(place, serve):
    server = serve(answer_and_close(OK))
    status, result = load(place, server.port, "--rate", 20, "--seconds", 0.25, "--connections", 1)
    assert (status, result["failed"], result["answered"]) == (0, 0, 5)
    assert result["closed_idle"] in (4, 5)  # the end need not wait for the last one to close
    assert server.connections == 5


def test_a_refused_connection_is_named(place):
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # nobody else takes the port, and nobody listens
        status, result = load(place, bound.getsockname()[1], "--rate", 50, "--seconds", 0.1)
    assert (status, result["failures"]) == (1, {"connect refused": 5})


def test_a_connection_that_is_never_made_is_named(place):
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        # The queue is full, and nobody takes from it: further SYNs are dropped (listen(2)).
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        _, result = load(place, listener.getsockname()[1], "--rate", 50, "--seconds", 0.1,
                         "--timeout", 0.5)
    assert result["failures"] == {"connect timeout": 5}


@pytest.mark.parametrize("pieces", [
    [OK],
    [bytes([byte]) for byte in OK],
    [bytes([byte]) for byte in CHUNKED + b"a;x=y\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n"],
    [b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK],
    [b"HTTP/1.1 204 No Content\r\n\r\n"],
], ids=["whole", "byte by byte", "chunks, byte by byte", "after an interim answer", "no content"])
def test_an_answer_is_read_however_it_comes(place, serve, pieces):
    server = serve(answer_with(*pieces))
    status, result = load(place, server.port, "--rate", 50, "--seconds", 0.1, "--connections", 1)
    assert (status, result["answered"], result["failed"]) == (0, 5, 0)
    assert (result["connections"], result["reused"], server.connections) == (1, 4, 1)


def test_without_keepalive_each_request_has_its_own_connection(place, serve):
    server = serve(answer_with(OK))
    _, result = load(place, server.port, "--rate", 50, "--seconds", 0.1, "--keepalive", "no")
    assert (result["connections"], result["reused"], server.connections) == (5, 0, 5)


def test_an_answer_without_a_length_ends_with_its_connection(place, serve):
    server = serve(answer_and_close(b"HTTP/1.1 200 OK\r\n\r\nhello"))
    _, result = load(place, server.port, "--rate", 50, "--seconds", 0.1)
    assert (result["answered"], result["failed"], server.connections) == (5, 0, 5)


def test_requests_that_a_stall_holds_up_count_from_when_they_were_due(place, serve):
    def stall_once(server, connection, number):
        while server.read_request(connection):
            if server.requests == 1:
                time.sleep(1)
            connection.sendall(OK)

    server = serve(stall_once)
    _, result = load(place, server.port, "--rate", 20, "--seconds", 1, "--connections", 1)
    assert (result["requests"], result["failed"]) == (20, 0)
    # Due 50 ms apart, and all held up until the second is over: 1000 ms, 950 ms, ... 50 ms.
    latency = result["latency_ms"]
    assert latency["max"] >= 1000
    assert latency["median"] >= 500
    assert latency["min"] >= 50
    assert latency["min"] <= latency["median"] <= latency["p99"] <= latency["max"]


def test_each_failure_has_its_time(place, serve):
    server = serve(answer_and_close(b""))
    before = time.monotonic(), time.time()
    _, result = load(place, server.port, "--rate", 20, "--seconds", 0.25)
    after = time.monotonic(), time.time()
    events = result["events"]
    assert len(events) == 5
    for event in events:
        assert before[0] < event["monotonic"] < after[0]
        assert before[1] < event["wall"] < after[1]
        assert event["since_start"] * 1000 > event["took_ms"] - 0.001  # both have three decimals
    assert [event["monotonic"] for event in events] == sorted(e["monotonic"] for e in events)


def recorded(place):
    with open(f"{place}/requests.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_each_request_is_recorded_with_its_time_connection_target_and_outcome(place, serve):
    def answer_once_then_reset_as_a_pod(server, connection, number):
        if server.read_request(connection):
            connection.sendall(OK.replace(b"\r\n\r\n", b"\r\nX-Pod: pod-%d\r\n\r\n" % number))
            if server.read_request(connection):
                reset(connection)

    server = serve(answer_once_then_reset_as_a_pod)
    before = time.time()
    load(place, server.port, "--rate", 50, "--seconds", 0.08, "--connections", 1,
         "--requests", f"{place}/requests.csv", "--target-header", "x-pod")
    after = time.time()
    requests = recorded(place)
    gone = "reused connection closed before any byte"
    assert [(one["connection"], one["reused"], one["target"], one["outcome"]) for one in requests] == [
        ("1", "no", "pod-1", "answered"), ("1", "yes", "", gone),
        ("2", "no", "pod-2", "answered"), ("2", "yes", "", gone)]
    times = [float(one["due"]) for one in requests]
    assert before < times[0] and times == sorted(times) and times[-1] < after
    assert all(float(one["took_ms"]) > 0 for one in requests)


@pytest.mark.parametrize("header, target", [
    (b"X-Pod: web-1", "web-1"), (b"x-pod:web-1", "web-1"), (b"X-Pod:", ""), (b"X-Other: web-1", ""),
    (b'X-Pod: web-1,"x', "web-1"), (b"X-Pod: " + b"x" * 300, "x" * 255)])
def test_a_target_is_what_the_answers_header_says(place, serve, header, target):
    server = serve(answer_with(OK.replace(b"\r\n\r\n", b"\r\n" + header + b"\r\n\r\n")))
    status, _ = load(place, server.port, "--rate", 50, "--seconds", 0.02,
                     "--requests", f"{place}/requests.csv", "--target-header", "X-Pod")
    assert status == 0
    assert [one["target"] for one in recorded(place)] == [target]


def test_a_record_that_cannot_be_written_is_said_before_anything_is_sent(place, serve):
    server = serve(answer_with(OK))
    process = start_load(place, server.port, "--seconds", 0.1, "--requests", f"{place}/none/x.csv")
    assert process.communicate(timeout=10) == (
        "", f"load: {place}/none/x.csv: No such file or directory\n")
    assert (process.returncode, server.connections) == (2, 0)


def test_a_record_that_is_not_whole_is_said(place, serve):
    server = serve(answer_with(OK))
    process = start_load(place, server.port, "--rate", 50, "--seconds", 0.1, "--requests", "/dev/full")
    assert process.communicate(timeout=10)[1] == "load: /dev/full: Input/output error\n"
    assert process.returncode == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_load_once_every_request_has_its_answer(place, serve, number):
    asked, go_on = threading.Event(), threading.Event()

    def answer_late(server, connection, _number):
        while server.read_request(connection):
            asked.set()
            go_on.wait(10)
            connection.sendall(OK)

    server = serve(answer_late)
    process = start_load(place, server.port, "--rate", 100, "--connections", 2)
    assert asked.wait(10)
    process.send_signal(number)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.1)
    go_on.set()
    status, result = finish(place, process)
    assert (status, result["failed"]) == (0, 0)
    assert result["answered"] == server.requests >= 1


@pytest.mark.parametrize("options", [
    ["--rate", "0"], ["--rate", "x"], ["--seconds", "-1"], ["--keepalive", "maybe"],
    ["--url", "https://127.0.0.1:1/"], ["--url", "http://127.0.0.1/"],
    ["--url", "http://127.0.0.1:99999/"], ["--url", "http://example.invalid:80/"], ["word"],
    ["--no-such-option"],
])
def test_a_wrong_option_is_refused_before_anything_is_sent(place, serve, options):
    server = serve(answer_with(OK))
    process = start_load(place, server.port, "--seconds", "0.1", *options)
    out, errors = process.communicate(timeout=10)
    assert (process.returncode, out) == (2, "")
    assert errors.startswith(("load: ", helper("load")))
    assert server.connections == 0
