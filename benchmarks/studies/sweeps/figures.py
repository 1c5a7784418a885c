"""A study's figures: delay, energy and priced gap over its axis, and knobs in the plane."""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FuncFormatter, LogLocator, NullFormatter

from asl_gym import picture_style as style
from benchmarks.reporting.exports import save_widths
from benchmarks.reporting.policy_styles import FRONTIER, PolicyStyle, policy_styles
from benchmarks.studies.sweeps.definition import Axis, Study
from benchmarks.studies.sweeps.summary import cell_told, summarised

__all__ = ["write_figures"]

FIGURES = "figures"
"""Folder of the figures in a study's."""


class Panel(NamedTuple):
    """What one panel shows.

    Attributes:
        column: The column of the summary.
        label: Its axis for people.
        factor: What its values are multiplied by.
    """

    column: str
    label: str
    factor: float = 1.0


PANELS = (
    Panel("mean_delay_s", "mean round delay [s]"),
    Panel("energy_ratio", "mean energy ÷ budget"),
    Panel("priced_gap", "priced gap [%]", 100.0),
)

WIDE = 3.0
"""Greatest over least value of a panel from which on its axis is logarithmic."""

NARROW = 100.0
"""Greatest over least value of a logarithmic axis up to which it has more ticks than decades."""

TICKS, MORE_TICKS = (1.0, 2.0, 5.0), (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)
"""Ticks of a decade, and where an axis is hardly longer than one."""

DECADE = 10.0

SMALLEST_GAP = 0.01
"""Where a logarithmic axis of priced gaps ends at the latest [%]."""

IN_PLANE = ("energy_ratio", "mean_delay_s", "frontier_delay_s")
"""Columns of what stands in the plane of delay and energy."""

BUDGET: dict[str, Any] = {"color": style.BLACK, "linewidth": 0.7, "linestyle": (0, (1, 1.5))}
BOUND: dict[str, Any] = {**FRONTIER, "linestyle": (0, (4, 2)), "label": "frontier at the budget"}


def write_figures(folder: Path, study: Study, rows: pd.DataFrame, knobs: pd.DataFrame) -> list[str]:
    """Draws a study's figures, each for a column and for a page.

    Args:
        folder: Where their folder goes.
        study: The study.
        rows: A row a point, policy and evaluation seed.
        knobs: A row a point, scheme, value of its knob and validation seed; perhaps none.

    Returns:
        The page-wide PNG files, relative to the folder.
    """
    lines = summarised(study, rows)
    draws = {
        f"study{suffix}": partial(_over_axis, study.axis[0], part, title)
        for suffix, title, part in _parts(study, lines)
    }
    if len(knobs):
        draws["knobs"] = partial(_knobs, study, lines, knobs)
    return [
        str(save_widths(draw, folder / FIGURES / name)["page"].relative_to(folder))
        for name, draw in draws.items()
    ]


def _parts(study: Study, lines: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Suffix of the file, title and lines of each figure: one a value of a second axis."""
    if len(study.axis) == 1:
        yield "", "", lines
        return
    second = study.axis[1]
    for place in range(len(second.values)):
        cell = second.cell(place)
        yield f"-{place}", f"{second.shown} = {cell_told(cell)}", lines[lines[second.name] == cell]


def _over_axis(axis: Axis, lines: pd.DataFrame, title: str, width: style.Width) -> Figure:
    """Panels beside one another on a page, below one another in a column."""
    page, policies = width == "page", lines["policy"].nunique() + 1
    # Where no budget can be kept there is no gap to draw.
    filled = [panel for panel in PANELS if lines[panel.column].notna().any()]
    columns = 4 if page else 2
    legend = 0.14 * -(-policies // columns)
    figure = style.figure(width, (2.2 if page else 5.0) + legend)
    shape = (1, len(filled)) if page else (len(filled), 1)
    panels = figure.subplots(*shape, sharex=not page, squeeze=False)
    styles = policy_styles(lines["policy"])
    for axes, panel in zip(panels.flat, filled, strict=True):
        _draw_panel(axes, axis, lines, panel, styles)
    for axes in panels.flat if page else panels[-1]:
        axes.set_xlabel(axis.shown)
    figure.align_ylabels()
    figure.suptitle(title, fontsize=8)
    handles, labels = panels.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=columns)
    return figure


def _draw_panel(
    axes: Axes, axis: Axis, lines: pd.DataFrame, panel: Panel, styles: Mapping[str, PolicyStyle]
) -> None:
    cells = [axis.cell(place) for place in range(len(axis.values))]
    places = list(range(len(cells))) if axis.drawn == "names" else cells
    for name, policy in lines.groupby("policy", sort=False):
        own, looks = policy.set_index(axis.name).reindex(cells), styles[str(name)]
        columns = [f"{panel.column}{end}" for end in ("", "_low", "_high")]
        values = panel.factor * own[columns].astype(float)
        if panel.column == "priced_gap":
            values = values.clip(lower=SMALLEST_GAP)
        value, low, high = (values[column] for column in columns)
        axes.fill_between(places, low, high, color=looks.colour, alpha=0.18, linewidth=0)
        axes.plot(places, value, **looks.line(label=policy["label"].iloc[0]))
    if panel.column == "mean_delay_s":
        bound = lines.groupby(axis.name, sort=False)["frontier_delay_s"].first().reindex(cells)
        if bound.notna().any():
            axes.plot(places, bound, **BOUND)
    if panel.column == "energy_ratio":
        axes.axhline(1.0, **BUDGET)
    axes.set_ylabel(panel.label)
    _scale(axes, axis, panel.factor * lines[panel.column].astype(float))


def _scale(axes: Axes, axis: Axis, values: "pd.Series[float]") -> None:
    """Logarithmic axes where values spread wide, with plain numbers as ticks."""
    if axis.drawn == "names":
        names = [cell_told(axis.cell(place)) for place in range(len(axis.values))]
        axes.set_xticks(range(len(names)), names, rotation=30, ha="right", rotation_mode="anchor")
    elif axis.drawn == "log":
        axes.set_xscale("log")
        numbers = [axis.cell(place) for place in range(len(axis.values))]
        narrow = max(numbers) < NARROW * min(numbers)
        axes.xaxis.set_major_locator(LogLocator(subs=TICKS if narrow else (1.0,), numticks=8))
        axes.xaxis.set_major_formatter(FuncFormatter(_plain))
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        axes.xaxis.set_major_formatter(FuncFormatter(_plain))
    positive = values[values > 0]
    if len(positive) and positive.max() > WIDE * positive.min():
        axes.set_yscale("log")
        subs = TICKS if positive.max() > DECADE * positive.min() else MORE_TICKS
        axes.yaxis.set_major_locator(LogLocator(subs=subs, numticks=8))
        axes.yaxis.set_major_formatter(FuncFormatter(_plain))
        axes.yaxis.set_minor_formatter(NullFormatter())


def _plain(value: float, _: Any) -> str:
    """A number as people write it, from a million on with a prefix: 20 M."""
    return f"{value:,g}" if abs(value) < 1e6 else EngFormatter()(value)


def _over_frontier(means: Any) -> Any:
    """Mean delay over the frontier's at the budget on the same traces."""
    return means["mean_delay_s"] / means["frontier_delay_s"]


def _knobs(study: Study, lines: pd.DataFrame, knobs: pd.DataFrame, width: style.Width) -> Figure:
    """The schemes as curves of their knobs in the middle of the study's axes.

    Knobs are swept on validation traces and the others played on evaluation traces, whose luck is
    another: each is drawn over the frontier's delay at the budget on its own traces.
    """
    figure = style.figure(width, 3.6 if width == "page" else 4.4)
    axes = figure.add_subplot()
    cells = [(axis, axis.cell(len(axis.values) // 2)) for axis in study.axis]
    for axis, cell in cells:
        lines, knobs = lines[lines[axis.name] == cell], knobs[knobs[axis.name] == cell]
    styles = policy_styles([*lines["policy"], *knobs["policy"]])
    for name, scheme in knobs.groupby("policy", sort=False):
        means = scheme.groupby("knob", sort=False)[list(IN_PLANE)].mean()
        line = styles[str(name)].line(label=scheme["label"].iloc[0])
        axes.plot(means["energy_ratio"], _over_frontier(means), **line)
    for _, other in lines[~lines["policy"].isin(knobs["policy"])].iterrows():
        point = styles[other["policy"]].points(label=other["label"], zorder=4)
        axes.plot(other["energy_ratio"], _over_frontier(other), **point)
    axes.plot(1.0, 1.0, "+", color=style.BLACK, markersize=7, label="frontier at the budget")
    axes.axvline(1.0, **BUDGET)
    axes.set(xlabel="mean energy ÷ budget", ylabel="mean delay ÷ frontier's at the budget")
    axes.set(xscale="log", yscale="log")
    for each in (axes.xaxis, axes.yaxis):
        each.set_major_locator(LogLocator(subs=MORE_TICKS))
        each.set_major_formatter(FuncFormatter(_plain))
        each.set_minor_formatter(NullFormatter())
    axes.set_title(", ".join(f"{axis.shown} = {cell_told(each)}" for axis, each in cells))
    if width == "page":
        figure.legend(loc="outside right upper")
    else:
        figure.legend(loc="outside lower center", ncols=2)
    return figure
