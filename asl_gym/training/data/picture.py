"""A picture of a division: how many samples of each class every device has."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from asl_gym import picture_style as style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["class_counts", "draw_division"]

LARGEST = 220.0
"""Area of the disc of the largest count [points²]."""


def class_counts(
    labels: NDArray[np.int64], parts: Sequence[NDArray[np.int64]], classes: int
) -> NDArray[np.int64]:
    """Samples of each device (row) and class (column)."""
    return np.array([np.bincount(labels[part], minlength=classes) for part in parts])


@style.in_style()
def draw_division(
    labels: NDArray[np.int64], parts: Sequence[NDArray[np.int64]], classes: int, title: str
) -> "Figure":
    """Draws a disc for each device and class, its area the number of samples.

    Args:
        labels: Labels of all samples.
        parts: Indices of each device's.
        classes: Number of classes.
        title: What stands above.
    """
    counts = class_counts(labels, parts, classes)
    figure = style.figure(0.9 + 0.36 * len(parts), 0.9 + 0.29 * classes)
    axes = figure.add_subplot()
    devices, kinds = np.meshgrid(np.arange(len(parts)), np.arange(classes), indexing="ij")
    sizes = LARGEST * counts / max(int(counts.max()), 1)
    axes.scatter(devices.ravel(), kinds.ravel(), s=sizes.ravel(), color=style.BLUE, linewidths=0)
    totals = [f"{device + 1}\n{total}" for device, total in enumerate(counts.sum(axis=1))]
    axes.set_xticks(range(len(parts)), totals)
    axes.set_yticks(range(classes))
    axes.set(xlabel="device, and its samples", ylabel="class", title=title)
    axes.set(xlim=(-0.6, len(parts) - 0.4), ylim=(-0.6, classes - 0.4))
    return figure
