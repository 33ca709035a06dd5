# SPDX-License-Identifier: Apache-2.0
"""The table scenario × program, on the terminal, as Markdown and as JSON."""

import collections
import json
import os

Cell = collections.namedtuple("Cell", "group scenario program verdict detail")

MARKS = {"ok": "ok", "wrong": "WRONG", "differs": "differs"}


class Table:
    def __init__(self, programs):
        self.programs, self.cells = programs, []

    def rows(self):
        """(group, scenario) → program → cell, in the order of the groups."""
        rows = {}
        for cell in sorted(self.cells):
            rows.setdefault((cell.group, cell.scenario), {})[cell.program] = cell
        return rows

    def lines(self):
        """What the terminal shows: a line a scenario, beneath it what each wrong one did."""
        width = max((len(scenario) for _, scenario in self.rows()), default=0)
        yield "".join([f"{'':{width}}", *(f"  {name:9}" for name in self.programs)])
        group = None
        for (of, scenario), row in self.rows().items():
            if of != group:
                group = of
                yield f"-- {of.replace('_', ' ')} --"
            marks = (MARKS[row[name].verdict] if name in row else "" for name in self.programs)
            yield "".join([f"{scenario:{width}}", *(f"  {mark:9}" for mark in marks)]).rstrip()
            for cell in row.values():
                if cell.detail:
                    yield f"    {cell.program}: {cell.detail[:160]}"
        yield from self.totals()

    def totals(self):
        yield f"{len(self.rows())} scenarios"
        for name in self.programs:
            counts = collections.Counter(cell.verdict for cell in self.cells
                                         if cell.program == name)
            yield f"  {name}: " + ", ".join(f"{counts[verdict]} {verdict}" for verdict in MARKS)

    def write(self, folder):
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "cells.json"), "w", encoding="utf-8") as file:
            json.dump([cell._asdict() for cell in sorted(self.cells)], file, indent=1)
        with open(os.path.join(folder, "table.md"), "w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in self.markdown())

    def markdown(self):
        yield f"| scenario | {' | '.join(self.programs)} |"
        yield "|---|" + "---|" * len(self.programs)
        for (group, scenario), row in self.rows().items():
            cells = (self._text(row[name]) if name in row else "" for name in self.programs)
            yield f"| {group.replace('_', ' ')}: {scenario} | {' | '.join(cells)} |"

    @staticmethod
    def _text(cell):
        detail = cell.detail.replace("|", "\\|")
        return f"{MARKS[cell.verdict]}: {detail}" if detail else MARKS[cell.verdict]
