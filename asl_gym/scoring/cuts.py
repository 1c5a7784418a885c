"""Cuts of the hindsight frontier's dual: what it is at the multipliers that were tried."""

from typing import NamedTuple, Self

import numpy as np

from asl_gym.arrays import Array
from asl_gym.solvers.trace_solver import TraceSolver

__all__ = ["Box", "Cuts"]


class Box(NamedTuple):
    """The multipliers to search, from 0 on.

    Attributes:
        scale: Multipliers of the dual's order [s/J], shape (K,).
        greatest: The greatest ones [s/J], shape (K,).
    """

    scale: Array
    greatest: Array


class Cuts:
    """What the dual function is at the multipliers tried, in the order of the tries.

    Args:
        solver: Solves the rounds of the trace.

    Attributes:
        solver: The same.
        lambdas: The multipliers λ [s/J], (K,) each.
        values: Proven lower bounds on min_x [D + λ·E], mean over the rounds [s].
        reached: What the decisions found give there [s]; the same where the solver is exact.
        energies: Their mean energies [J], (K,) each.
    """

    def __init__(self, solver: TraceSolver) -> None:
        self.solver = solver
        self.lambdas: list[Array] = []
        self.values: list[float] = []
        self.reached: list[float] = []
        self.energies: list[Array] = []

    def __len__(self) -> int:
        return len(self.values)

    def add(self, multipliers: Array) -> None:
        """Tries multipliers."""
        costs = self.solver.mean_costs(1.0, multipliers)
        self.keep(multipliers, costs.lower_bound, costs.energies, costs.objective)

    def keep(
        self, multipliers: Array, value: float, energies: Array, reached: float | None = None
    ) -> None:
        """Adds what is known at multipliers, see the attributes; ``None`` stands for the value."""
        self.lambdas.append(multipliers)
        self.values.append(value)
        self.reached.append(value if reached is None else reached)
        self.energies.append(energies)

    def copy(self) -> Self:
        """The same cuts, to which others can be added."""
        copied = type(self)(self.solver)
        for name in ("lambdas", "values", "reached", "energies"):
            setattr(copied, name, list(getattr(self, name)))
        return copied

    def bounds(self, energies: Array) -> Array:
        """g(λ; E) for every λ tried."""
        return np.asarray(self.values) - np.asarray(self.lambdas) @ energies

    def lines(self, energies: Array) -> Array:
        """What the decisions found at every λ give there: above g, along with their slopes.

        They are g itself where the per-round solver is exact.
        """
        return np.asarray(self.reached) - np.asarray(self.lambdas) @ energies
