"""A canvas for many pictures of one layout: what was drawn before is not drawn again.

What never changes is drawn once. Scales, whose limits move in coarse steps, and texts are drawn
once for each of their states and kept as stamps: cut-outs on white, of which the darker of both
stays where they are put down. Bars and lines between them are drawn for every picture.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from asl_gym.picture_style import FAINT

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.text import Text

    AnyArtist = TypeVar("AnyArtist", bound=Artist)

__all__ = ["SIZE_PX", "Canvas"]

SIZE_PX = (960, 600)
DPI = 100
TEXT = 10.0
"""Size of common text [points of type]."""

PAD = 3
"""Pixels kept around what is drawn, for the edges of its letters."""

MOST_STAMPS = 400
"""Stamps that are kept, some kilobytes each."""


class Stamp(NamedTuple):
    """A cut-out: where it lies, and its RGBA pixels."""

    place: tuple[slice, slice]
    pixels: NDArray[np.uint8]


class Canvas:
    """A figure of 960 by 600 pixels; places are pixels from its top left corner."""

    def __init__(self) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        across, down = SIZE_PX
        self._figure = Figure(figsize=(across / DPI, down / DPI), dpi=DPI, facecolor="white")
        self._canvas: Any = FigureCanvasAgg(self._figure)
        self._scales: list[Axis] = []
        self._moving: list[Artist] = []
        self._texts: list[Text] = []
        self._still: NDArray[np.uint8] | None = None
        self._stamps: OrderedDict[Hashable, Stamp] = OrderedDict()

    def add_axes(self, left: int, top: int, width: int, height: int) -> "Axes":
        """Adds axes with their top left corner at a place."""
        across, down = SIZE_PX
        bottom = down - top - height
        axes = self._figure.add_axes(
            (left / across, bottom / down, width / across, height / down), autoscale_on=False
        )
        axes.tick_params(labelsize=TEXT - 0.5, length=3, width=0.8, color="black")
        axes.spines[:].set_linewidth(0.8)
        axes.grid(visible=False)
        return axes

    def scale(self, axis: "Axis", label: str) -> None:
        """Makes an axis one whose limits change between pictures."""
        axis.set_label_text(label, fontsize=TEXT)
        axis.grid(visible=True, color=FAINT, linewidth=0.8)
        axis.set_animated(True)
        self._scales.append(axis)

    def changing(self, text: "Text") -> "Text":
        """Makes a text one that changes between pictures; it must lie on white."""
        text.set_animated(True)
        self._texts.append(text)
        return text

    def moving(self, artist: "AnyArtist") -> "AnyArtist":
        """Makes an bar or a line one that is drawn for every picture, above those before it."""
        artist.set_animated(True)
        self._moving.append(artist)
        return artist

    def write(self, x: float, y: float, text: str, fontsize: float = TEXT, **look: Any) -> "Text":
        """Writes text, its left end and middle at a place."""
        place = (x / SIZE_PX[0], 1 - y / SIZE_PX[1])
        written: Text = self._figure.text(
            *place, text, fontsize=fontsize, va="center_baseline", **look
        )
        return written

    def key(self, x: float, y: float, colour: str, text: str) -> "Text":
        """An entry of a legend, whose place does not depend on its neighbours' lengths."""
        self.write(x, y, "■", 13, color=colour)
        return self.write(x + 18, y, text)

    def picture(self) -> NDArray[np.uint8]:
        """Draws all as it is now.

        Returns:
            RGB image of its own memory, shape (600, 960, 3).
        """
        renderer = self._canvas.get_renderer()
        pixels: NDArray[np.uint8] = np.asarray(renderer.buffer_rgba())
        if self._still is None:
            self._canvas.draw()
            self._still = pixels.copy()
        pixels[:] = self._still
        for number, axis in enumerate(self._scales):
            if axis.get_visible():
                key = ("scale", number, *axis.get_view_interval())
                self._put(pixels, self._stamp(key, axis, _around_axis))
        for artist in self._moving:
            artist.draw(renderer)
        for number, text in enumerate(self._texts):
            if text.get_text():
                place = text.get_transform().transform(text.get_position())
                key = ("text", number, text.get_text(), *place)
                self._put(pixels, self._stamp(key, text, _around_text))
        return pixels[..., :3].copy()

    def _put(self, pixels: NDArray[np.uint8], stamp: Stamp) -> None:
        part = pixels[stamp.place]
        np.minimum(part, stamp.pixels, out=part)

    def _stamp(
        self, key: Hashable, artist: Any, around: Callable[[Any, Any], tuple[slice, slice]]
    ) -> Stamp:
        """What an artist looks like in a state, from those that are kept or drawn on white."""
        if key not in self._stamps:
            place = around(artist, self._canvas.get_renderer())
            self._stamps[key] = Stamp(place, self._drawn_on_white(artist, place))
            if len(self._stamps) > MOST_STAMPS:
                self._stamps.popitem(last=False)
        self._stamps.move_to_end(key)
        return self._stamps[key]

    def _drawn_on_white(self, artist: Any, place: tuple[slice, slice]) -> NDArray[np.uint8]:
        """The artist alone, drawn where it lies; what was there is put back."""
        renderer = self._canvas.get_renderer()
        pixels = np.asarray(renderer.buffer_rgba())
        before = pixels[place].copy()
        pixels[place] = 255
        artist.draw(renderer)
        drawn = pixels[place].copy()
        pixels[place] = before
        return drawn


def _around_text(text: "Text", renderer: Any) -> tuple[slice, slice]:
    return _within(text.get_window_extent(renderer))


def _around_axis(axis: "Axis", renderer: Any) -> tuple[slice, slice]:
    """Place of an axis with its grid, ticks and label."""
    from matplotlib.transforms import Bbox

    boxes = [axis.axes.bbox, axis.get_tightbbox(renderer)]
    return _within(Bbox.union([box for box in boxes if box is not None]))


def _within(box: Any) -> tuple[slice, slice]:
    """Rows and columns of a box with some pixels around it, within the picture."""
    across, down = SIZE_PX
    left, right = max(int(box.x0) - PAD, 0), min(int(box.x1) + PAD, across)
    top, bottom = max(int(down - box.y1) - PAD, 0), min(int(down - box.y0) + PAD, down)
    return slice(top, bottom), slice(left, right)
