"""Figures and tables as files: PDF, SVG and PNG; CSV, Markdown and LaTeX."""

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2  # noqa: F401  # pandas writes LaTeX with it, and misses it only when all is played.
import pandas as pd
from matplotlib.figure import Figure

from agents.bookkeeping import replacing, write_whole
from asl_gym.picture_style import WIDTHS, Width, in_style
from benchmarks.reporting.tables import TEXT_COLUMNS, markdown

__all__ = ["latex", "save_figure", "save_svg", "save_widths", "write_table"]

UNDATED: dict[str, dict[str, Any]] = {
    "pdf": {"CreationDate": None},
    "svg": {"Date": None},
    "png": {},
}
"""Formats, and metadata without which the same figure would be another file each time."""

PATHS, DECIMALS = re.compile(r' d="[^"]*"'), re.compile(r"(\.\d\d)\d+")
"""Paths of an SVG file, and decimals of its numbers that nobody sees."""

IN_LATEX = {
    "Ē": r"$\bar{E}$",
    "λ": r"$\lambda$",
    "µ": r"\textmu{}",
    "μ": r"$\mu$",
    "−": r"$-$",
    "–": "--",
    "…": r"\dots{}",
    "†": r"\textdagger{}",
    "÷": r"$\div$",
    "×": r"$\times$",
    "≥": r"$\geq$",
    "≤": r"$\leq$",
    "Σ": r"$\Sigma$",
    "α": r"$\alpha$",
    "ω": r"$\omega$",
    "κ": r"$\kappa$",
    "½": r"$\frac{1}{2}$",
}
"""Signs of this project's tables that not every LaTeX knows as they are."""


def save_figure(made: Figure, path: Path) -> tuple[Path, ...]:
    """Writes a figure as PDF, SVG and PNG.

    Args:
        made: The figure, drawn under :func:`asl_gym.picture_style.in_style`.
        path: The files' path without a suffix; its folder is made.

    Returns:
        The files.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    files = tuple(path.with_name(f"{path.name}.{kind}") for kind in UNDATED)
    for file, (kind, metadata) in zip(files, UNDATED.items(), strict=True):
        with in_style():
            if kind == "svg":
                write_whole(file, _svg(made))
                continue
            with replacing(file) as part:
                made.savefig(part, format=kind, metadata=metadata)
    return files


def save_svg(draw: Callable[[], Figure | None], path: Path) -> None:
    """Draws a figure for the web; nothing is written where there is none.

    Args:
        draw: Draws it.
        path: The SVG file, whose folder exists.
    """
    with in_style():
        made = draw()
        if made is not None:
            write_whole(path, _svg(made))


def _svg(made: Figure) -> bytes:
    """An SVG file whose paths have the decimals that anybody sees."""
    file = io.StringIO()
    made.savefig(file, format="svg", metadata=UNDATED["svg"])
    return PATHS.sub(_shorter, file.getvalue()).encode()


def _shorter(path: re.Match[str]) -> str:
    """A path of an SVG file with two decimals, a hundredth of a point, a number."""
    return DECIMALS.sub(r"\1", path[0])


def save_widths(draw: Callable[[Width], Figure | None], path: Path) -> dict[Width, Path]:
    """Draws a figure for a column and for a page and writes both.

    Args:
        draw: Draws the figure at a width; nothing is written where it gives ``None``.
        path: The files' path, to which ``-column.pdf`` and the like are added.

    Returns:
        The PNG files by width.
    """
    written = {}
    for width in WIDTHS:
        with in_style():
            made = draw(width)
        if made is not None:
            *_, png = save_figure(made, path.with_name(f"{path.name}-{width}"))
            written[width] = png
    return written


def write_table(table: pd.DataFrame, path: Path, shown: pd.DataFrame | None = None) -> None:
    """Writes a table as CSV, Markdown and LaTeX.

    Args:
        table: Its figures in full, for the CSV file.
        path: The files' path without a suffix; its folder is made.
        shown: The same as text for people, for the other two; ``table`` as text by default.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    text = table.astype(str) if shown is None else shown
    for kind, content in {
        "csv": table.to_csv(index=False),
        "md": f"{markdown(text)}\n",
        "tex": latex(text),
    }.items():
        write_whole(path.with_name(f"{path.name}.{kind}"), content.encode())


def latex(table: pd.DataFrame) -> str:
    """A table of texts as a LaTeX ``tabular`` with booktabs' rules, text left and numbers right."""
    columns = "".join("l" if name in TEXT_COLUMNS else "r" for name in table.columns)
    styled = table.style.hide(axis="index").format(_escaped).format_index(_escaped, axis="columns")
    text: str = styled.to_latex(hrules=True, column_format=columns)
    return f"% \\usepackage{{booktabs}}\n{text}"


def _escaped(text: object) -> str:
    """A cell's text as LaTeX writes it."""
    return str(text).translate(_ESCAPES)


_ESCAPES = str.maketrans(
    {sign: rf"\{sign}" for sign in "&%$#_{}"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    | {"<": r"\textless{}", ">": r"\textgreater{}", "[": "{[}", "]": "{]}"}
    | IN_LATEX
)
