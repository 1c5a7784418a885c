"""How long, and at what energy, a target accuracy takes under each policy."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from asl_gym.arrays import Array
from benchmarks.reporting.formatting import at_most_three_digits, signed_percent

__all__ = [
    "SHARES",
    "accuracy_over",
    "change_table",
    "final_accuracy",
    "reached_rounds",
    "shown",
    "target_table",
    "titles",
    "to_targets",
]

SHARES = (0.90, 0.95, 0.99)
"""Shares of the final accuracy that are aimed at."""

LAST_ROUNDS = 5
"""Rounds whose mean is the final accuracy."""

TRAINING = ["schedule", "split", "seed"]


def reached_rounds(learned: pd.DataFrame) -> pd.DataFrame:
    """The first round after which each training reaches each share of its final accuracy.

    Args:
        learned: A row a round of each training, with ``accuracy``.

    Returns:
        Schedule, split, seed, ``final`` accuracy, ``share`` and ``round``.
    """
    rows = []
    for key, rounds in learned.groupby(TRAINING, sort=False):
        ordered = rounds.sort_values("round")
        final = float(ordered["accuracy"].tail(LAST_ROUNDS).mean())
        for share in SHARES:
            first = int(ordered["round"][ordered["accuracy"] >= share * final].iloc[0])
            rows.append([*key, final, share, first])
    return pd.DataFrame(rows, columns=[*TRAINING, "final", "share", "round"])


def to_targets(reached: pd.DataFrame, clock: pd.DataFrame) -> pd.DataFrame:
    """Seconds and joules to each target, of every training on every trace under every policy."""
    return reached.merge(clock, on=["schedule", "round"])


def target_table(found: pd.DataFrame) -> pd.DataFrame:
    """Means over training seeds and traces: a line for each schedule, split and policy.

    Args:
        found: What :func:`to_targets` found.

    Returns:
        Seconds and joules to each share, the fastest to 95% first.
    """
    keys = ["schedule", "split", "policy", "label", "kind"]
    grouped: Any = found.groupby([*keys, "share"], sort=False)[["seconds", "joules"]]
    means = grouped.mean().unstack()
    means.columns = [f"{what}_{share:.2f}" for what, share in means.columns]
    table: pd.DataFrame = means.reset_index()
    order = {"sequential": 0, "parallel": 1}
    table["place"] = table["schedule"].map(order)
    return table.sort_values(["place", "split", "seconds_0.95"]).drop(columns="place")


def change_table(found: pd.DataFrame, policy: str = "open") -> pd.DataFrame:
    """The policy's change against each other one, in time and in energy, for each share.

    Changes are those of means over training seeds and traces, which all policies share.
    """
    table = target_table(found)
    columns = list(titles(""))
    changes = []
    for _, group in table.groupby(["schedule", "split"], sort=False):
        own = group[group["policy"] == policy][columns].iloc[0]
        others = group[group["policy"] != policy].copy()
        others[columns] = own.to_numpy(float) / others[columns].to_numpy(float) - 1
        changes.append(others)
    return pd.concat(changes, ignore_index=True)


def shown(table: pd.DataFrame, titles: Mapping[str, str], *, signed: bool) -> pd.DataFrame:
    """A table as text: schedule, split, policy and the figures."""
    tell = signed_percent if signed else at_most_three_digits
    figures = {title: [tell(value) for value in table[name]] for name, title in titles.items()}
    words = {"Schedule": table["schedule"], "Split": table["split"], "Policy": table["label"]}
    return pd.DataFrame({**words, **figures})


def titles(what: str) -> dict[str, str]:
    """Columns of seconds and joules and their titles.

    Args:
        what: What stands before the share in a title.
    """
    units = {"seconds": "s", "joules": "J"}
    return {
        f"{name}_{share:.2f}": f"{what}{share:.0%} [{unit}]"
        for name, unit in units.items()
        for share in SHARES
    }


def final_accuracy(reached: pd.DataFrame) -> pd.DataFrame:
    """Mean, least and greatest final accuracy over training seeds."""
    once = reached[reached["share"] == SHARES[0]]
    return (
        once.groupby(["schedule", "split"], sort=False)["final"]
        .agg(["mean", "min", "max"])
        .reset_index()
    )


def accuracy_over(learned: pd.DataFrame, clock: pd.DataFrame, what: str, grid: Array) -> Array:
    """Accuracy at times or energies, before the first round's end none.

    Args:
        learned: Rounds of the trainings of one schedule and split.
        clock: Rounds of one policy.
        what: ``"seconds"`` or ``"joules"``.
        grid: The times or energies, rising.

    Returns:
        Means over traces, one row a training seed; NaN before any trace's first round ends.
    """
    rows = []
    for _, training in learned.groupby("seed"):
        accuracy = training.sort_values("round")["accuracy"].to_numpy(float)
        curves = []
        for _, trace in clock.groupby("trace"):
            ends = trace.sort_values("round")[what].to_numpy(float)
            done = np.searchsorted(ends, grid, side="right")
            curves.append(np.where(done > 0, accuracy[np.maximum(done, 1) - 1], np.nan))
        rows.append(np.mean(curves, axis=0))
    return np.array(rows)
