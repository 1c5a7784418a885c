"""The upper panels of a round's picture: its figures, who runs which layer, delays in time.

Each is made once for a :class:`Layout` and shows one view after another.
"""

from typing import Any, NamedTuple

import numpy as np

from asl_gym.envs.rendering.bars import BAR, Bars, round_up, spaced
from asl_gym.envs.rendering.canvas import TEXT, Canvas
from asl_gym.envs.rendering.round_view import RoundView, bar_starts, rounded
from asl_gym.picture_style import BLACK, FAINT, PARTS, WAITING

__all__ = [
    "DEVICE_COLOUR",
    "FEW_DEVICES",
    "SERVER_COLOUR",
    "Delays",
    "Header",
    "Layout",
    "Splits",
]

DEVICE_COLOUR, SERVER_COLOUR = PARTS["device computing"], PARTS["server computing"]
FEW_DEVICES, FEW_LAYERS = 20, 16
"""Up to which devices, and layers, have their names beside them."""

SHORT = ("download", "device", "upload", "server")
"""Names of the parts where waiting stands beside them."""

PLACES, SHORT_PLACES = (338, 461, 646, 756), (338, 460, 566, 674, 776)
"""Left ends of the parts' names [pixel]."""

TOP, HEIGHT = 80, 290
"""Of the two upper panels [pixel]."""

LEFT, BESIDE, WIDTH = 128, 338, 190
"""Left ends of the upper panels, and the width of the first [pixel]."""

RIGHT = 938
"""End of the second, with room for half a number of five digits [pixel]."""


class Layout(NamedTuple):
    """What pictures that have everything in the same place have in common.

    Attributes:
        num_devices: Number of devices N.
        num_layers: Number of layers of the deepest network.
        layer_names: Names beneath the layers, where there is one network of few layers.
        num_queues: 1, or N + 1; 0 with batteries.
        on_batteries: Whether devices have batteries, and so wait.
    """

    num_devices: int
    num_layers: int
    layer_names: tuple[str, ...]
    num_queues: int
    on_batteries: bool = False

    @property
    def parts(self) -> dict[str, str]:
        """Names and colours of a delay's parts."""
        if not self.on_batteries:
            return dict(PARTS)
        return {**dict(zip(SHORT, PARTS.values(), strict=True)), "waiting": WAITING}

    @classmethod
    def of(cls, view: RoundView) -> "Layout":
        """The layout of a view."""
        layers = view.num_layers
        names: tuple[str, ...] = ()
        if layers <= FEW_LAYERS:
            numbers = range(1, layers + 1)
            one = view.one_network
            names = tuple(view.layer_name(0, n) if one else str(n) for n in numbers)
        has_batteries = view.battery is not None
        num_queues = 0 if has_batteries else len(view.queue)
        return cls(view.num_devices, layers, names, num_queues, has_batteries)


class Header:
    """The round, its delay and energy, and how the delay divides into parts."""

    def __init__(self, canvas: Canvas, layout: Layout) -> None:
        def written(x: float, y: float, **look: Any) -> Any:
            return canvas.changing(canvas.write(x, y, "", **look))

        self._round = written(14, 24, fontsize=15, weight="bold")
        self._delay = written(BESIDE, 24, fontsize=12)
        self._energy = written(652, 24, fontsize=12)
        places = SHORT_PLACES if layout.on_batteries else PLACES
        self._parts = {
            part: canvas.changing(canvas.key(x, 62, colour, part))
            for x, (part, colour) in zip(places, layout.parts.items(), strict=True)
        }

    def show(self, view: RoundView) -> None:
        """Shows a view."""
        self._round.set_text(f"Round {view.round_index} of {view.horizon}")
        delay, energy = "No round has been played yet", ""
        shares = [""] * len(self._parts)
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
        self._axes = canvas.add_axes(BESIDE, TOP, RIGHT - BESIDE, HEIGHT)
        self._axes.set_ylim(devices - 0.5, -0.5)
        self._axes.set_yticks([])
        canvas.scale(self._axes.xaxis, "time within the round [s]; dotted: mean delay so far")
        self._parts = [Bars(canvas, self._axes, colour) for colour in layout.parts.values()]
        self._mean = canvas.moving(
            self._axes.axvline(0.0, color=BLACK, linewidth=1.2, linestyle=":")
        )
        self._height = BAR if devices <= FEW_DEVICES else 1.0

    def show(self, view: RoundView) -> None:
        """Shows a view."""
        played = view.played
        self._mean.set_visible(played is not None)
        self._axes.xaxis.set_visible(played is not None)
        none = np.zeros((len(self._parts), view.num_devices))
        parts = none if played is None else played.parts
        lefts = bar_starts(view.schedule, parts.sum(axis=0)) + np.cumsum(parts, axis=0) - parts
        rows = np.arange(view.num_devices)
        for bars, left, width in zip(self._parts, lefts, parts, strict=True):
            bars.show(left, width, rows, self._height)
        if played is not None:
            self._mean.set_xdata([played.mean_delay, played.mean_delay])
            self._axes.set_xlim(0, round_up(max(played.delay, 1.2 * played.mean_delay)))
