"""The figure of the study: test accuracy over seconds and over joules, with bands over seeds."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator

from asl_gym import picture_style as style
from benchmarks.learned.plots import plain_axis
from benchmarks.reporting.policy_styles import PolicyStyle, policy_style
from benchmarks.studies.accuracy.targets import accuracy_over

__all__ = ["draw_accuracy", "policies_shown"]

GRID, MARKS = 240, 8
HEIGHTS: dict[style.Width, tuple[float, float]] = {"column": (0.9, 1.5), "page": (0.6, 1.9)}
"""Heights of the legend and of a row of panels by the figure's width [inch]."""

TITLES = {
    "equal": "equal division",
    "dirichlet": "Dirichlet division",
    "by-class": "division by class",
}
"""How the data are divided among devices, for people."""

UNITS = {"seconds": "time [s]", "joules": "energy [J]"}
BELOW = 1.05
"""How far below the least accuracy in sight a row of panels begins, against its distance to 1."""


def policies_shown(table: pd.DataFrame) -> list[str]:
    """All but fixed splits, and of those the fastest and the last, each once.

    Args:
        table: Lines of one schedule, the fastest first.
    """
    names = list(dict.fromkeys(table["policy"]))
    fixed = [name for name in names if name.startswith("fixed-")]
    last = sorted(fixed, key=_split_of)[-1:]
    return [name for name in names if name not in fixed or name in (*fixed[:1], *last)]


def _split_of(name: str) -> int:
    return int(name.split("-")[1]) if name.split("-")[1].isdecimal() else -1


def draw_accuracy(
    learned: pd.DataFrame, clock: pd.DataFrame, table: pd.DataFrame, width: style.Width
) -> Figure:
    """Draws a row of panels for each division of the data.

    Args:
        learned: Rounds of the trainings of one schedule.
        clock: Rounds of the policies under it.
        table: Its lines of the table of targets.
        width: A column's or a page's.
    """
    splits = list(dict.fromkeys(learned["split"]))
    legend, row_height = HEIGHTS[width]
    figure = style.figure(width, legend + row_height * len(splits))
    panels = figure.subplots(len(splits), 2, sharex="col", sharey="row", squeeze=False)
    agents = set(table[table["kind"] == "agent"]["policy"])
    # The table has the agents; here the best of them would lie on OPEN.
    names = [name for name in policies_shown(table) if name not in agents]
    for split, row in zip(splits, panels, strict=True):
        rounds = learned[learned["split"] == split]
        least = 1.0
        for what, axes in zip(UNITS, row, strict=True):
            for place, name in enumerate(names):
                low = _line(axes, rounds, clock[clock["policy"] == name], what, place)
                least = min(least, low) if what == "seconds" else least
            axes.set(xscale="log", xlabel=UNITS[what] if split == splits[-1] else "")
            plain_axis(axes.xaxis)
            if width == "column":
                axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
            axes.xaxis.set_major_formatter(FuncFormatter(_short))
        row[0].set(ylabel=f"test accuracy,\n{TITLES.get(split, split)}")
        row[0].set_ylim(1.0 - BELOW * (1.0 - least), 1.0)
    handles, labels = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2 if width == "column" else 3)
    return figure


def _short(value: float, _: Any) -> str:
    """A number in few characters, thousands as k."""
    return f"{value:g}" if value < 1e3 else f"{value / 1e3:g}k"


def _style_of(clock: pd.DataFrame) -> PolicyStyle:
    name, label = str(clock["policy"].iloc[0]), str(clock["label"].iloc[0])
    return policy_style("fixed-last-max" if "device only" in label else name)


def _line(axes: Axes, rounds: pd.DataFrame, clock: pd.DataFrame, what: str, place: int) -> float:
    """A policy's mean over training seeds, their range as a band; gives the mean at its start."""
    first = clock[clock["round"] == 0][what].max()
    last = clock[clock["round"] == clock["round"].max()][what].min()
    grid = np.geomspace(first, max(last, first), GRID)
    found, look = accuracy_over(rounds, clock, what, grid), _style_of(clock)
    is_open = clock["policy"].iloc[0] == "open"
    between = GRID // MARKS
    more: dict[str, Any] = {
        "label": clock["label"].iloc[0],
        "linewidth": 1.6 if is_open else 1.0,
        "zorder": 5 if is_open else 3,
        "markevery": (place * between // MARKS, between),
    }
    axes.fill_between(
        grid, found.min(axis=0), found.max(axis=0), color=look.colour, alpha=0.2, lw=0
    )
    mean = found.mean(axis=0)
    axes.plot(grid, mean, **look.line(3.2, **more))
    return float(np.nanmin(mean))
