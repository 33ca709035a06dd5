# SPDX-License-Identifier: Apache-2.0
"""What an init adds to the start and the end of a container."""

from figure import Bound, Figure, Spec
from programs import run_in_turn, tool

ROUNDS = 400
USEC = 1e-3

TRUE = Spec("start-true", "µs", "From the init's exec to its exit, with /bin/true behind it",
            bound=Bound(1.1, "tini"))
CHILD = Spec("start-child", "µs", "From the init's exec to the first line of the program behind it",
             bound=Bound(1.1, "tini"))
EXIT = Spec("exit", "µs", "From the last act of the program behind it to the init's own exit",
            bound=Bound(2000))
MASK = Spec("first-signal", "µs", "From its exec until it has SIGTERM blocked: one that comes before "
            "is dropped by the kernel")


def _figure(spec, samples, column):
    return Figure(spec, {name: [each[column] * USEC for each in list_]
                         for name, list_ in samples.items()})


def measure_true():
    yield _figure(TRUE, run_in_turn("starts", ROUNDS, "/bin/true"), 0)


def measure_child():
    samples = run_in_turn("starts", ROUNDS, tool("stamp"))
    yield _figure(CHILD, samples, 1)
    yield _figure(EXIT, samples, 2)


def measure_mask():
    yield _figure(MASK, run_in_turn("mask", ROUNDS // 2, tool("stamp")), 0)


MEASURES = ((measure_true, (TRUE,)), (measure_child, (CHILD, EXIT)), (measure_mask, (MASK,)))
