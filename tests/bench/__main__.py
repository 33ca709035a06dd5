# SPDX-License-Identifier: Apache-2.0
"""See tests/bench/run."""

import json
import os
import sys

import count
import idle
import lateness
import machine
import plot
import plot_count
import readyz
import size
import start
import table
import work
from programs import BUILD, copy_all

# Each measures one figure or some that come together.
MEASURES = [*size.MEASURES, *start.MEASURES, *work.MEASURES, *idle.MEASURES, *readyz.MEASURES,
            *lateness.MEASURES, *count.MEASURES]

HERE = os.path.dirname(os.path.abspath(__file__))


def _list():
    for _, specs in MEASURES:
        for spec in specs:
            bound = f" ({spec.bound})" if spec.bound else ""
            print(f"{spec.name:18} {spec.what}; {spec.of}, in {spec.unit}{bound}")


def _chosen(names):
    known = {spec.name for _, specs in MEASURES for spec in specs}
    unknown = set(names) - known
    if unknown:
        sys.exit(f"tests/bench/run: no such figure: {', '.join(sorted(unknown))} (see --list)")
    return [measure for measure, specs in MEASURES
            if not names or any(spec.name in names for spec in specs)]


def _measure(names):
    copy_all()
    results = machine.describe() | {"figures": []}
    for measure in _chosen(names):
        for figure in measure():
            print(f"{figure.spec.name}: {figure.spec.what}", file=sys.stderr)
            results["figures"].append(figure.as_dict())
    return results


def _merged(results):
    """With what was kept of the figures that were not measured now."""
    with open(os.path.join(HERE, "results.json"), encoding="utf-8") as file:
        figures = {each["name"]: each for each in json.load(file)["figures"]}
    figures |= {each["name"]: each for each in results["figures"]}
    order = [spec.name for _, specs in MEASURES for spec in specs]
    return results | {"figures": [figures[name] for name in order if name in figures]}


def _write(results, place):
    with open(os.path.join(place, "results.json"), "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1, ensure_ascii=False)
        file.write("\n")
    _draw(results, place)


def _draw(results, place):
    plot.draw(results, os.path.join(place, "bench.svg"))
    plot_count.draw(results, os.path.join(place, "count.svg"))


def main(words):
    if words == ["--list"]:
        return _list()
    if words == ["--draw"]:
        with open(os.path.join(HERE, "results.json"), encoding="utf-8") as file:
            return _draw(json.load(file), HERE)
    keep = words[:1] == ["--keep"]
    results = _measure(words[keep:])
    _write(results, BUILD)
    if keep:
        _write(_merged(results), HERE)
    print(table.text(results))
    missed = [figure["name"] for figure in results["figures"] if figure["held"] is False]
    return f"not held: {', '.join(missed)}" if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
