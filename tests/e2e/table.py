# SPDX-License-Identifier: Apache-2.0
"""The table of test_rollouts.py: failed requests by application, way and column; also as
build/e2e/table.md. Exit status 1 where rollouts take longer than they may, if all applications were
there (`tests/e2e/run --all`): how busy the machine was in one of them says nothing."""

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
    """By kind of client, those from the beginning of a way, or of the load, to that of the next."""
    begins = sorted(one["began"] for one in cell["ways"].values())
    began = cell["ways"][way]["began"]
    ended = min((one for one in begins if one > began), default=float("inf"))
    began = began if began > begins[0] else 0
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


def updates(cells, column):
    """How long the rolling update of each application took, in seconds."""
    return {cell["app"]: one["ended"] - one["began"] for cell in cells if cell["column"] == column
            for way, one in cell["ways"].items() if way == "update"}


def median(cells, column):
    took = updates(cells, column).values()
    return f"{statistics.median(took):.1f} s" if took else ""


def slowest(cells, column):
    """By how much the slowest answer took longer than the application took for it."""
    over = [float(line["took_ms"]) - int(client.rsplit("-", 1)[1].removesuffix("ms"))
            for cell in cells if cell["column"] == column for client, one in cell["load"].items()
            for line in one["record"] if line["outcome"] == "answered"]
    return f"{max(over) / 1000:.1f} s" if over else ""


def table(cells):
    places = {}
    for cell in cells:
        for way in cell["ways"]:
            places.setdefault((cell["app"], way), {})[cell["column"]] = told(cell, way)
    yield row(["application, stopped by", *COLUMNS])
    yield row(["---"] * (len(COLUMNS) + 1))
    order = list(COMMANDS)
    for app, way in sorted(places, key=lambda place: (place[1] == "straight", order.index(place[0]))):
        yield row([f"{app}, {way}", *(places[app, way].get(column, "") for column in COLUMNS)])
    yield row(["a rolling update of 2 pods, median", *(median(cells, column) for column in COLUMNS)])
    yield row(["the slowest answer, over its length", *(slowest(cells, column) for column in COLUMNS)])


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
    """The columns whose rolling updates take longer than 1.15 times `sleep`'s and the longest answer: by
    the medians over the applications that are in both columns, since each has its own time."""
    base = updates(cells, "sleep")
    for column in MODES:
        took = updates(cells, column)
        both = sorted(base.keys() & took.keys())
        if both:
            allowed = 1.15 * (statistics.median(base[app] for app in both) + LONGEST_ANSWER)
            ratio = statistics.median(took[app] for app in both) / allowed
            yield ratio > 1, (f"{column}: a rolling update takes {ratio:.2f} of what it may "
                              f"({', '.join(both)}).")


def main():
    cells = list(results.kept())
    if not cells:
        return 0
    judged = list(late(cells))
    whole = {cell["app"] for cell in cells if cell["column"] == "sleep"} == set(COMMANDS)
    text = "\n".join([HEAD, *table(cells), "", *sums(cells), *(line for _, line in judged)])
    with open(os.path.join(ROOT, "build", "e2e", "table.md"), "w", encoding="utf-8") as file:
        file.write(text + "\n")
    print(text)
    return whole and any(is_late for is_late, _ in judged)


if __name__ == "__main__":
    sys.exit(main())
