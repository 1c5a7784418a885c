"""Delay, energy and queue of a few policies, round by round of the first evaluation seed."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from asl_gym.arrays import Array
from benchmarks.reporting.plots import style
from benchmarks.reporting.results import Results

__all__ = ["draw_running_averages", "policies_to_follow"]

COLOURS = (
    style.VERMILION,
    style.GREEN,
    style.PURPLE,
    style.GREY,
    style.ORANGE,
    style.SKY,
    style.BLUE,
)
PREFERRED = {"OPEN": style.VERMILION, "agent": style.GREEN, "user": style.PURPLE}
"""The colours that these kinds have in the delay-energy plane; others are dealt from the end."""

LINES: dict[str, dict[str, Any]] = {
    "OPEN": {"linewidth": 2.4, "zorder": 5},
    "agent": {"linewidth": 1.4, "zorder": 6, "linestyle": (0, (3, 2))},
}
"""An agent that equals OPEN is drawn dashed on top of it, so that both are seen."""

OTHER_LINE: dict[str, Any] = {"linewidth": 1.4, "zorder": 3}


def policies_to_follow(summary: pd.DataFrame) -> list[str]:
    """OPEN, agents and a user's policies, the best scheme, and the greedy ones, as ranked."""
    played = summary.dropna(subset="rank")
    single = played["split"].notna()
    learned = played[played["kind"].isin(("OPEN", "agent", "user"))]
    best_fixed = played[single & (played["kind"] == "scheme")].head(1)
    others = played[~single & played["kind"].isin(("scheme", "baseline"))]
    chosen = pd.concat([learned, best_fixed, others])["policy"]
    return [str(name) for name in chosen[: len(COLOURS)]]


def draw_running_averages(results: Results) -> Figure:
    """Draws running mean delay, running mean energy and the queue below one another."""
    first_seed = results.manifest["configuration"]["seeds"][0]
    row = results.episodes[results.episodes["evaluation_seed"] == first_seed].iloc[0]
    figure = style.figure(8.2, 7.6)
    delay, energy, queue = figure.subplots(3, 1, sharex=True)
    names = policies_to_follow(results.summary)
    kinds = [results.policies[name]["kind"] for name in names]
    for name, colour in zip(names, _deal_colours(kinds), strict=True):
        rounds = results.folder.series(name)
        number = rounds["round"] + 1
        line = {"color": colour, **LINES.get(results.policies[name]["kind"], OTHER_LINE)}
        delay.plot(number, rounds["delay_s"].expanding().mean(), **line)
        ratio = _running_ratio(rounds, results.folder.scenario.energy_budgets)
        energy.plot(number, ratio, label=results.policies[name]["label"], **line)
        queue.plot(number, rounds["queue_j"], **line)
    limit: dict[str, Any] = {"color": style.BLACK, "linewidth": 1.2, "linestyle": (0, (4, 3))}
    delay.axhline(row["frontier_delay_s"], **limit)
    energy.axhline(1.0, label="frontier's delay at the budget (top), budget (middle)", **limit)
    _dress(delay, energy, queue, row["energy_budget_j"])
    queue.set(xlabel=f"round (evaluation seed {first_seed})", xlim=(0, row["rounds"]))
    figure.align_ylabels()
    figure.legend(loc="outside upper center", ncols=3, frameon=False, fontsize=9)
    return figure


def _running_ratio(rounds: pd.DataFrame, budgets: Array) -> "pd.Series[float]":
    """Running mean energy over budget, the worst of them where there are several."""
    names = [f"energy_of_budget_{budget}_j" for budget in range(len(budgets))]
    energies = rounds[names] if len(budgets) > 1 else rounds[["energy_j"]]
    ratio: pd.Series[float] = (energies.expanding().mean() / budgets).max(axis=1)
    return ratio


def _deal_colours(kinds: list[str]) -> list[str]:
    free, dealt = list(COLOURS), []
    for kind in kinds:
        colour = PREFERRED.get(kind)
        colour = colour if colour in free else free[-1]
        free.remove(colour)
        dealt.append(colour)
    return dealt


def _dress(delay: Axes, energy: Axes, queue: Axes, budget: float) -> None:
    for axes in (delay, energy, queue):
        style.tidy(axes)
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
