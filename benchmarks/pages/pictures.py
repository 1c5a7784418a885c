"""The pictures of README and documentation, drawn from results that are on disk.

Each is drawn for a page, ``NAME.svg``, and for a narrow screen, ``NAME-narrow.svg``.
"""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from asl_gym import OPEN
from asl_gym.advice import advise
from asl_gym.picture_style import WIDTHS, Width
from asl_gym.scoring.evaluation import Evaluator
from benchmarks.pages.generators import HARVEST_RUN
from benchmarks.playing.run_folder import RunFolder
from benchmarks.reporting.animation import frames_of, write_gif
from benchmarks.reporting.exports import save_svg
from benchmarks.reporting.plots import BATTERY_PLOTS, PLOTS
from benchmarks.reporting.results import load_results
from benchmarks.studies.accuracy.picture import draw_accuracy
from benchmarks.studies.scaling import draw_scaling

__all__ = ["NARROW", "picture_files", "write_pictures"]

NARROW = "-narrow"
"""What the name of a picture for a narrow screen ends with."""

ROUNDS, FRAMES_PER_SECOND = 40, 2.0
"""Of the animation."""

DEVICE_DAYS = "device-days"
"""A picture of the report on batteries."""

OTHERS = "accuracy", "advice", "certificate-fleets", DEVICE_DAYS, "scaling"
"""Pictures that aren't of the default run's report."""

ANIMATION, RECONSTRUCTIONS = "round.gif", "reconstructions.png"

KIND = "jetson-nano-maxn"

Draw = Callable[[Width], Figure | None]


def picture_files() -> tuple[str, ...]:
    """Names of all files that :func:`write_pictures` writes."""
    drawn = [*(name.replace("_", "-") for name in PLOTS), *OTHERS]
    files = [f"{name}{suffix}.svg" for name in drawn for suffix in ("", NARROW)]
    return (*files, ANIMATION, RECONSTRUCTIONS)


def write_pictures(pictures: Path, results: Path, run: str) -> None:
    """Draws every picture anew.

    Args:
        pictures: Their folder.
        results: Folder in which the commands' results are.
        run: Folder of the default run in it.

    Raises:
        FileNotFoundError: If a result is missing.
    """
    pictures.mkdir(parents=True, exist_ok=True)
    for name, draw in _draws(results, run).items():
        for width in WIDTHS:
            suffix = "" if width == "page" else NARROW
            save_svg(partial(draw, width), pictures / f"{name}{suffix}.svg")
    shutil.copyfile(results / "privacy" / RECONSTRUCTIONS, pictures / RECONSTRUCTIONS)
    evaluator = Evaluator("ASL-v0", render_mode="rgb_array")
    frames = frames_of(evaluator, OPEN, 0, ROUNDS)
    write_gif(frames, pictures / ANIMATION, FRAMES_PER_SECOND)


def _draws(results: Path, run: str) -> dict[str, Draw]:
    """What draws each picture at a width, by the picture's name."""
    from benchmarks.studies.certificate.measure import draw_fleets

    loaded, on_batteries = (load_results(RunFolder(results / each)) for each in (run, HARVEST_RUN))
    advice = advise("resnet18", devices=KIND, server="gpu-server", link="40mbit")
    scaling = pd.read_csv(results / "scaling" / "scaling.csv")
    fleets = pd.read_csv(results / "certificate" / "fleets.csv")
    draws: dict[str, Draw] = {
        name.replace("_", "-"): partial(draw, loaded) for name, (draw, _) in PLOTS.items()
    }
    return draws | {
        "accuracy": _accuracy(results / "accuracy"),
        "advice": partial(advice.draw, KIND),
        "certificate-fleets": partial(draw_fleets, fleets),
        DEVICE_DAYS: partial(BATTERY_PLOTS["device_days"][0], on_batteries),
        "scaling": partial(draw_scaling, scaling),
    }


def _accuracy(folder: Path) -> Draw:
    """What draws trainings, clocks and targets of devices that train in turn."""
    tables = (pd.read_csv(folder / f"{name}.csv") for name in ("rounds", "clock", "targets"))
    learned, clock, targets = (table[table["schedule"] == "sequential"] for table in tables)
    return partial(draw_accuracy, learned, clock, targets)
