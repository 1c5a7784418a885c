"""Solving every round of a known trace for fixed weights: the engine of budget and bound."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from asl_gym.arrays import Array, Indices, Splits
from asl_gym.model.costs import Options, RoundCosts, UnitCosts
from asl_gym.model.system import System
from asl_gym.solvers.decision import Decision
from asl_gym.solvers.round_problem import RoundProblem, solve_rounds, solves_in_parts
from asl_gym.solvers.sequential import optimal_frequency
from asl_gym.traces.trace import Trace

if TYPE_CHECKING:
    from asl_gym.solvers.option_means import OptionTables

__all__ = ["DeviceMeans", "MeanCosts", "TraceSolver"]

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


class DeviceMeans(NamedTuple):
    """Means over a trace's rounds of each device in turn, shape (N,) each.

    Attributes:
        least: Least delay plus weighted energies [s].
        device_energy: The device's energy [J].
        server_energy: The energy of the server side that it costs [J].
    """

    least: Array
    device_energy: Array
    server_energy: Array


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
        self._tables: OptionTables | None = None

    def _build(self, rounds: slice) -> _Block:
        model = self.system.cost_model
        unit = model.unit_costs(*self._trace.real(rounds), *self._trace.factors(rounds))
        in_parts = solves_in_parts(self.system, unit.device_delay.size)
        return _Block(unit, None if in_parts else model.all_options(unit))

    def _all_options(self, part: _Block) -> Options:
        kept = part.options
        return self.system.cost_model.all_options(part.unit) if kept is None else kept

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

    def improve(
        self, multiplier: float, tolerance: float, needed: NDArray[np.bool_], start: Splits | None
    ) -> tuple[Splits, Array]:
        """Minimises D + λ·E in some rounds, where devices train at once.

        Args:
            multiplier: λ [s/J].
            tolerance: Relative gap at which the search for a round ends.
            needed: Whether a round is to be solved, shape (T,).
            start: Splits to start from in every round, shape (T, N), if any are known; then they
                are the result in rounds that aren't solved.

        Returns:
            Splits of all rounds, shape (T, N), and proven lower bounds [s], shape (T,); those of
            rounds that aren't solved are 0.
        """
        shape = self.num_rounds, self.system.num_devices
        splits = np.zeros(shape, dtype=np.int64) if start is None else start.copy()
        bounds = np.zeros(self.num_rounds)
        for block, rounds in enumerate(self._rounds):
            which = np.flatnonzero(needed[rounds])
            if not which.size:
                continue
            part = self._kept or self._build(self._rounds[block])
            weights = np.full((which.size, 1), multiplier)
            options = _of_rounds(self._all_options(part), which)
            problem = RoundProblem.of(self.system, options, 1.0, weights)
            which = which + rounds.start
            found = problem.improve(None if start is None else start[which], tolerance)
            splits[which], bounds[which] = found.split_index, found.lower_bound
        return splits, bounds

    def chosen(self, splits: Splits) -> Options:
        """Costs of splits chosen for every round, arrays of shape (T, N)."""
        model, parts = self.system.cost_model, []
        for rounds in self._rounds:
            part = self._kept or self._build(rounds)
            parts.append(model.chosen_options(splits[rounds], part.unit))
        return Options(*(np.concatenate(each) for each in zip(*parts, strict=True)))

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

    def device_means(self, multipliers: Array, server_multiplier: float) -> DeviceMeans:
        """Minimises D_n + λ_n·E_n + λ_s·E_s of every device in every round, where they take turns.

        Given λ_s, which decides the frequency of all, the devices' problems are separate.

        Args:
            multipliers: λ_n [s/J], shape (N,); devices with a negative one are left out and have
                means of 0.
            server_multiplier: λ_s [s/J].
        """
        # Here because loading what compiles it takes a second that only this pass should cost.
        from asl_gym.solvers.option_means import add_cheapest, option_tables

        server = self.system.device_server
        frequency = optimal_frequency(1.0, np.asarray(server_multiplier), server)
        sums = np.zeros((3, self.system.num_devices))
        for rounds in self._rounds:
            tables = self._tables
            if tables is None:
                part = self._kept or self._build(rounds)
                tables = option_tables(self._all_options(part))
            if self._kept is not None:
                self._tables = tables
            delay = tables.server_work / frequency
            energy = np.asarray(server.computing_energy(frequency, tables.server_work))
            add_cheapest(tables, delay, energy, multipliers, server_multiplier, sums)
        return DeviceMeans(*(sums / self.num_rounds))


def _of_rounds(options: Options, which: Indices) -> Options:
    """The options of some rounds; the server's work is the same in all."""
    a, on_device, on_server, work = options
    return Options(a[which], on_device[which], on_server[which], work)
