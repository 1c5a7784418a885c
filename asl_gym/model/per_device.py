"""Constants of the devices, ready to meet large arrays."""

import math

import numpy as np
from numpy.typing import ArrayLike

from asl_gym.arrays import Array

__all__ = ["PerDevice"]

LARGE = 4_096
"""Size from which an array is met by a constant of its own shape."""


class PerDevice:
    """A constant per device that broadcasts over arrays whose last axis are the devices.

    NumPy's inner loop over a handful of devices costs three times as much a number as one over a
    whole array, so for large arrays the constant is kept in the shape that it met last, unless all
    devices share it.

    Args:
        values: One value a device, shape (N,).
    """

    def __init__(self, values: ArrayLike) -> None:
        self.values: Array = np.asarray(values, dtype=float)
        if (self.values == self.values[0]).all():
            self.values = self.values[:1]
        self._spread = self.values

    def over(self, shape: tuple[int, ...]) -> Array:
        """The constant in a form that broadcasts with arrays of that shape, (..., N)."""
        if self.values.size == 1 or math.prod(shape) < LARGE:
            return self.values
        if self._spread.shape != shape:
            self._spread = np.ascontiguousarray(np.broadcast_to(self.values, shape))
        return self._spread
