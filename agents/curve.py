"""The plot of learning curves: priced gap, or gap to the bound, over training steps."""

import io
from itertools import cycle
from pathlib import Path

import numpy as np
from matplotlib.ticker import LogLocator, NullFormatter

from agents.bookkeeping import write_whole
from agents.runs import gap_of, on_batteries, read_curve
from asl_gym import picture_style as style

__all__ = ["plot_curves"]


@style.in_style()
def plot_curves(curves: dict[str, Path], output: Path, reference: dict[str, float]) -> None:
    """Draws learning curves with reference lines.

    Args:
        curves: Files ``curve.csv`` by label.
        output: The PNG to write.
        reference: The same gaps of other policies on the validation seeds, by label.

    Raises:
        RunError: If a file is not a learning curve.
    """
    figure = style.figure("page", 3.4)
    axes = figure.add_subplot()
    drawn, told = [100 * gap for gap in reference.values()], "priced gap"
    colours = cycle((style.BLUE, style.GREEN, style.PURPLE, style.ORANGE, style.SKY, style.GREY))
    for label, path in curves.items():
        rows = read_curve(path)
        if rows and on_batteries(rows[0]):
            told = "gap to the hindsight bound"
        steps = [int(row["steps"]) / 1e6 for row in rows]
        gaps = [100 * gap_of(row) for row in rows]
        axes.plot(steps, gaps, marker="o", color=next(colours), label=label)
        drawn += gaps
    for (label, gap), dashes in zip(reference.items(), ("--", ":", "-."), strict=False):
        axes.axhline(100 * gap, color=style.VERMILION, linestyle=dashes, label=label)
    axes.set(xlabel="environment steps [million]", ylabel=f"{told} [%]")
    axes.set_title("Learning curve on validation traces")
    if max(drawn, default=0.0, key=np.nan_to_num) > 0:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 3.0, 5.0), numticks=20))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter(NullFormatter())
    axes.legend()
    output.parent.mkdir(parents=True, exist_ok=True)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=200)
    write_whole(output, picture.getvalue())
