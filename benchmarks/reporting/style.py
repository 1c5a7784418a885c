"""Figures for print: width of a column or a page, fonts of a paper, colours that stay apart.

A figure is drawn and saved under :func:`in_print`. Matplotlib's object interface is used
throughout, without pyplot, so that no window is needed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from matplotlib import style as matplotlib_style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

__all__ = [
    "BLACK",
    "BLUE",
    "DARK",
    "GREEN",
    "GREY",
    "ORANGE",
    "PURPLE",
    "SKY",
    "VERMILION",
    "WIDTHS",
    "Width",
    "figure",
    "freeze_layout",
    "in_print",
]

BLACK, ORANGE, BLUE, GREEN = "#000000", "#E69F00", "#0072B2", "#009E73"
VERMILION, PURPLE, SKY, GREY = "#D55E00", "#CC79A7", "#56B4E9", "#767676"
"""The palette of Okabe and Ito, with grey in place of its yellow, which is faint on white."""

DARK = {ORANGE: "#A06E00", PURPLE: "#A8437D", SKY: "#1F78B4"}
"""Darker colours for text, where a colour is faint as such."""

Width = Literal["column", "page"]
WIDTHS: dict[Width, float] = {"column": 3.5, "page": 7.16}
"""Widths of a column and of both with the gap between them, as in IEEE's journals [inch]."""

PRINT: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.labelpad": 2.5,
    "axes.labelsize": 8,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 8,
    "figure.constrained_layout.h_pad": 0.03,
    "figure.constrained_layout.w_pad": 0.03,
    "figure.dpi": 300,
    "figure.facecolor": "white",
    "font.family": "serif",
    "font.serif": ["STIXGeneral"],
    "font.size": 8,
    "grid.color": "#E5E5E5",
    "grid.linewidth": 0.4,
    "hatch.linewidth": 0.5,
    "legend.borderpad": 0.1,
    "legend.columnspacing": 1.2,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "legend.handlelength": 1.8,
    "legend.handletextpad": 0.5,
    "legend.labelspacing": 0.3,
    "lines.linewidth": 1.0,
    "lines.markeredgewidth": 0.7,
    "lines.markersize": 3.8,
    "mathtext.fontset": "stix",
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
    "savefig.dpi": 300,
    "svg.hashsalt": "asl-gym",
    "xtick.labelsize": 7,
    "xtick.major.size": 2.5,
    "xtick.major.width": 0.6,
    "xtick.minor.size": 1.5,
    "xtick.minor.width": 0.4,
    "ytick.labelsize": 7,
    "ytick.major.size": 2.5,
    "ytick.major.width": 0.6,
    "ytick.minor.size": 1.5,
    "ytick.minor.width": 0.4,
}
"""What differs from matplotlib's defaults. STIX comes with matplotlib, so that a figure looks the
same everywhere; publishers want fonts of type 42, whose text can be searched."""


@contextmanager
def in_print() -> Iterator[None]:
    """Sets the style in place of any other, for a ``with`` block or as a decorator."""
    with matplotlib_style.context(PRINT, after_reset=True):
        yield


def figure(width: Width, height: float) -> Figure:
    """An empty figure of a column's or a page's width and that height [inch]."""
    made = Figure(figsize=(WIDTHS[width], height), layout="constrained")
    FigureCanvasAgg(made)
    return made


def freeze_layout(made: Figure) -> None:
    """Ends the layout, so that places in pixels stay what they are."""
    made.draw_without_rendering()
    made.set_layout_engine("none")
