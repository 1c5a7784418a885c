"""Who splits where: how often each device is split at each point, in the first evaluation seed."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from asl_gym import Scenario
from asl_gym.arrays import Array
from benchmarks.reporting.plots import style
from benchmarks.reporting.results import Results

__all__ = ["draw_split_points", "policies_to_show", "split_shares"]

MOST_PANELS = 3
WIDTHS = {1: 8.2, 2: 8.2, 3: 11.2}
"""Widths of the figure by the number of panels [inch]."""

MOST_DEVICES_WITH_TEXT = 20
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


def policies_to_show(summary: pd.DataFrame) -> pd.DataFrame:
    """Name and label of OPEN, a user's policies and the agents, of the first that find room."""
    adaptive = [summary[summary["kind"] == kind] for kind in ("OPEN", "user", "agent")]
    return pd.concat(adaptive)[["policy", "label"]].head(MOST_PANELS)


def draw_split_points(results: Results) -> Figure | None:
    """Draws a panel for OPEN and, beside it, for a user's policies and the agent.

    Returns:
        The figure, or ``None`` where none of these was played.
    """
    shown = policies_to_show(results.summary)
    if shown.empty:
        return None
    scenario = results.folder.scenario
    rows = min(scenario.num_devices, MOST_DEVICES_WITH_TEXT)
    figure = style.figure(WIDTHS[len(shown)], 1.5 + 0.3 * rows)
    panels = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
    for axes, (policy, label) in zip(panels, shown.itertuples(index=False), strict=True):
        shares = split_shares(results.folder.series(policy), scenario.workload.admissible_splits)
        image = _panel(axes, shares, scenario)
        axes.set_title(label, fontsize=11)
    panels[0].set_yticks(*_device_ticks(scenario))
    bar = figure.colorbar(image, ax=panels, pad=0.01, aspect=30)
    bar.set_label("share of rounds [%]")
    bar.outline.set_visible(False)
    return figure


def _panel(axes: Axes, shares: Array, scenario: Scenario) -> AxesImage:
    everyone = shares.mean(axis=0, keepdims=True)
    table = 100 * np.vstack([shares, everyone])
    image = axes.imshow(table, cmap="Blues", vmin=0, vmax=100, aspect="auto")
    axes.axhline(len(shares) - 0.5, color="white", linewidth=4)
    axes.set_xticks(
        range(scenario.workload.num_splits), map(str, scenario.workload.admissible_splits)
    )
    axes.set_xlabel("split point (layers on the device)")
    axes.tick_params(length=0, labelsize=9)
    axes.spines[:].set_visible(False)
    if len(shares) <= MOST_DEVICES_WITH_TEXT:
        for (row, column), value in np.ndenumerate(table):
            colour = "white" if value > DARK_FROM else style.BLACK
            text = f"{value:.0f}" if value >= 1 else "<1" if value > 0 else ""
            axes.text(column, row, text, ha="center", va="center", fontsize=8, color=colour)
    return image


def _device_ticks(scenario: Scenario) -> tuple[list[int], list[str]]:
    """Ticks for the devices, thinned out in a large fleet, and for all of them together."""
    fleet, devices = scenario.fleet, scenario.num_devices
    step = -(-devices // MOST_DEVICES_WITH_TEXT)
    numbers = list(range(0, devices, step))
    labels = [
        f"device {n}: {fleet.clock_hz[n] / 1e9:.2g} GHz, {fleet.distance_m[n]:.0f} m"
        for n in numbers
    ]
    return [*numbers, devices], [*labels, "all devices"]
