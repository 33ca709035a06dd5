# SPDX-License-Identifier: Apache-2.0
"""What lastcall may cost: the static program's size and memory, and no wakeup when idle."""

import glob
import os
import subprocess
import time

import pytest

from lastcall import PYTHON, binary, proc_status

pytestmark = pytest.mark.plain  # and static, as the release is: tests/run builds it


def test_it_is_not_a_dynamic_executable():
    done = subprocess.run(["ldd", binary()], capture_output=True, text=True, check=False,
                          env={"PATH": os.environ["PATH"], "LC_ALL": "C"})
    assert "not a dynamic executable" in done.stdout + done.stderr


def test_its_size_is_at_most_1_5_mb(figure):
    size = os.path.getsize(binary())
    figure("size of the static lastcall", f"{size:,} bytes")
    assert size <= 1_500_000


def test_its_resident_memory_is_at_most_1_6_mib_with_the_listener_open(lastcall, figure):
    app = lastcall("--", "sleep", "100").ready()
    for path in ("/readyz", "/livez", "/status"):
        assert app.status(path) == 200
    resident = int(proc_status(app.pid)["VmRSS"].split()[0])
    with open(f"/proc/{app.pid}/smaps_rollup", encoding="ascii") as file:
        private = next(int(line.split()[1]) for line in file if line.startswith("Private_Dirty:"))
    figure("resident when idle, the listener open",
           f"{resident} KiB, {private} KiB of it private and dirty")
    assert resident <= 1.6 * 1024


def switches(pid):
    """Context switches of all its threads: each wakeup makes one."""
    total = 0
    for task in glob.glob(f"/proc/{pid}/task/*"):
        status = proc_status(f"{pid}/task/{os.path.basename(task)}")
        total += sum(int(status[key]) for key in ("voluntary_ctxt_switches",
                                                  "nonvoluntary_ctxt_switches"))
    return total


def test_it_does_not_wake_up_in_10_idle_seconds(anywhere, figure):
    app = anywhere("--ports", "8080", "--", PYTHON, "-c",
                   "import socket, time; s = socket.create_server(('', 8080)); time.sleep(100)")
    app.ready()
    time.sleep(0.3)  # what follows the start has to be over
    before = switches(app.pid)
    time.sleep(10)  # the measurement itself
    wakeups = switches(app.pid) - before
    figure("wakeups in 10 idle seconds", wakeups)
    assert wakeups == 0
