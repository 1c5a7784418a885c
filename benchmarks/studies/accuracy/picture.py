"""The figure of the study: test accuracy over seconds and over joules, with bands over seeds."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.learned.plots import plain_axis
from benchmarks.reporting.plots import style
from benchmarks.studies.accuracy.targets import accuracy_over

__all__ = ["draw_accuracy", "policies_shown"]

GRID = 400
FIXED_SHOWN = 3
COLOURS = (style.BLUE, style.GREY, style.ORANGE, style.PURPLE, style.SKY, style.BLACK)
UNITS = {"seconds": "seconds of training", "joules": "joules of the whole system"}
LEAST_SHOWN = 0.5
"""Accuracy at which the axes begin."""


def policies_shown(table: pd.DataFrame) -> list[str]:
    """OPEN, the agent, and of the schemes the best of fixed splits and those that are no such.

    Args:
        table: Lines of one schedule, the fastest first.
    """
    names = list(dict.fromkeys(table["policy"]))
    fixed = [name for name in names if name.startswith("fixed-")]
    chosen = {*fixed[:FIXED_SHOWN], *(name for name in names if not name.startswith("fixed-"))}
    return [name for name in names if name in chosen]


def draw_accuracy(learned: pd.DataFrame, clock: pd.DataFrame, table: pd.DataFrame) -> Figure:
    """Draws a row of panels for each division of the data.

    Args:
        learned: Rounds of the trainings of one schedule.
        clock: Rounds of the policies under it.
        table: Its lines of the table of targets.
    """
    splits = list(dict.fromkeys(learned["split"]))
    figure = style.figure(8.6, 0.9 + 2.9 * len(splits))
    panels = figure.subplots(len(splits), 2, sharey=True, squeeze=False)
    names = policies_shown(table)
    others = iter(COLOURS)
    fixed = {"open": style.VERMILION, "hybrid": style.GREEN}
    colours = {name: fixed.get(name) or next(others) for name in names}
    for split, row in zip(splits, panels, strict=True):
        rounds = learned[learned["split"] == split]
        for what, axes in zip(UNITS, row, strict=True):
            for name in reversed(names):
                _line(axes, rounds, clock[clock["policy"] == name], what, colours[name])
            _dress(axes, what, f"{split} split" if what == "seconds" else "")
    handles, labels = panels[0][0].get_legend_handles_labels()
    figure.legend(handles[::-1], labels[::-1], loc="outside upper center", ncols=3,
                  frameon=False, fontsize=9)  # fmt: skip
    return figure


def _line(axes: Axes, rounds: pd.DataFrame, clock: pd.DataFrame, what: str, colour: str) -> None:
    """A policy's mean over training seeds, and their range as a band."""
    first = clock[clock["round"] == 0][what].max()
    last = clock[clock["round"] == clock["round"].max()][what].min()
    grid = np.geomspace(first, max(last, first), GRID)
    found = accuracy_over(rounds, clock, what, grid)
    axes.fill_between(grid, found.min(axis=0), found.max(axis=0), color=colour, alpha=0.2, lw=0)
    is_open = clock["policy"].iloc[0] == "open"
    width = 2.2 if is_open else 1.3
    axes.plot(grid, found.mean(axis=0), color=colour, lw=width, label=clock["label"].iloc[0])


def _dress(axes: Axes, what: str, title: str) -> None:
    style.tidy(axes)
    axes.set(xscale="log", xlabel=UNITS[what], ylim=(LEAST_SHOWN, 1.0))
    if title:
        axes.set_ylabel(f"test accuracy, {title}")
    plain_axis(axes.xaxis)
