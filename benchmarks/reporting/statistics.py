"""From rows to one line a policy: means over evaluation seeds with intervals, and the ranking."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import bootstrap

__all__ = [
    "BEST_FIXED",
    "INTERVALS",
    "MEANS",
    "OVERSPENT",
    "best_fixed_split",
    "bootstrap_interval",
    "gap_label",
    "gap_of",
    "summarise",
]

MEANS = (
    "mean_delay_s",
    "mean_energy_j",
    "energy_ratio",
    "priced_gap",
    "frontier_gap",
    "final_queue_j",
    "decision_time_us",
)
"""Columns of the rows that are averaged over evaluation seeds."""

BATTERY_MEANS = (
    "mean_delay_s",
    "mean_energy_j",
    "gap",
    "mean_wait_s",
    "end_charge_s",
    "final_charge",
    "bound_s",
    "decision_time_us",
)
"""The same of devices on batteries."""

INTERVALS, BATTERY_INTERVALS = MEANS[:5], BATTERY_MEANS[:4]
"""Those that get an interval, in the columns ``…_low`` and ``…_high``."""

CONFIDENCE = 0.95
RESAMPLES = 9_999
BOOTSTRAP_SEED = 0

OVERSPENT = 1.02
"""Policies with more than this share of the budget are flagged."""

BEST_FIXED = {
    "max": ("best-fixed-max", "best fixed split in hindsight, full clock", "scheme"),
    "open": ("best-fixed-open", "best fixed split in hindsight, OPEN's clock", "baseline"),
}
"""Name, label and kind of what is derived from the rows of the fixed splits, by their clock."""


def gap_of(rows: pd.DataFrame) -> str:
    """The column that policies are ranked by."""
    return "gap" if "gap" in rows else "priced_gap"


def gap_label(gap: str) -> str:
    """The column that policies are ranked by, for people."""
    return "gap to the hindsight bound" if gap == "gap" else "priced gap"


def best_fixed_split(
    episodes: pd.DataFrame,
    policies: dict[str, dict[str, Any]],
    clock: str,
    admissible: Sequence[int],
) -> pd.DataFrame:
    """The rows of the fixed split that is best in hindsight.

    On each evaluation seed it is the one with the least priced gap among all admissible splits, on
    batteries the least gap to the hindsight bound; on seeds without a priced gap, where no policy
    can keep the budget, the one with the least mean delay. So its means cover the same seeds as
    those of any other policy.

    Args:
        episodes: The rows.
        policies: The manifest's policies.
        clock: The server frequency of the fixed splits, ``"max"`` or ``"open"``.
        admissible: The scenario's split points.

    Returns:
        A row an evaluation seed, of those on which every split was played; the column ``split``
        tells which one it is.
    """
    splits = {name: each["split"] for name, each in policies.items() if each.get("clock") == clock}
    rows = episodes[episodes["policy"].isin(splits)]
    counts = rows.groupby("evaluation_seed")["policy"].transform("count")
    rows = rows[counts == len(admissible)]
    # Whether there is a priced gap depends on the seed's trace alone, so that within a seed either
    # priced gaps are compared or delays.
    cost = rows[gap_of(rows)].fillna(rows["mean_delay_s"])
    best = rows.loc[cost.groupby(rows["evaluation_seed"]).idxmin()]
    return best.assign(split=best["policy"].map(splits), policy=BEST_FIXED[clock][0])


def summarise(episodes: pd.DataFrame, policies: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """One line a policy, ranked by priced gap, or on batteries by the gap to the hindsight bound.

    Args:
        episodes: The rows, derived ones included.
        policies: Label and kind of each policy.

    Returns:
        The columns ``rank`` (none for derived rows), ``policy``, ``label``, ``kind``,
        ``split`` (of a fixed split), ``training_seed``, ``episodes``, those of ``MEANS``, their
        intervals, ``at_minimum_energy`` (episodes without a frontier gap), ``unpriced`` (episodes
        without a priced gap) and ``overspent``. On batteries the columns are those of
        ``BATTERY_MEANS``, and the last three are missing.
    """
    gap, lines = gap_of(episodes), []
    with_budget = gap == "priced_gap"
    for name, rows in episodes.groupby("policy", sort=False):
        entry = policies[str(name)]
        line: dict[str, Any] = {
            "policy": name,
            "label": entry["label"],
            "kind": entry["kind"],
            "split": entry["split"],
            "training_seed": rows["training_seed"].iloc[0],
            "episodes": len(rows),
        }
        for column in MEANS if with_budget else BATTERY_MEANS:
            line[column] = rows[column].mean()
        for column in INTERVALS if with_budget else BATTERY_INTERVALS:
            line[f"{column}_low"], line[f"{column}_high"] = interval(rows[column].dropna())
        if with_budget:
            line["at_minimum_energy"] = int(rows["frontier_gap"].isna().sum())
            line["unpriced"] = int(rows["priced_gap"].isna().sum())
            line["overspent"] = bool(line["energy_ratio"] > OVERSPENT)
        lines.append(line)
    summary = pd.DataFrame(lines).sort_values([gap, "mean_delay_s"], na_position="last")
    played = ~summary["policy"].isin(name for name, _, _ in BEST_FIXED.values())
    rank = played.cumsum().where(played).astype("Int64")
    summary.insert(0, "rank", rank)
    return summary.reset_index(drop=True)


def interval(values: "pd.Series[float]") -> tuple[float, float]:
    """The bootstrap interval of a mean (bias-corrected and accelerated), of ``CONFIDENCE``.

    Returns:
        Its ends; NaN where there are fewer than two values, the value itself where all are equal.
    """
    sample = values.to_numpy(float)
    if len(sample) < 2:
        return float("nan"), float("nan")
    if np.ptp(sample) == 0:
        return float(sample[0]), float(sample[0])
    return bootstrap_interval((sample,), np.mean)


def bootstrap_interval(
    samples: Sequence[Any], statistic: Callable[..., Any], **options: Any
) -> tuple[float, float]:
    """The ends of ``scipy.stats.bootstrap``'s interval, of ``CONFIDENCE``.

    Args:
        samples: What is resampled, each independently.
        statistic: The statistic.
        **options: Options of scipy's.
    """
    result = bootstrap(
        samples,
        statistic,
        n_resamples=RESAMPLES,
        confidence_level=CONFIDENCE,
        random_state=np.random.default_rng(BOOTSTRAP_SEED),
        **options,
    )
    return float(result.confidence_interval.low), float(result.confidence_interval.high)
