# SPDX-License-Identifier: Apache-2.0
"""The table of test_rollouts.py: failed requests by application, way and column; also as
build/e2e/table.md."""

import os

import results
from applications import COLUMNS, COMMANDS, MODES
from cluster import ROOT

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


def ours(cells):
    return [cell for cell in cells if cell["column"] in MODES]


def stopped(cells):
    return sum(way["stopped"] for cell in cells for way in cell["ways"].values())


def lost(cells):
    """With lastcall, but for what it does not claim."""
    return sum(len(found[kind]) for cell in ours(cells) for way in cell["ways"]
               for found in [failures(cell, way)] for kind in ("new", "kept"))


def sums(cells):
    sent = sum(one["requests"] for cell in cells for one in cell["load"].values())
    yield f"{stopped(cells)} pods stopped, {sent} requests sent, none of them twice."
    yield f"With lastcall: {stopped(ours(cells))} pods stopped, {lost(cells)} requests lost."


def main():
    cells = list(results.kept())
    if not cells:
        return
    text = "\n".join([HEAD, *table(cells), "", *sums(cells)])
    with open(os.path.join(ROOT, "build", "e2e", "table.md"), "w", encoding="utf-8") as file:
        file.write(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
