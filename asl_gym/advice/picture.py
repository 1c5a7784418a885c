"""A kind's delays as a picture: cut by cut, and over the link's rates."""

from typing import TYPE_CHECKING, Any

import numpy as np

from asl_gym.advice.answers import Answer
from asl_gym.advice.findings import Findings
from asl_gym.advice.text import told_rate
from asl_gym.arrays import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["drawn"]

COLOURS = ("#9ecae1", "#f28e2b", "#4e79a7", "#b6992d")
PART_NAMES = ("receiving", "device computing", "sending", "server computing")
CUT_COLOURS = ("#4e79a7", "#f28e2b", "#59a14f", "#b07aa1", "#e15759", "#76b7b2", "#9c755f")
BLACK, GREY, GREEN = "#222222", "#888888", "#2e7d32"
DECADES = 2.0
"""Decades of rates shown each way of the link's."""

LEGEND: dict[str, Any] = {
    "frameon": False,
    "fontsize": 9,
    "ncols": 4,
    "loc": "lower center",
    "bbox_to_anchor": (0.5, 1.0),
}
"""Above the axes, where no bar and no line can be."""

LONGEST_NAME = 26
"""Characters of a layer's name that are shown."""

RAW_DATA = "raw data (no answer)"
"""Name of sending the raw data where that is the fastest, yet not asked for."""

MOST_NAMES = 60
"""Cuts beyond which only some are named."""


def drawn(found: Findings, kind: str) -> "Figure":
    """Draws a kind's delays; needs matplotlib.

    Args:
        found: What was found.
        kind: A kind of device in it.

    Returns:
        The figure: above, the parts of each cut's delay; below, the delay of the fastest cut over
        the link's rates, beside those of the two ends.
    """
    from matplotlib.figure import Figure

    answer = found.answers[kind]
    width = min(max(7.6, 0.24 * len(answer.costs.names) + 1.5), 14.0)
    figure = Figure((width, 7.6), layout="constrained")
    above, below = figure.subplots(2, 1, height_ratios=(1.15, 1.0))
    _draw_cuts(above, answer)
    _draw_rates(below, found, answer)
    figure.suptitle(f"{found.profile.name} on a {kind} with a {found.server.name}", fontsize=11)
    return figure


def _draw_cuts(axes: "Axes", answer: Answer) -> None:
    costs = answer.costs
    places = np.arange(len(costs.names))
    bottom = np.zeros(len(places))
    for part, colour, name in zip(costs.parts, COLOURS, PART_NAMES, strict=True):
        axes.bar(places, part, 0.8, bottom, color=colour, label=name)
        bottom = bottom + part
    marks = {
        "least delay": (answer.fastest, "v", BLACK),
        f"least delay within {answer.budget_j:.4g} J": (answer.within_budget, "D", GREY),
        "least device energy": (answer.thriftiest, "*", GREEN),
    }
    top = float(costs.delay.max())
    heights: dict[int, float] = {}
    for text, (place, marker, colour) in marks.items():
        # Marks of one cut stand above one another.
        heights[place] = heights.get(place, costs.delay[place]) + 0.045 * top
        axes.plot(place, heights[place], marker, color=colour, markersize=7, label=text)
    step, names = -(-len(places) // MOST_NAMES), [_short(name) for name in costs.names]
    if costs.splits[0] == 0 and costs.delay.argmin() == 0 != answer.fastest:
        names[0] = RAW_DATA
    axes.set_xticks(places[::step], names[::step], rotation=90, fontsize=8)
    axes.set_xlim(-0.6, len(places) - 0.4)
    axes.set_ylim(0, 1.2 * top)
    axes.set_ylabel("delay of a round [s]")
    axes.legend(**LEGEND)
    axes.spines[["top", "right"]].set_visible(False)


def _short(name: str) -> str:
    """A layer's name, its middle left out where it would take the picture's height."""
    return name if len(name) <= LONGEST_NAME else f"{name[:11]}…{name[-14:]}"


def _draw_rates(axes: "Axes", found: Findings, answer: Answer) -> None:
    costs, stated = answer.costs, found.uplink_bps
    factors = np.geomspace(10**-DECADES, 10**DECADES, 400)

    def delay(place: int, at: Array) -> Array:
        return np.asarray(costs.computing[place] + costs.transfer[place] / at)

    ends = ((answer.device_only, "device only", ":"), (answer.server_only, "server only", "--"))
    for place, name, style in ends:
        if place is not None:
            line = delay(place, factors)
            axes.plot(stated * factors, line, style, color=GREY, linewidth=1.2, label=name)
    shown = [each for each in answer.over_rates if each.high > factors[0]]
    for each, colour in zip(shown, np.resize(CUT_COLOURS, len(shown)), strict=True):
        inside = np.clip(factors, each.low, each.high)
        inside = np.unique(inside[(inside >= factors[0]) & (inside <= factors[-1])])
        if each.low < factors[-1]:
            label = f"cut after {costs.names[each.place]}"
            axes.plot(
                stated * inside, delay(each.place, inside), color=colour, linewidth=3, label=label
            )
    axes.axvline(stated, color=BLACK, linewidth=1, linestyle=(0, (4, 3)))
    along, text = axes.get_xaxis_transform(), f" the link: {told_rate(stated)}"
    axes.text(stated, 0.98, text, transform=along, fontsize=9, va="top")
    best = np.min([delay(each.place, factors) for each in answer.over_rates], axis=0)
    axes.set(xscale="log", yscale="log", xlabel="uplink rate", ylabel="delay of a round [s]")
    axes.set_xlim(stated * factors[0], stated * factors[-1])
    axes.xaxis.set_major_formatter(lambda rate, _: told_rate(rate))
    axes.set_ylim(0.7 * float(best.min()), 3.0 * float(best.max()))
    axes.legend(**LEGEND)
    axes.spines[["top", "right"]].set_visible(False)
