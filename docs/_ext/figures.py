"""Pictures of the examples that pyplot doesn't know of."""

from typing import Any

from matplotlib.figure import Figure
from sphinx_gallery.scrapers import figure_rst

__all__ = ["last_figure"]


def last_figure(block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Saves the figure that is the value of a cell's last line, as a notebook would show it."""
    value = block_vars["example_globals"].get("___")
    if not isinstance(value, Figure):
        return ""
    path = next(block_vars["image_path_iterator"])
    value.savefig(path, dpi=110)
    return figure_rst([path], gallery_conf["src_dir"])
