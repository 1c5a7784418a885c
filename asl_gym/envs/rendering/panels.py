"""The panels of a round's picture: who runs which layer, delays in time, energy, queues.

Each is made once for a :class:`Layout` and shows one view after another.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from asl_gym.envs.rendering.bars import BAR, Bars, round_up, spaced
from asl_gym.envs.rendering.canvas import TEXT, Canvas
from asl_gym.envs.rendering.round_view import RoundView, bar_starts, rounded
from asl_gym.picture_style import BLACK, FAINT, GREY, PARTS, PURPLE

__all__ = [
    "DEVICE_COLOUR",
    "FEW_DEVICES",
    "SERVER_COLOUR",
    "Delays",
    "Energy",
    "Header",
    "Layout",
    "Queue",
    "Queues",
    "Splits",
]

DEVICE_COLOUR, SERVER_COLOUR = PARTS["device computing"], PARTS["server computing"]
FEW_DEVICES, FEW_LAYERS = 20, 16
"""Up to which devices, and layers, have their names beside them."""

TOP, HEIGHT = 80, 290
"""Of the two upper panels [pixel]."""

LEFT, BESIDE, WIDTH = 128, 338, 190
"""Left ends of the upper panels, and the width of the first [pixel]."""

LOWER, LOWER_HEIGHT = 484, 66
"""Top and height of the lower panels [pixel]."""


class Layout(NamedTuple):
    """What pictures that have everything in the same place have in common.

    Attributes:
        num_devices: Number of devices N.
        num_layers: Number of layers of the deepest network.
        layer_names: Names beneath the layers, where there is one network of few layers.
        num_queues: 1, or N + 1.
    """

    num_devices: int
    num_layers: int
    layer_names: tuple[str, ...]
    num_queues: int

    @classmethod
    def of(cls, view: RoundView) -> "Layout":
        """The layout of a view."""
        layers = view.num_layers
        names: tuple[str, ...] = ()
        if layers <= FEW_LAYERS:
            numbers = range(1, layers + 1)
            one = view.one_network
            names = tuple(view.layer_name(0, n) if one else str(n) for n in numbers)
        return cls(view.num_devices, layers, names, len(view.queue))


class Header:
    """The round, its delay and energy, and how the delay divides into parts."""

    def __init__(self, canvas: Canvas) -> None:
        def written(x: float, y: float, **look: Any) -> Any:
            return canvas.changing(canvas.write(x, y, "", **look))

        self._round = written(14, 24, fontsize=15, weight="bold")
        self._delay = written(BESIDE, 24, fontsize=12)
        self._energy = written(652, 24, fontsize=12)
        places = (BESIDE, 461, 646, 756)
        self._parts = {
            part: canvas.changing(canvas.key(x, 62, colour, part))
            for x, (part, colour) in zip(places, PARTS.items(), strict=True)
        }

    def show(self, view: RoundView) -> None:
        """Shows a view."""
        self._round.set_text(f"Round {view.round_index} of {view.horizon}")
        delay, energy = "No round has been played yet", ""
        shares = [""] * len(PARTS)
        if played := view.played:
            delay = f"delay {rounded(played.delay)} s, mean {rounded(played.mean_delay)} s"
            energy = f"energy {rounded(played.energy)} J, mean {rounded(played.mean_energy)} J"
            shares = [f" {share:.0%}" for share in played.parts.sum(axis=1) / played.parts.sum()]
        self._delay.set_text(delay)
        self._energy.set_text(energy)
        for (part, text), share in zip(self._parts.items(), shares, strict=True):
            text.set_text(f"{part}{share}")


class Splits:
    """One row a device, one cell a layer, coloured by who runs it."""

    def __init__(self, canvas: Canvas, layout: Layout) -> None:
        devices, layers = layout.num_devices, layout.num_layers
        canvas.write(LEFT, 62, "Who runs which layer", weight="bold")
        axes = canvas.add_axes(LEFT, TOP, WIDTH, HEIGHT)
        axes.set(xlim=(0.5, layers + 0.5), ylim=(devices - 0.5, -0.5), facecolor=FAINT)
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
        self._on_device = Bars(canvas, axes, DEVICE_COLOUR)
        self._on_server = Bars(canvas, axes, SERVER_COLOUR)
        if layout.layer_names:
            inner = np.arange(1, layers) + 0.5
            lines = axes.vlines(inner, -0.5, devices - 0.5, "white", linewidth=1)
            canvas.moving(lines)
            size = min(TEXT, 0.68 * WIDTH / layers)
            names = layout.layer_names
            axes.set_xticks(range(1, layers + 1), names, rotation=90, fontsize=size)
        else:
            axes.set_xticks([1, *spaced(layers + 1, 5)[1:]])
            axes.set_xlabel("layer", fontsize=TEXT)
        self._names: list[Any] = []
        axes.set_yticks([])
        if devices <= FEW_DEVICES:
            lines = axes.hlines(np.arange(1, devices) - 0.5, 0.5, layers + 0.5, "white")
            lines.set_linewidth(3)
            canvas.moving(lines)
            canvas.write(LEFT - 12, 62, "device · split", ha="right", fontsize=TEXT - 1)
            rows = TOP + (np.arange(devices) + 0.5) * HEIGHT / devices
            for row in rows:
                name = canvas.write(LEFT - 5, row, "", ha="right", fontsize=TEXT - 0.5)
                self._names.append(canvas.changing(name))
        else:
            axes.set_yticks(spaced(devices, 10))
            axes.set_ylabel("device", fontsize=TEXT)

    def show(self, view: RoundView) -> None:
        """Shows a view."""
        devices = view.num_devices
        split = np.zeros(devices, dtype=int)
        layers = split
        if view.played:
            split, layers = view.played.split, np.array([len(own) for own in view.layer_names])
        rows = np.arange(devices)
        self._on_device.show(0.5, split, rows, 1.0)
        self._on_server.show(split + 0.5, layers - split, rows, 1.0)
        for device, name in enumerate(self._names):
            layer = view.layer_name(device, int(split[device])) if view.played else "–"
            name.set_text(f"{device} · {layer}")


class Delays:
    """One row a device, a bar for each part of its delay, where it lies in time."""

    def __init__(self, canvas: Canvas, layout: Layout) -> None:
        devices = layout.num_devices
        self._axes = canvas.add_axes(BESIDE, TOP, 946 - BESIDE, HEIGHT)
        self._axes.set_ylim(devices - 0.5, -0.5)
        self._axes.set_yticks([])
        canvas.scale(self._axes.xaxis, "time within the round [s]; dotted: mean delay so far")
        self._parts = [Bars(canvas, self._axes, colour) for colour in PARTS.values()]
        self._mean = canvas.moving(
            self._axes.axvline(0.0, color=BLACK, linewidth=1.2, linestyle=":")
        )
        self._height = BAR if devices <= FEW_DEVICES else 1.0

    def show(self, view: RoundView) -> None:
        """Shows a view."""
        played = view.played
        self._mean.set_visible(played is not None)
        self._axes.xaxis.set_visible(played is not None)
        parts = np.zeros((len(PARTS), view.num_devices)) if played is None else played.parts
        lefts = bar_starts(view.schedule, parts.sum(axis=0)) + np.cumsum(parts, axis=0) - parts
        rows = np.arange(view.num_devices)
        for bars, left, width in zip(self._parts, lefts, parts, strict=True):
            bars.show(left, width, rows, self._height)
        if played is not None:
            self._mean.set_xdata([played.mean_delay, played.mean_delay])
            self._axes.set_xlim(0, round_up(max(played.delay, 1.2 * played.mean_delay)))


class Joules:
    """Horizontal bars of joules with the budget as a line across them."""

    def __init__(self, canvas: Canvas, left: int, width: int, rows: int, what: str) -> None:
        self.axes = canvas.add_axes(left, LOWER, width, LOWER_HEIGHT)
        self.axes.set_ylim(rows - 0.4, -0.6)
        self.axes.set_yticks([])
        canvas.scale(self.axes.xaxis, what)
        places = LOWER + (np.arange(rows) + 0.6) * LOWER_HEIGHT / (rows + 0.2)
        self._labels = [
            canvas.changing(canvas.write(left - 5, y, "", ha="right", fontsize=TEXT - 0.5))
            for y in places
        ]
        self._canvas = canvas

    def bars(self, colour: str) -> Bars:
        """Bars of one colour, below the budget's line."""
        return Bars(self._canvas, self.axes, colour)

    def mark_budget(self) -> None:
        """Adds the budget's line, once all bars are there."""
        line = self.axes.axvline(0.0, color=BLACK, linewidth=1.2, linestyle="--")
        self._line = self._canvas.moving(line)
        place = self.axes.get_xaxis_transform()
        text = self.axes.text(0, 1.05, "", transform=place, ha="center", fontsize=TEXT - 0.5)
        self._budget = self._canvas.changing(text)

    def show(self, labels: Sequence[str], largest: float, budget: float) -> None:
        """Sets the bars' labels, the scale and the budget."""
        for text, label in zip(self._labels, labels, strict=True):
            text.set_text(label)
        self.axes.set_xlim(0, round_up(largest))
        self._line.set_xdata([budget, budget])
        self._budget.set_x(budget)
        self._budget.set_text(f"budget {rounded(budget)} J")


class Energy:
    """This round's energy, devices and server side, and the mean so far, against the budget."""

    def __init__(self, canvas: Canvas) -> None:
        canvas.write(LEFT, 450, "Energy", weight="bold")
        canvas.key(LEFT + 70, 450, DEVICE_COLOUR, "devices")
        canvas.key(LEFT + 160, 450, SERVER_COLOUR, "server side")
        self._joules = Joules(canvas, LEFT, 330, 2, "energy of a round [J]")
        colours = (DEVICE_COLOUR, SERVER_COLOUR, GREY)
        self._devices, self._server, self._mean = map(self._joules.bars, colours)
        self._joules.mark_budget()

    def show(self, view: RoundView) -> None:
        """Shows a view."""
        labels, largest = ["round", "mean"], 2 * view.energy_budget
        devices = server = mean = 0.0
        if played := view.played:
            labels = [f"round {rounded(played.energy)} J", f"mean {rounded(played.mean_energy)} J"]
            largest = max(largest, played.energy, played.mean_energy)
            devices, server = float(played.device_energy.sum()), played.server_energy
            mean = played.mean_energy
        for bars, left, width, row in (
            (self._devices, 0.0, devices, 0),
            (self._server, devices, server, 0),
            (self._mean, 0.0, mean, 1),
        ):
            bars.show(left, width, row)
        self._joules.show(labels, largest, view.energy_budget)


class Queue:
    """The virtual queue of the whole system against its budget."""

    def __init__(self, canvas: Canvas) -> None:
        canvas.write(590, 450, "Virtual queue", weight="bold")
        self._joules = Joules(canvas, 590, 356, 1, "queue [J]")
        self._bar = self._joules.bars(PURPLE)
        self._joules.mark_budget()

    def show(self, view: RoundView) -> None:
        """Shows a view."""
        queue, budget = float(view.queue[0]), view.energy_budget
        self._bar.show(0.0, queue, 0)
        self._joules.show([f"now {rounded(queue)} J"], max(2 * budget, queue), budget)


class Queues:
    """Virtual queues of devices and server, in multiples of their budgets."""

    def __init__(self, canvas: Canvas, layout: Layout) -> None:
        devices = layout.num_queues - 1
        canvas.write(560, 450, "Virtual queues ÷ their budgets", weight="bold")
        self._axes = canvas.add_axes(560, LOWER, 366, LOWER_HEIGHT)
        # The last numbers would touch the server's label.
        shown = [n for n in spaced(devices, 10) if n <= 0.9 * devices]
        self._axes.set_xticks([*shown, devices], [*map(str, shown), "server"])
        self._axes.set_xlim(-0.6, devices + 0.6)
        self._axes.set_xlabel("device", fontsize=TEXT)
        canvas.scale(self._axes.yaxis, "")
        self._bars = Bars(canvas, self._axes, PURPLE, upright=True)
        canvas.moving(self._axes.axhline(1, color=BLACK, linewidth=1.2, linestyle="--"))

    def show(self, view: RoundView) -> None:
        """Shows a view."""
        relative = view.relative_queue
        self._bars.show(0.0, relative, np.arange(len(relative)))
        top = round_up(max(2.0, float(relative.max())))
        self._axes.set_ylim(0, top)
        self._axes.set_yticks([0, top / 2, top])
