"""Labels beside points that cover neither one another nor other points, placed by textalloc."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import textalloc
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.text import Text

from asl_gym.arrays import Array

__all__ = ["PointLabel", "place_labels"]

MERGE_WITHIN = 4.0
"""Labels of one colour and size whose points are nearer than this are one [points of type]."""

SHORT = 16
"""Joined labels of at most so many characters stand in one line."""

HALO = (withStroke(linewidth=1.5, foreground="white", alpha=0.8),)


@dataclass(frozen=True)
class PointLabel:
    """A label for a point in data coordinates."""

    x: float
    y: float
    text: str
    colour: str
    size: float = 6.5
    bold: bool = False


def place_labels(
    axes: Axes, labels: Sequence[PointLabel], keep_free: Array, texts: Sequence[Text] = ()
) -> None:
    """Writes each label near its point where there is room.

    Labels of one colour and size whose points lie on top of one another are written as one.

    Args:
        axes: Where to write; its limits and the figure's layout must be final.
        labels: The labels, most important first.
        keep_free: Other points that no label may cover, data coordinates, shape (points, 2).
        texts: What is written already and must not be covered either.
    """
    to_data = axes.transData.inverted()
    written = [to_data.transform(_grid(text)) for text in texts]
    points = np.array([(label.x, label.y) for label in labels])
    taken = np.vstack([points, keep_free, *written])
    near = MERGE_WITHIN * axes.get_figure(root=True).dpi / 72  # type: ignore[union-attr]
    labels = _merged(labels, axes.transData.transform(points), near)
    colours = [label.colour for label in labels]
    textalloc.allocate(
        axes,
        [label.x for label in labels],
        [label.y for label in labels],
        [label.text for label in labels],
        x_scatter=taken[:, 0],
        y_scatter=taken[:, 1],
        textsize=[label.size for label in labels],
        fontweight=["bold" if label.bold else "normal" for label in labels],
        textcolor=colours,
        linecolor=colours,
        linewidth=0.4,
        path_effects=HALO,
        plot_kwargs={"zorder": 3},
    )


def _merged(labels: Sequence[PointLabel], points: Array, within: float) -> list[PointLabel]:
    """Joins labels of one colour and size whose points are nearer than ``within`` [pixel]."""
    merged: list[tuple[PointLabel, Array]] = []
    for label, point in zip(labels, points, strict=True):
        for i, (other, place) in enumerate(merged):
            alike = (other.colour, other.size) == (label.colour, label.size)
            if alike and np.hypot(*(place - point)) < within:
                merged[i] = replace(other, text=_joined(other.text, label.text)), place
                break
        else:
            merged.append((label, point))
    return [label for label, _ in merged]


def _joined(one: str, other: str) -> str:
    last = one.rpartition("\n")[2]
    short = len(last) + len(other) + 2 <= SHORT
    return f"{one},{' ' if short else chr(10)}{other}"


def _grid(text: Text) -> Array:
    """Points all over a text [pixel], shape (points, 2)."""
    box = text.get_window_extent()
    across, down = np.linspace(box.x0, box.x1, 40), np.linspace(box.y0, box.y1, 4)
    return np.stack(np.meshgrid(across, down), axis=-1).reshape(-1, 2)
