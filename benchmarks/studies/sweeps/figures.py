"""A study's figures: delay, energy and priced gap over its axis, and knobs in the plane."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks.studies.sweeps.definition import Axis, Study
from benchmarks.studies.sweeps.summary import summarised

__all__ = ["write_figures"]

PANELS = (
    ("mean_delay_s", "delay [s]", 1.0),
    ("energy_ratio", "energy over budget", 1.0),
    ("priced_gap", "priced gap [%]", 100.0),
)
"""Columns, labels and factors of the panels."""


def write_figures(folder: Path, study: Study, rows: pd.DataFrame, knobs: pd.DataFrame) -> list[str]:
    """Draws a study's figures.

    Args:
        folder: Where they go.
        study: The study.
        rows: A row a point, policy and evaluation seed.
        knobs: A row a point, scheme, value of its knob and validation seed; perhaps none.

    Returns:
        The names of the files.
    """
    lines = summarised(study, rows)
    names = []
    for suffix, title, part in _parts(study, lines):
        figure = Figure(figsize=(9, 3.4), layout="constrained", dpi=150)
        FigureCanvasAgg(figure)
        for axes, panel in zip(figure.subplots(1, len(PANELS)), PANELS, strict=True):
            _draw_panel(axes, study.axis[0], part, panel)
        figure.suptitle(title)
        handles, labels = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)
        names.append(f"study{suffix}.png")
        figure.savefig(folder / names[-1])
    if len(knobs):
        names.append("knobs.png")
        _knobs(study, lines, knobs).savefig(folder / names[-1])
    return names


def _parts(study: Study, lines: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Suffix of the file, title and lines of each figure: one a value of a second axis."""
    if len(study.axis) == 1:
        yield "", study.title, lines
        return
    second = study.axis[1]
    for place in range(len(second.values)):
        cell = second.cell(place)
        title = f"{study.title}, {second.shown} = {cell}"
        yield f"-{place}", title, lines[lines[second.name] == cell]


def _draw_panel(axes: Axes, axis: Axis, lines: pd.DataFrame, panel: tuple[str, str, float]) -> None:
    column, label, factor = panel
    cells = [axis.cell(place) for place in range(len(axis.values))]
    places = list(range(len(cells))) if axis.drawn == "names" else cells
    for _, policy in lines.groupby("policy", sort=False):
        own = policy.set_index(axis.name).reindex(cells)
        (line,) = axes.plot(places, factor * own[column], marker=".", label=own["label"].iloc[0])
        low, high = factor * own[f"{column}_low"], factor * own[f"{column}_high"]
        axes.fill_between(places, low, high, color=line.get_color(), alpha=0.2, linewidth=0)
    if column == "mean_delay_s":
        bound = lines.groupby(axis.name, sort=False)["frontier_delay_s"].first().reindex(cells)
        axes.plot(places, bound, color="black", linestyle="--", label="frontier at the budget")
    if column == "energy_ratio":
        axes.axhline(1.0, color="black", linestyle=":", linewidth=1)
    axes.set(xlabel=axis.shown, ylabel=label)
    if axis.drawn == "names":
        axes.set_xticks(places, [str(cell) for cell in cells], rotation=30, ha="right")
    else:
        axes.set_xscale(axis.drawn)
    axes.grid(alpha=0.3)


def _knobs(study: Study, lines: pd.DataFrame, knobs: pd.DataFrame) -> Figure:
    """The schemes as curves of their knobs at the study's first point, on validation traces."""
    figure = Figure(figsize=(5, 3.8), layout="constrained", dpi=150)
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for axis in study.axis:
        cell = axis.cell(0)
        lines, knobs = lines[lines[axis.name] == cell], knobs[knobs[axis.name] == cell]
    for _, scheme in knobs.groupby("policy", sort=False):
        means = scheme.groupby("knob", sort=False)[["mean_energy_j", "mean_delay_s"]].mean()
        label = scheme["label"].iloc[0]
        axes.plot(means["mean_energy_j"], means["mean_delay_s"], marker=".", label=label)
    others = lines[~lines["policy"].isin(knobs["policy"])]
    for _, line in others.iterrows():
        axes.plot(line["mean_energy_j"], line["mean_delay_s"], "x", label=line["label"])
    axes.axvline(float(lines["energy_budget_j"].iloc[0]), color="black", linestyle=":")
    where = ", ".join(f"{axis.shown} = {axis.cell(0)}" for axis in study.axis)
    axes.set(xlabel="energy [J]", ylabel="delay [s]", title=where, xscale="log", yscale="log")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False, fontsize=7)
    return figure
