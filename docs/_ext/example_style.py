"""The examples' pictures look like all others, without a word of it in the examples."""

from typing import Any

import matplotlib as mpl
from cycler import cycler

from asl_gym.picture_style import BLACK, BLUE, GREEN, ORANGE, STYLE, VERMILION

__all__ = ["apply"]

LARGER = 1.25
"""The site shows a figure of an example smaller than print does, so that its text is larger."""

TEXTS = ("font.size", "fontsize", "labelsize", "titlesize")


def apply(gallery_conf: dict[str, Any], name: str) -> None:
    """Sets the style before an example is run; sphinx-gallery calls it after its own reset."""
    texts = {key: LARGER * size for key, size in STYLE.items() if key.endswith(TEXTS)}
    colours = cycler(color=[BLUE, ORANGE, GREEN, VERMILION, BLACK])
    mpl.rcParams.update({**STYLE, **texts, "axes.prop_cycle": colours, "savefig.dpi": 200})
