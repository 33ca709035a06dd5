# SPDX-License-Identifier: Apache-2.0
"""How late phases end and SIGKILL comes, by lastcall's own log against its plan. lastcall alone: its
peers have no phases."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time

from figure import OURS, Bound, Figure, Spec
from programs import PATHS, Init

LIVES = 100
AT_ONCE = 20
WINDOW, GRACE, MARGIN = 0.2, 1.0, 0.1
STAGGER_SEC = 0.02  # between two of them: they shall not stop all at one moment
COMMAND = [PATHS[OURS], "--propagation", f"{WINDOW}s", "--grace-period", f"{GRACE}s",
           "--margin", f"{MARGIN}s", "--log-format", "json", "--"]
# It listens: else nobody would be served, and there would be no window.
UNDYING = ["/usr/bin/python3", "-I", "-S", "-c", "import signal, socket, time\n"
           "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
           "kept = socket.create_server(('', 8000))\n"
           "print('ready', flush=True)\n"
           "time.sleep(60)"]

PHASE = Spec("late-phase", "ms", "How much later than planned a phase ends, on an idle machine",
             "p99", bound=Bound(2))
KILL = Spec("late-kill", "ms", "How long after the deadline SIGKILL is sent, on an idle machine",
            "p99", bound=Bound(5))
PHASE_LOADED = Spec("late-phase-loaded", "ms", "The same phases, every processor busy twice over",
                    "p99", bound=Bound(2))
KILL_LOADED = Spec("late-kill-loaded", "ms", "The same SIGKILL, every processor busy twice over",
                   "p99", bound=Bound(5))


def _start():
    init = Init(COMMAND, UNDYING, net=True, stderr=subprocess.PIPE)
    if init.outer.stdout.readline() != b"ready\n":
        raise RuntimeError(init.outer.stderr.read().decode())
    return init


def _stop(init):
    """Its log, once it has ended."""
    with contextlib.closing(init):
        log = [json.loads(line) for line in init.outer.stderr]
        init.outer.wait()
        return log


def _msec(seconds):
    """Whole, as in the log: their difference in binary is not."""
    return round(1000 * seconds)


def _lateness(log):
    """In ms, of the phases that end by the clock, and of SIGKILL. The log rounds up to whole ms."""
    ends = {line["phase"]: line["t"] for line in log if line["msg"] == "phase" and "t" in line}
    killed = next(line["t"] for line in log if line["msg"] == "killed")
    deadline = GRACE - MARGIN
    return ([_msec(ends["propagating"] - WINDOW), _msec(ends["stopping"] - deadline)],
            _msec(killed - deadline))


def _live(count):
    phases, kills = [], []
    for _ in range(count // AT_ONCE):
        inits = [_start() for _ in range(AT_ONCE)]
        for init in inits:
            os.kill(init.pid, signal.SIGTERM)
            time.sleep(STAGGER_SEC)
        for init in inits:
            phase, kill = _lateness(_stop(init))
            phases += phase
            kills.append(kill)
    return phases, kills


@contextlib.contextmanager
def _load():
    spinners = [subprocess.Popen([sys.executable, "-c", "while True: pass"])
                for _ in range(2 * os.cpu_count())]
    try:
        yield
    finally:
        for spinner in spinners:
            spinner.kill()
            spinner.wait()


def measure_idle():
    phases, kills = _live(LIVES)
    yield Figure(PHASE, {OURS: phases})
    yield Figure(KILL, {OURS: kills})


def measure_loaded():
    with _load():
        phases, kills = _live(LIVES)
    yield Figure(PHASE_LOADED, {OURS: phases})
    yield Figure(KILL_LOADED, {OURS: kills})


MEASURES = ((measure_idle, (PHASE, KILL)), (measure_loaded, (PHASE_LOADED, KILL_LOADED)))
