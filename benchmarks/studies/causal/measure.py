"""The measurement: policies on common traces against both bounds, device by device."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from asl_gym.arrays import Array, Splits
from asl_gym.model.batteries import charge_after, end_charge, wait
from asl_gym.policies.harvest.known import harvest_traces
from asl_gym.scoring.evaluation import Evaluator
from asl_gym.scoring.hindsight import KnownEpisode, hindsight_bound
from benchmarks.playing.suite import Entry
from benchmarks.reporting.formatting import at_most_three_digits, percent, with_interval
from benchmarks.reporting.statistics import bootstrap_interval
from benchmarks.studies.causal.fineness import DRAWS, LEVELS
from benchmarks.studies.causal.luck import deviations_of
from benchmarks.studies.causal.martingale import Martingale
from benchmarks.studies.causal.relaxation import penalties_along, relaxed_bound

__all__ = ["ENV_ID", "measure", "replayed", "shown", "summarise"]

ENV_ID = "ASLHarvest-v0"

STREAM = 1
"""Of the draws of what could have followed, beside a seed's trace."""


def measure(
    evaluator: Evaluator,
    martingale: Martingale,
    entries: Sequence[Entry],
    seeds: Sequence[int],
    levels: int = LEVELS,
    draws: int = DRAWS,
    tell: Callable[[str], None] = lambda line: None,
) -> pd.DataFrame:
    """Plays policies on common traces and bounds what each device's delay comes to.

    Args:
        evaluator: Plays a scenario with batteries.
        martingale: Its penalties.
        entries: The policies, all of them causal.
        seeds: Evaluation seeds.
        levels: Levels of the bound's batteries.
        draws: Draws of what may follow on a round.
        tell: Is told of every seed.

    Returns:
        A row a policy, seed and device: means over rounds [s] of the ``delay`` with waits and end
        charge, of the penalty on the policy's own charges, of the hindsight bound and of the
        ``relaxed`` bound, whose mean over seeds is one on causal policies.
    """
    scenario = evaluator.scenario
    played = [evaluator.episodes(entry.policy, seeds) for entry in entries]
    rows = []
    for number, seed in enumerate(seeds, start=1):
        trace = harvest_traces(scenario, [seed])[0]
        episode = KnownEpisode.of(scenario, trace)
        sky, deviations = np.asarray(trace.cloud).astype(np.int64), deviations_of(scenario, seed)
        rng = np.random.default_rng([seed, STREAM])
        penalties = martingale.penalties(episode, sky, deviations, rng, draws)
        bounds = {
            "hindsight": hindsight_bound(episode).device_bound,
            "relaxed": relaxed_bound(episode, penalties, levels),
        }
        for entry, episodes in zip(entries, played, strict=True):
            splits = np.array([scenario.split_points.index_of(s) for s in next(episodes).split])
            delay, charge = replayed(episode, splits)
            paid = penalties_along(charge, penalties, episode.capacity)
            figures: dict[str, Any] = {"delay": delay, "penalty": paid, **bounds}
            means = {f"{name}_s": each / scenario.horizon for name, each in figures.items()}
            named = {"policy": entry.name, "label": entry.label, "evaluation_seed": seed}
            rows.append(pd.DataFrame({**named, "device": np.arange(len(delay)), **means}))
        tell(f"seed {seed}, {number} of {len(seeds)}")
    return pd.concat(rows, ignore_index=True)


def replayed(episode: KnownEpisode, split_index: Splits) -> tuple[Array, Array]:
    """What decisions come to.

    Args:
        episode: The episode.
        split_index: Its decisions, shape (T, N).

    Returns:
        Each device's total delay, end charge included [s], shape (N,), and what batteries hold
        before each round and at the end [J], shape (T + 1, N).
    """
    charge = np.empty((len(split_index) + 1, len(episode.capacity)))
    charge[0], total = episode.initial_charge, np.zeros(len(episode.capacity))
    for t, splits in enumerate(split_index):
        delay, energy = (
            np.take_along_axis(each[t], splits[:, None], axis=1)[:, 0] for each in episode[:2]
        )
        total += delay + wait(energy, charge[t], episode.trickle_power_w)
        charge[t + 1] = charge_after(charge[t], energy, episode.harvest[t], episode.capacity)
    if episode.charges_end:
        total += end_charge(charge[0], charge[-1], episode.trickle_power_w)
    return total, charge


def summarise(rows: pd.DataFrame) -> pd.DataFrame:
    """One line a policy: means over seeds, and gaps to both bounds with intervals.

    A policy's own penalty has the mean zero. Taken off the bound, it makes the bound move with the
    policy from seed to seed, so that their difference is known much better than either.

    Args:
        rows: What :func:`measure` gives, or those of some devices.

    Returns:
        The columns ``policy``, ``label``, ``episodes``, ``delay_s``, ``hindsight_s``, ``causal_s``
        (the bound on causal policies, by this policy's penalty), and ``hindsight_gap`` and
        ``causal_gap``, of the means, each with ``…_low`` and ``…_high``.
    """
    lines = []
    for name, own in rows.groupby("policy", sort=False):
        columns = ["delay_s", "penalty_s", "hindsight_s", "relaxed_s"]
        seeds = own.groupby("evaluation_seed")[columns].sum()
        delay, hindsight = seeds["delay_s"], seeds["hindsight_s"]
        causal = seeds["relaxed_s"] - seeds["penalty_s"]
        line = {"policy": name, "label": own["label"].iloc[0], "episodes": len(seeds)}
        line |= {"delay_s": delay.mean(), "hindsight_s": hindsight.mean()}
        line |= {"causal_s": causal.mean(), **_gap("hindsight_gap", delay, hindsight)}
        lines.append(line | _gap("causal_gap", delay, causal))
    return pd.DataFrame(lines)


def _gap(name: str, delay: "pd.Series[float]", bound: "pd.Series[float]") -> dict[str, float]:
    """How far the mean delay is above the mean bound, relative to it, with its interval."""

    def gap(delays: Array, bounds: Array, axis: int = -1) -> Array:
        return np.asarray(delays.mean(axis=axis) / bounds.mean(axis=axis) - 1.0)

    samples: Any = delay.to_numpy(float), bound.to_numpy(float)
    ends = float("nan"), float("nan")
    if len(delay) > 1:
        ends = bootstrap_interval(samples, gap, paired=True, vectorized=True)
    return {name: float(gap(*samples)), f"{name}_low": ends[0], f"{name}_high": ends[1]}


def shown(summary: pd.DataFrame) -> pd.DataFrame:
    """What :func:`summarise` gives, for the terminal and the report."""
    delays = summary["delay_s"].map(at_most_three_digits)
    columns: dict[str, Any] = {"Policy": summary["label"], "Delay [s]": delays}
    for name, title in (("hindsight_gap", "Hindsight gap [%]"), ("causal_gap", "Causal gap [%]")):
        ends = (summary[column].map(percent) for column in (name, f"{name}_low", f"{name}_high"))
        columns[title] = [with_interval(*each) for each in zip(*ends, strict=True)]
    return pd.DataFrame(columns)
