# SPDX-License-Identifier: Apache-2.0
"""lastcall as a container runtime starts it, and its log as events.

Every test has a PID namespace, a mount namespace with its own /proc, and a network namespace of its
own (tests/apps/pidns): lastcall is the real PID 1 there, or, as a `subreaper`, the child of a shell
that is. All ports are free, all processes that are left over die with the namespace, and tests run
in parallel, as root or not.

    app = lastcall("--propagation", "1s", "--", "sleep", "100", via=SERVING)
    app.ready()
    app.signal("SIGTERM")
    sent = app.wait_for("stop signal sent")
    assert sent["t"] == lateness(1.0)
    assert app.exit_code() == 143
"""

import glob
import json
import os
import signal as signals
import subprocess
import threading
import time

from namespaces import Network

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PYTHON = "/usr/bin/python3"

# How lastcall is run: as it is, as a build with sanitizers, or under valgrind. The slower ones get
# more time, and nobody holds them to milliseconds.
UNDER = os.environ.get("LASTCALL_TEST_UNDER", "")
SLOWNESS = {"": 1, "asan": 2, "valgrind": 10}[UNDER]
FAULT = 99  # the exit code that ASan and valgrind give where they found a fault

VALGRIND = ["valgrind", "--quiet", "--vgdb=no", "--trace-children=no", "--child-silent-after-fork=yes",
            "--leak-check=full", "--errors-for-leak-kinds=definite", f"--error-exitcode={FAULT}"]


def newest(pattern):
    """A file of the newest build that has it; None where none has."""
    found = glob.glob(os.path.join(ROOT, "build*", pattern))
    found += glob.glob(os.path.join(ROOT, "build*", "*", pattern))
    return max(found, key=os.path.getmtime, default=None)


def binary():
    chosen = os.environ.get("LASTCALL") or newest("cmd/lastcall/lastcall")
    if not chosen:
        raise FileNotFoundError("no build/*/cmd/lastcall/lastcall: build it, or set LASTCALL")
    return os.path.abspath(chosen)


def helper(name):
    """One of tests/apps."""
    beside = os.path.join(os.path.dirname(binary()), "..", "..", "tests", "apps", name)
    chosen = beside if os.path.exists(beside) else newest(f"tests/apps/{name}")
    if not chosen:
        raise FileNotFoundError(f"no build/*/tests/apps/{name}: build it")
    return os.path.abspath(chosen)


def prelude(*arguments):
    """A command to put before lastcall: sets up what a test wants it to inherit (prelude.py)."""
    return [PYTHON, "-I", "-S", os.path.join(HERE, "prelude.py"), *arguments, "--"]


# Before lastcall: its process listens from the very start, and so has a window.
SERVING = prelude("--serve")


def number(signal):
    """A signal's number: "SIGTERM", "SIGRTMIN+3" (which counts from 34), or the number itself."""
    if isinstance(signal, int):
        return int(signal)
    if signal.startswith("SIGRTMIN"):
        return 34 + int(signal[len("SIGRTMIN"):] or 0)
    return signals.Signals[signal].value


def lateness(due, late=0.25):
    """Equal to any time from `due` on that is not much later: what a loaded machine adds."""
    return Between(due, due + late * SLOWNESS)


class Between:
    def __init__(self, low, high):
        self.low, self.high = low, high

    def __eq__(self, other):
        return self.low <= other <= self.high

    def __repr__(self):
        return f"{self.low:.3f}..{self.high:.3f}"


class Lines:
    """What comes out of a pipe, line by line, as it comes."""

    def __init__(self, pipe):
        self.list, self.ended = [], False
        self.changed = threading.Condition()
        threading.Thread(target=self._read, args=(pipe,), daemon=True).start()

    def _read(self, pipe):
        with pipe:
            for raw in pipe:
                self._put(raw.decode(errors="replace").rstrip("\n"))
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def _put(self, line):
        with self.changed:
            self.list.append(event_of(line))
            self.changed.notify_all()

    def first(self, wanted, timeout):
        """The first line for which wanted(line) is true; None when the time or the pipe is over."""
        seen, end = 0, time.monotonic() + timeout * SLOWNESS
        with self.changed:
            while True:
                for line in self.list[seen:]:
                    if wanted(line):
                        return line
                seen = len(self.list)
                left = end - time.monotonic()
                if self.ended or left <= 0:
                    return None
                self.changed.wait(left)

    def wait_end(self, timeout):
        with self.changed:
            self.changed.wait_for(lambda: self.ended, timeout)

    def text(self):
        return "".join(line.raw + "\n" for line in list(self.list))

    def __str__(self):
        shown = [f"    {line.raw[:500]}" for line in list(self.list)]
        if len(shown) > 60:
            shown[20:-40] = [f"    … {len(shown) - 60} lines …"]
        return "\n".join(shown) or "    (nothing)"


class Event(dict):
    """One line of the log. `at`: when we read it (time.monotonic()). A line that is not JSON, such
    as the application's, has no keys, and only `raw`."""

    raw = ""
    at = 0.0


def event_of(line):
    try:
        fields = json.loads(line)
    except ValueError:
        fields = None
    event = Event(fields if isinstance(fields, dict) else {})
    event.raw, event.at = line, time.monotonic()
    return event


class Lastcall:
    def __init__(self, place, arguments, *, config=None, subreaper=False, via=(), env=None,
                 proc=True, net=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                 stderr=subprocess.PIPE, program=None, cwd=None):
        """`arguments` are lastcall's. `via`: a command in front of it, which execs it. `env` is
        all that it gets besides PATH. `proc` False: no /proc is mounted. `net` False: it shares our
        network. `program`: something else in lastcall's stead, such as a shell that starts it."""
        self.place = place
        if config is not None:
            arguments = ["-c", self.write("lastcall.yaml", config), *arguments]
        command = [*via, *(self._program() if program is None else program),
                   *map(str, arguments)]
        if subreaper:
            command = ["/bin/sh", "-c", '"$@"; exit $?', "sh", *command]
        namespaces = [helper("pidns"), *(["--net"] if net else []),
                      *([] if proc else ["--no-proc"])]
        self.subreaper = subreaper
        self.env = self._environment(env or {})
        self.started = time.monotonic()
        self.outer = subprocess.Popen([*namespaces, *command], env=self.env, stdin=stdin,
                                      stdout=stdout, stderr=stderr, cwd=cwd or place)
        self.log = Lines(self.outer.stderr) if self.outer.stderr else None
        self.output = Lines(self.outer.stdout) if self.outer.stdout else None
        self._pid = self._network = None

    def _program(self):
        if UNDER != "valgrind":
            return [binary()]
        return [*VALGRIND, f"--log-file={os.path.join(self.place, 'valgrind.%p')}", binary()]

    def _environment(self, given):
        # LC_ALL: else Python, where it is the prelude, adds one of its own (PEP 538).
        env = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
               "LC_ALL": "C.UTF-8"}
        if UNDER == "asan":
            env["ASAN_OPTIONS"] = f"exitcode={FAULT}:abort_on_error=0"
            env["UBSAN_OPTIONS"] = f"exitcode={FAULT}:halt_on_error=1:print_stacktrace=1"
        return {**env, **given}

    def write(self, name, text, mode=0o644):
        """A file in the test's own directory."""
        path = os.path.join(self.place, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    # --- what it says ---

    def wait_for(self, msg, timeout=5, after=None, **fields):
        """The first event of that message and those fields (after another event), within a bound."""
        def wanted(event):
            return (event.get("msg") == msg and (after is None or event.at > after.at) and
                    all(event.get(key) == value for key, value in fields.items()))
        event = self.log.first(wanted, timeout)
        assert event is not None, self.story(f"no “{msg}” {fields or ''} within {timeout} s")
        return event

    def ready(self, timeout=10):
        """Waits until it says that it is ready; returns itself."""
        self.wait_for("readiness", timeout, ready=True)
        return self

    def wait_output(self, text, timeout=5):
        """The application's first line of output that holds `text`."""
        line = self.output.first(lambda line: text in line.raw, timeout)
        assert line is not None, self.story(f"no output “{text}” within {timeout} s")
        return line.raw

    def events(self, msg, **fields):
        """All events so far of that message and those fields."""
        return [event for event in list(self.log.list) if event.get("msg") == msg and
                all(event.get(key) == value for key, value in fields.items())]

    def said(self, text):
        return any(text in event.raw for event in list(self.log.list))

    def story(self, trouble):
        output = f"\n  output:\n{self.output}" if self.output else ""
        return f"{trouble}\n  log:\n{self.log}{output}"

    # --- what is done to it ---

    @property
    def pid(self):
        """lastcall's PID in our own namespace. Known once its first line is here."""
        if self._pid is None:
            if self.log:
                inside = str(self.wait_for("lastcall", timeout=10)["pid"])
                self._pid, = (pid for pid in descendants(self.outer.pid)
                              if pid_inside(pid) == inside)
            else:
                top = only_child(self.outer.pid)
                self._pid = only_child(top) if self.subreaper else top
        return self._pid

    def signal(self, signal):
        """Sends it; returns when (time.monotonic())."""
        pid, now = self.pid, time.monotonic()
        os.kill(pid, number(signal))
        return now

    def exit_code(self, timeout=10):
        """Waits for its end. All that it said is known then."""
        try:
            code = self.outer.wait(timeout * SLOWNESS)
        except subprocess.TimeoutExpired:
            raise AssertionError(self.story(f"it runs still after {timeout} s")) from None
        for lines in filter(None, (self.log, self.output)):
            lines.wait_end(5)
        assert code != FAULT or not UNDER, self.story(f"a fault\n{self.faults()}")
        return code

    def running(self):
        return self.outer.poll() is None

    @property
    def network(self):
        if self._network is None:
            self._network = Network(self.pid)
        return self._network

    def http(self, path, **options):
        """One request; see Network.http()."""
        return self.network.http(path, **options)

    def status(self, path, **options):
        return self.http(path, **options).status

    def control(self):
        """The address of its control socket."""
        return f"\0lastcall-{os.stat(f'/proc/{self.pid}/ns/mnt').st_ino}"

    def post(self, path):
        """Over its control socket."""
        return self.http(path, method="POST", address=self.control())

    # --- its end ---

    def faults(self):
        found = []
        for path in glob.glob(os.path.join(self.place, "valgrind.*")):
            with open(path, encoding="utf-8", errors="replace") as file:
                # Lines with -- are about valgrind itself: system calls that it does not know.
                found += [line for line in file if line.startswith("==")]
        return "".join(found)

    def close(self):
        """Ends the namespace, and with it all that is left; then looks for faults."""
        for pid in children(self.outer.pid):
            try:
                os.kill(pid, signals.SIGKILL)
            except ProcessLookupError:
                pass
        try:
            self.outer.wait(5)
        except subprocess.TimeoutExpired:
            self.outer.kill()
            self.outer.wait(5)
        if self._network:
            self._network.close()
        faults = self.faults()
        sanitizer = self.log and (self.said("ERROR: AddressSanitizer") or
                                  self.said("ERROR: LeakSanitizer") or self.said("runtime error:"))
        assert not faults and not sanitizer, self.story(f"a fault\n{faults}")


def children(pid):
    found = []
    for path in glob.glob(f"/proc/{pid}/task/*/children"):
        try:
            with open(path, encoding="ascii") as file:
                found += map(int, file.read().split())
        except OSError:  # it has just ended
            pass
    return found


def descendants(pid):
    return [each for child in children(pid) for each in (child, *descendants(child))]


def only_child(pid):
    found = children(pid)
    assert len(found) >= 1, f"process {pid} has no child"
    return found[0]


def until(condition, timeout=5, every=0.005):
    """Waits for something that sends no event; its last value, true or not when time is over."""
    end = time.monotonic() + timeout * SLOWNESS
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(every)


def proc_status(pid):
    """/proc/PID/status as a dict of texts."""
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


# One write(2) a line, so that lines of several processes do not mix.
PRINT = """
import os
def print(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())
"""


def pid_inside(pid):
    """Its PID in its own namespace; None where it has just ended."""
    try:
        return proc_status(pid)["NSpid"].split()[-1]
    except (OSError, KeyError):
        return None


def python(code, *arguments):
    """A command: a small Python program as the application."""
    return [PYTHON, "-I", "-S", "-c", PRINT + code, *map(str, arguments)]
