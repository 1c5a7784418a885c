"""The plot of learning curves: priced gap over training steps."""

from pathlib import Path

import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

__all__ = ["plot_curves"]


def plot_curves(curves: dict[str, Path], output: Path, reference: dict[str, float]) -> None:
    """Draws learning curves with reference lines.

    Args:
        curves: Files ``curve.csv`` by label.
        output: The PNG to write.
        reference: Priced gaps of other policies on the validation seeds, by label.
    """
    figure = Figure(figsize=(7, 4), layout="constrained", dpi=150)
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for label, path in curves.items():
        curve = pd.read_csv(path)
        axes.plot(curve["steps"] / 1e6, 100 * curve["priced_gap"], marker=".", label=label)
    for (label, gap), style in zip(reference.items(), ("--", ":", "-."), strict=False):
        axes.axhline(100 * gap, color="0.35", linestyle=style, label=label)
    axes.set(xlabel="environment steps [million]", ylabel="priced gap [%]", yscale="log")
    axes.set_title("Learning curve on validation traces")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 3.0, 5.0), numticks=20))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.grid(alpha=0.3, which="both")
    axes.legend(frameon=False)
    output.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(output)
