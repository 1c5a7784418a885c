"""The plots of the page: gaps with intervals, learning curves, decision times."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from agents.catalogue import label_of
from asl_gym import picture_style as style
from asl_gym.picture_style import in_style
from benchmarks.learned.results import LearnedResults
from benchmarks.reporting.exports import save_figure
from benchmarks.reporting.plots.labels import PointLabel, place_labels
from benchmarks.reporting.policy_styles import policy_style

__all__ = ["draw_curves", "draw_decision_times", "draw_gaps", "plain_axis", "save_picture"]

NARROW = 6.0
"""Ends of a logarithmic axis over each other up to which 1, 2, 5 would be too few ticks."""

SMALLEST_GAP = 1e-4
"""Where the logarithmic axis of gaps begins at the latest, for gaps of zero."""


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


def save_picture(made: Figure, printed: Path, pictures: Path) -> str:
    """Writes a figure for print, and its SVG among the page's pictures too.

    Args:
        made: The figure.
        printed: Path of the files for print, without a suffix.
        pictures: Folder of the page's pictures.

    Returns:
        The picture's file name.
    """
    _, svg, _ = save_figure(made, printed)
    shutil.copyfile(svg, pictures / svg.name)
    return svg.name


def _percent(gap: float) -> float:
    return 100 * max(gap, SMALLEST_GAP)


@in_style()
def draw_gaps(results: LearnedResults) -> Figure:
    """Draws each agent's gap: IQM, interval, a dot a training seed, references as lines."""
    agents, gap = results.table[results.table["kind"] == "agent"], results.comparison.gap
    figure = style.figure("page", 0.9 + 0.3 * max(len(agents), 1))
    axes = figure.add_subplot()
    for place, (_, line) in enumerate(agents.iterrows()):
        drawn = policy_style(str(line["agent"]))
        colour, own = (
            drawn.colour,
            results.seed_gaps[results.seed_gaps["agent"] == line["agent"]][gap],
        )
        dots = [_percent(each) for each in own]
        axes.scatter(dots, [place + 0.25] * len(dots), 8, colour, linewidths=0, alpha=0.7)
        low, high = line[f"{gap}_low"], line[f"{gap}_high"]
        if np.isfinite(low):
            ends = (_percent(low), _percent(high))
            axes.plot(ends, (place, place), color=colour, linewidth=2, solid_capstyle="butt")
        axes.plot(_percent(line[gap]), place, **drawn.points(5.5, zorder=4))
    _reference_lines(axes, results)
    axes.set_yticks(range(len(agents)), agents["label"])
    axes.set(xscale="log", xlabel=f"{results.comparison.label} [%]")
    axes.set_ylim(len(agents) - 0.4, -0.6)
    plain_axis(axes.xaxis)
    figure.legend(loc="outside upper center", ncols=2)
    return figure


@in_style()
def draw_curves(results: LearnedResults) -> Figure:
    """Draws learning curves: the mean over training seeds, and their range as a band."""
    figure = style.figure("page", 3.4)
    axes = figure.add_subplot()
    for agent in results.algorithms:
        own = results.curves[results.curves["agent"] == agent]
        steps = own.groupby("steps")[results.comparison.gap].agg(["mean", "min", "max", "count"])
        # Where a seed was validated at other steps, a band of fewer seeds would mislead.
        steps = steps[steps["count"] == own["training_seed"].nunique()]
        if steps.empty:
            continue
        drawn = policy_style(agent)
        million, shown = steps.index / 1e6, 100 * steps.clip(lower=SMALLEST_GAP)
        axes.fill_between(million, shown["min"], shown["max"], color=drawn.colour, alpha=0.2, lw=0)
        axes.plot(million, shown["mean"], **drawn.line(label=label_of(agent)))
    labels = results.table.set_index("agent")["label"]
    for name, (colour, dashes) in _reference_styles(results).items():
        if name in results.validation:
            gap = _percent(results.validation[name])
            axes.axhline(gap, color=colour, linestyle=dashes, lw=1.0, label=labels[name])
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="environment steps [million]",
        ylabel=f"{results.comparison.label} on validation traces [%]",
    )
    for axis in (axes.xaxis, axes.yaxis):
        plain_axis(axis)
    figure.legend(loc="outside upper center", ncols=4)
    return figure


def _reference_styles(results: LearnedResults) -> dict[str, tuple[str, Any]]:
    """Colour and dashes of OPEN and, where it is another, of the best baseline.

    On batteries those of the best tuned rule and of the mark.
    """
    best, beside = str(results.table["best"].iloc[0]), results.comparison.beside.name
    main, other = (best, beside) if results.comparison.tuned_rules else (beside, best)
    return {other: (style.BLACK, (0, (1, 1.5)))} | {main: (style.VERMILION, (0, (4, 3)))}


def _reference_lines(axes: Axes, results: LearnedResults) -> None:
    table: Any = results.table.set_index("agent")
    for name, (colour, dashes) in _reference_styles(results).items():
        gap, label = _percent(table.loc[name, results.comparison.gap]), table.loc[name, "label"]
        axes.axvline(gap, color=colour, linestyle=dashes, linewidth=1.0, label=label)


GREATEST_GAP = 1.0
"""Baselines of a greater gap are left out of the plot of decision times."""


@in_style()
def draw_decision_times(results: LearnedResults) -> Figure:
    """Draws decision time against the gap, agents and what they are compared with."""
    figure = style.figure("page", 3.4)
    axes = figure.add_subplot()
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="time of a decision [µs]",
        ylabel=f"{results.comparison.label} [%]",
    )
    gap = results.comparison.gap
    shown = _with_times(results.table, gap)
    labels = [_point(axes, line, gap) for _, line in shown.iterrows()]
    axes.margins(0.12)
    for axis in (axes.xaxis, axes.yaxis):
        plain_axis(axis)
    style.freeze_layout(figure)
    place_labels(axes, labels, np.empty((0, 2)), [])
    return figure


def _with_times(table: pd.DataFrame, gap: str) -> pd.DataFrame:
    """All but what is picked in hindsight, which decides nothing, and what is far off.

    Agents and OPEN are always shown.
    """
    decides = ~table["agent"].str.startswith("best-fixed")
    near = (table[gap] <= GREATEST_GAP) | table["kind"].isin(("OPEN", "agent"))
    return table[decides & near]


def _point(axes: Axes, line: "pd.Series[float]", gap: str) -> PointLabel:
    name, kind = str(line["agent"]), str(line["kind"])
    own = policy_style(name)
    x, y = line["decision_time_us"], _percent(line[gap])
    low, high = line[f"{gap}_low"], line[f"{gap}_high"]
    if np.isfinite(low):
        axes.plot((x, x), (_percent(low), _percent(high)), color=own.colour)
    axes.plot(x, y, **own.points(5.5))
    return PointLabel(x, y, str(line["label"]), own.text_colour, 7.0, kind == "OPEN")
