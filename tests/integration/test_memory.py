# SPDX-License-Identifier: Apache-2.0
"""Memory after the start: it does not grow, and where there is none lastcall lives on."""

import subprocess

import pytest

from lastcall import helper, proc_status

COUNT, WARM_UP = 100_000, 5_000
GROWTH_MAX = 32 * 1024  # bytes: a third of one a signal, child or request


def memory(pid):
    """Bytes: private and dirty; and all that it may write to alone, touched or not."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        dirty = next(int(line.split()[1]) for line in file if line.startswith("Private_Dirty:"))
    return dirty * 1024, int(proc_status(pid)["VmData"].split()[0]) * 1024


def churn(app, count):
    app.outer.stdin.write(b"%d\n" % count)
    app.outer.stdin.flush()
    app.wait_output(f"done {count}", timeout=120)


def growth(app, count=COUNT):
    """How much more each of them is after so many, once the first ones have had theirs."""
    app.ready()
    churn(app, WARM_UP)
    before = memory(app.pid)
    churn(app, count)
    grown = [now - then for now, then in zip(memory(app.pid), before)]
    return grown


@pytest.mark.plain
@pytest.mark.parametrize("what", ["signals", "requests", "children"])
def test_its_memory_does_not_grow(lastcall, figure, what):
    orphans = 'while read -r n; do "$0" "$n" && echo "done $n"; done'
    command = ["sh", "-c", orphans, helper("orphans")] if what == "children" else \
        [helper("churn"), what]
    app = lastcall("--", *command, stdin=subprocess.PIPE)
    dirty, data = growth(app)
    figure(f"more memory after {COUNT:,} {what}",
           f"{dirty // 1024} KiB private and dirty, {data // 1024} KiB of data")
    assert dirty <= GROWTH_MAX and data <= GROWTH_MAX
