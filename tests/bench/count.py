# SPDX-License-Identifier: Apache-2.0
"""What a look at the application's connections costs, by how many there are. lastcall alone: its peers
do not look."""

import json
import statistics
import subprocess

from figure import OURS, Bound, Figure, Spec
from programs import tool

NUMBERS = (100, 300, 1000, 3000, 10000, 30000, 100000)
ROUNDS = 3  # each the median of 15 looks

COST = Spec("count-10000", "ms", "Processor time of a look at 10,000 connections", bound=Bound(10))
DUMP = Spec("count-dump", "times", "The same, beside what the kernel takes to list them, whoever reads "
            "that", bound=Bound(1.25))
HOLD = Spec("count-hold", "ms", "The longest that a look at 100,000 connections holds the loop at a "
            "time", bound=Bound(2))


def _looks(*options):
    text = subprocess.run([tool("count_connections"), *options, *map(str, NUMBERS)],
                          stdout=subprocess.PIPE, check=True, text=True).stdout
    return [json.loads(line) for line in text.splitlines()]


def _curve(rounds, key, scale=1):
    return [statistics.median(each[i][key] * scale for each in rounds)
            for i in range(len(NUMBERS))]


def measure():
    rounds = [_looks() for _ in range(ROUNDS)]
    look = _curve(rounds, "cpu_msec")
    curves = {"n": NUMBERS, "look": look, "watch": _curve(rounds, "watch_cpu_msec"),
              "hold": _curve(rounds, "longest_cpu_usec", 1e-3),
              "proc": _curve([_looks("--proc")], "cpu_msec")}
    at = NUMBERS.index(10000)
    yield Figure(COST, {OURS: [each[at]["cpu_msec"] for each in rounds]},
                 {f"{n:,}": value for n, value in zip(NUMBERS, look)}, curves)
    yield Figure(DUMP, {OURS: [each[at]["cpu_msec"] / each[at]["dump_cpu_msec"] for each in rounds]})
    yield Figure(HOLD, {OURS: [each[-1]["longest_cpu_usec"] * 1e-3 for each in rounds]})


MEASURES = ((measure, (COST, DUMP, HOLD)),)
