# SPDX-License-Identifier: Apache-2.0
"""The results as a table for people."""

from figure import OURS, PEERS


def _number(value):
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _ratio(ratio):
    return f"{ratio['median']:.2f} ({ratio['low']:.2f}-{ratio['high']:.2f})" if ratio else ""


def _row(figure):
    name = figure["name"] + (f" {figure['of']}" if figure["of"] not in figure["name"] else "")
    held = {True: "yes", False: "NO", None: ""}[figure["held"]]
    return [f"{name}, {figure['unit']}",
            *(_number(figure["values"].get(program)) for program in (OURS, *PEERS)),
            *(_ratio(figure["ratios"].get(peer)) for peer in PEERS),
            figure["bound"]["text"] if figure["bound"] else "", held]


def text(results):
    head = ["", OURS, *PEERS, *(f"× {peer}" for peer in PEERS), "bound", "held"]
    rows = [head, *(_row(figure) for figure in results["figures"])]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    lines = ["  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                       for i, (cell, width) in enumerate(zip(row, widths))) for row in rows]
    for figure in results["figures"]:
        if figure["parts"]:
            lines.append(f"{figure['name']}: " + ", ".join(
                f"{part} {_number(value)}" for part, value in figure["parts"].items()))
    return "\n".join(lines)
