# SPDX-License-Identifier: Apache-2.0
"""The listener: its paths, its addresses, its limits, and clients that mean no good."""

import json
import os
import socket
import threading
import time

import pytest

from lastcall import SERVING, UNDER, python, until
from namespaces import reset

PATHS = ["/livez", "/healthz", "/readyz", "/startupz"]


@pytest.fixture
def app(lastcall):
    return lastcall("--", "sleep", "100").ready()


@pytest.mark.memory
def test_the_paths_answer_200_while_running(app):
    for path in PATHS:
        answer = app.http(path)
        assert answer.status == 200, path
        assert answer.headers["Content-Length"] == str(len(answer.body))
        assert answer.headers["Connection"] == "close"


@pytest.mark.memory
def test_head_is_get_without_a_body(app):
    for path in [*PATHS, "/status", "/"]:
        get, head = app.http(path), app.http(path, method="HEAD")
        assert (head.status, head.body) == (get.status, "")
        assert head.headers["Content-Type"] == get.headers["Content-Type"]
        assert int(head.headers["Content-Length"]) > 0


@pytest.mark.memory
def test_another_method_is_405_with_allow(app):
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
        answer = app.http("/readyz", method=method)
        assert answer.status == 405, method
        assert set(answer.headers["Allow"].replace(" ", "").split(",")) == {"GET", "HEAD"}


def test_a_method_nobody_knows_is_refused(app):
    for method in ("TRACE", "BREW", "get", "PROPFIND"):
        assert app.http("/readyz", method=method).status in (400, 405, 501), method


@pytest.mark.memory
def test_another_path_is_404(app):
    for path in ("/nowhere", "/readyz/", "/READYZ", "//readyz", "//x/readyz", "/readyz%2f", "/.."):
        assert app.http(path).status == 404, path


@pytest.mark.memory
def test_verbose_lists_the_checks_as_the_api_server_writes_them(app):
    for path in PATHS:
        answer = app.http(f"{path}?verbose")
        assert answer.status == 200
        lines = answer.body.splitlines()
        assert all(line.startswith("[+]") and line.endswith(" ok") for line in lines[:-1]), lines
        assert "[+]sleep ok" in lines or path in ("/livez", "/healthz")


@pytest.mark.memory
def test_a_failure_is_always_verbose(lastcall):
    app = lastcall("--ports", "8080", "--", "sleep", "100")
    app.wait_for("process started")
    assert until(lambda: app.status("/livez") == 200)
    answer = app.http("/readyz")
    assert answer.status == 503
    assert any(line.startswith("[-]sleep failed: ") for line in answer.body.splitlines()), answer
    assert app.status("/startupz") == 503
    assert app.status("/readyz?exclude=sleep") == 200


def test_exclude_leaves_a_check_out(app):
    assert "[+]sleep excluded: ok" in app.http("/readyz?verbose&exclude=sleep").body.splitlines()


@pytest.mark.memory
def test_status_tells_the_phase_and_the_processes(app):
    answer = app.http("/status")
    assert answer.headers["Content-Type"].startswith("application/json")
    status = answer.json()
    assert status["phase"] == "running"
    assert [one["name"] for one in status["processes"]] == ["sleep"]


def test_status_tells_of_a_shutdown(lastcall):
    app = lastcall("--propagation", "3s", "--grace-period", "10s", "--", "sleep", "100",
                   via=SERVING).ready()
    app.signal("SIGTERM")
    app.wait_for("readiness", ready=False)
    status = app.http("/status").json()
    assert status["phase"] == "propagating"
    assert "deadline" in status and "phases" in status


# --- readiness and ports ---

@pytest.mark.parametrize("family", ["127.0.0.1", "::1"])
def test_it_is_ready_once_every_port_listens(lastcall, family):
    server = python("""
import socket, sys
sys.stdin.readline()
kept = [socket.create_server((sys.argv[1], port), family=socket.AF_INET6 if ":" in sys.argv[1]
                             else socket.AF_INET) for port in (8080, 8081)]
print("up")
sys.stdin.readline()
kept[1].close()
print("one closed")
sys.stdin.readline()
""", family)
    app = lastcall("--ports", "8080,8081", "--", *server, stdin=-1)
    app.wait_for("process started")
    assert app.status("/readyz") == 503
    app.outer.stdin.write(b"\n")
    app.outer.stdin.flush()
    app.ready()
    assert app.status("/readyz") == 200
    app.outer.stdin.write(b"\n")
    app.outer.stdin.flush()
    app.wait_output("one closed")
    answer = app.http("/readyz")
    assert answer.status == 503 and "8081" in answer.body
    assert app.status("/startupz") == 200
    app.outer.stdin.close()


# --- addresses ---

def test_the_default_address_serves_ipv4_and_ipv6(app):
    assert app.status("/livez", address=("127.0.0.1", 9909)) == 200
    assert app.status("/livez", address=("::1", 9909)) == 200


@pytest.mark.memory
def test_it_listens_on_several_addresses(lastcall, place):
    path = f"{place}/health"
    app = lastcall("--listen", "127.0.0.1:9001", "--listen", "[::1]:9002",
                   "--listen", f"unix:{path}", "--", "sleep", "100").ready()
    for address in (("127.0.0.1", 9001), ("::1", 9002), path):
        assert app.status("/readyz", address=address) == 200
    for address in (("127.0.0.1", 9909), ("127.0.0.1", 9002), ("::1", 9001)):
        with pytest.raises(ConnectionRefusedError):
            app.status("/readyz", address=address)
    assert os.stat(path).st_mode & 0o777 == 0o600


def test_a_socket_file_that_a_dead_lastcall_left_is_replaced(lastcall, place):
    path = f"{place}/health"
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(path)
    stale.close()
    app = lastcall("--listen", f"unix:{path}", "--", "sleep", "100").ready()
    assert app.status("/readyz", address=path) == 200


def test_a_socket_file_that_somebody_listens_on_is_left_alone(lastcall, place):
    path = f"{place}/health"
    with socket.socket(socket.AF_UNIX) as living:
        living.bind(path)
        living.listen()
        app = lastcall("--listen", f"unix:{path}", "--", "sleep", "100")
        assert app.exit_code() == 125
    assert os.path.exists(path)


def test_a_file_that_is_no_socket_is_left_alone(lastcall, place):
    with open(f"{place}/precious", "w", encoding="ascii") as file:
        file.write("data")
    assert lastcall("--listen", f"unix:{place}/precious", "--", "true").exit_code() == 125
    with open(f"{place}/precious", encoding="ascii") as file:
        assert file.read() == "data"


def test_listen_off_opens_no_port(lastcall):
    app = lastcall("--listen", "off", "--", "sleep", "100").ready()
    with pytest.raises(ConnectionRefusedError):
        app.status("/livez")


def taking(address):
    """A command in front of lastcall that keeps an address for itself."""
    return python("""
import os, socket, sys
host, port = sys.argv[1].rsplit(":", 1)
taken = socket.create_server((host, int(port)))
os.set_inheritable(taken.fileno(), True)
if os.fork() == 0:
    os.execvp("sleep", ["sleep", "100"])
taken.close()
os.execvp(sys.argv[2], sys.argv[2:])
""", address)


@pytest.mark.memory
def test_where_the_default_address_is_taken_it_warns_and_goes_on(lastcall):
    app = lastcall("--", "sh", "-c", "exit 3", via=taking("0.0.0.0:9909"))
    assert app.exit_code() == 3
    warning = app.wait_for("cannot listen")
    assert warning["level"] == "warn" and "9909" in warning.raw
    assert "in use" in warning["error"]


@pytest.mark.memory
def test_where_a_configured_address_is_taken_it_is_125_and_nothing_is_started(lastcall, place):
    app = lastcall("--listen", "127.0.0.1:9001", "--", "touch", f"{place}/started",
                   via=taking("127.0.0.1:9001"))
    assert app.exit_code() == 125
    assert "9001" in app.wait_for("cannot listen").raw
    assert not os.path.exists(f"{place}/started")


@pytest.mark.memory
def test_an_abstract_socket_named_after_the_mount_namespace_answers_the_same_user(app):
    assert app.status("/status", address=app.control()) == 200
    assert app.status("/readyz", address=app.control()) == 200


def test_it_answers_until_the_last_process_has_ended(lastcall):
    app = lastcall("--propagation", "200ms", "--grace-period", "10s", "--", "sh", "-c",
                   "trap 'echo asked; read x; exit 0' TERM; echo up; "
                   "while :; do sleep 0.05; done", stdin=-1).ready()
    app.wait_output("up")
    app.signal("SIGTERM")
    app.wait_output("asked")
    assert app.status("/livez") == 200
    assert app.status("/readyz") == 503
    assert app.http("/status").json()["phase"] == "stopping"
    app.outer.stdin.close()
    assert app.exit_code() == 0


# --- limits ---

def talk(app, data, timeout=8):
    """What comes back for these bytes, until the other side closes."""
    answer = b""
    with app.network.connect(timeout=timeout) as stream:
        try:
            stream.sendall(data)
            while chunk := stream.recv(65536):
                answer += chunk
        except ConnectionError:
            pass
    return answer.decode(errors="replace")


@pytest.mark.memory
def test_more_than_8_kib_of_head_is_refused(app):
    for data in (b"GET /livez HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 9000 + b"\r\n\r\n",
                 b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n",
                 b"GET /livez HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 3000 + b"\r\n"):
        assert " 200 " not in talk(app, data).split("\r\n")[0], data[:60]
        assert app.status("/livez") == 200


def test_a_head_of_up_to_8_kib_is_served(app):
    assert app.http("/livez", headers={"A": "a" * 7000}).status == 200


@pytest.mark.memory
def test_more_than_1_kib_of_body_is_refused(app):
    assert app.http("/livez", body=b"x" * 1024).status == 200
    head = b"GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"
    assert " 200 " not in talk(app, head + b"x" * 100000).split("\r\n")[0]
    assert app.status("/livez") == 200


ODD = [
    b"\r\n" * 3 + b"GARBAGE\r\n\r\n", b"\0" * 100, b"GET\r\n\r\n", b"GET /livez\r\n\r\n",
    b"GET /livez HTTP/9.9\r\n\r\n", b"GET http://x/livez HTTP/1.1\r\n\r\n",
    b"GET /livez HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    b"GET /livez HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
    b"GET /livez HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
]


@pytest.mark.memory
def test_odd_bytes_hurt_nobody(app):
    for data in ODD:
        with app.network.connect() as stream:
            stream.sendall(data)
            stream.shutdown(socket.SHUT_WR)
            try:
                while stream.recv(4096):
                    pass
            except ConnectionError:
                pass
        assert app.status("/livez") == 200, data
    reset(app.network.connect())
    assert app.status("/livez") == 200


def test_a_request_has_5_s_in_all_however_busy_it_looks(app):
    """evhttp's own timeout begins anew with each byte."""
    begun = time.monotonic()
    with app.network.connect(timeout=1) as stream:
        while time.monotonic() - begun < 9:
            try:
                stream.sendall(b"G" if time.monotonic() - begun < 1 else b"E")
                stream.settimeout(0.2)
                if stream.recv(4096) == b"":
                    break
            except TimeoutError:
                pass
            except ConnectionError:
                break
    assert 4.5 < time.monotonic() - begun < 7


def test_an_idle_connection_is_closed(app):
    begun = time.monotonic()
    with app.network.connect(timeout=9) as stream:
        try:
            stream.recv(1)
        except ConnectionError:
            pass
    assert 4.5 < time.monotonic() - begun < 7


def test_at_256_connections_the_oldest_incomplete_one_gives_way(app):
    streams = app.network.sockets(300)
    for stream in streams:
        stream.settimeout(5)
        stream.connect(("127.0.0.1", 9909))
        stream.sendall(b"GET /livez HT")
    for stream in streams[:40]:
        assert gone(stream), "the oldest is still there"
    youngest = streams[-1]
    youngest.sendall(b"TP/1.1\r\nHost: x\r\n\r\n")
    assert youngest.recv(4096).startswith(b"HTTP/1.1 200")
    assert app.status("/livez") == 200
    for stream in streams:
        stream.close()


def gone(stream):
    try:
        return stream.recv(1) == b""
    except ConnectionError:
        return True
    except TimeoutError:
        return False


def slow_clients(app, count, stop, seconds):
    """Opens `count` connections, and sends one byte a second on each; those that were closed are
    opened again, as slow clients do. Until `stop` is set or the time is over."""
    end = time.monotonic() + seconds
    open_now, spare = [], app.network.sockets(count * 4)
    while not stop.is_set() and time.monotonic() < end:
        while spare and len(open_now) < count:
            stream = spare.pop()
            stream.setblocking(False)
            stream.connect_ex(("127.0.0.1", 9909))
            open_now.append(stream)
        for stream in list(open_now):
            try:
                stream.send(b"x")
            except BlockingIOError:
                pass
            except OSError:
                open_now.remove(stream)
                stream.close()
        stop.wait(1)
    for stream in open_now + spare:
        stream.close()


@pytest.mark.plain
def test_1000_clients_that_send_one_byte_a_second_keep_no_probe_waiting(app, figure):
    """The figure that counts is 50 ms; a loaded machine is allowed more here."""
    probes = app.network.sockets(200)
    stop = threading.Event()
    clients = threading.Thread(target=slow_clients, args=(app, 1000, stop, 30))
    clients.start()
    took = []
    try:
        for stream in probes:
            stream.settimeout(2)
            begun = time.monotonic()
            stream.connect(("127.0.0.1", 9909))
            assert app.http("/livez", stream=stream).status == 200
            took.append((time.monotonic() - begun) * 1000)
            stop.wait(0.04)
    finally:
        stop.set()
        clients.join()
    took.sort()
    figure("/livez under 1,000 slow clients, 200 probes",
           f"median {took[len(took) // 2]:.1f} ms, longest {took[-1]:.1f} ms")
    assert took[-1] < 500


def test_clients_that_reset_are_forgotten(app):
    for stream in app.network.sockets(100):
        stream.connect(("127.0.0.1", 9909))
        stream.send(b"GET /livez HTTP/1.1\r\n")
        reset(stream)
    assert app.status("/livez") == 200
    fds = f"/proc/{app.pid}/fd"
    assert UNDER or until(lambda: len(os.listdir(fds)) < 40)
    assert json.loads(app.http("/status").body)["phase"] == "running"
