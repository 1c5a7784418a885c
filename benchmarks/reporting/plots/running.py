"""Running averages against OPEN's, round by round of the first evaluation seed.

Good policies lie on top of one another there, so that each has panels of its own: the difference of
its running mean delay from OPEN's, and its energy and queue with OPEN's behind them.
"""

from collections.abc import Sequence
from textwrap import fill
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from asl_gym import picture_style as style
from asl_gym.arrays import Array
from benchmarks.reporting.policy_styles import PolicyStyle, policy_styles
from benchmarks.reporting.results import Results

__all__ = ["draw_running_averages", "policies_to_follow", "reference_of"]

MOST_FOLLOWED: dict[style.Width, int] = {"column": 3, "page": 6}
"""Policies that find room beside OPEN, by the figure's width."""

HEIGHTS: dict[style.Width, float] = {"column": 3.6, "page": 3.7}
"""Heights of the figure by its width [inch]."""

ROWS = ("delay against\n{}'s [%]", "energy ÷\nbudget", "queue ÷\nbudget")
"""What the rows of panels show, but for the queue all as means of the rounds so far."""

LONGEST_LINE = {"column": 16, "page": 17}
"""Characters of a panel's title before it is broken."""

LINEAR = 1.0
"""Difference [%], and queue over budget, up to which an axis is linear, logarithmic beyond it."""


def reference_of(summary: pd.DataFrame) -> str:
    """What the others are compared with: OPEN, or the best where it was not played."""
    played = summary.dropna(subset="rank")["policy"]
    return "open" if (played == "open").any() else str(played.iloc[0])


def policies_to_follow(summary: pd.DataFrame, width: style.Width = "page") -> list[str]:
    """The policies that get panels, as ranked.

    A user's policies come first, then the best agent, the best fixed split, the best of the other
    schemes, another version of OPEN, and the worst agent, as many as find room.
    """
    played = summary.dropna(subset="rank")
    played = played[played["policy"] != reference_of(summary)]
    kind, single = played["kind"], played["split"].notna()
    agents = played[kind == "agent"]
    groups = (
        played[kind == "user"],
        agents.head(1),
        played[single & (kind == "scheme")].head(1),
        played[~single & kind.isin(("scheme", "baseline"))].head(1),
        played[kind == "OPEN"].head(1),
        agents.tail(1),
    )
    chosen = pd.concat(groups)["policy"].drop_duplicates()[: MOST_FOLLOWED[width]]
    return [str(name) for name in played["policy"] if name in set(chosen)]


def draw_running_averages(results: Results, width: style.Width) -> Figure | None:
    """Draws a column of panels for each policy, with rows common to all.

    Returns:
        The figure, or ``None`` where nothing has played the first evaluation seed.
    """
    seed = results.manifest["configuration"]["seeds"][0]
    if results.followed["rank"].isna().all():
        return None
    reference = reference_of(results.followed)
    names = policies_to_follow(results.followed, width) or [reference]
    styles, labels = policy_styles(results.policies), results.policies
    figure = style.figure(width, HEIGHTS[width])
    panels = figure.subplots(len(ROWS), len(names), sharex=True, sharey="row", squeeze=False)
    behind = _averages(results, reference)
    for column, name in zip(panels.T, names, strict=True):
        column[0].set_title(fill(labels[name]["label"], LONGEST_LINE[width]))
        _draw(column, _averages(results, name), behind, styles[name], styles[reference])
    told = str(labels[reference]["label"])
    _dress(panels, told, len(behind[0]))
    figure.supxlabel(
        f"round (evaluation seed {seed}); thin line: {told}; dashed: the budget", fontsize=7
    )
    return figure


def _averages(results: Results, name: str) -> tuple["pd.Series[float]", ...]:
    """Running mean delay, running energy over budget, and the queue over budget, by round."""
    rounds, budgets = results.folder.series(name), results.folder.scenario.energy_budgets
    rounds = rounds.set_index(rounds["round"] + 1)
    queue = rounds["queue_j"] / float(budgets.sum())
    return rounds["delay_s"].expanding().mean(), _running_ratio(rounds, budgets), queue


def _draw(
    column: Sequence[Axes],
    own: tuple["pd.Series[float]", ...],
    behind: tuple["pd.Series[float]", ...],
    look: PolicyStyle,
    reference: PolicyStyle,
) -> None:
    delay, *others = column
    plain: dict[str, Any] = {"color": look.text_colour, "linewidth": 1.4}
    thin: dict[str, Any] = {"color": reference.colour, "linewidth": 0.7, "zorder": 3}
    delay.axhline(0.0, **thin)
    delay.plot(100 * (own[0] / behind[0] - 1), **plain)
    for axes, ours, theirs in zip(others, own[1:], behind[1:], strict=True):
        axes.plot(ours, **plain)
        axes.plot(theirs, **thin)
        axes.axhline(1.0, color=style.BLACK, linewidth=0.7, linestyle=(0, (4, 3)))


def _running_ratio(rounds: pd.DataFrame, budgets: Array) -> "pd.Series[float]":
    """Running mean energy over budget, the worst of them where there are several."""
    names = [f"energy_of_budget_{budget}_j" for budget in range(len(budgets))]
    energies = rounds[names] if len(budgets) > 1 else rounds[["energy_j"]]
    ratio: pd.Series[float] = (energies.expanding().mean() / budgets).max(axis=1)
    return ratio


def _dress(panels: Any, reference: str, rounds: int) -> None:
    """Scales and labels of the rows, which all panels of one share."""
    delay, energy, queue = panels[:, 0]
    for axes, label in zip((delay, energy, queue), ROWS, strict=True):
        axes.set_ylabel(label.format(reference))
    # Linear in the middle, so that no difference, and an empty queue, have a place.
    for axes, told in ((delay, _signed), (queue, _plain)):
        axes.set_yscale("symlog", linthresh=LINEAR, linscale=0.6)
        axes.yaxis.set_major_formatter(FuncFormatter(told))
        axes.yaxis.set_minor_formatter(NullFormatter())
    queue.set_ylim(bottom=0)
    energy.set_yscale("log")
    energy.yaxis.set_major_locator(LogLocator(subs=(1.0, 1.5, 2.0, 3.0, 5.0)))
    energy.yaxis.set_major_formatter(FuncFormatter(_plain))
    energy.yaxis.set_minor_formatter(NullFormatter())
    panels[-1, 0].set_xlim(1, max(rounds, 2))
    panels[-1, 0].xaxis.set_major_locator(MaxNLocator(2, integer=True))
    delay.figure.align_ylabels()


def _plain(value: float, _: Any) -> str:
    return f"{value:,g}"


def _signed(value: float, _: Any) -> str:
    return f"{value:+,g}" if value else "0"
