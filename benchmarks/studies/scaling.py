"""How cost and memory grow with the number of devices, from 10 to 100,000.

Each size runs in a process of its own, whose peak memory is the operating system's figure.
"""

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

import gymnasium as gym
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from asl_gym import OPEN, with_settings
from asl_gym import picture_style as style
from asl_gym.picture_style import in_style
from benchmarks.errors import BenchmarkError

__all__ = ["NUM_DEVICES", "draw_scaling", "measure_scaling"]

NUM_DEVICES = (10, 100, 1_000, 10_000, 100_000)
HORIZON = 20
COLUMNS = {
    "setup_s": "scenario and budget",
    "reset_s": "reset",
    "decision_s": "OPEN's decision",
    "step_s": "step",
}

LOOKS = ((style.GREY, "v"), (style.SKY, "^"), (style.VERMILION, "*"), (style.BLUE, "o"))
"""Colour and marker of each column."""


def measure_size(num_devices: int, settings: Mapping[str, Any]) -> dict[str, float]:
    """Times [s] and peak memory [MiB] of one episode of OPEN with that many devices.

    Args:
        num_devices: Fleet size.
        settings: Fields of the default scenario by path, see :func:`asl_gym.with_settings`.
    """
    start = time.perf_counter()
    env: Any = gym.make(
        "ASL-v0",
        scenario=with_settings("default", settings),
        num_devices=num_devices,
        horizon=HORIZON,
        action_view="dict",
        disable_env_checker=True,
    )
    policy = OPEN(env)
    setup = time.perf_counter()
    observation, _ = env.reset(seed=0)
    times = {"setup_s": setup - start, "reset_s": time.perf_counter() - setup}
    decision = step = 0.0
    for _ in range(HORIZON):
        before = time.perf_counter()
        action, _ = policy.predict(observation)
        decided = time.perf_counter()
        observation, *_ = env.step(action)
        decision, step = decision + decided - before, step + time.perf_counter() - decided
    times |= {"decision_s": decision / HORIZON, "step_s": step / HORIZON}
    return {"num_devices": num_devices, **times, "peak_memory_mib": _peak_memory()}


def _peak_memory() -> float:
    """The process's peak memory [MiB]."""
    import resource  # Not there on Windows.

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024**2 if sys.platform == "darwin" else 1024)


def measure_scaling(
    settings: Mapping[str, Any], sizes: tuple[int, ...] = NUM_DEVICES
) -> pd.DataFrame:
    """Measures every size in a fresh process; one row each.

    Args:
        settings: See :func:`measure_size`.
        sizes: Numbers of devices.

    Raises:
        FieldError: If a setting is not allowed.
        BenchmarkError: On Windows, which does not tell peak memory in the way that is read here.
    """
    if find_spec("resource") is None:
        raise BenchmarkError("scaling measures peak memory, which Windows does not tell")
    with_settings("default", settings)
    told, rows = json.dumps(dict(settings)), []
    for size in sizes:
        command = [sys.executable, "-m", "benchmarks.studies.scaling", str(size), told]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        rows.append(json.loads(done.stdout))
    return pd.DataFrame(rows)


@in_style()
def draw_scaling(table: pd.DataFrame, width: style.Width = "page") -> Figure:
    """Draws times and memory over the number of devices.

    Args:
        table: What :func:`measure_scaling` gives.
        width: A column's, where the panels lie below one another, or a page's.
    """
    across = width == "page"
    figure = style.figure(width, 2.4 if across else 4.4)
    times, memory = figure.subplots(*((1, 2) if across else (2, 1)))
    devices = table["num_devices"]
    for (column, label), (colour, marker) in zip(COLUMNS.items(), LOOKS, strict=True):
        times.plot(devices, table[column], color=colour, marker=marker, label=label)
    slope = table["step_s"].iloc[-1] * devices / devices.iloc[-1]
    times.plot(devices, slope, color=style.GREY, linestyle=":", label="proportional to N")
    memory.plot(devices, table["peak_memory_mib"], marker="o", color=style.BLACK)
    times.set(ylabel="time [s]", yscale="log")
    memory.set(ylabel="peak memory [MiB]")
    for axes in (times, memory):
        axes.set(xlabel="devices N", xscale="log")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    memory.set_ylim(bottom=0)
    times.legend(bbox_to_anchor=(0, 1.0, 1, 0), loc="lower left", ncols=2, mode="expand")
    return figure


if __name__ == "__main__":
    print(json.dumps(measure_size(int(sys.argv[1]), json.loads(sys.argv[2]))))
