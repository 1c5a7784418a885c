"""Names of array types that many files use."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["Array", "Float32", "Indices", "Keys", "Mask", "Splits"]

Array = NDArray[np.float64]
Float32 = NDArray[np.float32]
Indices = NDArray[np.int64]
Keys = NDArray[np.uint64]
Mask = NDArray[np.uint8]
"""1 where something is to be considered; numba has no use for booleans of a single bit."""

Splits = NDArray[np.int64]
"""Indices into the admissible split points."""
