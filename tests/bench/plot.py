# SPDX-License-Identifier: Apache-2.0
"""The results as a picture: a lane a figure, a dot a peer, at how many times of that peer's lastcall
is. Left of 1 lastcall is better."""

import io

import matplotlib

matplotlib.use("Agg")
matplotlib.rcParams.update({
    "svg.hashsalt": "lastcall",  # the same results give the same bytes
    "svg.fonttype": "none",      # text stays text: sharp, small, and found by a search
    "font.family": "sans-serif",
    "font.sans-serif": ["Helvetica", "Arial", "DejaVu Sans"],
    "font.size": 11,
})

import matplotlib.pyplot as pyplot  # noqa: E402  (after the choice of backend)

from figure import PEERS  # noqa: E402

# Okabe and Ito's colours, which the colour-blind tell apart too; and shapes, for print.
LOOK = {"tini": ("#0072B2", "o"), "dumb-init": ("#D55E00", "s"), "catatonit": ("#009E73", "D")}
INK, FAINT, PALE = "#24292f", "#d0d7de", "#57606a"
# What becomes of the colours in the dark.
DARK = {INK: "#e6edf3", FAINT: "#30363d", PALE: "#8d96a0", "#ffffff": "#0d1117", "#ddf4e4": "#0f2d1a",
        "#0072b2": "#56a8e0"}
TITLES = {
    "size": "Size of the binary",
    "start-true": "Start and exit of true",
    "start-child": "Start, to the program's first line",
    "exit": "Exit, after the program's",
    "first-signal": "Start, to the first signal kept",
    "signal-median": "Signal forwarded (median)",
    "signal-p99": "Signal forwarded (p99)",
    "reap-cpu": "Processor time to reap 20,000",
    "reap-zombie": "Longest life of a zombie",
    "idle-resident": "Memory resident, idle",
    "idle-dirty": "Memory private and dirty, idle",
}


LOW, HIGH = 0.16, 4.0  # of the axis; what lies beyond is written at its edge


def save(picture, path):
    """As SVG that follows the reader's light or dark."""
    with io.StringIO() as text:
        picture.savefig(text, format="svg", metadata={"Date": None})
        svg = text.getvalue()
    pyplot.close(picture)
    rules = "".join(f'[style*="{what}: {light}"]{{{what}:{dark}!important}}'
                    for light, dark in DARK.items() for what in ("fill", "stroke"))
    style = f"<style>@media (prefers-color-scheme: dark){{{rules}}}</style>"
    with open(path, "w", encoding="utf-8") as file:
        file.write(svg.replace("<defs>", style + "\n <defs>", 1))


def _number(value, unit):
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"


def _lane(axes, y, figure):
    for offset, peer in zip((0.22, 0.0, -0.22), PEERS):
        ratio = figure["ratios"].get(peer)
        if not ratio:
            continue
        colour, shape = LOOK[peer]
        if ratio["median"] > HIGH:
            axes.text(HIGH * 0.985, y + offset, f"{ratio['median']:.0f}× ▶", color=colour,
                      va="center", ha="right", fontsize=9.5, fontweight="bold")
            continue
        axes.plot([ratio["low"], ratio["high"]], [y + offset] * 2, color=colour, linewidth=2.5,
                  alpha=0.45, solid_capstyle="round", zorder=2)
        axes.plot(ratio["median"], y + offset, shape, color=colour, markersize=6.5,
                  markeredgecolor="white", markeredgewidth=0.7, zorder=3)
    bound = figure["bound"]
    if bound and bound["peer"]:
        axes.plot([bound["limit"]] * 2, [y - 0.36, y + 0.36], color=INK, linewidth=1.6, zorder=1)
    axes.text(1.015, y, _number(figure["values"]["lastcall"], figure["unit"]), color=INK,
              transform=axes.get_yaxis_transform(), va="center", ha="left")


def _dress(axes, lanes):
    axes.set_xscale("log", base=2)
    axes.set_yticks(range(len(lanes)), [TITLES[figure["name"]] for figure in lanes][::-1])
    axes.set_ylim(-0.6, len(lanes) - 0.4)
    axes.set_xlim(LOW, HIGH)
    axes.set_xticks([0.2, 1 / 3, 0.5, 0.75, 1, 1.5, 2, 3, 4],
                    ["⅕×", "⅓×", "½×", "¾×", "1×", "1½×", "2×", "3×", "4×"])
    axes.minorticks_off()
    axes.axvline(1, color=INK, linewidth=1.2, zorder=1)
    axes.axvspan(LOW, 1, color="#ddf4e4", alpha=0.55, zorder=0, linewidth=0)
    axes.grid(axis="x", color=FAINT, linewidth=0.7)
    axes.set_axisbelow(True)
    for y in range(len(lanes) - 1):
        axes.axhline(y + 0.5, color=FAINT, linewidth=0.6)
    axes.tick_params(length=0, colors=INK, labelcolor=INK)
    for side in axes.spines.values():
        side.set_visible(False)


def draw(results, path):
    lanes = [figure for figure in results["figures"]
             if figure["name"] in TITLES and any(figure["ratios"].values())]
    if not lanes:
        return
    size = (9.6, 1.5 + 0.5 * len(lanes))
    picture, axes = pyplot.subplots(figsize=size, facecolor="white")
    picture.subplots_adjust(left=0.285, right=0.875, top=1 - 0.95 / size[1], bottom=0.62 / size[1])
    for y, figure in enumerate(reversed(lanes)):
        _lane(axes, y, figure)
    _dress(axes, lanes)
    handles = [pyplot.Line2D([], [], color=colour, marker=shape, markersize=7, linewidth=2.5,
                             markeredgecolor="white", label=peer)
               for peer, (colour, shape) in LOOK.items()]
    handles.append(pyplot.Line2D([], [], color=INK, marker="|", markersize=12, markeredgewidth=1.6,
                                 linewidth=0, label="most allowed, × tini"))
    picture.legend(handles=handles, loc="upper left", ncols=4, frameon=False,
                   bbox_to_anchor=(0.275, 1 - 0.3 / size[1]), columnspacing=1.4, handletextpad=0.4)
    picture.text(0.01, 1 - 0.28 / size[1], "What lastcall costs, as a multiple of each peer's cost",
                 fontsize=13, fontweight="bold", color=INK, va="center")
    axes.text(1.015, 1.01, "lastcall", transform=axes.transAxes, fontweight="bold", color=INK,
              va="bottom")
    picture.text(0.01, 0.2 / size[1], f"{results['date']}, {results['kind']}, "
                 f"{results['processors']} processors, Linux {results['kernel'].split('-')[0]}. "
                 "Dots: medians; bars: quartiles. Green: lastcall costs less.",
                 fontsize=9, color=PALE, va="center")
    save(picture, path)
