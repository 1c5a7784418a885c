"""A picture of a division: how many samples of each class every device has."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["class_counts", "draw_division"]

LARGEST = 420.0
"""Area of the disc of the largest count [points²]."""


def class_counts(
    labels: NDArray[np.int64], parts: Sequence[NDArray[np.int64]], classes: int
) -> NDArray[np.int64]:
    """Samples of each device (row) and class (column)."""
    return np.array([np.bincount(labels[part], minlength=classes) for part in parts])


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
    from matplotlib.figure import Figure

    counts = class_counts(labels, parts, classes)
    figure = Figure(figsize=(1.2 + 0.5 * len(parts), 1.4 + 0.4 * classes), layout="constrained")
    axes = figure.add_subplot()
    devices, kinds = np.meshgrid(np.arange(len(parts)), np.arange(classes), indexing="ij")
    sizes = LARGEST * counts / max(int(counts.max()), 1)
    axes.scatter(devices.ravel(), kinds.ravel(), s=sizes.ravel(), color="#0072B2", linewidths=0)
    totals = [f"{device + 1}\n{total}" for device, total in enumerate(counts.sum(axis=1))]
    axes.set_xticks(range(len(parts)), totals)
    axes.set_yticks(range(classes))
    axes.set(xlabel="device, and its samples", ylabel="class", title=title)
    axes.set(xlim=(-0.6, len(parts) - 0.4), ylim=(-0.6, classes - 0.4))
    axes.spines[["top", "right"]].set_visible(False)
    return figure
