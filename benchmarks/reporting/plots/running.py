"""Delay, energy and queue of a few policies, round by round of the first evaluation seed."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from asl_gym import picture_style as style
from asl_gym.arrays import Array
from benchmarks.reporting.policy_styles import policy_styles
from benchmarks.reporting.results import Results

__all__ = ["draw_running_averages", "policies_to_follow"]

MOST_FOLLOWED = 7
HEIGHTS: dict[style.Width, float] = {"column": 4.6, "page": 4.8}
"""Heights of the figure by its width [inch]."""

LINES: dict[str, dict[str, Any]] = {
    "OPEN": {"linewidth": 1.6, "zorder": 5},
    "agent": {"zorder": 6, "linestyle": (0, (3, 2))},
}
"""An agent that equals OPEN is drawn dashed on top of it, so that both are seen."""

MARKS = 8
"""Markers along a line, by which it is known in grey."""


def policies_to_follow(summary: pd.DataFrame) -> list[str]:
    """OPEN, agents and a user's policies, the best scheme, and the greedy ones, as ranked."""
    played = summary.dropna(subset="rank")
    single = played["split"].notna()
    learned = played[played["kind"].isin(("OPEN", "agent", "user"))]
    best_fixed = played[single & (played["kind"] == "scheme")].head(1)
    others = played[~single & played["kind"].isin(("scheme", "baseline"))]
    chosen = pd.concat([learned, best_fixed, others])["policy"]
    return [str(name) for name in chosen[:MOST_FOLLOWED]]


def draw_running_averages(results: Results, width: style.Width) -> Figure:
    """Draws running mean delay, running mean energy and the queue below one another."""
    first_seed = results.manifest["configuration"]["seeds"][0]
    row = results.episodes[results.episodes["evaluation_seed"] == first_seed].iloc[0]
    figure = style.figure(width, HEIGHTS[width])
    delay, energy, queue = figure.subplots(3, 1, sharex=True)
    names = policies_to_follow(results.summary)
    styles = policy_styles(results.policies)
    for place, name in enumerate(names):
        rounds = results.folder.series(name)
        number, line = rounds["round"] + 1, styles[name].line(3.2, **_line(results, name, place))
        delay.plot(number, rounds["delay_s"].expanding().mean(), **line)
        ratio = _running_ratio(rounds, results.folder.scenario.energy_budgets)
        energy.plot(number, ratio, label=results.policies[name]["label"], **line)
        queue.plot(number, rounds["queue_j"], **line)
    limit: dict[str, Any] = {"color": style.BLACK, "linewidth": 0.8, "linestyle": (0, (4, 3))}
    delay.axhline(row["frontier_delay_s"], **limit)
    energy.axhline(1.0, label="frontier's delay at the budget; budget", **limit)
    _dress(delay, energy, queue, row["energy_budget_j"])
    queue.set(xlabel=f"round (evaluation seed {first_seed})", xlim=(0, row["rounds"]))
    queue.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.align_ylabels()
    figure.legend(loc="outside upper center", ncols=2 if width == "column" else 4)
    return figure


def _line(results: Results, name: str, place: int) -> dict[str, Any]:
    """What a policy's lines have beside its style; markers at other rounds than others have."""
    rounds = int(results.manifest["configuration"]["scenario"]["horizon"])
    between = max(rounds // MARKS, 1)
    marks = (place * between // MOST_FOLLOWED, between)
    of_kind = LINES.get(results.policies[name]["kind"], {"zorder": 3})
    return {"markevery": marks, **of_kind}


def _running_ratio(rounds: pd.DataFrame, budgets: Array) -> "pd.Series[float]":
    """Running mean energy over budget, the worst of them where there are several."""
    names = [f"energy_of_budget_{budget}_j" for budget in range(len(budgets))]
    energies = rounds[names] if len(budgets) > 1 else rounds[["energy_j"]]
    ratio: pd.Series[float] = (energies.expanding().mean() / budgets).max(axis=1)
    return ratio


def _dress(delay: Axes, energy: Axes, queue: Axes, budget: float) -> None:
    delay.set(yscale="log", ylabel="running mean delay [s]")
    energy.set(yscale="log", ylabel="running energy ÷ budget")
    for axes in (delay, energy):
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 3.0, 5.0)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    # Linear up to the budget, so that an empty queue has a place on a logarithmic axis.
    queue.set_yscale("symlog", linthresh=budget)
    queue.set(ylabel="virtual queue [J]")
    queue.set_ylim(bottom=0)
    queue.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
