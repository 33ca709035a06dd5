# SPDX-License-Identifier: Apache-2.0
"""A figure: what it is called and means, what was measured of each program, how lastcall compares,
and whether it keeps its bound."""

import dataclasses
import statistics

OURS = "lastcall"
PEERS = ("tini", "dumb-init", "catatonit")
BLOCKS = 10  # of rounds, each giving one ratio: their spread is what a second run might have said


@dataclasses.dataclass(frozen=True)
class Bound:
    """At most `limit`, in the figure's unit, or times what `peer` has."""
    limit: float
    peer: str = ""

    def __str__(self):
        return f"≤ {self.limit:g} × {self.peer}" if self.peer else f"≤ {self.limit:,g}"


@dataclasses.dataclass(frozen=True)
class Spec:
    """`of`: which of the samples counts, "median", "p99" or "max"."""
    name: str
    unit: str
    what: str
    of: str = "median"
    bound: Bound | None = None


class Figure:
    def __init__(self, spec, samples, parts=None, curves=None):
        """`samples`: a program's name, and its samples in the order of the rounds. `parts`: what the
        figure is made of, if that is of interest. `curves`: lists for a plot of its own."""
        self.spec = spec
        self.values = {name: _pick(each, spec.of) for name, each in samples.items()}
        self.counts = {name: len(each) for name, each in samples.items()}
        self.ratios = {name: _compare(samples[OURS], samples[name], spec.of)
                       for name in PEERS if name in samples}
        self.parts = parts or {}
        self.curves = curves or {}

    @property
    def held(self):
        """None where there is no bound."""
        bound = self.spec.bound
        if not bound:
            return None
        if bound.peer:
            return self.ratios[bound.peer]["median"] <= bound.limit
        return self.values[OURS] <= bound.limit

    def as_dict(self):
        bound = self.spec.bound
        return {"name": self.spec.name, "unit": self.spec.unit, "what": self.spec.what,
                "of": self.spec.of, "values": self.values, "samples": self.counts,
                "ratios": self.ratios, "parts": self.parts, "curves": self.curves, "held": self.held,
                "bound": dataclasses.asdict(bound) | {"text": str(bound)} if bound else None}


def _pick(samples, of):
    if of == "max" or len(samples) == 1:
        return max(samples)
    if of == "p99":
        return statistics.quantiles(samples, n=100, method="inclusive")[98]
    return statistics.median(samples)


def _compare(ours, theirs, of):
    """The ratio, block by block: its median, and the quartiles between which half of them lie. None
    where the peer has 0, which nothing can be a multiple of."""
    size = max(1, min(len(ours), len(theirs)) // BLOCKS)
    ratios = []
    for at in range(0, min(len(ours), len(theirs)) - size + 1, size):
        divisor = _pick(theirs[at:at + size], of)
        if divisor == 0:
            return None
        ratios.append(_pick(ours[at:at + size], of) / divisor)
    low, median, high = (statistics.quantiles(ratios, n=4, method="inclusive") if len(ratios) > 1
                         else ratios * 3)
    return {"median": median, "low": low, "high": high}
