"""Labels beside points that cover neither one another nor other points."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.text import Text

from asl_gym.arrays import Array

__all__ = ["PointLabel", "place_labels"]

ANGLES = np.deg2rad((0, 180, 90, 270, 45, 315, 135, 225, 22, 338, 158, 202, 68, 112, 248, 292))
DISTANCES = (7.0, 10.0, 14.0, 18.0, 25.0, 33.0, 42.0)
"""Directions and distances from the point [points of type] that are tried in turn."""

LINE_FROM = 13.0
"""From this distance on a line leads from the label to its point [points of type]."""

POINT_RADIUS = 3.0
"""Half the room that a point keeps to itself [points of type]."""


MERGE_WITHIN = 6.0
"""Labels of one colour and size whose points are nearer than this are one [points of type]."""

HALO = (withStroke(linewidth=2.5, foreground="white", alpha=0.8),)


@dataclass(frozen=True)
class PointLabel:
    """A label for a point in data coordinates."""

    x: float
    y: float
    text: str
    colour: str
    size: float = 8.5
    bold: bool = False


@dataclass(frozen=True)
class _Place:
    offset: tuple[float, float]
    horizontal: Literal["left", "center", "right"]
    vertical: Literal["bottom", "center", "top"]
    distance: float

    def box(self, point: Array, size: Array, pixels: float) -> Array:
        """Left, bottom, right and top of the label beside a point, for a text of that size."""
        shares = {"left": 0.0, "bottom": 0.0, "center": 0.5, "right": 1.0, "top": 1.0}
        anchor = point + np.multiply(self.offset, pixels)
        corner = anchor - size * (shares[self.horizontal], shares[self.vertical])
        return np.concatenate([corner, corner + size])


def place_labels(
    axes: Axes, labels: Sequence[PointLabel], keep_free: Array, texts: Sequence[Text] = ()
) -> None:
    """Writes each label at the first place around its point that is free.

    Labels of one colour and size whose points lie on top of one another are written as one.

    Args:
        axes: Where to write; its limits and the figure's layout must be final.
        labels: The labels, most important first.
        keep_free: Other points that no label may cover, data coordinates, shape (points, 2).
        texts: What is written already and must not be covered either.
    """
    pixels = axes.get_figure(root=True).dpi / 72  # type: ignore[union-attr]
    own = np.array([(label.x, label.y) for label in labels])
    points = axes.transData.transform(np.concatenate([own, keep_free]))
    labels = _merged(labels, points[: len(labels)], MERGE_WITHIN * pixels)
    half = POINT_RADIUS * pixels
    written = [text.get_window_extent().extents for text in texts]
    taken = np.vstack([np.hstack([points - half, points + half]), *written])
    for label in labels:
        point = axes.transData.transform((label.x, label.y))
        size = _text_size(axes, label)
        costs = []
        for place in _places():
            box = place.box(point, size, pixels)
            costs.append((_overlap(np.array(axes.bbox.extents), box, taken), place, box))
            if costs[-1][0] == 0:
                break
        _, place, box = min(costs, key=lambda cost: cost[0])
        taken = np.vstack([taken, box])
        _write(axes, label, place)


def _merged(labels: Sequence[PointLabel], points: Array, within: float) -> list[PointLabel]:
    """Joins labels of one colour and size whose points are nearer than ``within`` [pixel]."""
    merged: list[tuple[PointLabel, Array]] = []
    for label, point in zip(labels, points, strict=True):
        for i, (other, place) in enumerate(merged):
            alike = (other.colour, other.size) == (label.colour, label.size)
            if alike and np.hypot(*(place - point)) < within:
                merged[i] = replace(other, text=f"{other.text}, {label.text}"), place
                break
        else:
            merged.append((label, point))
    return [label for label, _ in merged]


def _places() -> Iterator[_Place]:
    for distance in DISTANCES:
        for angle in ANGLES:
            x, y = np.cos(angle), np.sin(angle)
            yield _Place(
                (distance * x, distance * y),
                "left" if x > 0.3 else "right" if x < -0.3 else "center",
                "bottom" if y > 0.3 else "top" if y < -0.3 else "center",
                distance,
            )


def _overlap(inside: Array, box: Array, taken: Array) -> float:
    """Area that a box shares with what is taken or lies outside [pixel²]; 0 is free."""
    area = np.prod(box[2:] - box[:2])
    return float(_shared(box, taken).sum() + 10 * (area - _shared(box, inside[None])[0]))


def _shared(box: Array, others: Array) -> Array:
    """Area that a box shares with each of others, shape (boxes, 4)."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    return np.asarray(np.prod(np.maximum(high - low, 0.0), axis=1))


def _text_size(axes: Axes, label: PointLabel) -> Array:
    probe = axes.text(0, 0, label.text, fontsize=label.size, fontweight=_weight(label))
    extent = probe.get_window_extent()
    probe.remove()
    return np.array([extent.width, extent.height])


def _weight(label: PointLabel) -> Literal["bold", "normal"]:
    return "bold" if label.bold else "normal"


def _write(axes: Axes, label: PointLabel, place: _Place) -> None:
    line = {"arrowstyle": "-", "color": label.colour, "linewidth": 0.6, "shrinkB": 2}
    axes.annotate(
        label.text,
        (label.x, label.y),
        place.offset,
        textcoords="offset points",
        ha=place.horizontal,
        va=place.vertical,
        color=label.colour,
        fontsize=label.size,
        fontweight=_weight(label),
        path_effects=HALO,
        arrowprops=line if place.distance >= LINE_FROM else None,
    )
