# SPDX-License-Identifier: Apache-2.0
"""Memory after the start: it does not grow, and where there is none lastcall lives on."""

import itertools
import mmap
import os
import resource
import struct
import subprocess

import pytest

from lastcall import helper, lateness, proc_status, python, until

COUNT, WARM_UP = 100_000, 5_000
GROWTH_MAX = 64 * 1024  # bytes: less than one a signal, child or request
ROUNDING = 256  # bytes: malloc's, of all that there is at a time


def memory(pid):
    """Bytes: touched memory of its own (the pages of a program that was just built are dirty, too,
    but not its own); and all that it may write to alone, touched or not."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        own = next(int(line.split()[1]) for line in file if line.startswith("Anonymous:"))
    return own * 1024, int(proc_status(pid)["VmData"].split()[0]) * 1024


def churn(app, count):
    app.outer.stdin.write(b"%d\n" % count)
    app.outer.stdin.flush()
    app.wait_output(f"done {count}", timeout=120)


def growth(app, count=COUNT):
    """How much more each of them is after so many, once the first ones have had theirs."""
    churn(app, WARM_UP)
    before = memory(app.pid)
    churn(app, count)
    grown = [now - then for now, then in zip(memory(app.pid), before)]
    return grown


RELOADING = "signals: {SIGRTMIN+1: reload}\nprocesses: [{command: [%s, reloads]}]\n"


@pytest.mark.plain
def test_its_memory_does_not_grow_with_reloads(lastcall, figure):
    app = lastcall(config=RELOADING % helper("churn"), stdin=subprocess.PIPE)
    own, data = growth(app, count=5_000)
    figure("more memory after 5,000 reloads",
           f"{own // 1024} KiB of its own, {data // 1024} KiB of data")
    assert own <= GROWTH_MAX and data <= GROWTH_MAX


@pytest.mark.plain
@pytest.mark.parametrize("what", ["signals", "requests", "children"])
def test_its_memory_does_not_grow(lastcall, figure, what):
    orphans = 'while read -r n; do "$0" "$n" && echo "done $n"; done'
    command = ["sh", "-c", orphans, helper("orphans")] if what == "children" else \
        [helper("churn"), what]
    app = lastcall("--", *command, stdin=subprocess.PIPE)
    own, data = growth(app)
    figure(f"more memory after {COUNT:,} {what}",
           f"{own // 1024} KiB of its own, {data // 1024} KiB of data")
    assert own <= GROWTH_MAX and data <= GROWTH_MAX


class Memory:
    """Of a lastcall whose allocations fail as told (tests/apps/starved.c)."""

    CALLS, FIRST, LAST, USED, LIMIT = range(5)
    NEVER = 2 ** 62

    def __init__(self, place):
        self.path = os.path.join(place, "memory")
        with open(self.path, "w+b") as file:
            file.write(struct.pack("5q", 0, 0, 0, 0, self.NEVER))
            file.flush()
            self.shared = mmap.mmap(file.fileno(), 0)

    def _get(self, field):
        return struct.unpack_from("q", self.shared, 8 * field)[0]

    def _set(self, field, value):
        struct.pack_into("q", self.shared, 8 * field, value)

    def fail(self, first, last):
        """From now on allocation number `first`, from 1, and all to `last`."""
        self._set(self.FIRST, self.NEVER)
        self._set(self.CALLS, 0)
        self._set(self.LAST, last)
        self._set(self.FIRST, first)

    def leave(self, size):
        """There are so many bytes more."""
        self._set(self.LIMIT, self.used() + size)

    def recover(self):
        """Nothing fails any more; whether something has."""
        calls, first = self._get(self.CALLS), self._get(self.FIRST)
        self._set(self.FIRST, self.NEVER)
        self._set(self.LIMIT, self.NEVER)
        return calls >= first

    def used(self):
        return self._get(self.USED)


@pytest.fixture
def starved(place, lastcall):
    """As lastcall; app.memory says which allocations fail."""
    memory, started = Memory(place), []

    def start(*arguments, **options):
        app = lastcall(*arguments, program=[helper("starved")],
                       env={"STARVED": memory.path}, **options)
        app.memory, app.sockets = memory, []
        started.append(app)
        return app

    yield start
    memory.shared.close()
    for stream in (stream for app in started for stream in app.sockets):
        stream.close()


def attempt(stream, request):
    """The first bytes of the answer, b"" where there is none."""
    with stream:
        try:
            stream.sendall(request)
            return stream.recv(100)
        except OSError:
            return b""


REQUESTS = {
    "good": b"GET /status?a=b HTTP/1.1\r\nHost: a\r\nAccept: a\r\n\r\n",
    "CONNECT": b"CONNECT a:1 HTTP/1.1\r\n\r\n",
    "POST": b"POST /readyz HTTP/1.1\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\nbody",
    "bad": b"GET /readyz HTTP/1.1\r\nHost\r\n\r\n",
    "large": b"GET /" + b"a" * 9000,
}


def connect(app, timeout=5):
    """As app.network.connect(), without a process for each."""
    if not app.sockets:
        app.sockets = app.network.sockets(100)
    stream = app.sockets.pop()
    stream.settimeout(timeout)
    stream.connect(("127.0.0.1", 9909))
    return stream


def lives(app):
    return app.http("/livez", stream=connect(app)).status == 200


def let_in(app):
    """A connection that has been accepted, and not spoken."""
    stream = connect(app, timeout=0.1)
    assert lives(app)  # which came after it
    return stream


def warm(app):
    """What the first connections leave behind, such as libevent's table of descriptors, is there."""
    app.ready()
    for stream in [let_in(app) for _ in range(25)]:
        stream.close()
    assert app.status("/status") == 200  # the first look at the connections
    looks = [None]
    assert until(lambda: looks.append(app.memory.used()) or looks[-1] == looks[-2], every=0.1)
    return app


def all_freed(app, used):
    return until(lambda: abs(app.memory.used() - used) < ROUNDING, timeout=10)


@pytest.mark.plain
@pytest.mark.parametrize("and_all_after_it", [False, True])
@pytest.mark.parametrize("kind", ["good", "POST", "bad", "large"])
def test_a_request_whose_nth_allocation_fails_is_lost_alone(starved, kind, and_all_after_it):
    app = warm(starved("--", "sleep", "100"))
    used = app.memory.used()
    for n in itertools.count(1):
        stream = let_in(app)
        app.memory.fail(n, app.memory.NEVER if and_all_after_it else n)
        attempt(stream, REQUESTS[kind])
        failed = app.memory.recover()
        assert lives(app), app.story(f"allocation {n}")
        if not failed:
            break
    assert n > 10
    assert all_freed(app, used), app.memory.used() - used


@pytest.mark.plain
def test_memory_that_ends_within_a_request_ends_nothing_else(starved):
    app = warm(starved("--", "sleep", "100"))
    used = app.memory.used()
    requests, answers = list(REQUESTS.values()), set()
    # An answer is not begun with less than 48 KiB.
    for left in (*range(0, 49152, 3072), *range(49152, 55296, 128)):
        for request in requests if left % 1024 == 0 else [REQUESTS["good"], REQUESTS["CONNECT"]]:
            stream = let_in(app)
            app.memory.leave(left)
            answers.add(attempt(stream, request)[:12])
            app.memory.recover()
            assert lives(app), app.story(f"{left} bytes left")
    assert {b"", b"HTTP/1.1 200", b"HTTP/1.1 405"} <= answers
    assert b"HTTP/1.1 404" not in answers  # it is there; libevent's own 400 is another matter
    assert all_freed(app, used), app.memory.used() - used


@pytest.mark.plain
def test_memory_that_ends_as_connections_come_ends_nothing_else(starved):
    app = warm(starved("--", "sleep", "100"))
    used = app.memory.used()
    answered = 0
    for left in range(0, 160 * 1024, 4096):
        app.memory.leave(left)
        streams = [connect(app, timeout=0.1) for _ in range(20)]
        for stream in streams[:1] if left < 64 * 1024 else streams:
            answered += attempt(stream, REQUESTS["good"]).startswith(b"HTTP/1.1 200")
        for stream in streams:
            stream.close()
        app.memory.recover()
        assert lives(app), app.story(f"{left} bytes left")
    assert answered > 100
    assert all_freed(app, used), app.memory.used() - used


RELOADED = """
http: {listen: ['127.0.0.1:9909', 'unix:%s/s']}
signals: {SIGHUP: reload, SIGUSR1: SIGUSR2}
exitCodes: {9: 8}
shutdown: {stopOn: [TERM, INT], secondSignal: {INT: kill}}
processes: [{name: web, command: [sleep, '${TIME:-100}'], preStop: [{exec: {command: [a]}}]}]
"""


@pytest.mark.plain
def test_a_reload_whose_nth_allocation_fails_is_refused_and_one_with_memory_is_not(starved, place):
    app = starved(config=RELOADED % place).ready()
    app.signal("SIGHUP")
    last = app.wait_for("reloaded")
    used = app.memory.used()
    for n in itertools.count(1):
        app.memory.fail(n, n)
        app.signal("SIGHUP")
        last = app.wait_for("signal", action="reload", after=last)
        done = app.log.first(lambda event: event.at >= last.at and
                             event.get("msg") in ("reloaded", "reload refused"), 5)
        assert done, app.story(f"allocation {n}")
        if not app.memory.recover():
            break
        assert done["msg"] == "reload refused", f"allocation {n}"
        assert abs(app.memory.used() - used) < ROUNDING, f"allocation {n}"
        last = done
    assert n > 100 and done["msg"] == "reloaded"
    assert app.status("/readyz") == 200


HOOKS = """
shutdown: {gracePeriod: 4s, margin: 0s}
processes:
  - name: web
    preStop:
      - exec: {command: ["true"]}
      - httpGet: {port: 8080, path: /, httpHeaders: [{name: a, value: b}]}
      - signal: SIGUSR1
      - sleep: 10ms
    postStop:
      - exec: {command: ["true"]}
"""

SERVER = """
import signal, socket
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
server = socket.create_server(("", 8080))
if os.fork() == 0:
    os.setsid()
    signal.signal(signal.SIGTERM, lambda number, frame: (print("leftover asked"), os._exit(0)))
    print("up")
while True:
    with server.accept()[0] as stream:
        stream.recv(1000)
        stream.sendall(b"HTTP/1.1 200 OK\\r\\n\\r\\n")
"""


@pytest.mark.plain
@pytest.mark.parametrize("and_all_after_it", [False, True])
def test_a_shutdown_whose_nth_allocation_fails_has_the_same_end(starved, and_all_after_it):
    for n in itertools.count(1):
        app = starved("--", *python(SERVER), config=HOOKS).ready()
        app.wait_output("up")
        app.memory.fail(n, app.memory.NEVER if and_all_after_it else n)
        app.signal("SIGTERM")
        assert app.exit_code() == 143, app.story(f"allocation {n}")
        assert any(line.raw == "leftover asked" for line in app.output.list), \
            app.story(f"allocation {n}")
        if not app.memory.recover():
            break
    assert n > 10 and not app.events("hook failed")


STUBBORN = """
import os, signal
def got(number, frame):
    if number == signal.SIGUSR1 and os.fork() == 0:
        if os.fork() == 0:
            while os.getppid() != 1:
                pass
            os._exit(3)
        os._exit(0)
    print("got", number)
signal.signal(signal.SIGUSR1, got)
signal.signal(signal.SIGTERM, got)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
print("up")
while True:
    signal.pause()
"""


@pytest.mark.plain
@pytest.mark.parametrize("held", range(12))
def test_with_no_memory_at_all_it_forwards_reaps_stops_and_kills_at_the_deadline(starved, held):
    app = starved("--grace-period", "1500ms", "--log-level", "debug", "--", *python(STUBBORN)).ready()
    app.wait_output("up")
    fds = f"/proc/{app.pid}/fd"
    before = len(os.listdir(fds))
    streams = [connect(app) for _ in range(held)]  # their timers fill the loop's heap, just so
    assert until(lambda: len(os.listdir(fds)) == before + held)
    app.memory.fail(1, app.memory.NEVER)
    no_memory(app)
    for stream in streams:
        stream.close()


@pytest.mark.plain
def test_with_no_more_memory_from_the_kernel_it_does_all_this_too(lastcall):
    app = lastcall("--grace-period", "1500ms", "--log-level", "debug", "--", *python(STUBBORN)).ready()
    app.wait_output("up")
    resource.prlimit(app.pid, resource.RLIMIT_DATA, (0, 0))
    no_memory(app)


def no_memory(app):
    app.signal("SIGUSR1")
    app.wait_output("got 10")
    app.wait_for("orphan reaped", code=3)
    app.signal("SIGTERM")
    app.wait_output("got 15")
    assert app.wait_for("killed")["t"] == lateness(0.5)
    assert app.exit_code() == 137
