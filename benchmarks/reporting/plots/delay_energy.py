"""The delay-energy plane: the hindsight frontier as a curve and every policy as a point."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from asl_gym.arrays import Array
from benchmarks.playing.suite import CLOCK_LABELS
from benchmarks.reporting.plots import style
from benchmarks.reporting.plots.labels import PointLabel, place_labels
from benchmarks.reporting.results import Results
from benchmarks.reporting.statistics import BEST_FIXED

__all__ = ["draw_delay_energy"]

Plane = tuple[str, str]
JOULES: Plane = ("mean_energy_j", "mean_delay_s")
RATIO: Plane = ("energy_ratio", "mean_delay_s")
"""The plane's axes; with several budgets it is the worst ratio of energy to budget that counts."""

AXIS_TITLES = {
    "mean_energy_j": "mean energy per round [J]",
    "energy_ratio": "mean energy ÷ budget, the worst of all budgets",
}
UNREACHABLE = "#F1F1F1"
MOST_NAMED = 12
"""Fixed splits beyond which only the best are named."""

POINTS_ALONG = 200
"""Points along a line that labels keep free."""

FIXED_STYLES = {
    "open": (style.ORANGE, style.DARK_ORANGE, "s", 6.5),
    "max": (style.BLUE, style.BLUE, "o", 4.5),
}
"""Colour of points and of labels, marker and its size [points of type] by clock."""

KIND_STYLES: dict[str, tuple[str, str, int, int]] = {
    "OPEN": (style.VERMILION, "*", 300, 5),
    "agent": (style.GREEN, "D", 22, 7),
    "user": (style.DARK_PURPLE, "P", 62, 6),
    "scheme": (style.BLACK, "^", 46, 4),
    "baseline": (style.GREY, "v", 46, 4),
}
"""Colour, marker, its size [points of type²] and order by kind; an agent that equals OPEN lies on
its star, hence the order and the size."""


def draw_delay_energy(results: Results) -> Figure:
    """Draws the plane."""
    played = results.summary.dropna(subset="rank")
    plane = JOULES if results.folder.scenario.num_budgets == 1 else RATIO
    curve = results.folder.frontier()[list(plane)].sort_values(plane[0])
    figure = style.figure(8.2, 5.8)
    axes = figure.add_subplot()
    style.tidy(axes)
    _scale(axes, pd.concat([curve, played[list(plane)]]))
    budget = float(results.episodes["energy_budget_j"].iloc[0]) if plane is JOULES else 1.0
    lines = [_frontier(axes, curve), _budget(axes, budget)]
    told = f"budget {budget:.0f} J" if plane is JOULES else "budgets"
    texts = [_unreachable_text(axes), _budget_text(axes, budget, told)]
    labels = [*_named_policies(axes, plane, played), *_fixed_splits(axes, plane, results, played)]
    labels += _best_in_hindsight(axes, plane, results.summary)
    figure.legend(loc="outside upper center", ncols=3, frameon=False, fontsize=9)
    style.freeze_layout(figure)
    place_labels(axes, labels, np.concatenate(lines), texts)
    return figure


def _scale(axes: Axes, points: pd.DataFrame) -> None:
    energy, delay = (points[name] for name in points)
    axes.set(
        xscale="log",
        yscale="log",
        xlabel=AXIS_TITLES[points.columns[0]],
        ylabel="mean round delay [s]",
        xlim=(0.8 * energy.min(), 1.25 * energy.max()),
        ylim=(0.8 * delay.min(), 1.25 * delay.max()),
    )
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1.0, 1.5, 2.0, 3.0, 5.0, 7.0)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())


def _frontier(axes: Axes, curve: pd.DataFrame) -> Array:
    """Draws the curve, flat beyond its fast end, and in grey what no policy can reach.

    Returns:
        Points along the curve, shape (points, 2).
    """
    (left, right), low = axes.get_xlim(), axes.get_ylim()[0]
    fastest = curve.to_numpy()[-1]
    flat = np.geomspace(fastest[0], right, POINTS_ALONG)
    points = np.vstack([curve, np.column_stack([flat, np.full_like(flat, fastest[1])])])
    axes.plot(*points.T, color=style.BLACK, linewidth=1.6, label="hindsight frontier")
    axes.fill_between(points[:, 0], low, points[:, 1], color=UNREACHABLE, linewidth=0)
    axes.axvspan(left, points[0, 0], color=UNREACHABLE, linewidth=0)
    return points


def _budget(axes: Axes, budget: float) -> Array:
    """Draws the budget; returns points along its line, shape (points, 2)."""
    axes.axvline(budget, color=style.BLACK, linewidth=1, linestyle=(0, (4, 3)))
    along = np.geomspace(*axes.get_ylim(), POINTS_ALONG)
    return np.column_stack([np.full_like(along, budget), along])


def _unreachable_text(axes: Axes) -> Text:
    text, place = "below the frontier: out of any policy's reach", axes.transAxes
    return axes.text(0.985, 0.03, text, transform=place, color=style.GREY, fontsize=9, ha="right")


def _budget_text(axes: Axes, budget: float, told: str) -> Text:
    place = axes.get_xaxis_transform()
    return axes.text(budget, 0.97, f"  {told}", transform=place, fontsize=9, va="center")


def _named_policies(axes: Axes, plane: Plane, played: pd.DataFrame) -> list[PointLabel]:
    labels = []
    for kind, (colour, marker, size, order) in KIND_STYLES.items():
        rows = played[(played["kind"] == kind) & played["split"].isna()]
        x, y = rows[plane[0]], rows[plane[1]]
        axes.scatter(
            x, y, size, colour, marker=marker, edgecolors="white", linewidths=0.6, zorder=order
        )
        labels += [
            PointLabel(line[plane[0]], line[plane[1]], line["label"], colour, 9.5, kind == "OPEN")
            for _, line in rows.iterrows()
        ]
    return labels


def _best_in_hindsight(axes: Axes, plane: Plane, summary: pd.DataFrame) -> list[PointLabel]:
    """The best fixed split of each seed, hollow since no policy can know it beforehand."""
    labels = []
    for clock, (colour, text_colour, marker, size) in FIXED_STYLES.items():
        for _, line in summary[summary["policy"] == BEST_FIXED[clock][0]].iterrows():
            x, y = line[plane[0]], line[plane[1]]
            axes.plot(x, y, marker, mfc="none", mec=colour, mew=1.3, ms=size + 4.5, zorder=3)
            labels.append(PointLabel(x, y, "best in hindsight", text_colour, 8.0))
    return labels


def _fixed_splits(
    axes: Axes, plane: Plane, results: Results, played: pd.DataFrame
) -> list[PointLabel]:
    """Fixed splits as one line of points a clock, with layers as the labels of points."""
    labels = []
    for clock, (colour, text_colour, marker, size) in FIXED_STYLES.items():
        names = [n for n, each in results.policies.items() if each.get("clock") == clock]
        rows = played[played["policy"].isin(names)].sort_values("split")
        if rows.empty:
            continue
        axes.plot(rows[plane[0]], rows[plane[1]], color=colour, linewidth=0.8, alpha=0.35)
        axes.plot(
            rows[plane[0]],
            rows[plane[1]],
            color=colour,
            marker=marker,
            markersize=size,
            linewidth=0,
            label=f"fixed split, {CLOCK_LABELS[clock]}",
            zorder=3,
        )
        labels += [
            PointLabel(
                line[plane[0]],
                line[plane[1]],
                results.folder.scenario.cut_name(int(line["split"])),
                text_colour,
            )
            for _, line in _worth_naming(rows, plane).iterrows()
        ]
    return labels


def _worth_naming(rows: pd.DataFrame, plane: Plane) -> pd.DataFrame:
    """Rows of a few fixed splits; of many, those that no other beats in delay and energy."""
    if len(rows) <= MOST_NAMED:
        return rows
    by_energy = rows.sort_values(list(plane))
    best_before = by_energy[plane[1]].cummin().shift(fill_value=np.inf)
    return by_energy[by_energy[plane[1]] < best_before]
