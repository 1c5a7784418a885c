"""The plots of the page: priced gaps with intervals, learning curves, decision times."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from agents.catalogue import label_of
from benchmarks.learned.results import LearnedResults
from benchmarks.reporting.plots import style
from benchmarks.reporting.plots.labels import PointLabel, place_labels

__all__ = ["draw_curves", "draw_decision_times", "draw_gaps", "plain_axis", "styles_of"]

COLOURS = (
    style.GREEN,
    style.BLUE,
    style.DARK_PURPLE,
    style.ORANGE,
    style.SKY,
    style.PURPLE,
    style.GREY,
)
TEXT_COLOURS = {
    style.ORANGE: style.DARK_ORANGE,
    style.SKY: style.BLUE,
    style.PURPLE: style.DARK_PURPLE,
}
"""Darker colours for labels, where a colour is faint as text."""

MARKERS = ("D", "o", "s", "^", "v", "P", "X")
NARROW = 6.0
"""Ends of a logarithmic axis over each other up to which 1, 2, 5 would be too few ticks."""

SMALLEST_GAP = 1e-4
"""Where the logarithmic axis of priced gaps begins at the latest, for gaps of zero."""


def styles_of(algorithms: tuple[str, ...]) -> dict[str, tuple[str, str]]:
    """Colour and marker of each algorithm, the same in all plots of a page."""
    return {
        name: (COLOURS[i % len(COLOURS)], MARKERS[i % len(MARKERS)])
        for i, name in enumerate(algorithms)
    }


def plain_axis(axis: Axis) -> None:
    """Ticks of a logarithmic axis as plain numbers, once its data are drawn."""
    axis.axes.autoscale_view()
    low, high = axis.get_view_interval()
    few_decades = high / low < NARROW
    axis.set_major_locator(
        MaxNLocator(6) if few_decades else LogLocator(subs=(1.0, 2.0, 5.0), numticks=20)
    )
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axis.set_minor_formatter(NullFormatter())


def _percent(gap: float) -> float:
    return 100 * max(gap, SMALLEST_GAP)


def draw_gaps(results: LearnedResults, styles: dict[str, tuple[str, str]]) -> Figure:
    """Draws each agent's priced gap: IQM, interval, a dot a training seed, OPEN as a line."""
    agents = results.table[results.table["kind"] == "agent"]
    figure = style.figure(8.2, 1.5 + 0.5 * max(len(agents), 1))
    axes = figure.add_subplot()
    style.tidy(axes)
    for place, (_, line) in enumerate(agents.iterrows()):
        colour, marker = styles[line["agent"]]
        own = results.seed_gaps[results.seed_gaps["agent"] == line["agent"]]["priced_gap"]
        dots = [_percent(gap) for gap in own]
        axes.scatter(dots, [place + 0.22] * len(dots), 14, colour, linewidths=0, alpha=0.7)
        low, high = line["priced_gap_low"], line["priced_gap_high"]
        if np.isfinite(low):
            ends = (_percent(low), _percent(high))
            axes.plot(ends, (place, place), color=colour, linewidth=3, solid_capstyle="butt")
        axes.plot(_percent(line["priced_gap"]), place, marker, color=colour, mec="white", ms=8)
    _reference_lines(axes, results)
    axes.set_yticks(range(len(agents)), agents["label"])
    axes.set(xscale="log", xlabel="priced gap [%]", ylim=(len(agents) - 0.4, -0.6))
    plain_axis(axes.xaxis)
    figure.legend(loc="outside upper center", ncols=2, frameon=False, fontsize=9)
    return figure


def draw_curves(results: LearnedResults, styles: dict[str, tuple[str, str]]) -> Figure:
    """Draws learning curves: the mean over training seeds, and their range as a band."""
    figure = style.figure(8.2, 4.8)
    axes = figure.add_subplot()
    style.tidy(axes)
    for agent in results.algorithms:
        own = results.curves[results.curves["agent"] == agent]
        steps = own.groupby("steps")["priced_gap"].agg(["mean", "min", "max", "count"])
        # Where a seed was validated at other steps, a band of fewer seeds would mislead.
        steps = steps[steps["count"] == own["training_seed"].nunique()]
        if steps.empty:
            continue
        colour, marker = styles[agent]
        million, shown = steps.index / 1e6, 100 * steps.clip(lower=SMALLEST_GAP)
        axes.fill_between(million, shown["min"], shown["max"], color=colour, alpha=0.2, lw=0)
        axes.plot(
            million, shown["mean"], color=colour, marker=marker, ms=3.5, label=label_of(agent)
        )
    labels = results.table.set_index("agent")["label"]
    for name, (colour, dashes) in _reference_styles(results).items():
        if name in results.validation:
            gap = _percent(results.validation[name])
            axes.axhline(gap, color=colour, linestyle=dashes, lw=1.4, label=labels[name])
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="environment steps [million]",
        ylabel="priced gap on validation traces [%]",
    )
    for axis in (axes.xaxis, axes.yaxis):
        plain_axis(axis)
    figure.legend(loc="outside upper center", ncols=4, frameon=False, fontsize=9)
    return figure


def _reference_styles(results: LearnedResults) -> dict[str, tuple[str, Any]]:
    """Colour and dashes of OPEN and, where it is another, of the best baseline."""
    best = {str(results.table["best"].iloc[0]): (style.BLACK, (0, (1, 1.5)))}
    return best | {"open": (style.VERMILION, (0, (4, 3)))}


def _reference_lines(axes: Axes, results: LearnedResults) -> None:
    table: Any = results.table.set_index("agent")
    for name, (colour, dashes) in _reference_styles(results).items():
        gap, label = _percent(table.loc[name, "priced_gap"]), table.loc[name, "label"]
        axes.axvline(gap, color=colour, linestyle=dashes, linewidth=1.4, label=label)


GREATEST_GAP = 1.0
"""Baselines of a greater priced gap are left out of the plot of decision times."""


def draw_decision_times(results: LearnedResults, styles: dict[str, tuple[str, str]]) -> Figure:
    """Draws decision time against priced gap, agents and what they are compared with."""
    figure = style.figure(8.2, 4.8)
    axes = figure.add_subplot()
    style.tidy(axes)
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="time of a decision [µs]",
        ylabel="priced gap [%]",
    )
    shown = _with_times(results.table)
    labels = [_point(axes, line, styles) for _, line in shown.iterrows()]
    axes.margins(0.12)
    for axis in (axes.xaxis, axes.yaxis):
        plain_axis(axis)
    style.freeze_layout(figure)
    place_labels(axes, labels, np.empty((0, 2)), [])
    return figure


def _with_times(table: pd.DataFrame) -> pd.DataFrame:
    """All but what is picked in hindsight, which decides nothing, and what is far off.

    Agents and OPEN are always shown.
    """
    decides = ~table["agent"].str.startswith("best-fixed")
    near = (table["priced_gap"] <= GREATEST_GAP) | table["kind"].isin(("OPEN", "agent"))
    return table[decides & near]


def _point(axes: Axes, line: "pd.Series[float]", styles: dict[str, tuple[str, str]]) -> PointLabel:
    name, kind = str(line["agent"]), str(line["kind"])
    colour, marker, size = style.GREY, "v", 6.0
    if kind == "agent":
        (colour, marker), size = styles[name], 8.0
    elif kind == "OPEN":
        colour, marker, size = style.VERMILION, "*", 14.0
    x, y = line["decision_time_us"], _percent(line["priced_gap"])
    low, high = line["priced_gap_low"], line["priced_gap_high"]
    if np.isfinite(low):
        axes.plot((x, x), (_percent(low), _percent(high)), color=colour, linewidth=1.6)
    axes.plot(x, y, marker, color=colour, markeredgecolor="white", markersize=size)
    text_colour = TEXT_COLOURS.get(colour, colour)
    return PointLabel(x, y, str(line["label"]), text_colour, 9.0, kind == "OPEN")
