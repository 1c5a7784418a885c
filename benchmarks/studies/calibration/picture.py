"""Predicted over measured times of networks that the models were not fitted to."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from asl_gym import picture_style as style
from asl_gym.picture_style import in_style
from benchmarks.studies.calibration.fitting import CHOSEN
from benchmarks.studies.calibration.models import FLOPS_ALONE, ROOFLINE
from benchmarks.studies.calibration.report import MEDIAN, Side

__all__ = ["draw_predictions"]

SHOWN = (FLOPS_ALONE.name, ROOFLINE.name, CHOSEN)
TITLES = {CHOSEN: "the model that the others choose"}
COLOURS = {
    "AlexNet": style.BLACK,
    "VGG16": style.BLUE,
    "ResNet18": style.SKY,
    "resnet50": style.GREEN,
    "MobileNetV2": style.VERMILION,
    "InceptionV3": style.ORANGE,
}
MARKERS = dict(zip(COLOURS, "osD^vP", strict=True))
BAND = 0.25
"""Relative error up to which the picture is shaded."""


@in_style()
def draw_predictions(side: Side, shown: Sequence[str] = SHOWN) -> Figure:
    """Draws a panel for each model of one side, all on the same axes."""
    figure = style.figure("page", 3.0)
    panels = figure.subplots(1, len(shown), sharex=True, sharey=True, squeeze=False)[0]
    for axes, model in zip(panels, shown, strict=True):
        _draw(axes, side, model)
        median = side.errors[MEDIAN][model]
        title = TITLES.get(model, model)
        axes.set_title(f"{title}\n{median:.0%} at the median network")
        axes.set_xlabel("measured [s]")
    panels[0].set_ylabel("predicted with the network left out [s]")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels))
    return figure


def _draw(axes: Axes, side: Side, model: str) -> None:
    times = np.concatenate([half.seconds for half in side.halves.values()])
    ends = np.array([0.6 * times.min(), 1.6 * times.max()])
    label = f"as measured, ±{BAND:.0%}"
    axes.fill_between(
        ends, (1 - BAND) * ends, (1 + BAND) * ends, color="#E8E8E8", zorder=0, label=label
    )
    axes.plot(ends, ends, color=style.GREY, linewidth=0.8, zorder=1)
    for name, half in side.halves.items():
        axes.scatter(
            *(half.seconds, side.predicted[model][name]),
            s=9,
            color=COLOURS[name],
            marker=MARKERS[name],
            linewidths=0,
            alpha=0.85,
            label=name,
        )
    axes.set(xscale="log", yscale="log", xlim=ends)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
