"""The per-round problem: min V·D + weighted energies, over split points and server frequencies.

It is the one place where the options of a round, the server, V and the weights meet, and where the
schedule's solver is chosen: closed form where devices train in turn, branch and bound where they
train at once.
"""

from types import ModuleType
from typing import Self

from asl_gym.arrays import Array, Splits
from asl_gym.model import lyapunov
from asl_gym.model.components import Schedule
from asl_gym.model.costs import Options, UnitCosts
from asl_gym.model.system import System
from asl_gym.solvers import in_parts, sequential
from asl_gym.solvers.decision import Decision, RoundTerms

__all__ = ["RoundProblem", "best_frequencies", "solve_rounds", "solves_in_parts"]


class RoundProblem(RoundTerms):
    """The terms of one round, or of many along leading axes, ready to be solved."""

    __slots__ = ()

    @classmethod
    def of(cls, system: System, options: Options, V: float | Array, weights: Array) -> Self:
        """The problem of a system.

        Args:
            system: Gives the server and the schedule.
            options: Costs of all admissible split points, arrays of shape (..., N, L).
            V: Weight on delay.
            weights: Weight on each budget's energy, shape (..., K), or (..., 1) for all alike.
        """
        on_energies = lyapunov.energy_weights(weights, system.num_devices)
        return cls(options, system.device_server, V, *on_energies, system.schedule)

    def solve(self) -> Decision:
        """Minimises the objective: exactly in turn, to a proven gap at once."""
        decision: Decision = _solver(self.schedule).solve(self)
        return decision

    def improve(self, start: Splits | None, tolerance: float) -> Decision:
        """Minimises the objective to a tolerance, where devices train at once.

        Args:
            start: Splits to start from, shape (..., N), if any are known.
            tolerance: Relative gap between objective and lower bound at which the search ends.
        """
        decision: Decision = _solver("parallel").solve(self, tolerance, start=start)
        return decision

    def price(self, split_index: Splits) -> Array:
        """The least objective of given splits: the upper layer alone.

        Args:
            split_index: K candidates, indices into the admissible split points, shape (..., K, N).

        Returns:
            Objectives, shape (..., K).
        """
        prices: Array = _solver(self.schedule).price(self, split_index)
        return prices


def solves_in_parts(system: System, device_rounds: int) -> bool:
    """Whether so many devices of all rounds are solved in parts rather than as one whole."""
    return system.schedule == "sequential" and device_rounds >= in_parts.LEAST_SIZE


def solve_rounds(system: System, unit: UnitCosts, V: float | Array, weights: Array) -> Decision:
    """Minimises V·D + weighted energies, as :class:`RoundProblem` does, at any size.

    Args:
        system: The system.
        unit: What a bit and a unit of work cost in each round, arrays of shape (..., N).
        V: Weight on delay.
        weights: Weight on each budget's energy, shape (..., K), or (..., 1) for all alike.
    """
    if solves_in_parts(system, unit.device_delay.size):
        return in_parts.solve_in_parts(system, unit, V, weights)
    return RoundProblem.of(system, system.cost_model.all_options(unit), V, weights).solve()


def best_frequencies(
    system: System, chosen: Options, V: float | Array, server_weight: Array
) -> Array:
    """The best server frequencies for given splits: the upper layer's decision.

    Args:
        system: Gives the server and the schedule.
        chosen: Costs of the chosen split points, arrays of shape (..., N).
        V: Weight on delay, broadcasting with ``server_weight``.
        server_weight: Weight q_s on the server side's energy, shape (...).

    Returns:
        Server frequencies [Hz], shape (..., N), or (..., 1) where all devices have the same.
    """
    solver = _solver(system.schedule)
    frequencies: Array = solver.allocate(chosen, system.device_server, V, server_weight)
    return frequencies


def _solver(schedule: Schedule) -> ModuleType:
    """The schedule's module with ``solve``, ``price`` and ``allocate``."""
    if schedule == "sequential":
        return sequential
    # Here because loading what compiles it takes a second that only this schedule should cost.
    from asl_gym.solvers.parallel import solver

    return solver
