"""The admissible split points of each device, and tables with a figure for each of them.

A table has shape (L,) where all devices are alike, and (N, L) where they differ in network or in
computing. A device with fewer admissible split points than another repeats its last one, so that
every index is a choice that it has.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from asl_gym.arrays import Indices, Splits
from asl_gym.model.kinds import Group
from asl_gym.validation.checks import FieldError, sequence

__all__ = ["SplitPoints", "picked", "spread"]

_Number = TypeVar("_Number", np.float64, np.int64)


def picked(table: NDArray[_Number], split_index: Splits) -> NDArray[_Number]:
    """Figures of chosen split points.

    Args:
        table: Shape (L,) or (N, L).
        split_index: Indices into the admissible split points, shape (..., N).

    Returns:
        Shape (..., N).
    """
    if table.ndim == 1:
        return np.asarray(table.take(split_index))
    devices, options = table.shape
    return np.asarray(table.ravel().take(split_index + options * np.arange(devices)))


def spread(groups: Sequence[Group], figures: Sequence[NDArray[_Number]]) -> NDArray[_Number]:
    """Puts groups' figures, (L_g,) or (N_g, L_g) each, in one table; (L,) where all agree."""
    if len(groups) == 1 and figures[0].ndim == 1:
        return figures[0]
    devices = sum(len(group.devices) for group in groups)
    most = max(each.shape[-1] for each in figures)
    table = np.empty((devices, most), dtype=figures[0].dtype)
    for group, each in zip(groups, figures, strict=True):
        width = each.shape[-1]
        table[group.devices, :width] = each
        table[group.devices, width:] = each[..., -1:]
    alike: Any = (table == table[0]).all()
    return np.asarray(table[0] if alike else table)


class SplitPoints:
    """The admissible split points of each device.

    Args:
        groups: The fleet's groups.

    Attributes:
        table: Split points ℓ, shape (L,) or (N, L).
        counts: How many each device has, shape (N,).
    """

    def __init__(self, groups: Sequence[Group]) -> None:
        self._of_groups = [np.asarray(group.workload.admissible_splits) for group in groups]
        self.table: Splits = spread(groups, self._of_groups)
        sizes = [np.full(len(group.devices), group.workload.num_splits) for group in groups]
        self.counts: Indices = np.empty(sum(map(len, sizes)), dtype=np.int64)
        for group, size in zip(groups, sizes, strict=True):
            self.counts[group.devices] = size

    @property
    def most(self) -> int:
        """Split points L of the device that has most."""
        return int(self.counts.max())

    @property
    def alike(self) -> bool:
        """Whether all devices have the same split points."""
        return self.table.ndim == 1

    @property
    def common(self) -> tuple[int, ...]:
        """Split points that every device has, rising."""
        sets = [set(points.tolist()) for points in self._of_groups]
        return tuple(sorted(set.intersection(*sets)))

    def chosen(self, split_index: Splits) -> Splits:
        """Split points ℓ of indices, shape (..., N) each."""
        return picked(self.table, split_index)

    def index_of(self, split: int | Sequence[int]) -> Splits:
        """Indices of split points, shape (N,).

        Args:
            split: The split point ℓ of every device, or one for each.

        Raises:
            FieldError: If it is no split point of a device, or there is not one for each.
        """
        devices = len(self.counts)
        each = (
            [split] * devices
            if isinstance(split, int | np.integer)
            else sequence("split", split, "split points")
        )
        if len(each) != devices:
            raise FieldError("split", split, f"a split point, or {devices} of them, one a device")
        table = np.broadcast_to(self.table, (devices, self.table.shape[-1]))
        return np.array([self._index(table, n, one) for n, one in enumerate(each)])

    def _index(self, table: Splits, device: int, split: Any) -> int:
        points = table[device, : self.counts[device]].tolist()
        if isinstance(split, bool) or split not in points:
            whose = "" if self.alike else f" of device {device}"
            allowed = f"one of the admissible split points {tuple(points)}{whose}"
            raise FieldError("split", split, allowed)
        return int(points.index(split))
