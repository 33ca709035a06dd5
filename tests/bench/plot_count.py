# SPDX-License-Identifier: Apache-2.0
"""What a look costs by the number of connections, as a picture: count.svg."""

from plot import FAINT, INK, PALE, pyplot, save

LINES = (("proc", "a look where netlink is refused (/proc/net/tcp)", "#D55E00", "s", 2),
         ("look", "a look", "#0072B2", "o", 2.5),
         ("hold", "the longest that it holds the loop at a time", "#009E73", "D", 2))


def _dress(axes, numbers):
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(numbers, [f"{n:,}" for n in numbers])
    ticks = (0.3, 1, 3, 10, 30, 100, 300)
    axes.set_yticks(ticks, [f"{tick:g} ms" for tick in ticks])
    axes.minorticks_off()
    axes.set_xlim(numbers[0] * 0.85, numbers[-1] * 1.18)
    axes.grid(color=FAINT, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, colors=INK, labelcolor=INK)
    axes.set_xlabel("connections", color=INK)
    for side in axes.spines.values():
        side.set_visible(False)


def _bound(axes, n, limit, beside, side):
    axes.plot([n / 1.25, n * 1.25], [limit] * 2, color=INK, linewidth=1.8, zorder=4)
    axes.text(n * beside, limit, f"at most {limit:g} ms", color=INK, va="center", ha=side,
              fontsize=9.5)


def draw(results, path):
    figure = next((each for each in results["figures"] if each.get("curves")), None)
    if not figure:
        return
    curves = figure["curves"]
    picture, axes = pyplot.subplots(figsize=(9.6, 5.2), facecolor="white")
    picture.subplots_adjust(left=0.085, right=0.975, top=0.8, bottom=0.165)
    for key, label, colour, shape, width in LINES:
        axes.plot(curves["n"], curves[key], shape + "-", color=colour, linewidth=width, label=label,
                  markersize=6.5, markeredgecolor="white", markeredgewidth=0.7, zorder=3)
    _dress(axes, curves["n"])
    _bound(axes, 10000, 10, 1.3, "left")
    _bound(axes, 100000, 2, 1 / 1.3, "right")
    picture.legend(loc="upper left", ncols=3, frameon=False, bbox_to_anchor=(0.06, 0.915),
                   columnspacing=1.4, handletextpad=0.4, labelcolor=INK)
    picture.text(0.01, 0.95, "What it costs to look at the application's connections, in processor "
                 "time", fontsize=13, fontweight="bold", color=INK, va="center")
    picture.text(0.01, 0.04, f"{results['date']}, {results['kind']}, {results['processors']} "
                 f"processors, Linux {results['kernel'].split('-')[0]}. Medians.",
                 fontsize=9, color=PALE, va="center")
    save(picture, path)
