# SPDX-License-Identifier: Apache-2.0
"""What an init costs while it has nothing to do: all of them at once, side by side."""

import glob
import re
import time

from figure import Bound, Figure, Spec
from programs import all_running, tool

SECONDS = 10

WAKEUPS = Spec("idle-wakeups", "in 10 s", "How often a thread of the init has run while nothing "
               "happened", bound=Bound(0))
RESIDENT = Spec("idle-resident", "KiB", "Resident memory, file pages that others share included",
                bound=Bound(1.6 * 1024))
DIRTY = Spec("idle-dirty", "KiB", "Private and dirty memory: what one more container really costs",
             bound=Bound(200))


def _wakeups(init):
    """Each time that a thread was put aside it had been run."""
    count = 0
    for path in glob.glob(f"/proc/{init.pid}/task/*/status"):
        with open(path, encoding="ascii") as file:
            count += sum(map(int, re.findall(r"voluntary_ctxt_switches:\t(\d+)", file.read())))
    return count


def _memory(init, key):
    """In KiB; smaps_rollup counts pages, /proc/PID/status is allowed to be behind (proc(5))."""
    return int(re.search(rf"^{key}: +(\d+) kB", init.read_proc("smaps_rollup"), re.M)[1])


def measure():
    with all_running([tool("echo")]) as inits:
        for init in inits.values():
            init.outer.stdout.read(8)
        time.sleep(1)  # what still had to be done after the start is not idling
        before = {name: _wakeups(init) for name, init in inits.items()}
        time.sleep(SECONDS)
        yield Figure(WAKEUPS, {name: [_wakeups(init) - before[name]]
                               for name, init in inits.items()})
        yield Figure(RESIDENT, {name: [_memory(init, "Rss")] for name, init in inits.items()})
        yield Figure(DIRTY, {name: [_memory(init, "Private_Dirty")]
                             for name, init in inits.items()})


MEASURES = ((measure, (WAKEUPS, RESIDENT, DIRTY)),)
