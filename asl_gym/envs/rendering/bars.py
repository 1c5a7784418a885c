"""Bars of a picture's panels, and numbers for its scales."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from asl_gym.envs.rendering.canvas import Canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["BAR", "Bars", "round_up", "spaced"]

BAR = 0.8
"""Thickness of a bar in a row of thickness 1."""


class Bars:
    """Bars of one colour.

    Args:
        canvas: Where they are.
        axes: In whose coordinates.
        colour: Of all of them.
        upright: Whether rows are columns.
    """

    def __init__(self, canvas: Canvas, axes: "Axes", colour: str, upright: bool = False) -> None:
        from matplotlib.collections import PolyCollection

        self._drawn: Any = PolyCollection([], facecolors=colour, linewidths=0, snap=True)
        axes.add_collection(self._drawn, autolim=False)
        canvas.moving(self._drawn)
        self._upright = upright

    def show(
        self, start: ArrayLike, length: ArrayLike, rows: ArrayLike, thickness: float = BAR
    ) -> None:
        """Shows bars in place of those before.

        Args:
            start: Where each begins, a number or an array of shape (bars,).
            length: How long each is, the same.
            rows: The middle of each across, the same.
            thickness: How thick each is.
        """
        begin, long, row = np.broadcast_arrays(*map(np.atleast_1d, (start, length, rows)))
        end, half = begin + long, thickness / 2
        along = np.stack([begin, end, end, begin], axis=-1)
        across = np.stack([row - half, row - half, row + half, row + half], axis=-1)
        corners = (across, along) if self._upright else (along, across)
        self._drawn.set_verts(np.stack(corners, axis=-1))


def round_up(value: float, steps: Sequence[float] = (1, 1.5, 2, 3, 4, 6, 8, 10)) -> float:
    """The least step times a power of ten that is not below ``value``."""
    power = 10.0 ** math.floor(math.log10(value)) if value > 0 else 1.0
    return next((step * power for step in steps if step * power >= value), 10 * power)


def spaced(count: int, labels: int) -> list[int]:
    """About so many of the numbers below ``count``, multiples of 1, 2 or 5 times a power of ten."""
    return list(range(0, count, max(1, round(round_up(count / labels, (1, 2, 5, 10))))))
