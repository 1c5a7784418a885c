"""Statistics over training seeds on common evaluation traces.

Episodes of one training seed share its weights, so that they are no independent runs: whole
training seeds are resampled, within each agent and environment id. The resampling is
``scipy.stats.bootstrap``, which is a dependency already and resamples two factors independently,
as is needed here; arch would add statsmodels and patsy, and rliable arch and seaborn, for that.

Source of the choice of figures: R. Agarwal, M. Schwarzer, P. S. Castro, A. Courville, M. G.
Bellemare, "Deep Reinforcement Learning at the Edge of the Statistical Precipice", NeurIPS 2021.
"""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy.stats import trim_mean

from asl_gym.arrays import Array
from benchmarks.errors import BenchmarkError
from benchmarks.reporting.statistics import OVERSPENT, bootstrap_interval, gap_label, gap_of

__all__ = [
    "compare",
    "interquartile_mean",
    "interval",
    "mean_of_scores",
    "median_seed",
    "score_matrix",
    "wins",
]

Statistic = Callable[[Array], Array]
Factor = Literal["seeds", "traces"]

TRIMMED = 0.25
"""Share that the interquartile mean leaves out at each end: whole values, so of 5 training seeds
one at each end, of 4 one, of 3 none."""

TIE = 1e-9
"""Gaps that differ by less are equal: the same decisions, but for rounding."""


def interquartile_mean(scores: Array) -> Array:
    """The mean of the middle half along the last axis, see :data:`TRIMMED`."""
    return np.asarray(trim_mean(scores, TRIMMED, axis=-1))


def mean_of_scores(matrix: Array) -> Array:
    """The interquartile mean over training seeds of a seed's mean over traces.

    Args:
        matrix: Values, shape (…, training seeds, traces).

    Returns:
        Shape (…).
    """
    return interquartile_mean(matrix.mean(axis=-1))


def wins(matrix: Array, baseline: Array) -> Array:
    """Who has the smaller gap, pair by pair: 1 the agent, 0 the baseline, ½ for a tie.

    Args:
        matrix: The agent's gaps, shape (training seeds, traces).
        baseline: The baseline's on the same traces, shape (traces,).

    Returns:
        Shape (training seeds, traces); its mean is the probability of improvement.
    """
    difference = matrix - baseline
    return np.where(np.abs(difference) <= TIE, 0.5, (difference < 0).astype(np.float64))


def interval(
    matrix: Array, statistic: Statistic, resampled: tuple[Factor, ...]
) -> tuple[float, float]:
    """The percentile bootstrap interval of a statistic, of ``CONFIDENCE``.

    Args:
        matrix: Values, shape (training seeds, traces).
        statistic: Takes matrices of shape (…, training seeds, traces), gives shape (…).
        resampled: What is drawn anew, each independently: whole training seeds, whole traces
            (the same for all training seeds), or both.

    Returns:
        Its ends; NaN where there are fewer than two of what is resampled.
    """
    sizes = dict(zip(("seeds", "traces"), matrix.shape, strict=True))
    if any(sizes[factor] < 2 for factor in resampled):
        return float("nan"), float("nan")

    def of_indices(*indices: Array, axis: int = -1) -> Array:
        drawn = {
            factor: np.moveaxis(each, axis, -1).astype(np.intp)
            for factor, each in zip(resampled, indices, strict=True)
        }
        seeds = drawn.get("seeds", np.arange(sizes["seeds"]))
        traces = drawn.get("traces", np.arange(sizes["traces"]))
        return statistic(matrix[seeds[..., :, None], traces[..., None, :]])

    indices = tuple(np.arange(sizes[factor]) for factor in resampled)
    return bootstrap_interval(indices, of_indices, vectorized=True, method="percentile")


def score_matrix(rows: pd.DataFrame, column: str, traces: list[int]) -> Array:
    """A column of an agent's rows, shape (training seeds, traces).

    Args:
        rows: The rows of one agent; a policy without a training seed counts as one.
        column: The column.
        traces: Evaluation seeds of the columns, in order.
    """
    table = rows.pivot(index="policy", columns="evaluation_seed", values=column)
    return table.sort_index()[traces].to_numpy(float)


def median_seed(rows: pd.DataFrame) -> int:
    """The training seed whose mean gap is the median; of an even number the lower middle.

    Args:
        rows: Rows of one agent, all seeds on the same traces. Equal gaps are ordered by seed.
    """
    gap = gap_of(rows)
    gaps = rows.groupby("training_seed")[gap].mean().reset_index()
    ranked = gaps.sort_values([gap, "training_seed"])["training_seed"]
    return int(ranked.iloc[(len(ranked) - 1) // 2])


def common_traces(episodes: pd.DataFrame) -> list[int]:
    """Evaluation seeds that every policy played and that have a gap.

    Raises:
        BenchmarkError: If there are none.
    """
    gap = gap_of(episodes)
    gaps = episodes.pivot(index="evaluation_seed", columns="policy", values=gap)
    common = [int(seed) for seed in gaps.dropna().index]
    if not common:
        told = gap_label(gap)
        raise BenchmarkError(f"no evaluation seed has a {told} of every policy")
    return common


def compare(episodes: pd.DataFrame, references: list[str]) -> pd.DataFrame:
    """One line an agent or baseline, ranked by its gap.

    Args:
        episodes: Rows with a column ``agent``, which several training seeds share.
        references: What the best baseline is chosen from: OPEN and its variants, on batteries the
            tuned rules.

    Returns:
        The columns ``agent``, ``training_seeds``, ``traces``, ``best`` (the baseline of
        ``references`` with the least mean gap) and the figures below, the gap in the column that
        the rows have it in, ``better_than_open`` where OPEN is a reference. ``…_low`` and
        ``…_high`` are the ends of intervals over training seeds, ``…_traces_low`` and
        ``…_traces_high`` of those that resample traces too.
    """
    gap, traces = gap_of(episodes), common_traces(episodes)
    gaps = {
        str(agent): score_matrix(rows, gap, traces)
        for agent, rows in episodes.groupby("agent", sort=False)
    }
    best = min(references, key=lambda name: gaps[name].mean())
    against = {name: name for name in references if name == "open"} | {"best": best}
    common = episodes[episodes["evaluation_seed"].isin(traces)]
    lines = []
    for agent, rows in common.groupby("agent", sort=False):
        matrix = gaps[str(agent)]
        line: dict[str, Any] = {
            "agent": agent,
            "training_seeds": len(matrix),
            "traces": len(traces),
            "best": best,
            **_with_intervals(gap, matrix, mean_of_scores),
            **_with_intervals("difference", matrix - gaps[best][0], mean_of_scores),
            **(_energy(rows) if gap == "priced_gap" else _batteries(rows)),
            "decision_time_us": _decision_time(rows, traces),
        }
        for name, reference in against.items():
            won = wins(matrix, gaps[reference][0])
            line |= _with_intervals(f"better_than_{name}", won, _overall_mean)
        lines.append(line)
    return pd.DataFrame(lines).sort_values(gap, kind="stable").reset_index(drop=True)


def _overall_mean(matrix: Array) -> Array:
    return np.asarray(matrix.mean(axis=(-2, -1)))


def _with_intervals(name: str, matrix: Array, statistic: Statistic) -> dict[str, float]:
    """A figure, its interval over training seeds, and the one that resamples traces too."""
    low, high = interval(matrix, statistic, ("seeds",))
    factors: tuple[Factor, ...] = ("seeds", "traces") if len(matrix) > 1 else ("traces",)
    traces_low, traces_high = interval(matrix, statistic, factors)
    return {
        name: float(statistic(matrix)),
        f"{name}_low": low,
        f"{name}_high": high,
        f"{name}_traces_low": traces_low,
        f"{name}_traces_high": traces_high,
    }


def _energy(rows: pd.DataFrame) -> dict[str, float]:
    """What was spent of a budget."""
    frontier = rows.groupby("policy")["frontier_gap"].mean().dropna().to_numpy(float)
    return {
        "frontier_gap": float(interquartile_mean(frontier)) if len(frontier) else float("nan"),
        "energy_ratio": float(rows["energy_ratio"].mean()),
        "overspent_share": float((rows["energy_ratio"] > OVERSPENT).mean()),
        "over_budget_share": float((rows["energy_ratio"] > 1).mean()),
    }


def _batteries(rows: pd.DataFrame) -> dict[str, float]:
    """What devices waited for their batteries, and what was left in them."""
    return {name: float(rows[name].mean()) for name in ("mean_wait_s", "final_charge")}


def _decision_time(rows: pd.DataFrame, traces: list[int]) -> float:
    return float(np.median(score_matrix(rows, "decision_time_us", traces).mean(axis=-1)))
