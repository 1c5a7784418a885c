"""The look of every picture: fonts, sizes, colours that stay apart, widths of a paper.

A figure is drawn and saved under :func:`in_style`. Matplotlib's object interface is used
throughout, without pyplot, so that no window is needed; it is imported on the first picture only.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "BLACK",
    "BLUE",
    "DARK",
    "FAINT",
    "GREEN",
    "GREY",
    "ORANGE",
    "PARTS",
    "PURPLE",
    "SKY",
    "VERMILION",
    "WIDTHS",
    "Width",
    "figure",
    "freeze_layout",
    "in_style",
]

BLACK, ORANGE, BLUE, GREEN = "#000000", "#E69F00", "#0072B2", "#009E73"
VERMILION, PURPLE, SKY, GREY = "#D55E00", "#CC79A7", "#56B4E9", "#767676"
"""The palette of Okabe and Ito, with grey in place of its yellow, which is faint on white."""

FAINT = "#E5E5E5"
"""Grids, and cells without a value."""

DARK = {ORANGE: "#A06E00", PURPLE: "#A8437D", SKY: "#1F78B4"}
"""Darker colours for text, where a colour is faint as such."""

PARTS = {
    "download": SKY,
    "device computing": ORANGE,
    "upload": BLUE,
    "server computing": GREEN,
}
"""The parts of a device's delay, in their order in time, and the colour of each."""

Width = Literal["column", "page"]
WIDTHS: dict[Width, float] = {"column": 3.5, "page": 7.16}
"""Widths of a column and of both with the gap between them, as in IEEE's journals [inch]."""

STYLE: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.labelpad": 2.5,
    "axes.labelsize": 7,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 7.5,
    "figure.constrained_layout.h_pad": 0.03,
    "figure.constrained_layout.w_pad": 0.03,
    "figure.dpi": 300,
    "figure.facecolor": "white",
    "figure.titlesize": 8,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 7,
    "grid.color": FAINT,
    "grid.linewidth": 0.4,
    "hatch.linewidth": 0.5,
    "legend.borderpad": 0.1,
    "legend.columnspacing": 1.2,
    "legend.fontsize": 6.5,
    "legend.frameon": False,
    "legend.handlelength": 1.8,
    "legend.handletextpad": 0.5,
    "legend.labelspacing": 0.3,
    "lines.linewidth": 1.0,
    "lines.markeredgewidth": 0.7,
    "lines.markersize": 3.8,
    "mathtext.fontset": "dejavusans",
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
    "savefig.dpi": 300,
    "svg.hashsalt": "asl-gym",
    "xtick.labelsize": 6.5,
    "xtick.major.size": 2.5,
    "xtick.major.width": 0.6,
    "xtick.minor.size": 1.5,
    "xtick.minor.width": 0.4,
    "ytick.labelsize": 6.5,
    "ytick.major.size": 2.5,
    "ytick.major.width": 0.6,
    "ytick.minor.size": 1.5,
    "ytick.minor.width": 0.4,
}
"""What differs from matplotlib's defaults. DejaVu Sans comes with matplotlib, so that a picture
looks the same everywhere, and can be read when small; publishers want fonts of type 42, whose text
can be searched."""


@contextmanager
def in_style() -> Iterator[None]:
    """Sets the style in place of any other, for a ``with`` block or as a decorator."""
    from matplotlib import style

    with style.context(STYLE, after_reset=True):
        yield


def figure(width: Width | float, height: float) -> "Figure":
    """An empty figure of a column's, a page's or another width and that height [inch]."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    across = width if isinstance(width, float) else WIDTHS[width]
    made = Figure(figsize=(across, height), layout="constrained")
    FigureCanvasAgg(made)
    return made


def freeze_layout(made: "Figure") -> None:
    """Ends the layout, so that places in pixels stay what they are."""
    made.draw_without_rendering()
    made.set_layout_engine("none")
