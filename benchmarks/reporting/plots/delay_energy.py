"""The delay-energy plane: the hindsight frontier as a curve and every policy as a point.

Policies near the budget and the frontier lie on top of one another there, so that a second panel
shows them alone. Names stand beside the points, so that no legend has to be searched.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from asl_gym import picture_style as style
from asl_gym.arrays import Array
from benchmarks.playing.suite import CLOCK_LABELS
from benchmarks.reporting.plots.labels import PointLabel, place_labels
from benchmarks.reporting.plots.plane import (
    AXIS_TITLES,
    JOULES,
    RATIO,
    Plane,
    draw_budget,
    draw_frontier,
    draw_policies,
    scale,
    write_budget,
    write_unreachable,
)
from benchmarks.reporting.policy_styles import PolicyStyle, policy_style, policy_styles
from benchmarks.reporting.results import Results
from benchmarks.reporting.statistics import BEST_FIXED

__all__ = ["draw_delay_energy"]

MOST_NAMED = {"column": 5, "page": 12}
"""Fixed splits beyond which only the best are named, by the figure's width."""

NEAR = 0.1
"""Priced gap, and distance of energy from the budget, up to which a policy is near."""

ROOM_FOR_NAMES = 6.0
"""Room to the right of the policies near the budget, in tenths of what they extend over."""

ROOM_BELOW = 0.4
"""Room below them, as a share of the rest."""

FEWEST_NEAR = 2
"""Policies near the budget from which on they get a panel."""


def draw_delay_energy(results: Results, width: style.Width) -> Figure:
    """Draws the plane and, where several policies are near the budget, these alone."""
    played = results.summary.dropna(subset="rank")
    others = played[played["split"].isna()]
    near = others[(others["priced_gap"] <= NEAR) & ((others["energy_ratio"] - 1).abs() <= NEAR)]
    figure, whole, part = _panels(width, len(near) >= FEWEST_NEAR)
    plane = JOULES if results.folder.scenario.num_budgets == 1 else RATIO
    curve = results.folder.frontier()[list(plane)].sort_values(plane[0])
    budget = float(results.episodes["energy_budget_j"].iloc[0]) if plane is JOULES else 1.0
    scale(whole, plane, pd.concat([curve, played[list(plane)]]))
    lines = [draw_frontier(whole, curve), draw_budget(whole, budget)]
    told = f"budget {budget:.0f} J" if plane is JOULES else "budgets"
    texts = [write_unreachable(whole), write_budget(whole, budget, told)]
    styles = policy_styles(results.policies)
    draw_policies(whole, plane, others, styles)
    far = others.drop(near.index) if part is not None else others
    labels = [*_names(far, plane, styles), *_fixed_splits(whole, plane, results, width)]
    _best_in_hindsight(whole, plane, results.summary)
    if part is not None:
        along = _draw_near(part, plane, near, curve, budget)
        draw_policies(part, plane, near, styles, intervals=False)
        _mark(whole, part)
    figure.legend(
        *whole.get_legend_handles_labels(),
        loc="outside lower center",
        ncols=2 if width == "column" else 3,
    )
    style.freeze_layout(figure)
    place_labels(whole, labels, np.concatenate([*lines, others[list(plane)]]), texts)
    if part is not None:
        # In one colour, so that the names of points on one another are written as one.
        names = [replace(each, colour=style.BLACK) for each in _names(near, plane, styles)]
        place_labels(part, names, np.concatenate([along, near[list(plane)]]))
    return figure


def _mark(whole: Axes, part: Axes) -> None:
    """Frames in one panel what the other shows enlarged."""
    (left, right), (low, high) = part.get_xlim(), part.get_ylim()
    whole.indicate_inset(
        (left, low, right - left, high - low), edgecolor=style.BLACK, alpha=0.7, linewidth=0.6
    )


def _names(rows: pd.DataFrame, plane: Plane, styles: Mapping[str, PolicyStyle]) -> list[PointLabel]:
    """The names of policies beside their points."""
    return [
        PointLabel(
            *(float(line[plane[0]]), float(line[plane[1]]), str(line["label"])),
            styles[str(line["policy"])].text_colour,
        )
        for _, line in rows.iterrows()
    ]


def _panels(width: style.Width, near: bool) -> tuple[Figure, Axes, Axes | None]:
    """The figure and its panels, below one another in a column and side by side on a page."""
    if width == "page":
        figure = style.figure(width, 3.9)
        panels = figure.subplots(1, 1 + near, width_ratios=(1.7, 1)[: 1 + near], squeeze=False)
    else:
        figure = style.figure(width, 4.1 + 2.2 * near)
        panels = figure.subplots(1 + near, 1, height_ratios=(1.4, 1)[: 1 + near], squeeze=False)
    return figure, panels.flat[0], panels.flat[1] if near else None


def _draw_near(
    axes: Axes, plane: Plane, near: pd.DataFrame, curve: pd.DataFrame, budget: float
) -> Array:
    """Draws frontier and budget where the policies near the budget are.

    Returns:
        Points along both, shape (points, 2).
    """
    energies = _with_room(np.append(near[plane[0]], budget), ROOM_FOR_NAMES)
    below = np.interp(energies, curve[plane[0]], curve[plane[1]])
    low, high = _with_room(np.append(near[plane[1]], below))
    # Names of what lies on the frontier find room below it.
    axes.set(xlim=energies, ylim=(low - ROOM_BELOW * (high - low), high))
    axes.set(xlabel=AXIS_TITLES[plane[0]], ylabel="mean round delay [s]")
    axes.set_title("near the budget, enlarged")
    along = [draw_frontier(axes, curve), draw_budget(axes, budget)]
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(5))
    points = np.concatenate(along)
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    inside = (points > (left, low)) & (points < (right, high))
    return np.asarray(points[inside.all(axis=1)])


def _with_room(values: Array, above: float = 1.0) -> tuple[float, float]:
    """Limits of an axis with room beyond the least value, and so many times that above."""
    low, high = float(values.min()), float(values.max())
    room = 0.1 * (high - low) or 0.01 * high
    return low - room, high + above * room


def _best_in_hindsight(axes: Axes, plane: Plane, summary: pd.DataFrame) -> None:
    """The best fixed split of each seed, hollow since no policy can know it beforehand."""
    for clock, (name, _, _) in BEST_FIXED.items():
        for _, line in summary[summary["policy"] == name].iterrows():
            own = policy_style(name).points(6.5, markerfacecolor="none", zorder=3)
            label = f"the best in hindsight, {CLOCK_LABELS[clock]}"
            axes.plot(line[plane[0]], line[plane[1]], **own, label=label)


def _fixed_splits(
    axes: Axes, plane: Plane, results: Results, width: style.Width
) -> list[PointLabel]:
    """Fixed splits as one line of points a clock, with layers as the labels of points."""
    played, labels = results.summary.dropna(subset="rank"), []
    for clock, told in CLOCK_LABELS.items():
        names = [n for n, each in results.policies.items() if each.get("clock") == clock]
        rows = played[played["policy"].isin(names)].sort_values("split")
        if rows.empty:
            continue
        own, (x, y) = policy_style(names[0]), (rows[plane[0]], rows[plane[1]])
        axes.plot(x, y, color=own.colour, linewidth=0.6, alpha=0.35)
        axes.plot(x, y, **own.points(3.2, label=f"fixed splits, {told}", zorder=3))
        cut_name = results.folder.scenario.cut_name
        labels += [
            PointLabel(
                line[plane[0]], line[plane[1]], cut_name(int(line["split"])), own.text_colour
            )
            for _, line in _worth_naming(rows, plane, MOST_NAMED[width]).iterrows()
        ]
    return labels


def _worth_naming(rows: pd.DataFrame, plane: Plane, most: int) -> pd.DataFrame:
    """Rows of a few fixed splits; of many, those that no other beats in delay and energy."""
    if len(rows) <= most:
        return rows
    by_energy = rows.sort_values(list(plane))
    best_before = by_energy[plane[1]].cummin().shift(fill_value=np.inf)
    return by_energy[by_energy[plane[1]] < best_before]
