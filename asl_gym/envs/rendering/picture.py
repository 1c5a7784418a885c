"""A round as a picture: who runs which layer, delays in time, energy and queues.

Colours are from the Okabe-Ito palette, which colour-blind people can tell apart. Matplotlib is
imported on first use only, and pyplot never: no global state.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium.error import DependencyNotInstalled
from numpy.typing import NDArray

from asl_gym.envs.rendering.round_view import RoundView, bar_starts, rounded

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["render_rgb"]

_SIZE_PX = (960, 600)
_DPI = 100
_PARTS = ("download", "device computing", "upload", "server computing")
_PART_PLACES = (320, 431, 591, 689)
_BATTERY_PARTS = ("download", "device", "upload", "server", "waiting")
_BATTERY_PART_PLACES = (320, 424, 512, 602, 690)
_PART_COLOURS = ("#56B4E9", "#E69F00", "#0072B2", "#009E73", "#CC79A7")
_DEVICE_COLOUR, _SERVER_COLOUR = _PART_COLOURS[1], _PART_COLOURS[3]
_QUEUE_COLOUR, _MEAN_COLOUR, _EMPTY_COLOUR = "#CC79A7", "#999999", "#EEEEEE"
_FEW_DEVICES, _FEW_LAYERS = 20, 16


def render_rgb(view: RoundView) -> NDArray[np.uint8]:
    """Draws the last round as a picture.

    Everything has the same place in every round, and axis limits move in coarse steps only, so
    that rounds make a steady video.

    Returns:
        RGB image, shape (600, 960, 3).

    Raises:
        gymnasium.error.DependencyNotInstalled: If matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise DependencyNotInstalled(
            'rendering pictures needs matplotlib: pip install "asl-gym[plot]"'
        ) from error
    figure = Figure(figsize=(_SIZE_PX[0] / _DPI, _SIZE_PX[1] / _DPI), dpi=_DPI, facecolor="white")
    canvas: Any = FigureCanvasAgg(figure)
    _draw_header(figure, view)
    _draw_splits(_add_axes(figure, 110, 78, 190, 290), view)
    _draw_delays(_add_axes(figure, 320, 78, 616, 290), view)
    _draw_energy(_add_axes(figure, 110, 486, 330, 66), view)
    _draw_limit(_add_axes(figure, 560, 486, 376, 66), view)
    canvas.draw()
    return np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3])


def _add_axes(figure: "Figure", left: int, top: int, width: int, height: int) -> "Axes":
    """Adds axes at pixels from the figure's top left corner."""
    across, down = _SIZE_PX
    bottom = down - top - height
    axes = figure.add_axes((left / across, bottom / down, width / across, height / down))
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8, length=3)
    return axes


def _write(
    figure: "Figure", x: float, y: float, text: str, fontsize: float = 9, **style: Any
) -> None:
    """Writes text, its left end and middle at pixels from the figure's top left corner."""
    place = (x / _SIZE_PX[0], 1 - y / _SIZE_PX[1])
    figure.text(*place, text, fontsize=fontsize, va="center_baseline", **style)


def _key(figure: "Figure", x: float, y: float, colour: str, text: str) -> None:
    """An entry of a legend, whose place must not depend on its neighbours' lengths."""
    _write(figure, x, y, "■", 12, color=colour)
    _write(figure, x + 17, y, text, 8)


def _draw_header(figure: "Figure", view: RoundView) -> None:
    _write(figure, 14, 22, f"Round {view.round_index} of {view.horizon}", 13, weight="bold")
    parts: tuple[str, ...] = _PARTS
    places: tuple[int, ...] = _PART_PLACES
    if view.battery is not None:
        parts, places = _BATTERY_PARTS, _BATTERY_PART_PLACES
    shares = [""] * len(parts)
    if played := view.played:
        delay, mean_delay = rounded(played.delay), rounded(played.mean_delay)
        energy, mean_energy = rounded(played.energy), rounded(played.mean_energy)
        _write(figure, 320, 22, f"delay {delay} s (mean {mean_delay} s)", 11)
        _write(figure, 630, 22, f"energy {energy} J (mean {mean_energy} J)", 11)
        shares = [f"{share:.0%}" for share in played.parts.sum(axis=1) / played.parts.sum()]
    else:
        _write(figure, 320, 22, "No round has been played yet", 11)
    _write(figure, 110, 60, "Who runs which layer", weight="bold")
    for x, part, colour, share in zip(places, parts, _PART_COLOURS, shares, strict=False):
        _key(figure, x, 60, colour, f"{part} {share}")
    _write(figure, 856, 60, "┊ mean delay", 8)
    _write(figure, 110, 460, "Energy", weight="bold")
    _key(figure, 170, 460, _DEVICE_COLOUR, "devices")
    _key(figure, 244, 460, _SERVER_COLOUR, "server side")
    if view.battery is not None:
        _write(figure, 560, 460, "Batteries, as shares of what they can hold", weight="bold")
        return
    many = len(view.queue) > 1
    queues = "Virtual queues, in multiples of each one's budget" if many else "Virtual queue"
    _write(figure, 560, 460, queues, weight="bold")


def _draw_splits(axes: "Axes", view: RoundView) -> None:
    """One row a device, one cell a layer, coloured by who runs it."""
    devices, layers = view.num_devices, view.num_layers
    colours = np.array([_rgb(c) for c in (_EMPTY_COLOUR, _DEVICE_COLOUR, _SERVER_COLOUR)])
    owner = np.zeros((devices, layers), dtype=int)
    if view.played:
        own = np.array([len(names) for names in view.layer_names])[:, None]
        owner = np.where(np.arange(layers) < view.played.split[:, None], 1, 2)
        owner[np.arange(layers) >= own] = 0
    extent = (0.5, layers + 0.5, len(owner) - 0.5, -0.5)
    axes.imshow(colours[owner], aspect="auto", interpolation="nearest", extent=extent)
    if devices <= _FEW_DEVICES:
        axes.hlines(np.arange(1, devices) - 0.5, 0.5, layers + 0.5, "white", linewidth=3)
    if layers <= _FEW_LAYERS:
        axes.vlines(np.arange(1, layers) + 0.5, -0.5, devices - 0.5, "white", linewidth=1)
        numbers = range(1, layers + 1)
        names = [view.layer_name(0, n) if view.one_network else str(n) for n in numbers]
        axes.set_xticks(numbers, names, rotation=90)
    else:
        axes.set_xticks([1, *_spaced(layers + 1, 5)[1:]])
        axes.set_xlabel("layer", fontsize=9)
    _label_devices(axes, view)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)


def _label_devices(axes: "Axes", view: RoundView) -> None:
    """Names each device and its split layer; of many devices, some of their numbers."""
    devices = range(view.num_devices)
    if len(devices) > _FEW_DEVICES:
        axes.set_yticks(_spaced(len(devices), 10))
        axes.set_ylabel("device", fontsize=9)
        return
    splits = ["–"] * len(devices)
    if view.played:
        splits = [view.layer_name(n, int(split)) for n, split in enumerate(view.played.split)]
    axes.set_yticks(devices, [f"{n} · {split}" for n, split in zip(devices, splits, strict=True)])
    place, offset = ("axes fraction", "offset points"), (-8, 9)
    axes.annotate("device · split", (0, 1), offset, *place, ha="right", fontsize=8)


def _draw_delays(axes: "Axes", view: RoundView) -> None:
    """One row a device, a bar for each part of its delay, where it lies in time."""
    devices = view.num_devices
    axes.set_ylim(devices - 0.5, -0.5)
    axes.set_yticks([])
    axes.set_xlabel("time within the round [s]", fontsize=9)
    played = view.played
    if played is None:
        axes.set_xticks([0])
        return
    axes.grid(axis="x", color=_EMPTY_COLOUR)
    axes.set_axisbelow(True)
    axes.set_xlim(0, _round_up(max(played.delay, 1.2 * played.mean_delay)))
    parts = played.parts
    lefts = bar_starts(view.schedule, parts.sum(axis=0)) + np.cumsum(parts, axis=0) - parts
    height = 0.8 if devices <= _FEW_DEVICES else 1.0
    for left, width, colour in zip(lefts, parts, _PART_COLOURS, strict=True):
        axes.barh(np.arange(devices), width, height, left, color=colour)
    axes.axvline(played.mean_delay, color="black", linewidth=1, linestyle=":")


def _draw_energy(axes: "Axes", view: RoundView) -> None:
    """This round's energy, devices and server side, and the mean so far, against the budget."""
    labels = ["round", "mean"]
    largest = 1.0 if view.battery is not None else 2 * view.energy_budget
    if played := view.played:
        labels = [f"round {rounded(played.energy)} J", f"mean {rounded(played.mean_energy)} J"]
        largest = max(largest, played.energy, played.mean_energy)
        devices = float(played.device_energy.sum())
        axes.barh([0], devices, color=_DEVICE_COLOUR)
        axes.barh([0], played.server_energy, left=devices, color=_SERVER_COLOUR)
        axes.barh([1], played.mean_energy, color=_MEAN_COLOUR)
    budget = None if view.battery is not None else view.energy_budget
    _finish_joules(axes, "energy of a round [J]", labels, largest, budget)


def _draw_limit(axes: "Axes", view: RoundView) -> None:
    """What limits the energy: queues, or batteries."""
    if view.charge is None:
        _draw_queues(axes, view)
        return
    devices = view.num_devices
    axes.bar(np.arange(devices), view.charge, color=_QUEUE_COLOUR)
    axes.set_xticks(_spaced(devices, 10))
    axes.set_xlim(-0.6, devices - 0.4)
    axes.set_xlabel("device", fontsize=9)
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.5, 1], ["empty", "½", "full"])


def _draw_queues(axes: "Axes", view: RoundView) -> None:
    """The queue against the budget, or all queues in multiples of theirs."""
    if len(view.queue) > 1:
        _draw_many_queues(axes, view)
        return
    queue, budget = float(view.queue[0]), view.energy_budget
    axes.barh([0], queue, color=_QUEUE_COLOUR)
    _finish_joules(axes, "queue [J]", [f"now {rounded(queue)} J"], max(2 * budget, queue), budget)


def _draw_many_queues(axes: "Axes", view: RoundView) -> None:
    relative, devices = view.relative_queue, len(view.queue) - 1
    axes.bar(np.arange(devices + 1), relative, color=_QUEUE_COLOUR)
    axes.axhline(1, color="black", linewidth=1, linestyle="--")
    # The last numbers would touch the server's label.
    shown = [n for n in _spaced(devices, 10) if n <= 0.93 * devices]
    axes.set_xticks([*shown, devices], [*map(str, shown), "server"])
    axes.set_xlim(-0.6, devices + 0.6)
    axes.set_xlabel("device", fontsize=9)
    top = _round_up(max(2.0, float(relative.max())))
    axes.set_ylim(0, top)
    axes.set_yticks([0, top / 2, top])


def _finish_joules(
    axes: "Axes", what: str, labels: list[str], largest: float, budget: float | None
) -> None:
    """Labels horizontal bars of joules, scales their axis and marks the budget, if any."""
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.set_xlim(0, _round_up(largest))
    axes.set_xlabel(what, fontsize=9)
    if budget is None:
        return
    axes.axvline(budget, color="black", linewidth=1, linestyle="--")
    text = f"budget {rounded(budget)} J"
    place = ("data", "axes fraction")
    axes.annotate(text, (budget, 1.04), xycoords=place, ha="center", fontsize=8)


def _round_up(value: float, steps: Sequence[float] = (1, 1.5, 2, 3, 4, 6, 8, 10)) -> float:
    """The least step times a power of ten that is not below ``value``."""
    power = 10.0 ** math.floor(math.log10(value)) if value > 0 else 1.0
    return next((step * power for step in steps if step * power >= value), 10 * power)


def _spaced(count: int, labels: int) -> list[int]:
    """About so many of the numbers below ``count``, multiples of 1, 2 or 5 times a power of ten."""
    return list(range(0, count, max(1, round(_round_up(count / labels, (1, 2, 5, 10))))))


def _rgb(colour: str) -> list[float]:
    return [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
