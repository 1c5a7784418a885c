"""Devices on batteries: gaps to the hindsight bound, and delays and batteries over the rounds."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from asl_gym import picture_style as style
from asl_gym.arrays import Array
from benchmarks.reporting.policy_styles import policy_styles
from benchmarks.reporting.results import Results

__all__ = ["draw_batteries", "draw_gaps"]

MOST_RANKED = 14
"""Policies that find room in the picture of gaps, the best first."""

MOST_FOLLOWED = 7
"""Policies whose rounds are drawn; fixed splits are far off and would squeeze the others."""


def draw_gaps(results: Results, width: style.Width) -> Figure:
    """Draws each policy's mean gap with its interval, the best on top."""
    ranked = results.summary.dropna(subset="rank").head(MOST_RANKED)
    styles = policy_styles(results.policies)
    figure = style.figure(width, 0.7 + 0.2 * len(ranked))
    axes = figure.subplots()
    for place, (_, line) in enumerate(ranked.iterrows()):
        own, ends = styles[str(line["policy"])], [line["gap_low"], line["gap_high"]]
        if np.isfinite(ends).all():
            axes.plot(100 * np.array(ends), [place, place], color=own.colour, linewidth=0.9)
        axes.plot(100 * line["gap"], place, **own.points())
    axes.set_yticks(range(len(ranked)), ranked["label"])
    axes.set(ylim=(len(ranked) - 0.5, -0.5), xscale="log")
    axes.set_xlabel("mean delay beyond the hindsight bound [%]")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    return figure


def draw_batteries(results: Results, width: style.Width) -> Figure | None:
    """Draws the running mean delay and the batteries' mean charge below one another.

    Returns:
        The figure, or ``None`` where nothing has played the first evaluation seed.
    """
    ranked = results.followed.dropna(subset="rank")
    if ranked.empty:
        return None
    first_seed, scenario = results.manifest["configuration"]["seeds"][0], results.folder.scenario
    figure = style.figure(width, 3.6)
    delay, battery = figure.subplots(2, 1, sharex=True)
    styles = policy_styles(results.policies)
    followed = ranked.loc[ranked["split"].isna(), "policy"].head(MOST_FOLLOWED)
    for place, name in enumerate(map(str, followed)):
        rounds = results.folder.series(name)
        marks = (5 + 7 * place, max(scenario.horizon // 6, 1))
        line = styles[name].line(3.2, markevery=marks, linewidth=0.9)
        number, label = rounds["round"] + 1, results.policies[name]["label"]
        delay.plot(number, rounds["delay_s"].expanding().mean(), label=label, **line)
        charges = rounds.filter(regex=r"^battery_\d+_j$").to_numpy()
        battery.plot(number, 100 * _share(charges, results), **line)
    delay.set(ylabel="running mean delay [s]")
    battery.set(ylabel="mean charge [%]", ylim=(0, 100))
    battery.set(xlabel=f"round (evaluation seed {first_seed})", xlim=(0, scenario.horizon))
    battery.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.align_ylabels()
    figure.legend(loc="outside upper center", ncols=2 if width == "column" else 4)
    return figure


def _share(charges: Array, results: Results) -> Array:
    """Mean over the devices of what batteries hold of their capacity, shape (T,)."""
    scenario = results.folder.scenario
    assert scenario.batteries is not None
    capacities = scenario.batteries.capacities(scenario.fastest_energies)
    return np.asarray((charges / capacities).mean(axis=1))
