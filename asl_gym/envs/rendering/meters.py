"""The lower panels of a round's picture: energy and virtual queues against their budgets."""

from collections.abc import Sequence

import numpy as np

from asl_gym.envs.rendering.bars import Bars, round_up, spaced
from asl_gym.envs.rendering.canvas import TEXT, Canvas
from asl_gym.envs.rendering.panels import DEVICE_COLOUR, LEFT, SERVER_COLOUR, Layout
from asl_gym.envs.rendering.round_view import RoundView, rounded
from asl_gym.picture_style import BLACK, GREY, PURPLE

__all__ = ["Energy", "Queue", "Queues"]

TITLES, TOP, HEIGHT = 450, 484, 66
"""Place of the titles, top and height of the panels [pixel]."""


class Joules:
    """Horizontal bars of joules with the budget as a line across them."""

    def __init__(self, canvas: Canvas, left: int, width: int, rows: int, what: str) -> None:
        self.axes = canvas.add_axes(left, TOP, width, HEIGHT)
        self.axes.set_ylim(rows - 0.4, -0.6)
        self.axes.set_yticks([])
        canvas.scale(self.axes.xaxis, what)
        places = TOP + (np.arange(rows) + 0.6) * HEIGHT / (rows + 0.2)
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
        canvas.write(LEFT, TITLES, "Energy", weight="bold")
        canvas.key(LEFT + 70, TITLES, DEVICE_COLOUR, "devices")
        canvas.key(LEFT + 160, TITLES, SERVER_COLOUR, "server side")
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
        canvas.write(590, TITLES, "Virtual queue", weight="bold")
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
        canvas.write(560, TITLES, "Virtual queues ÷ their budgets", weight="bold")
        self._axes = canvas.add_axes(560, TOP, 366, HEIGHT)
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
