"""The plots of a report, drawn from a folder of results and written beside them."""

from benchmarks.reporting.plots import style
from benchmarks.reporting.plots.delay_energy import draw_delay_energy
from benchmarks.reporting.plots.running import draw_running_averages
from benchmarks.reporting.plots.split_points import draw_split_points
from benchmarks.reporting.results import Results

__all__ = ["write_plots"]

PLOTS = {
    "delay_energy.png": (
        draw_delay_energy,
        "Mean delay and energy of every policy, with the hindsight frontier of the same traces.",
    ),
    "running_averages.png": (
        draw_running_averages,
        "Running mean delay and energy, and the virtual queue, on the first evaluation seed.",
    ),
    "split_points.png": (
        draw_split_points,
        "Who splits where: how often each device is split at each point.",
    ),
}
"""What draws each file, and its caption."""


def write_plots(results: Results) -> dict[str, str]:
    """Draws the plots of a report into its folder.

    Returns:
        The files' names and their captions.
    """
    captions = {}
    for name, (draw, caption) in PLOTS.items():
        figure = draw(results)
        if figure is not None:
            style.save(figure, results.folder.path / name)
            captions[name] = caption
    return captions
