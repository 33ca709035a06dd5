# SPDX-License-Identifier: Apache-2.0
"""The table of test_rollouts.py: failed requests by application, way and column; also as
build/e2e/table.md. Exit status 1 where a rollout takes longer than it may."""

import os
import statistics
import sys

import results
from applications import COLUMNS, COMMANDS, MODES
from cluster import ROOT

LONGEST_ANSWER = 3 # seconds
KINDS = ("new", "kept", "straight")
HEAD = """Failed requests: on new connections through the Service + on kept ones through a balancer
that follows readiness. `straight`, measured, not claimed: a rolling update under kept ones straight
through kube-proxy; in parentheses those on a reused connection that was closed before any byte came.
"""


def failures(cell, way):
    """By kind of client, those from the beginning of a way to that of the next."""
    begins = sorted(one["began"] for one in cell["ways"].values())
    began = cell["ways"][way]["began"]
    ended = min((one for one in begins if one > began), default=float("inf"))
    found = {kind: [] for kind in KINDS}
    for client, one in cell["load"].items():
        found[client.split("-")[0]] += [event for event in one["events"]
                                        if began <= event["wall"] < ended]
    return found


def told(cell, way):
    found = failures(cell, way)
    if way != "straight":
        return f"{len(found['new'])} + {len(found['kept'])}"
    reused = [one for one in found["straight"] if one["class"].startswith("reused")]
    return f"{len(found['straight'])} ({len(reused)})"


def row(words):
    return "| " + " | ".join(words) + " |"


def seconds(cells, column):
    """The median of the rolling updates of a column, and the ratio to that of `sleep`'s."""
    took = [one["ended"] - one["began"] for cell in cells if cell["column"] == column
            for way, one in cell["ways"].items() if way == "update"]
    return statistics.median(took) if took else None


def table(cells):
    places = {}
    for cell in cells:
        for way in cell["ways"]:
            places.setdefault((cell["app"], way), {})[cell["column"]] = told(cell, way)
    yield row(["application, stopped by", *COLUMNS])
    yield row(["---"] * (len(COLUMNS) + 1))
    order = list(COMMANDS)
    for (app, way), columns in sorted(places.items(), key=lambda item: order.index(item[0][0])):
        yield row([f"{app}, {way}", *(columns.get(column, "") for column in COLUMNS)])
    took = {column: seconds(cells, column) for column in COLUMNS}
    yield row(["a rolling update of 2 pods, median",
               *(f"{took[column]:.1f} s" if took[column] else "" for column in COLUMNS)])


def sums(cells):
    pods = sum(way["stopped"] for cell in cells for way in cell["ways"].values())
    sent = sum(one["requests"] for cell in cells for one in cell["load"].values())
    ours = [cell for cell in cells if cell["column"] in MODES]
    lost = sum(len(found[kind]) for cell in ours for way in cell["ways"]
               for found in [failures(cell, way)] for kind in ("new", "kept"))
    yield f"{pods} pods stopped, {sent} requests sent, none of them twice."
    yield (f"With lastcall: {sum(way['stopped'] for cell in ours for way in cell['ways'].values())} "
           f"pods stopped, {lost} requests lost.")


def late(cells):
    """The columns whose rollouts take longer than 1.15 times those of `sleep` and the longest answer."""
    base = seconds(cells, "sleep")
    for column in MODES:
        took = seconds(cells, column)
        if base and took:
            ratio = took / (1.15 * (base + LONGEST_ANSWER))
            yield ratio > 1, f"{column}: a rolling update takes {ratio:.2f} of what it may."


def main():
    cells = list(results.kept())
    if not cells:
        return 0
    judged = list(late(cells))
    text = "\n".join([HEAD, *table(cells), "", *sums(cells), *(line for _, line in judged)])
    with open(os.path.join(ROOT, "build", "e2e", "table.md"), "w", encoding="utf-8") as file:
        file.write(text + "\n")
    print(text)
    return any(is_late for is_late, _ in judged)


if __name__ == "__main__":
    sys.exit(main())
