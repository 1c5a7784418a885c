"""Who splits where: how often each device is split at each point, in the first evaluation seed."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure

from asl_gym import Scenario
from asl_gym import picture_style as style
from asl_gym.arrays import Array
from asl_gym.model.radio import Radio
from benchmarks.reporting.results import Results

__all__ = ["device_label", "draw_split_points", "policies_to_show", "split_shares"]

MOST_PANELS: dict[style.Width, int] = {"column": 2, "page": 3}
"""Policies that find room, by the figure's width."""

FEWEST_ROWS = 6
"""Rows for which there is height at least, so that the colours' scale has room."""

MOST_DEVICES_WITH_TEXT = 20
ROOM_FOR_SHARE, ROOM_FOR_NAME = 0.12, 0.085
"""Width of a split point's column in which its shares, or its name, can be read [inch]."""

BESIDE = 1.5
"""Width of what stands beside the panels [inch]."""

DARK_FROM = 55.0
"""From this share [%] on a cell is dark enough for white text."""


def split_shares(rounds: pd.DataFrame, splits: Sequence[int]) -> Array:
    """Shares of the rounds in which each device is split at each point.

    Args:
        rounds: An episode round by round, with a column ``split_N`` a device.
        splits: The admissible split points.

    Returns:
        Shares, shape (devices, splits).
    """
    chosen = rounds.filter(regex=r"^split_\d+$").to_numpy()
    return np.asarray((chosen[:, :, None] == np.asarray(splits)).mean(axis=0))


def policies_to_show(summary: pd.DataFrame, width: style.Width = "page") -> pd.DataFrame:
    """Name and label of OPEN and of what contrasts with it, of the first that find room.

    That is a user's policies, then schemes and baselines that decide every round, such as greedy
    ones, then agents.
    """
    played = summary.dropna(subset="rank")
    kind, decides = played["kind"], played["split"].isna() & (played["policy"] != "random")
    opens = played[kind == "OPEN"]
    plain = opens[opens["policy"] == "open"]
    contrasting = (
        played[kind == "user"],
        played[decides & kind.isin(("scheme", "baseline"))],
        played[kind == "agent"],
    )
    chosen = pd.concat([plain if len(plain) else opens.head(1), *contrasting])
    return chosen[["policy", "label"]].head(MOST_PANELS[width])


def draw_split_points(results: Results, width: style.Width) -> Figure | None:
    """Draws a panel for OPEN and others for policies that contrast with it.

    They stand beside one another on a page, below one another in a column.

    Returns:
        The figure, or ``None`` where none of these was played.
    """
    shown = policies_to_show(results.followed, width)
    if shown.empty:
        return None
    scenario = results.folder.scenario
    down, across = (len(shown), 1) if width == "column" else (1, len(shown))
    figure = style.figure(width, _height(scenario, down))
    room = (style.WIDTHS[width] - BESIDE) / (across * len(_columns(scenario)))
    panels = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, (policy, label) in zip(panels, shown.itertuples(index=False), strict=True):
        shares = split_shares(results.folder.series(policy), _columns(scenario))
        image = _panel(axes, shares, scenario, room)
        axes.set_title(label)
    panels[0].set_yticks(*_device_ticks(scenario))
    for axes in panels[:: 1 if width == "column" else len(panels)]:
        axes.set_ylabel("device")
    figure.supxlabel("split point: the last layer on the device", fontsize=7)
    bar = figure.colorbar(image, ax=panels, pad=0.01, aspect=30)
    bar.set_label("share of rounds [%]")
    bar.outline.set_visible(False)
    return figure


def _height(scenario: Scenario, panels: int) -> float:
    """The figure's height [inch]: the rows of panels below one another, and the longest name."""
    rows = min(max(scenario.num_devices, FEWEST_ROWS), MOST_DEVICES_WITH_TEXT)
    longest = max(len(scenario.cut_name(split)) for split in _columns(scenario))
    return 0.45 + panels * (0.2 + 0.16 * rows) + 0.05 * longest


def _panel(axes: Axes, shares: Array, scenario: Scenario, room: float) -> QuadMesh:
    everyone = shares.mean(axis=0, keepdims=True)
    table = 100 * np.vstack([shares, everyone])
    image = axes.pcolormesh(
        table, cmap="Blues", vmin=0, vmax=100, edgecolors="white", linewidth=0.3
    )
    axes.set_ylim(len(table), 0)
    axes.axhline(len(shares), color="white", linewidth=2)
    columns = _columns(scenario)
    step = math.ceil(ROOM_FOR_NAME / room)
    names = [scenario.cut_name(split) for split in columns]
    axes.set_xticks(np.arange(0, len(columns), step) + 0.5, names[::step], rotation=90)
    axes.grid(visible=False)
    axes.tick_params(length=0, labelsize=6.5, pad=1.5)
    axes.spines[:].set_visible(False)
    if len(shares) <= MOST_DEVICES_WITH_TEXT and room >= ROOM_FOR_SHARE:
        for (row, column), value in np.ndenumerate(table):
            colour = "white" if value > DARK_FROM else style.BLACK
            text = f"{value:.0f}" if value >= 1 else "<1" if value > 0 else ""
            axes.text(
                column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=5.5, color=colour
            )
    return image


def _columns(scenario: Scenario) -> list[int]:
    """All split points that a device has."""
    return [int(split) for split in np.unique(scenario.split_points.table)]


def _device_ticks(scenario: Scenario) -> tuple[list[float], list[str]]:
    """Ticks for the devices, thinned out in a large fleet, and for all of them together."""
    devices = scenario.num_devices
    step = -(-devices // MOST_DEVICES_WITH_TEXT)
    numbers = list(range(0, devices, step))
    labels = [f"{n}: {device_label(scenario, n)}" for n in numbers]
    return [number + 0.5 for number in (*numbers, devices)], [*labels, "all devices"]


def device_label(scenario: Scenario, device: int) -> str:
    """What tells a device from the others: its kind, or its clock, and how far away it is."""
    fleet, networks = scenario.fleet, {group.workload.profile for group in scenario.groups}
    parts = [
        f"{fleet.clock_hz[device] / 1e9:.2g} GHz" if fleet.kind is None else fleet.kind[device]
    ]
    if len(networks) > 1:
        parts.append(scenario.workload_of(device).profile.name)
    if isinstance(scenario.radio, Radio):
        parts.append(f"{fleet.distance_m[device]:.0f} m")
    return ", ".join(parts)
