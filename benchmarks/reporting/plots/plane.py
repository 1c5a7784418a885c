"""What is drawn in the delay-energy plane: its axes, the frontier, the budget, policies."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from asl_gym import picture_style as style
from asl_gym.arrays import Array
from benchmarks.reporting.policy_styles import FRONTIER, PolicyStyle

__all__ = [
    "AXIS_TITLES",
    "JOULES",
    "RATIO",
    "Plane",
    "draw_budget",
    "draw_frontier",
    "draw_policies",
    "scale",
    "write_budget",
    "write_unreachable",
]

Plane = tuple[str, str]
JOULES: Plane = ("mean_energy_j", "mean_delay_s")
RATIO: Plane = ("energy_ratio", "mean_delay_s")
"""The plane's axes; with several budgets it is the worst ratio of energy to budget that counts."""

AXIS_TITLES = {
    "mean_energy_j": "mean energy per round [J]",
    "energy_ratio": "mean energy ÷ budget, the worst of all budgets",
}

UNREACHABLE = "#F1F1F1"
POINTS_ALONG = 200
"""Points along a line that labels keep free."""

ORDER = {"OPEN": 6, "agent": 7, "user": 7}
"""Kinds that are drawn above others; an agent that equals OPEN lies on its star."""


def scale(axes: Axes, plane: Plane, points: pd.DataFrame) -> None:
    """Gives the axes their limits, ticks and titles, all points within."""
    energy, delay = (points[name] for name in plane)
    axes.set(
        xscale="log",
        yscale="log",
        xlabel=AXIS_TITLES[plane[0]],
        ylabel="mean round delay [s]",
        xlim=(0.8 * energy.min(), 1.25 * energy.max()),
        ylim=(0.8 * delay.min(), 1.25 * delay.max()),
    )
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1.0, 1.5, 2.0, 3.0, 5.0, 7.0)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())


def draw_frontier(axes: Axes, curve: pd.DataFrame) -> Array:
    """Draws the curve, flat beyond its fast end, and in grey what no policy can reach.

    Returns:
        Points along what the axes show of the curve, however small a part, shape (points, 2).
    """
    (left, right), low = axes.get_xlim(), axes.get_ylim()[0]
    fastest = curve.to_numpy()[-1]
    flat = np.geomspace(fastest[0], right, POINTS_ALONG)
    points = np.vstack([curve, np.column_stack([flat, np.full_like(flat, fastest[1])])])
    axes.plot(*points.T, **FRONTIER)
    axes.fill_between(points[:, 0], low, points[:, 1], color=UNREACHABLE, linewidth=0)
    axes.axvspan(left, points[0, 0], color=UNREACHABLE, linewidth=0)
    shown = np.geomspace(max(left, points[0, 0]), right, POINTS_ALONG)
    return np.column_stack([shown, np.interp(shown, *points.T)])


def draw_budget(axes: Axes, budget: float) -> Array:
    """Draws the budget; returns points along its line, shape (points, 2)."""
    axes.axvline(budget, color=style.BLACK, linewidth=0.7, linestyle=(0, (4, 3)))
    along = np.geomspace(*axes.get_ylim(), POINTS_ALONG)
    return np.column_stack([np.full_like(along, budget), along])


def write_unreachable(axes: Axes) -> Text:
    """Says what the grey means."""
    text, place = "below the frontier: out of any policy's reach", axes.transAxes
    halo = withStroke(linewidth=2, foreground=UNREACHABLE)
    return axes.text(
        *(0.985, 0.03, text),
        transform=place,
        color=style.GREY,
        fontsize=7,
        ha="right",
        path_effects=[halo],
        zorder=5,
    )


def write_budget(axes: Axes, budget: float, told: str) -> Text:
    """Says what the line at the budget is."""
    place = axes.get_xaxis_transform()
    return axes.text(budget, 0.97, f" {told}", transform=place, fontsize=7, va="center")


def draw_policies(
    axes: Axes,
    plane: Plane,
    rows: pd.DataFrame,
    styles: Mapping[str, PolicyStyle],
    intervals: bool = True,
) -> None:
    """Draws policies in the ranking's order, with the 95% intervals of their means or without."""
    for _, line in rows.iterrows():
        own, order = styles[str(line["policy"])], ORDER.get(str(line["kind"]), 4)
        if intervals:
            _intervals(axes, plane, line, own.colour)
        axes.plot(
            *(line[plane[0]], line[plane[1]]),
            **own.points(zorder=order),
        )


def _intervals(axes: Axes, plane: Plane, line: "pd.Series[float]", colour: str) -> None:
    """The 95% intervals of a policy's mean energy and delay, where there are any."""
    x, y = (line[name] for name in plane)
    for name, place in zip(plane, ("x", "y"), strict=True):
        ends = [line[f"{name}_{end}"] for end in ("low", "high")]
        if np.isfinite(ends).all():
            along = (ends, [y, y]) if place == "x" else ([x, x], ends)
            axes.plot(*along, color=colour, linewidth=0.7, zorder=2)
