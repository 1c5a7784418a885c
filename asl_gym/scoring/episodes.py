"""What an episode came to: round by round, and as scores, one row of the results."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asl_gym.arrays import Array
from asl_gym.model.costs import RoundCosts
from asl_gym.scenario.scenario import Scenario

__all__ = [
    "EpisodeScore",
    "EpisodeSeries",
    "score_fields",
    "score_on_batteries",
    "series_of",
]


@dataclass(frozen=True)
class EpisodeScore:
    """The scores of one policy on one evaluation seed; one row of the results.

    On batteries there is neither budget nor frontier, and their figures are NaN; without them the
    figures from ``bound_s`` on are.

    Attributes:
        policy: The policy's name.
        evaluation_seed: Seed of the episode, which decides its trace.
        rounds: Rounds played.
        mean_delay_s: Mean round delay [s]; on batteries with waits and end charges.
        mean_energy_j: Mean energy of the whole system per round [J].
        energy_budget_j: Energy budget of the whole system per round [J].
        energy_ratio: Mean energy over budget; with per-device budgets the worst of them.
        frontier_delay_s: D*(Ē), the frontier at the budget [s].
        frontier_gap: Mean delay over the frontier at the energy really spent, minus 1; NaN where
            there is no frontier.
        priced_gap: (mean delay + Σ_k λ*_k (E_k − Ē_k)) / D*(Ē) − 1; NaN likewise.
        frontier_status: ``"ok"`` or ``"at minimum energy"``; empty on batteries.
        final_queue_j: Virtual queue after the last round [J], summed over budgets.
        decision_time_us: Median time of a decision, one observation at a time [µs].
        bound_s: The hindsight bound on the mean round delay [s].
        gap: Mean delay over the bound, minus 1.
        mean_wait_s: Mean time of a round that devices wait for their batteries [s].
        end_charge_s: Time of charging at the end what the episode drained, a round [s].
        final_charge: Mean charge after the last round, as a share of the capacity.
    """

    policy: str
    evaluation_seed: int
    rounds: int
    mean_delay_s: float
    mean_energy_j: float
    energy_budget_j: float
    energy_ratio: float
    frontier_delay_s: float
    frontier_gap: float
    priced_gap: float
    frontier_status: str
    final_queue_j: float
    decision_time_us: float
    bound_s: float = math.nan
    gap: float = math.nan
    mean_wait_s: float = math.nan
    end_charge_s: float = math.nan
    final_charge: float = math.nan

    @property
    def on_batteries(self) -> bool:
        """Whether the devices had batteries."""
        return math.isnan(self.energy_budget_j)

    def as_row(self) -> dict[str, Any]:
        """The fields that the scenario has as a row of the results table."""
        return {name: getattr(self, name) for name in score_fields(self.on_batteries)}


OF_BUDGETS = (
    *("energy_budget_j", "energy_ratio", "frontier_delay_s", "frontier_gap", "priced_gap"),
    *("frontier_status", "final_queue_j"),
)
OF_BATTERIES = ("bound_s", "gap", "mean_wait_s", "end_charge_s", "final_charge")
"""Fields of scores that only scenarios with a budget have, or with batteries."""


def score_fields(on_batteries: bool) -> tuple[str, ...]:
    """Names of the fields that scores have on batteries or with a budget."""
    absent = OF_BUDGETS if on_batteries else OF_BATTERIES
    return tuple(each.name for each in fields(EpisodeScore) if each.name not in absent)


@dataclass(frozen=True)
class EpisodeSeries:
    """An episode round by round.

    Attributes:
        delay: Round delay [s], shape (T,).
        energies: Energy of each budget [J], shape (T, K).
        energy: Energy of the whole system [J], shape (T,).
        queue: Virtual queue after the round, summed over budgets [J], shape (T,); empty on
            batteries.
        split: Split points, shape (T, N).
        server_frequency: Server frequencies [Hz], shape (T, N).
        decision_time: Time of each decision [s], shape (T,).
        battery: What batteries hold after the round [J], shape (T, N); ``None`` without them, and
            so are the following.
        harvest: What they harvest [J], likewise.
        wait: How long devices wait for them [s], likewise.
        end_charge: How long what the episode drained takes to charge [s], shape (N,).
    """

    delay: Array
    energies: Array
    energy: Array
    queue: Array
    split: NDArray[np.int64]
    server_frequency: Array
    decision_time: Array
    battery: Array | None = None
    harvest: Array | None = None
    wait: Array | None = None
    end_charge: Array | None = None


def series_of(rounds: Sequence[Mapping[str, Any]], times: Array, num_budgets: int) -> EpisodeSeries:
    """An episode from what each of its rounds tells in ``info``.

    Args:
        rounds: The info of each round.
        times: Time of each decision [s], shape (T,).
        num_budgets: Number of energy budgets K; 0 on batteries.
    """
    columns = {name: np.array([info[name] for info in rounds]) for name in rounds[0]}
    common: dict[str, Any] = {
        **{name: columns[name] for name in ("delay", "energy", "split", "server_frequency")},
        "decision_time": times,
    }
    if num_budgets == 0:
        own = {name: columns[name] for name in ("battery", "harvest", "wait")}
        ends, nothing = columns["end_charge"][-1], np.empty((len(rounds), 0))
        return EpisodeSeries(**common, **own, end_charge=ends, energies=nothing, queue=np.empty(0))
    costs = RoundCosts(*(columns[name] for name in RoundCosts._fields))
    return EpisodeSeries(
        **common,
        energies=costs.of_budgets(num_budgets),
        queue=columns["queue"].reshape(len(rounds), -1).sum(axis=1),
    )


def score_on_batteries(
    scenario: Scenario, bound: float, series: EpisodeSeries, name: str, seed: int
) -> EpisodeScore:
    """Scores an episode of devices on batteries.

    Args:
        scenario: Their scenario.
        bound: The hindsight bound on the mean round delay [s].
        series: The episode.
        name: The policy's name.
        seed: The evaluation seed.
    """
    batteries, delay = scenario.batteries, float(series.delay.mean())
    assert batteries is not None
    assert series.battery is not None
    assert series.wait is not None
    assert series.end_charge is not None
    rounds, capacities = len(series.delay), batteries.capacities(scenario.fastest_energies)
    none: dict[str, Any] = {**dict.fromkeys(OF_BUDGETS, math.nan), "frontier_status": ""}
    return EpisodeScore(
        policy=name,
        evaluation_seed=seed,
        rounds=rounds,
        mean_delay_s=delay,
        mean_energy_j=float(series.energy.mean()),
        decision_time_us=1e6 * float(np.median(series.decision_time)),
        bound_s=bound,
        gap=delay / bound - 1,
        mean_wait_s=float(series.wait.sum()) / rounds,
        end_charge_s=float(series.end_charge.sum()) / rounds,
        final_charge=float((series.battery[-1] / capacities).mean()),
        **none,
    )
