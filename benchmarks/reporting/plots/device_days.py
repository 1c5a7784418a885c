"""One device on its battery: harvest, charge and splits under policies, round by round."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from asl_gym import picture_style as style
from asl_gym.arrays import Array
from asl_gym.model.batteries import Batteries
from benchmarks.reporting.plots.split_points import device_label
from benchmarks.reporting.policy_styles import PolicyStyle, policy_styles
from benchmarks.reporting.results import Results

__all__ = ["draw_device_days", "most_contrasting"]

FOLLOWED = ("told-the-law", "harvest-drift", "ration", "myopic")
"""Policies that are shown where they were played, from one that looks far ahead to one that does
not."""

HARVEST, CHARGE, SPLITS = 0.6, 1.4, 0.6
"""Heights of the panels of harvest, of charge, and of each policy's splits [inch]."""

BELOW = 0.9
"""How far below the lowest split the ticks of rounds stand that wait."""


class _Days(NamedTuple):
    """A device's rounds under one policy.

    Attributes:
        day: Days that have passed before each round, shape (T,).
        harvest: What is harvested [J], shape (T,).
        charge: What the battery holds after the round, of its capacity [%], shape (T,).
        split: The split point, shape (T,).
        wait: What the device waits for its battery [s], shape (T,).
    """

    day: Array
    harvest: Array
    charge: Array
    split: Array
    wait: Array


def most_contrasting(episodes: list[pd.DataFrame]) -> int:
    """The device whose mean wait differs most between policies; the first where they tie.

    Args:
        episodes: An episode of each policy round by round, with a column ``wait_N_s`` a device.
    """
    waits = [each.filter(regex=r"^wait_\d+_s$").mean().to_numpy() for each in episodes]
    return int(np.ptp(waits, axis=0).argmax())


def draw_device_days(results: Results, width: style.Width) -> Figure | None:
    """Draws the days of the device whose waits the policies of :data:`FOLLOWED` tell apart most.

    Returns:
        The figure, or ``None`` where none of these was played.
    """
    played = set(results.followed["policy"])
    names = [name for name in FOLLOWED if name in played]
    if not names:
        return None
    scenario, styles = results.folder.scenario, policy_styles(results.policies)
    episodes = [results.folder.series(name) for name in names]
    device = most_contrasting(episodes)
    days = [_days_of(device, each, results) for each in episodes]
    heights = [HARVEST, CHARGE, *[SPLITS] * len(names)]
    figure = style.figure(width, sum(heights) + (1.0 if width == "column" else 0.8))
    panels = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights)
    _draw_harvest(panels[0], days[0])
    used = np.unique([each.split for each in days])
    for axes, name, own in zip(panels[2:], names, days, strict=True):
        label, look = str(results.policies[name]["label"]), styles[name]
        panels[1].plot(own.day, own.charge, label=label, color=look.colour, linewidth=1.1)
        _draw_splits(axes, own, used, look)
        axes.set_title(f"{label}: waits {own.wait.mean():.1f} s a round", loc="left", pad=2.0)
        axes.set_yticks(range(len(used)), [scenario.cut_name(int(split)) for split in used])
    panels[1].set(ylabel="charge [%]", ylim=(0, None))
    for axes in panels:
        _shade_nights(axes, days[0].day, scenario.batteries)
    seed, told = results.manifest["configuration"]["seeds"][0], device_label(scenario, device)
    panels[-1].set_xlabel(f"days of device {device} ({told}), evaluation seed {seed}")
    figure.align_ylabels(panels[:2])
    figure.legend(loc="outside upper center", ncols=2 if width == "column" else 4)
    return figure


def _days_of(device: int, rounds: pd.DataFrame, results: Results) -> _Days:
    scenario = results.folder.scenario
    assert scenario.batteries is not None
    capacity = scenario.batteries.capacities(scenario.fastest_energies)[device]
    columns = (f"harvest_{device}_j", f"battery_{device}_j", f"split_{device}", f"wait_{device}_s")
    harvest, charge, split, wait = (rounds[name].to_numpy() for name in columns)
    day = rounds["round"].to_numpy() / scenario.batteries.rounds_per_day
    return _Days(day, harvest, 100 * charge / capacity, split, wait)


def _draw_harvest(axes: Axes, days: _Days) -> None:
    axes.fill_between(days.day, days.harvest, step="post", color=style.ORANGE, linewidth=0)
    axes.set(ylabel="harvest [J]", ylim=(0, None))


def _draw_splits(axes: Axes, days: _Days, used: Array, look: PolicyStyle) -> None:
    """The split of each round as a dot, and a tick below where the device waits."""
    place = np.searchsorted(used, days.split)
    axes.plot(days.day, place, ".", color=look.text_colour, markersize=2.6, markeredgewidth=0)
    waits = days.day[days.wait > 0]
    axes.plot(waits, np.full(len(waits), -BELOW), "|", color=style.BLACK, markersize=3.0)
    axes.set_ylim(-BELOW - 0.5, len(used) - 0.4)


def _shade_nights(axes: Axes, day: Array, batteries: Batteries | None) -> None:
    """Shades the rounds without sun, and puts ticks at dawn and dusk."""
    assert batteries is not None
    dark = np.resize(batteries.sunshine() == 0.0, len(day))
    # Each round is shaded up to the next.
    night = dark | np.roll(dark, 1)
    night[0] = dark[0]
    ends = axes.get_xaxis_transform()
    axes.fill_between(
        day, 0, 1, where=night, step="post", color=style.FAINT, linewidth=0, transform=ends
    )
    axes.set_xlim(0, day[-1])
    axes.grid(axis="x", visible=False)
    axes.xaxis.set_major_locator(MultipleLocator(0.5))
