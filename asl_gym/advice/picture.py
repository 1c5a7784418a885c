"""A kind's delays as a picture: cut by cut, and over the link's rates."""

from typing import TYPE_CHECKING, Any

import numpy as np

from asl_gym import picture_style as style
from asl_gym.advice.answers import Answer
from asl_gym.advice.findings import Findings
from asl_gym.advice.text import told_rate
from asl_gym.arrays import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["drawn"]

CUT_COLOURS = (style.VERMILION, style.BLUE, style.GREEN, style.PURPLE, style.ORANGE, style.SKY)
DECADES = 2.0
"""Decades of rates shown each way of the link's."""

LEGEND: dict[str, Any] = {
    "loc": "lower center",
    "bbox_to_anchor": (0.5, 1.0),
}
"""Above the axes, where no bar and no line can be."""

LONGEST_NAME = 26
"""Characters of a layer's name that are shown."""

RAW_DATA = "raw data (no answer)"
"""Name of sending the raw data where that is the fastest, yet not asked for."""

MOST_NAMES: dict[style.Width, int] = {"column": 30, "page": 60}
"""Cuts beyond which only some are named, by the figure's width."""

LAYOUT: dict[style.Width, tuple[float, int]] = {"column": (5.4, 2), "page": (5.8, 4)}
"""The figure's height [inch], and columns of its legends, by its width."""


@style.in_style()
def drawn(found: Findings, kind: str, width: style.Width = "page") -> "Figure":
    """Draws a kind's delays; needs matplotlib.

    Args:
        found: What was found.
        kind: A kind of device in it.
        width: A column's or a page's.

    Returns:
        The figure: above, the parts of each cut's delay; below, the delay of the fastest cut over
        the link's rates, beside those of the two ends.
    """
    answer, (height, columns) = found.answers[kind], LAYOUT[width]
    figure = style.figure(width, height)
    above, below = figure.subplots(2, 1, height_ratios=(1.2, 1.0))
    _draw_cuts(above, answer, MOST_NAMES[width])
    _draw_rates(below, found, answer)
    for axes in (above, below):
        axes.legend(ncols=columns, **LEGEND)
    figure.suptitle(f"{found.profile.name} on a {kind} with a {found.server.name}")
    return figure


def _draw_cuts(axes: "Axes", answer: Answer, most_names: int) -> None:
    costs = answer.costs
    places = np.arange(len(costs.names))
    bottom = np.zeros(len(places))
    for part, (name, colour) in zip(costs.parts, style.PARTS.items(), strict=True):
        axes.bar(places, part, 0.8, bottom, color=colour, label=name)
        bottom = bottom + part
    marks = {
        "least delay": (answer.fastest, "v", style.BLACK),
        f"least delay within {answer.budget_j:.4g} J": (answer.within_budget, "D", style.GREY),
        "least device energy": (answer.thriftiest, "*", style.PURPLE),
    }
    top = float(costs.delay.max())
    heights: dict[int, float] = {}
    for text, (place, marker, colour) in marks.items():
        # Marks of one cut stand above one another.
        heights[place] = heights.get(place, costs.delay[place]) + 0.055 * top
        axes.plot(
            place, heights[place], marker, color=colour, markersize=5, linestyle="none", label=text
        )
    step, names = -(-len(places) // most_names), [_short(name) for name in costs.names]
    if costs.splits[0] == 0 and costs.delay.argmin() == 0 != answer.fastest:
        names[0] = RAW_DATA
    axes.set_xticks(places[::step], names[::step], rotation=90)
    axes.grid(visible=False, axis="x")
    axes.set_xlabel("cut after")
    axes.set_xlim(-0.6, len(places) - 0.4)
    axes.set_ylim(0, 1.2 * top)
    axes.set_ylabel("delay of a round [s]")


def _short(name: str) -> str:
    """A layer's name, its middle left out where it would take the picture's height."""
    return name if len(name) <= LONGEST_NAME else f"{name[:11]}…{name[-14:]}"


def _draw_rates(axes: "Axes", found: Findings, answer: Answer) -> None:
    costs, stated = answer.costs, found.uplink_bps
    factors = np.geomspace(10**-DECADES, 10**DECADES, 400)

    def delay(place: int, at: Array) -> Array:
        return np.asarray(costs.computing[place] + costs.transfer[place] / at)

    ends = ((answer.device_only, "device only", ":"), (answer.server_only, "server only", "--"))
    for place, name, dashes in ends:
        if place is not None:
            line = delay(place, factors)
            axes.plot(stated * factors, line, dashes, color=style.GREY, linewidth=1.2, label=name)
    shown = [each for each in answer.over_rates if each.high > factors[0]]
    for each, colour in zip(shown, np.resize(CUT_COLOURS, len(shown)), strict=True):
        inside = np.clip(factors, each.low, each.high)
        inside = np.unique(inside[(inside >= factors[0]) & (inside <= factors[-1])])
        if each.low < factors[-1]:
            label = f"cut after {costs.names[each.place]}"
            axes.plot(
                stated * inside, delay(each.place, inside), color=colour, linewidth=2.4, label=label
            )
    axes.axvline(stated, color=style.BLACK, linewidth=0.8, linestyle=(0, (4, 3)))
    along, text = axes.get_xaxis_transform(), f" the link: {told_rate(stated)}"
    axes.text(stated, 0.98, text, transform=along, va="top")
    best = np.min([delay(each.place, factors) for each in answer.over_rates], axis=0)
    axes.set(xscale="log", yscale="log", xlabel="uplink rate", ylabel="delay of a round [s]")
    axes.set_xlim(stated * factors[0], stated * factors[-1])
    axes.xaxis.set_major_formatter(lambda rate, _: told_rate(rate))
    axes.set_ylim(0.7 * float(best.min()), 3.0 * float(best.max()))
