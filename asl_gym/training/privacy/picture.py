"""A picture of originals and of what decoders make of them at a few cuts."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from torch import Tensor

from asl_gym.picture_style import figure, in_style
from asl_gym.training.privacy.reconstruction import Reconstruction

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_reconstructions", "three_of"]

COLUMNS = 10


def three_of(found: Sequence[Reconstruction]) -> list[Reconstruction]:
    """The first, the middle and the last of the measured cuts after the input."""
    measured = [each for each in found if each.split > 0] or list(found)
    places = dict.fromkeys((0, len(measured) // 2, len(measured) - 1))
    return [measured[place] for place in places]


@in_style()
def draw_reconstructions(private: Tensor, found: Sequence[Reconstruction]) -> "Figure":
    """Draws a row of originals, and below it a row for each cut.

    Args:
        private: The originals.
        found: The cuts to show.
    """
    rows = [("original", private)]
    rows += [(f"{each.split} ({each.name})\nerror {each.error:.2f}", each.images) for each in found]
    made = figure("page", 0.64 * len(rows))
    panels = made.subplots(len(rows), COLUMNS, squeeze=False)
    for (label, images), row in zip(rows, panels, strict=True):
        for axes, image in zip(row, images, strict=False):
            axes.imshow(
                image.clamp(0, 1).permute(1, 2, 0).squeeze(-1).numpy(),
                cmap="gray_r",
                interpolation="nearest",
            )
            axes.set(xticks=[], yticks=[])
        for axes in row:
            axes.spines[:].set_visible(False)
        row[0].set_ylabel(label, rotation=0, ha="right", va="center")
    return made
