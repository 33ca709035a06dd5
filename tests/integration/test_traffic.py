# SPDX-License-Identifier: Apache-2.0
"""What the kernel sees of the application's connections: the window's end and the drain."""

import contextlib
import json
import re
import resource
import threading
import time

import pytest

from lastcall import SLOWNESS, helper, lateness, python, until
from lastcallctl import ctl

WEB = ("127.0.0.1", 8000)
LOOK = 0.1  # seconds between two looks at the connections

# An application without any shutdown code: it dies at SIGTERM. /slow answers after a second, /ticks
# after 20 ms, /stream sends a piece every 300 ms, for ever; connections are kept alive.
SERVER = """
import http.server, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        time.sleep({"/slow": 1, "/ticks": 0.02}.get(self.path, 0))
        self.send_response(200)
        if self.path == "/stream":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            while True:
                self.wfile.write(b"1\\r\\nx\\r\\n")
                time.sleep(0.3)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")
    def log_message(self, *_):
        pass
class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 1000
server = Server(("", 8000), Handler)
print("up")
server.serve_forever()
"""
APPLICATION = python(SERVER)


def start(lastcall, *options, command=APPLICATION, **more):
    app = lastcall("--grace-period", "30s", *options, "--", *command, **more).ready()
    app.wait_output("up", timeout=10)
    assert app.network  # ready before its first use is timed
    return app


def ask(app, path="/", stream=None):
    return app.network.http(path, address=WEB, timeout=10 * SLOWNESS, stream=stream)


def keep_alive(app):
    """A connection that has had its answers, each some of the kernel's ticks after its request, so that
    the one can be told from the other."""
    stream = app.network.connect(WEB)
    for _ in range(3):
        request(stream, "/ticks")
        assert b"hello" in receive(stream, b"hello")
    return stream


def in_flight(app):
    """When the shutdown began: in the signal's line, or, where the look took longer than that could
    wait for it, in that of the look."""
    signal = app.wait_for("signal")
    return signal["in_flight"] if "in_flight" in signal else app.wait_for("connections")["in_flight"]


def counted(app):
    """What is in flight, as /status has it; None where the look was not done in time."""
    connections = app.http("/status").json()["connections"]
    return connections and connections["inFlight"]


def request(stream, path):
    stream.sendall(f"GET {path} HTTP/1.1\r\nHost: test\r\n\r\n".encode())


def receive(stream, end):
    """All that comes until `end` has."""
    got = b""
    while end not in got:
        piece = stream.recv(4096)
        if not piece:
            break
        got += piece
    return got


class Clients:
    """New connections, one every 50 ms, from now until told to end; each has to be answered."""

    def __init__(self, app):
        self.app, self.failed, self.answered, self.last = app, [], 0, (0.0, 0.0)
        self.sockets = app.network.sockets(400)  # a fork, which takes its time
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        while self.sockets and not self.over.wait(0.05):
            try:
                stream = self.sockets.pop()
                stream.settimeout(10 * SLOWNESS)
                begun = time.monotonic()
                stream.connect(WEB)
                assert ask(self.app, stream=stream).body == "hello"
                self.answered, self.last = self.answered + 1, (begun, time.monotonic())
            except OSError as error:
                self.failed.append(error)

    def end(self):
        self.over.set()
        self.thread.join()
        for stream in self.sockets:
            stream.close()


# --- the window ---

def test_a_quiet_application_leaves_after_min(lastcall):
    app = start(lastcall, "--propagation", "500ms:300ms:10s")
    app.signal("SIGTERM")
    assert app.wait_for("phase", phase="propagating")["elapsed"] == lateness(0.5)
    assert app.exit_code() == 143


def test_the_window_goes_on_until_nothing_has_arrived_for_quiet(lastcall):
    app = start(lastcall, "--propagation", "500ms:500ms:20s")
    clients = Clients(app)
    app.signal("SIGTERM")
    began = app.wait_for("signal").at  # T0, or just after it
    time.sleep(1.5)  # what the clients take to hear of it
    clients.end()
    ended = app.wait_for("phase", phase="propagating", timeout=10)
    assert not clients.failed and clients.answered > 10
    first, last = clients.last  # between these its connection and its request have arrived
    assert ended["t"] == lateness(first - began + 0.5, late=last - first + 2 * LOOK + 0.2)
    assert app.exit_code() == 143


def test_what_has_arrived_while_lastcall_got_no_time_puts_the_end_off(lastcall):
    app = start(lastcall, "--propagation", "1s:500ms:20s")
    began = app.signal("SIGTERM")
    app.wait_for("connections")  # a first look knows what was there before
    app.signal("SIGSTOP")
    with keep_alive(app):
        time.sleep(max(0, began + 1.3 - time.monotonic()))
        last = app.signal("SIGCONT") - began
        ended = app.wait_for("phase", phase="propagating", timeout=10)
    assert ended["t"] == lateness(last + 0.5 - 0.1, late=0.1 + 2 * LOOK + 0.2)


def test_time_in_which_lastcall_got_no_processor_is_no_part_of_the_window(lastcall):
    app = start(lastcall, "--propagation", "1s:500ms:20s")
    app.signal("SIGTERM")
    app.wait_for("connections")
    stopped = app.signal("SIGSTOP")
    time.sleep(1.5)
    held_up = app.signal("SIGCONT") - stopped - LOOK - 0.002  # the log's times are milliseconds
    ended = app.wait_for("phase", phase="propagating", timeout=10)
    assert ended["elapsed"] == lateness(1 + held_up, late=0.25 + LOOK)
    assert app.wait_for("held up in the window")["held_up"] == lateness(held_up, late=0.25 + LOOK)


def test_but_the_window_never_lasts_longer_than_max_for_it(lastcall):
    app = start(lastcall, "--propagation", "1s:500ms:2s")
    app.signal("SIGTERM")
    app.wait_for("connections")
    app.signal("SIGSTOP")
    time.sleep(1.5)
    app.signal("SIGCONT")
    ended = app.wait_for("phase", phase="propagating", timeout=10)
    assert ended["elapsed"] == lateness(2)


def test_clients_that_never_leave_cost_max_and_the_log_says_so(lastcall):
    app = start(lastcall, "--propagation", "500ms:500ms:1500ms")
    clients = Clients(app)
    app.signal("SIGTERM")
    ended = app.wait_for("phase", phase="propagating", timeout=10)
    clients.end()
    assert ended["elapsed"] == lateness(1.5)
    assert app.wait_for("arrivals went on to the end of the window")["connections"] > 10
    app.exit_code()


def test_data_on_a_connection_that_was_kept_is_an_arrival(lastcall):
    app = start(lastcall, "--propagation", "300ms:500ms:20s")
    with keep_alive(app) as stream:
        began = app.signal("SIGTERM")
        for _ in range(4):
            time.sleep(0.2)
            request(stream, "/")
            receive(stream, b"hello")
        last = time.monotonic() - began
        ended = app.wait_for("phase", phase="propagating", timeout=10)
    assert ended["t"] == lateness(last + 0.5 - 0.1, late=0.1 + 2 * LOOK + 0.2)


def test_unless_connections_alone_are_to_count(lastcall):
    app = start(lastcall, config=f"""
shutdown: {{gracePeriod: 30s, propagation: {{min: 500ms, quiet: 500ms, max: 10s,
                                            arrivals: connections}}}}
processes: [{{name: web, command: {json.dumps(APPLICATION)}}}]
""", command=[])
    with keep_alive(app) as stream:
        app.signal("SIGTERM")
        for _ in range(2):
            time.sleep(0.15)
            request(stream, "/")
            receive(stream, b"hello")
        assert app.wait_for("phase", phase="propagating")["elapsed"] == lateness(0.5)


def test_probes_of_lastcalls_own_listener_are_no_arrivals(lastcall):
    app = start(lastcall, "--propagation", "1s:600ms:10s")
    begun = app.signal("SIGTERM")
    while time.monotonic() - begun < 0.6:
        assert app.status("/readyz") == 503
    assert app.wait_for("phase", phase="propagating")["elapsed"] == lateness(1.0)


@pytest.mark.plain
def test_nor_are_they_where_netlink_is_refused_and_the_kernels_counters_have_to_do(lastcall):
    app = start(lastcall, "--propagation", "1s:600ms:10s",
                via=[helper("refuse"), "netlink", "--"])
    begun = app.signal("SIGTERM")
    assert app.wait_for("connections")["source"] == "proc"
    while time.monotonic() - begun < 0.6:
        assert app.status("/readyz") == 503
    assert app.wait_for("phase", phase="propagating")["elapsed"] == lateness(1.0)


def test_peers_that_are_to_be_ignored_are_no_arrivals_and_not_in_flight(lastcall):
    app = start(lastcall, config=f"""
shutdown: {{gracePeriod: 30s, propagation: 500ms:400ms:10s}}
drain: {{waitForIdle: true}}
connections: {{ignoreFrom: [127.0.0.0/8]}}
processes: [{{name: web, command: {json.dumps(APPLICATION)}}}]
""", command=[])
    with app.network.connect(WEB) as stream:
        app.signal("SIGTERM")
        request(stream, "/stream")
        receive(stream, b"x")
        assert app.wait_for("phase", phase="propagating")["elapsed"] == lateness(0.5)
        assert app.wait_for("phase", phase="draining")["elapsed"] == lateness(0)


def test_a_reload_counts_in_the_next_look(lastcall):
    text = f"""
shutdown: {{gracePeriod: 30s}}
drain: {{waitForIdle: true, timeout: 5s}}
signals: {{SIGHUP: reload}}
processes: [{{name: web, command: {json.dumps(APPLICATION)}}}]
"""
    app = start(lastcall, config=text, command=[])
    with app.network.connect(WEB) as stream:
        request(stream, "/stream")
        receive(stream, b"x")
        assert until(lambda: counted(app) == 1)
        app.write("lastcall.yaml", text + "connections: {ignoreFrom: [127.0.0.0/8]}\n")
        app.signal("SIGHUP")
        app.wait_for("reloaded")
        assert until(lambda: counted(app) == 0)
        app.signal("SIGTERM")
        assert app.wait_for("phase", phase="draining")["elapsed"] == lateness(0)


# --- nobody is served ---

NO_LISTENER = "nothing listens: no window, no drain"
PREPARED = {
    "nothing": "",
    "a client's sockets": '''
server = socket.create_server(("127.0.0.1", 0))
kept = socket.create_connection(server.getsockname()), socket.socket(socket.AF_UNIX)
server.close()''',
    "on loopback": 'kept = socket.create_server(("127.0.0.1", 8000))',
    "a unix socket": 'kept = socket.socket(socket.AF_UNIX); kept.bind("\\0x"); kept.listen()',
    "UDP": 'kept = socket.socket(type=socket.SOCK_DGRAM); kept.bind(("127.0.0.1", 5353))',
}


@pytest.mark.parametrize("what", PREPARED)
def test_who_listens_on_nothing_has_neither_window_nor_drain(lastcall, what):
    app = start(lastcall, "--propagation", "500ms", "--wait-for-idle", command=python(
        f"import signal, socket\n{PREPARED[what]}\nprint('up')\nsignal.pause()"))
    app.signal("SIGTERM")
    waits = what in ("on loopback", "a unix socket", "UDP")
    assert app.wait_for("stop signal sent")["t"] == lateness(0.5 if waits else 0, late=0.4)
    assert bool(app.events(NO_LISTENER)) != waits
    assert app.exit_code() == 143


def test_what_runs_beside_it_and_listens_is_not_its_own(lastcall):
    app = start(lastcall, "--propagation", "500ms", command=python('''
import signal
print("up")
signal.pause()'''))
    beside, = app.network.sockets(1)  # ours, in its network namespace
    with beside:
        beside.bind(WEB)
        beside.listen()
        app.signal("SIGTERM")
        assert app.wait_for("stop signal sent")["t"] == lateness(0)


def test_where_nobody_can_tell_who_listens_there_is_a_window(lastcall):
    app = lastcall("--propagation", "500ms", "--", "sh", "-c", "echo up; exec sleep 100",
                   proc=False).ready()
    app.wait_output("up")
    app.signal("SIGTERM")
    assert app.wait_for("stop signal sent")["t"] == lateness(0.5)
    assert not app.events(NO_LISTENER)


def test_hooks_of_one_that_serves_nobody_begin_at_t0(lastcall):
    app = start(lastcall, config=f"""
shutdown: {{gracePeriod: 30s, propagation: 5s}}
processes: [{{name: app, command: {json.dumps(python("import signal; print('up'); signal.pause()"))},
             preStop: [{{exec: {{command: [echo, hook]}}}}]}}]
""", command=[])
    begun = app.signal("SIGTERM")
    assert app.wait_for("hook started").at - begun == lateness(0, late=0.5)
    assert app.wait_for("stop signal sent")["t"] == lateness(0, late=0.5)


# --- the drain ---

def test_an_application_that_dies_at_sigterm_loses_no_request_in_flight(lastcall):
    app = start(lastcall, "--wait-for-idle=5s")
    streams = app.network.sockets(20)
    for stream in streams:
        stream.settimeout(10 * SLOWNESS)
        stream.connect(WEB)
        request(stream, "/slow")
    app.signal("SIGTERM")
    for stream in streams:
        with stream:
            assert b"hello" in receive(stream, b"hello")
    assert in_flight(app) == 20
    assert app.exit_code() == 143
    last = app.wait_for("exit")
    assert last["cut"] == 0


# As SERVER, below 300 other processes with descriptors of their own: it takes its time to find out
# whose the listening socket is.
CROWD = """
import os, signal, time
for _ in range(40):
    os.open("/dev/null", os.O_RDONLY)
for _ in range(300):
    if os.fork() == 0:
        signal.pause()
if os.fork():
    signal.pause()
"""


def test_what_was_in_flight_is_reported_as_it_was_where_the_look_was_not_done_in_time(lastcall):
    app = start(lastcall, "--propagation", "3s", command=python(CROWD + SERVER))
    with app.network.connect(WEB) as stream:
        request(stream, "/stream")
        receive(stream, b"x\r\n")
        app.signal("SIGTERM")
        assert "in_flight" not in app.wait_for("signal"), "it was done in time"
        assert app.wait_for("connections")["in_flight"] == 1
    app.exit_code(timeout=20)
    assert app.wait_for("exit")["in_flight"] == 1


@contextlib.contextmanager
def many_descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_what_a_drain_has_counted_is_forgotten_once_it_is_taken_back(lastcall):
    """So many wait in the listen queue at the signal that its line cannot wait for their count."""
    app = start(lastcall, "--ports", "8000", "--propagation", "3s", command=python("""
import signal, socket
listener = socket.create_server(("", 8000), backlog=4096)
print("up")
signal.pause()
"""))
    assert app.post("/drain").status == 202
    assert app.wait_for("connections")["in_flight"] == 0
    assert app.post("/undo").status == 202
    with many_descriptors(), contextlib.ExitStack() as streams:
        for stream in app.network.sockets(4000):
            streams.enter_context(stream).connect(WEB)
        app.signal("SIGTERM")
        assert "in_flight" not in app.wait_for("signal"), "it was done in time"
        assert app.exit_code(timeout=20) == 143
    assert app.wait_for("exit")["in_flight"] == 4000


def test_status_has_the_last_look_where_each_takes_its_time(lastcall):
    app = start(lastcall, command=python(CROWD + "print(\"up\")\nsignal.pause()"))
    foreign, = app.network.sockets(1)
    with foreign:  # whose it is, is looked for each time, and in vain
        foreign.bind(("0.0.0.0", 8000))
        foreign.listen()
        assert counted(app) is None, "it was done in time"
        # Seldom enough that no look is still under way from the time before.
        assert until(lambda: counted(app) == 0, every=0.3)


def test_idle_connections_that_are_kept_alive_do_not_hold_it(lastcall):
    app = start(lastcall, "--wait-for-idle=10s")
    streams = [keep_alive(app) for _ in range(20)]
    time.sleep(1.2)  # drain.idle: no data has moved for a second
    app.signal("SIGTERM")
    assert in_flight(app) == 0
    assert app.wait_for("phase", phase="draining")["elapsed"] == lateness(0)
    for stream in streams:
        stream.close()


def test_who_asks_for_the_status_all_the_time_does_not_hold_it(lastcall):
    """An answer may end the look that the drain waits for."""
    app = start(lastcall, "--propagation", "0s", "--wait-for-idle=10s")
    with app.network.connect(WEB) as stream, contextlib.ExitStack() as streams:
        questions = [streams.enter_context(one) for one in app.network.sockets(900)]
        request(stream, "/slow")
        app.signal("SIGTERM")
        answered = threading.Thread(target=receive, args=(stream, b"hello"))
        answered.start()
        for question in questions:
            if not answered.is_alive():
                break
            question.connect(("127.0.0.1", 9909))
            app.http("/status", stream=question)
        answered.join()
    assert app.wait_for("phase", next="stopping", timeout=12)["t"] < 5


def test_a_stream_that_never_ends_is_cut_at_the_timeout_and_reported(lastcall):
    app = start(lastcall, "--wait-for-idle=1s")
    with app.network.connect(WEB) as stream:
        request(stream, "/stream")
        receive(stream, b"x\r\n")
        app.signal("SIGTERM")
        ended = app.wait_for("phase", phase="draining")
        assert ended["elapsed"] == lateness(1.0)
        cut = app.wait_for("connections still in flight")
        assert cut["count"] == 1 and "127.0.0.1:" in cut["peers"]
    app.exit_code()
    assert app.wait_for("exit")["cut"] == 1


def test_the_log_says_how_many_are_in_flight_as_it_goes_on_and_the_timeline_draws_them(lastcall):
    app = start(lastcall, "--propagation", "500ms", "--wait-for-idle=10s")
    with app.network.connect(WEB) as stream, app.network.connect(WEB) as streaming:
        request(streaming, "/stream")
        receive(streaming, b"x\r\n")
        request(stream, "/slow")
        app.signal("SIGTERM")
        assert in_flight(app) == 2
        assert b"hello" in receive(stream, b"hello")
        one = app.wait_for("connections", in_flight=1)
        streaming.close()
        none = app.wait_for("connections", in_flight=0)
    app.exit_code()
    assert none["t"] == lateness(app.events("phase", phase="draining")[0]["t"] - 0.2)
    told = app.events("connections")
    assert told[0]["source"] == "netlink" and told[-1] == none
    assert one["t"] - told[0]["t"] > 0.99  # no more than a line a second, where no phase ends
    done = ctl("timeline", "-", stdin="".join(event.raw + "\n" for event in app.log.list))
    assert re.search(r"^in flight +2 ", done.stdout, re.MULTILINE), done.stdout


def test_a_count_that_stays_the_same_is_told_once(lastcall):
    app = start(lastcall, "--propagation", "2500ms")
    app.signal("SIGTERM")
    app.exit_code()
    assert len(app.events("connections")) == 1


def test_the_ports_are_found_where_a_shell_stands_between(lastcall):
    words = " ".join(f"'{word}'" for word in APPLICATION[:-1])
    app = start(lastcall, "--wait-for-idle=5s",
                command=["sh", "-c", f'{words} "$1"; exit $?', "sh", APPLICATION[-1]])
    with app.network.connect(WEB) as stream:
        request(stream, "/slow")
        time.sleep(0.2)
        app.signal("SIGTERM")
        assert in_flight(app) == 1
        assert b"hello" in receive(stream, b"hello")


@pytest.mark.parametrize("pod, waits", [({}, False), ({"KUBERNETES_SERVICE_HOST": "x"}, True)],
                         ids=["plain", "in a pod"])
def test_by_default_it_is_waited_for_in_a_pod_alone(lastcall, pod, waits):
    app = start(lastcall, "--propagation", "0s", env=pod)
    with app.network.connect(WEB) as stream:
        request(stream, "/slow")
        time.sleep(0.2)
        app.signal("SIGTERM")
        got = receive(stream, b"hello")
    assert (b"hello" in got) == waits
