"""Figures for a README: size, colours that colour-blind people can tell apart, and saving.

Matplotlib's object interface is used throughout, without pyplot, so that no window is needed.
"""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from agents.bookkeeping import replacing

__all__ = [
    "BLACK",
    "BLUE",
    "DARK_ORANGE",
    "DARK_PURPLE",
    "GREEN",
    "GREY",
    "ORANGE",
    "PURPLE",
    "SKY",
    "VERMILION",
    "figure",
    "freeze_layout",
    "save",
    "tidy",
]

DPI = 160
BLACK, ORANGE, BLUE, GREEN = "#000000", "#E69F00", "#0072B2", "#009E73"
VERMILION, PURPLE, SKY, GREY = "#D55E00", "#CC79A7", "#56B4E9", "#767676"
DARK_ORANGE, DARK_PURPLE = "#A06E00", "#A8437D"
"""The palette of Okabe and Ito, with grey in place of its yellow, which is faint on white, and
orange and purple darkened for text."""


def figure(width: float, height: float) -> Figure:
    """An empty figure of that size [inch]."""
    made = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    FigureCanvasAgg(made)
    return made


def tidy(axes: Axes) -> None:
    """Leaves out what carries no information, and puts a light grid behind the data."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, color="#E5E5E5", linewidth=0.6)
    axes.set_axisbelow(True)


def freeze_layout(made: Figure) -> None:
    """Ends the layout, so that places in pixels stay what they are."""
    made.draw_without_rendering()
    made.set_layout_engine("none")


def save(made: Figure, path: Path) -> None:
    """Writes the figure as a PNG file."""
    with replacing(path) as part:
        made.savefig(part, dpi=DPI)
