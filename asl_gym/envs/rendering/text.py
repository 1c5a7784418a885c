"""A round as a text table: a row a device, with its split as a bar.

The text is ASCII, so that it can be printed wherever output goes.
"""

import numpy as np
from numpy.typing import NDArray

from asl_gym.arrays import Array
from asl_gym.envs.rendering.round_view import PlayedRound, RoundView, decimals, rounded

__all__ = ["render_ansi"]

_MAX_ROWS = 20
_MAX_BAR = 14


def render_ansi(view: RoundView) -> str:
    """Returns a table of the last round, with a row a device for the first 20 devices.

    It is at most 110 columns wide unless a figure needs more than six characters.
    """
    head, budget, limit = f"Round {view.round_index} of {view.horizon}", "", _charge_text(view)
    if not limit:
        budget, limit = f"budget {rounded(view.energy_budget)} J", _queue_text(view)
    played = view.played
    if played is None:
        between = f"{budget} | " if budget else ""
        return f"{head} | no round has been played yet | {between}{limit}\n"
    relative_energy = ""
    if budget:
        relative_energy = f" = {rounded(played.mean_energy / view.energy_budget)} x budget"
    lines = [
        f"{head} | delay {rounded(played.delay)} s | energy {rounded(played.energy)} J"
        f"{', ' if budget else ''}{budget} | {limit}",
        f"Mean so far | delay {rounded(played.mean_delay)} s | "
        f"energy {rounded(played.mean_energy)} J{relative_energy}",
        "",
        *_table(view, played),
    ]
    if view.num_devices > _MAX_ROWS:
        lines.append(f"     ... and {view.num_devices - _MAX_ROWS} more devices")
    queue = f", queue {rounded(float(view.queue[-1]))} J" if len(view.queue) > 1 else ""
    lines.append(f"Server side: energy {rounded(played.server_energy)} J{queue}")
    return _ascii("\n".join(lines) + "\n")


def _ascii(text: str) -> str:
    """The text, with question marks for what a network's layers are called in other letters."""
    return text.encode("ascii", "replace").decode("ascii")


def _table(view: RoundView, played: PlayedRound) -> list[str]:
    """The rows of devices under two lines of headings: what, and its unit."""
    rows = slice(min(view.num_devices, _MAX_ROWS))
    delays = _cells(np.vstack([played.parts.sum(axis=0), played.parts])[:, rows])
    rates = _cells(np.stack([played.downlink_bps, played.uplink_bps])[:, rows] / 1e6)
    columns = [["device", "", *map(str, range(view.num_devices)[rows])]]
    columns += [_split_column(view, played.split[rows])]
    names = ("delay", "= down", "+ dev.", "+ up", "+ serv.", "+ wait")[: len(delays)]
    columns += [[name, "s", *cells] for name, cells in zip(names, delays, strict=True)]
    columns += [["energy", "J", *_cells(played.device_energy[None, rows])[0]]]
    if len(view.queue) > 1:
        columns += [["queue", "J", *_cells(view.queue[None, :-1][:, rows])[0]]]
    columns += _battery_columns(view, played, rows)
    columns += [["down", "Mbit/s", *rates[0]], ["up", "Mbit/s", *rates[1]]]
    if view.battery is None:
        columns += [["server", "GHz", *_server_clocks(played, rows)]]
    widths = [max(6, *map(len, column)) for column in columns]
    return [
        " ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in zip(*columns, strict=True)
    ]


def _battery_columns(view: RoundView, played: PlayedRound, rows: slice) -> list[list[str]]:
    """What batteries harvested, and what they hold now of what they can hold."""
    if view.charge is None or played.harvest is None:
        return []
    (harvest,) = _cells(played.harvest[None, rows])
    shares = [f"{100 * each:.1f}" for each in view.charge[rows]]
    return [["sun", "J", *harvest], ["batt.", "%", *shares]]


def _split_column(view: RoundView, split: NDArray[np.int64]) -> list[str]:
    """A bar of the layers on the device (#) and on the server (.), then ℓ and its layer."""
    cells = ["split after", "# device . server"]
    for device, s in enumerate(map(int, split)):
        layers = len(view.layer_names[device])
        size = min(layers, _MAX_BAR)
        filled = round(size * s / layers)
        if 0 < s < layers:
            filled = min(max(filled, 1), size - 1)
        cells.append(f"{'#' * filled}{'.' * (size - filled)} {s:3d} {view.layer_name(device, s)}")
    width = max(map(len, cells))
    return [f" {cell.ljust(width)}" for cell in cells]


def _server_clocks(played: PlayedRound, rows: slice) -> list[str]:
    """Server frequencies [GHz]; without work for the server they mean nothing."""
    clocks = _cells(played.server_frequency_hz[None, rows] / 1e9)[0]
    idle = played.server_delay[rows] <= 1e-9 * played.parts.sum(axis=0)[rows]
    return ["-" if none else clock for none, clock in zip(idle, clocks, strict=True)]


def _charge_text(view: RoundView) -> str:
    """How full batteries are; empty without any."""
    if view.charge is None:
        return ""
    mean, least = view.charge.mean(), int(view.charge.argmin())
    return f"batteries {mean:.0%} full, the least {view.charge[least]:.0%} (device {least})"


def _queue_text(view: RoundView) -> str:
    relative = view.relative_queue
    worst = int(relative.argmax())
    multiple = f"{rounded(float(relative[worst]))} x budget"
    if len(relative) == 1:
        return f"queue {rounded(float(view.queue[0]))} J = {multiple}"
    owner = "server" if worst == len(relative) - 1 else f"device {worst}"
    return f"largest queue {multiple} ({owner})" if relative[worst] > 0 else "all queues 0 J"


def _cells(values: Array) -> list[list[str]]:
    """Formats rows of values with the same decimals, so that decimal points align."""
    largest = float(values.max())
    places = min(decimals(largest, 5), max(2, decimals(largest, 3)))
    return [[f"{value:.{places}f}" for value in row] for row in values]
