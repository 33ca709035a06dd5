# SPDX-License-Identifier: Apache-2.0
"""What an init does all day: it forwards signals, and reaps."""

import os
import subprocess

from figure import Bound, Figure, Spec
from programs import COMMANDS, Init, all_running, samples_of, tool

SIGNALS = 3000
ORPHANS = 4000
STORMS = 5  # 20,000 altogether
USEC, MSEC = 1e-3, 1e-6

MEDIAN = Spec("signal-median", "µs", "From kill(2) on the init to the handler of the program behind "
              "it", bound=Bound(1.2, "tini"))
P99 = Spec("signal-p99", "µs", "The same, the slowest of a hundred", "p99")
CPU = Spec("reap-cpu", "ms", "Processor time of PID 1 while it reaps 20,000 orphans",
           bound=Bound(1.2, "tini"))
ZOMBIE = Spec("reap-zombie", "ms", "The longest time that one of 20,000 orphans, who die a hundred at "
              "a time, stayed a zombie", "max")


def measure_signals():
    with all_running([tool("echo")]) as inits:
        targets = []
        for init in inits.values():
            fd = init.outer.stdout.fileno()
            os.read(fd, 8)
            targets.append((init.pid, fd))
        text = subprocess.run([tool("latency"), str(SIGNALS), *(f"{pid}:{fd}" for pid, fd in targets)],
                              pass_fds=[fd for _, fd in targets], stdout=subprocess.PIPE,
                              check=True).stdout
    samples = {name: [each[0] * USEC for each in list_]
               for name, list_ in samples_of(text).items()}
    yield Figure(MEDIAN, samples)
    yield Figure(P99, samples)


def _processor_ns(init):
    return int(init.read_proc("schedstat").split()[0])


def _storm(command):
    """Processor time of the init for all storms, were they like this one, and the longest life of a
    zombie; both in ms."""
    init = Init(command, [tool("storm"), str(ORPHANS)])
    try:
        before = _processor_ns(init)
        init.outer.stdin.write(b"x")
        init.outer.stdin.flush()
        longest, _median = map(int, init.outer.stdout.readline().split())
        return (_processor_ns(init) - before) * STORMS * MSEC, longest * MSEC
    finally:
        init.close()


def measure_orphans():
    storms = {name: [] for name in COMMANDS}
    for _ in range(STORMS):
        for name, command in COMMANDS.items():
            storms[name].append(_storm(command))
    yield Figure(CPU, {name: [cpu for cpu, _ in each] for name, each in storms.items()})
    yield Figure(ZOMBIE, {name: [zombie for _, zombie in each] for name, each in storms.items()})


MEASURES = ((measure_signals, (MEDIAN, P99)), (measure_orphans, (CPU, ZOMBIE)))
