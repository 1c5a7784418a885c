"""The measurements: our solver and SCIP on the same rounds, rounds in bulk, and larger fleets."""

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from asl_gym import Scenario
from asl_gym import picture_style as style
from asl_gym.model.costs import Options
from asl_gym.picture_style import in_style
from benchmarks.studies.certificate.rounds import Round, grown, played_rounds
from benchmarks.studies.certificate.scip import MODELS, run_scip

__all__ = [
    "FLEETS",
    "against_scip",
    "draw_fleets",
    "in_bulk",
    "over_fleets",
    "scip_summary",
    "with_names",
    "with_units",
]

REPEATS = 7
SKIP = 9
"""Rounds between those that are solved, so that shadowing has changed."""

FLEETS = (10, 30, 100, 300, 1_000)
FLEET_ROUNDS = 10
BULK_ROUNDS = 1_000


def seconds_of(run: Callable[[], object], repeats: int = REPEATS) -> float:
    """Median time of a call [s]."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return median(times)


def against_scip(
    scenario: Scenario,
    count: int,
    time_limit_s: float,
    tell: Callable[[str], None] = lambda line: None,
) -> pd.DataFrame:
    """Solves rounds of a parallel scenario with our solver and SCIP's two models.

    Args:
        scenario: The scenario.
        count: Number of rounds.
        time_limit_s: SCIP's time limit for each model and round [s].
        tell: Is told of every round.

    Returns:
        A row a round: times [s], our gap, how far our objective is above SCIP's, relative, and
        which models finished. The faster model is the one that finished first, or the first one
        where none did.
    """
    rows = []
    for number, problem in enumerate(played_rounds(scenario, 0, SKIP, count)):
        decision = problem.solve()
        ours = float(decision.objective)
        row = {
            "round": number,
            "ours_s": seconds_of(problem.solve),
            "gap": float(decision.gap),
            "full": float(_is_full(problem, decision.server_frequency_hz)),
        }
        best = np.inf
        for name in MODELS:
            outcome = run_scip(problem, name, time_limit_s)
            row |= {f"{name}_s": outcome.seconds, f"{name}_finished": float(outcome.finished)}
            best = min(best, outcome.objective)
        row["scip_s"] = min(row[f"{name}_s"] for name in MODELS)
        row["above_scip"] = ours / best - 1.0
        row["ratio"] = row["scip_s"] / row["ours_s"]
        rows.append(row)
        tell(
            f"round {number}: ours {1e3 * row['ours_s']:.3f} ms, SCIP {row['scip_s']:.3f} s "
            f"({row['ratio']:,.0f} times), ours above SCIP's by {row['above_scip']:.1e}"
        )
    return pd.DataFrame(rows)


def _is_full(problem: Round, frequency: np.ndarray) -> bool:
    least, full = problem.server.clock_min_hz, problem.server.clock_max_hz
    # Devices at the least clock have no work or next to none.
    return bool(frequency[frequency > least].sum() >= 0.999 * full)


def scip_summary(table: pd.DataFrame, time_limit_s: float) -> dict[str, float]:
    """What the comparison comes to, names with units as keys."""
    models = len(table) * len(MODELS)
    finished = sum(table[f"{name}_finished"].sum() for name in MODELS)
    return {
        "rounds": len(table),
        "rounds in which the server is full": table["full"].sum(),
        "our median time [ms]": 1e3 * table["ours_s"].median(),
        "SCIP's median time, the faster model [s]": table["scip_s"].median(),
        "median ratio of the times": table["ratio"].median(),
        "least ratio of the times": table["ratio"].min(),
        "our greatest excess over SCIP's objective": table["above_scip"].max(),
        "our greatest certified gap": table["gap"].max(),
        f"SCIP's runs unfinished after {time_limit_s:g} s": models - finished,
    }


def in_bulk(scenario: Scenario, count: int = BULK_ROUNDS) -> dict[str, float]:
    """Many rounds of a parallel scenario, one after another and in one call."""
    rounds = list(played_rounds(scenario, 1, 1, count))
    alone = [seconds_of(each.solve, 1) for each in rounds]
    options = Options(
        *(np.stack(parts) for parts in zip(*(each.options for each in rounds), strict=True))
    )
    weights = np.stack([each.device_weight for each in rounds])
    on_server = np.array([float(each.server_weight) for each in rounds])
    problem = rounds[0]._replace(options=options, device_weight=weights, server_weight=on_server)
    together = seconds_of(problem.solve)
    gaps = np.asarray(problem.solve().gap)
    return {
        "rounds": count,
        "median time of a round alone [ms]": 1e3 * median(alone),
        "greatest time of a round alone [ms]": 1e3 * max(alone),
        "rounds a second in one call": count / together,
        "greatest certified gap": float(gaps.max()),
        "median certified gap": float(np.median(gaps)),
    }


def over_fleets(small: Scenario, sizes: tuple[int, ...] = FLEETS) -> pd.DataFrame:
    """Time and gap of rounds of growing fleets; see :func:`grown`."""
    rows = []
    for size in sizes:
        rounds = list(played_rounds(grown(small, size), 0, 1, FLEET_ROUNDS))
        times = [seconds_of(each.solve, 3) for each in rounds]
        gaps = [float(each.solve().gap) for each in rounds]
        rows.append({
            "num_devices": size,
            "median_s": median(times),
            "greatest_s": max(times),
            "greatest_gap": max(gaps),
        })  # fmt: skip
    return pd.DataFrame(rows)


@in_style()
def draw_fleets(table: pd.DataFrame, width: style.Width = "page") -> Figure:
    """Draws the time of a round over the number of devices, up to the slowest as a band.

    Args:
        table: What :func:`over_fleets` gives.
        width: A column's or a page's.
    """
    made = style.figure(width, 2.4)
    axes = made.add_subplot()
    devices, median_ms = table["num_devices"], 1e3 * table["median_s"]
    greatest_ms, gap = 1e3 * table["greatest_s"], table["greatest_gap"].max()
    band: dict[str, Any] = {"color": style.BLUE, "alpha": 0.2, "linewidth": 0}
    axes.fill_between(devices, median_ms, greatest_ms, label="to the slowest round", **band)
    axes.plot(devices, median_ms, marker="o", color=style.BLUE, label="median round")
    proportional = median_ms.iloc[-1] * devices / devices.iloc[-1]
    axes.plot(devices, proportional, linestyle=":", color=style.GREY, label="proportional to N")
    axes.set(xlabel="devices N", ylabel="time of a round [ms]", xscale="log", yscale="log")
    axes.set_title(f"solved to a certified gap of at most {gap:.1g}")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.legend(loc="lower right")
    return made


def with_names(values: dict[str, float]) -> pd.DataFrame:
    """A table of two columns for the terminal and the report."""
    shown = [f"{value:,.4g}" if value >= 1e-3 else f"{value:.2g}" for value in values.values()]
    return pd.DataFrame({"Measured": list(values), "Value": shown})


def with_units(fleets: pd.DataFrame) -> pd.DataFrame:
    """What :func:`over_fleets` gives, for the terminal and the report."""
    return pd.DataFrame({
        "Devices": fleets["num_devices"].map("{:,}".format),
        "Median time of a round [ms]": (1e3 * fleets["median_s"]).map("{:.2g}".format),
        "Greatest [ms]": (1e3 * fleets["greatest_s"]).map("{:.2g}".format),
        "Greatest certified gap": fleets["greatest_gap"].map("{:.2g}".format),
    })  # fmt: skip
