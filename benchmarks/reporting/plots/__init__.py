"""The plots of a report, drawn from a folder of results and written beside them."""

from collections.abc import Callable
from functools import partial

from matplotlib.figure import Figure

from asl_gym.picture_style import Width
from benchmarks.reporting.exports import save_widths
from benchmarks.reporting.plots.batteries import draw_batteries, draw_gaps
from benchmarks.reporting.plots.delay_energy import draw_delay_energy
from benchmarks.reporting.plots.device_days import draw_device_days
from benchmarks.reporting.plots.running import draw_running_averages
from benchmarks.reporting.plots.split_points import draw_split_points
from benchmarks.reporting.results import Results

__all__ = ["BATTERY_PLOTS", "FIGURES", "PLOTS", "write_plots"]

FIGURES = "figures"
"""Folder of the plots in a folder of results."""

PLOTS: dict[str, tuple[Callable[[Results, Width], Figure | None], str]] = {
    "delay_energy": (
        draw_delay_energy,
        "Mean delay and energy of every policy with their 95% intervals, and the hindsight "
        "frontier of the same traces.",
    ),
    "running_averages": (
        draw_running_averages,
        "Running mean delay against OPEN's, running mean energy, and the virtual queue, on the "
        "first evaluation seed.",
    ),
    "split_points": (
        draw_split_points,
        "Who splits where: how often each device is split at each point, under OPEN and policies "
        "that contrast with it.",
    ),
}
"""What draws each plot, and its caption."""

BATTERY_PLOTS: dict[str, tuple[Callable[[Results, Width], Figure | None], str]] = {
    "gaps": (
        draw_gaps,
        "Mean delay of a round beyond the hindsight bound, with 95% intervals.",
    ),
    "batteries": (
        draw_batteries,
        "Running mean delay, and how full the batteries are on average, on the first evaluation "
        "seed.",
    ),
    "device_days": (
        draw_device_days,
        "One device's harvest, charge and splits on the first evaluation seed, the device whose "
        "waits differ most between the policies; nights are shaded, ticks below the splits are "
        "rounds that wait for the battery.",
    ),
    "split_points": PLOTS["split_points"],
}
"""The same of devices on batteries."""


def write_plots(results: Results) -> dict[str, str]:
    """Draws the plots of a report into its folder, each for a column and for a page.

    Returns:
        The page-wide PNG files relative to the folder, and their captions.
    """
    captions = {}
    plots = PLOTS if results.folder.scenario.batteries is None else BATTERY_PLOTS
    for name, (draw, caption) in plots.items():
        written = save_widths(partial(draw, results), results.folder.path / FIGURES / name)
        if written:
            captions[f"{FIGURES}/{written['page'].name}"] = caption
    return captions
