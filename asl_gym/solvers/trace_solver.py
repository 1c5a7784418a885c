"""Solving every round of a known trace for fixed weights: the engine of budget and bound."""

from dataclasses import dataclass

import numpy as np

from asl_gym.arrays import Array
from asl_gym.model.costs import Options, RoundCosts, UnitCosts
from asl_gym.model.system import System
from asl_gym.solvers.decision import Decision
from asl_gym.solvers.round_problem import RoundProblem, solve_rounds, solves_in_parts
from asl_gym.traces.trace import Trace

__all__ = ["MeanCosts", "TraceSolver"]

BLOCK_DEVICE_ROUNDS = 50_000
"""Device-rounds that are solved together, to bound the memory of long traces and large fleets."""


@dataclass(frozen=True)
class MeanCosts:
    """Means over a trace's rounds.

    Attributes:
        objective: V·D plus weighted energies of the decisions found.
        lower_bound: Proven lower bound on its minimum.
        delay: Round delay [s].
        energies: Energy of each budget [J], shape (K,).
    """

    objective: float
    lower_bound: float
    delay: float
    energies: Array


@dataclass(frozen=True)
class _Block:
    unit: UnitCosts
    options: Options | None


class TraceSolver:
    """The per-round problems of one trace, as it really is.

    Args:
        system: The system.
        trace: One trace, shape (T, N).
        num_budgets: Number of energy budgets K: 1, or N + 1 for one a device and the server's.

    Raises:
        ValueError: If the trace does not fit the system.
    """

    def __init__(self, system: System, trace: Trace, num_budgets: int = 1) -> None:
        if trace.uplink_bps.shape != (trace.num_rounds, system.num_devices):
            raise ValueError(
                f"trace has shape {trace.uplink_bps.shape}: expected (T, {system.num_devices})"
            )
        self.system, self.num_rounds, self.num_budgets = system, trace.num_rounds, num_budgets
        rounds = max(1, BLOCK_DEVICE_ROUNDS // system.num_devices)
        starts = range(0, self.num_rounds, rounds)
        self._trace = trace
        self._rounds = [slice(start, start + rounds) for start in starts]
        # What follows from long traces and large fleets is built when it is needed: options are L
        # times as large as the trace.
        self._kept = self._build(self._rounds[0]) if len(self._rounds) == 1 else None

    def _build(self, rounds: slice) -> _Block:
        model = self.system.cost_model
        unit = model.unit_costs(*self._trace.real(rounds), *self._trace.factors(rounds))
        in_parts = solves_in_parts(self.system, unit.device_delay.size)
        return _Block(unit, None if in_parts else model.all_options(unit))

    def decide(self, block: int, V: float, weights: Array) -> tuple[Decision, RoundCosts]:
        """Solves the rounds of one block, see :meth:`mean_costs`."""
        part = self._kept or self._build(self._rounds[block])
        rounds = part.unit.device_delay.shape[0]
        spread = np.broadcast_to(weights, (rounds, len(weights)))
        if part.options is None:
            decision = solve_rounds(self.system, part.unit, V, spread)
        else:
            decision = RoundProblem.of(self.system, part.options, V, spread).solve()
        model = self.system.cost_model
        chosen = model.chosen_options(decision.split_index, part.unit)
        return decision, model.round_costs(chosen, decision.server_frequency_hz)

    def decide_all(self, V: float, weights: Array) -> Decision:
        """The decisions of all rounds, leading axis T."""
        decisions = [self.decide(i, V, weights)[0] for i in range(len(self._rounds))]
        return Decision(*(np.concatenate(parts) for parts in zip(*decisions, strict=True)))

    def mean_costs(self, V: float, weights: Array) -> MeanCosts:
        """Minimises V·D + Σ_k weights_k·E_k in every round.

        Args:
            V: Weight on delay.
            weights: Weight on each budget's energy, shape (K,), or (1,) for all energy alike.

        Returns:
            The means over the rounds.
        """
        objective, lower_bound, delay = 0.0, 0.0, 0.0
        energies = np.zeros(self.num_budgets)
        for block in range(len(self._rounds)):
            decision, costs = self.decide(block, V, weights)
            objective += float(decision.objective.sum())
            lower_bound += float(decision.lower_bound.sum())
            delay += float(self.system.round_delay(costs.device_delay).sum())
            energies += costs.of_budgets(self.num_budgets).sum(axis=0)
        rounds = self.num_rounds
        return MeanCosts(
            objective / rounds, lower_bound / rounds, delay / rounds, energies / rounds
        )
