"""A round as a picture: who runs which layer, delays in time, energy and queues.

Matplotlib is imported on first use only, and pyplot never. What pictures of one layout have in
common is drawn once and kept, so that a video takes milliseconds a frame. One thread draws at a
time, since matplotlib's settings and fonts are common to all.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from gymnasium.error import DependencyNotInstalled
from numpy.typing import NDArray

from asl_gym.envs.rendering.canvas import Canvas
from asl_gym.envs.rendering.meters import Charges, Energy, Queue, Queues
from asl_gym.envs.rendering.panels import Delays, Header, Layout, Splits
from asl_gym.envs.rendering.round_view import RoundView
from asl_gym.extras import not_installed
from asl_gym.picture_style import in_style

__all__ = ["RoundPicture", "render_rgb"]

MOST_KEPT = 4
"""Layouts that are kept at a time, a few megabytes each."""


class Panel(Protocol):
    """A part of the picture that shows one view after another."""

    def show(self, view: RoundView) -> None:
        """Shows a view."""


class RoundPicture:
    """Draws rounds of one layout, each as if it were the first.

    Args:
        layout: What they have in common.
    """

    def __init__(self, layout: Layout) -> None:
        with in_style():
            self._canvas = Canvas()
            self._panels: Sequence[Panel] = (
                Header(self._canvas, layout),
                Splits(self._canvas, layout),
                Delays(self._canvas, layout),
                Energy(self._canvas, layout),
                _limit(self._canvas, layout),
            )

    def draw(self, view: RoundView) -> NDArray[np.uint8]:
        """Draws a round as an RGB image, shape (600, 960, 3)."""
        with in_style():
            for panel in self._panels:
                panel.show(view)
            return self._canvas.picture()


def _limit(canvas: Canvas, layout: Layout) -> Panel:
    """The panel of what limits the energy."""
    if layout.on_batteries:
        return Charges(canvas, layout)
    return Queue(canvas) if layout.num_queues == 1 else Queues(canvas, layout)


_KEPT: OrderedDict[Layout, RoundPicture] = OrderedDict()
_DRAWING = threading.Lock()


def render_rgb(view: RoundView) -> NDArray[np.uint8]:
    """Draws the last round as a picture.

    Everything has the same place in every round, and axis limits move in coarse steps only, so
    that rounds make a steady video.

    Returns:
        RGB image, shape (600, 960, 3).

    Raises:
        gymnasium.error.DependencyNotInstalled: If matplotlib is not installed.
    """
    layout = Layout.of(view)
    with _DRAWING:
        if layout not in _KEPT:
            try:
                _KEPT[layout] = RoundPicture(layout)
            except ImportError as error:
                raise DependencyNotInstalled(not_installed("matplotlib", "plot")) from error
            if len(_KEPT) > MOST_KEPT:
                _KEPT.popitem(last=False)
        _KEPT.move_to_end(layout)
        return _KEPT[layout].draw(view)
