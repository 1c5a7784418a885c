"""The frontier's dual with one budget, where devices train at once and a round is dear to solve.

What the splits found so far cost at their best frequencies, the cheapest of them in every round, is
above the dual, touches it where they were found, and takes far less time. So its maximum is found
first; only there the rounds are solved, starting from the known splits, as exactly as the distance
from the maximum asks for. Rounds that need no solving are passed over: the dual of each round is
concave, so that two multipliers with proven bounds bound all between.
"""

from typing import Self

import numpy as np

from asl_gym.arrays import Array
from asl_gym.scoring.ascent import Ascent
from asl_gym.scoring.cuts import Box, Cuts
from asl_gym.solvers.trace_solver import TraceSolver

__all__ = ["AtOnceDual", "SplitCuts"]

FIRST_TOLERANCE = 1e-2
SOLVING_SHARE = 0.03
"""How exactly rounds are solved: at first, and as a share of the distance from the maximum."""

PASSING_SHARE = 0.1
"""Share of that exactness within which a round that is bounded already is passed over."""

MODEL_SHARE = 0.03
"""Share of the distance from the maximum to which the known splits' maximum is found."""

FIRST_STEP, LEAST_STEP = 0.5, 1e-4
FARTHEST = 2.0
"""By which factor a multiplier may differ from the last one."""

LEAST_REACHED = 1e-3
"""Share of the multipliers' scale from which on 0 is within reach, and which is so from 0."""

NEGLIGIBLE = 1e-12
"""Distance of a mean energy from its budget that counts as rounding, relative."""

MAX_SOLVED, MAX_MODEL_STEPS = 60, 200


class SplitCuts(Cuts):
    """Cuts along with the splits and the rounds' bounds that they gave.

    Args:
        solver: Solves the rounds of the trace.
    """

    def __init__(self, solver: TraceSolver) -> None:
        # Here because loading what compiles it takes a second that only this search should cost.
        from asl_gym.solvers.parallel.known import KnownSplits

        super().__init__(solver)
        system, rounds = solver.system, solver.num_rounds
        self.known = KnownSplits(system.device_server, rounds, system.num_devices)
        # Multipliers that were solved, ascending, and the rounds' lower bounds there.
        self._solved: list[tuple[float, Array]] = []

    def copy(self) -> Self:
        """The same cuts, to which others can be added."""
        copied = super().copy()
        copied.known, copied._solved = self.known.copy(), list(self._solved)
        return copied

    @property
    def are_empty(self) -> bool:
        """Whether no splits are known."""
        return not self._solved

    def solve(self, multiplier: float, tolerance: float) -> None:
        """Adds a cut.

        Args:
            multiplier: λ [s/J].
            tolerance: Relative gap to which each round is solved.
        """
        bounds, splits = self._interpolated(multiplier), None
        needed = np.ones(bounds.size, dtype=bool)
        if self._solved:
            priced = self.known.price(multiplier)
            splits = priced.splits
            needed = priced.value - bounds > PASSING_SHARE * tolerance * priced.value
        found, proven = self.solver.improve(multiplier, tolerance, needed, splits)
        bounds = np.maximum(bounds, proven)
        self.known.add(found, self.solver.chosen(found))
        self._solved.append((multiplier, bounds))
        self._solved.sort(key=lambda each: each[0])
        priced = self.known.price(multiplier)
        value, energy = float(bounds.mean()), priced.energy.mean(keepdims=True)
        self.keep(np.array([multiplier]), value, energy, reached=float(priced.value.mean()))

    def _interpolated(self, multiplier: float) -> Array:
        """Lower bounds of the rounds at a multiplier between two that were solved, (T,)."""
        below = [each for each in self._solved if each[0] <= multiplier]
        above = [each for each in self._solved if each[0] >= multiplier]
        if not below or not above:
            return np.full(self.solver.num_rounds, -np.inf)
        (low, at_low), (high, at_high) = below[-1], above[0]
        share = (high - multiplier) / (high - low) if high > low else 1.0
        return np.asarray(share * at_low + (1.0 - share) * at_high)


class AtOnceDual:
    """The dual at a given energy.

    Args:
        cuts: Cuts to start from; those that are needed are added.
        target: The energy E [J].
        box: The multipliers to search, of shape (1,).
    """

    def __init__(self, cuts: SplitCuts, target: float, box: Box) -> None:
        self._cuts, self._target = cuts, target
        self._scale, self._greatest = float(box.scale[0]), float(box.greatest[0])
        self.upper = np.inf

    def maximise(self, guess: float, tolerance: float) -> float:
        """Adds cuts until the maximum is certain, or known but for what the rounds' solver leaves.

        Args:
            guess: A multiplier to start from [s/J].
            tolerance: Relative distance from the maximum at which the search ends.

        Returns:
            An upper bound on the maximum.
        """
        before, step, exactness = guess, FIRST_STEP, FIRST_TOLERANCE
        least = PASSING_SHARE * tolerance
        if self._cuts.are_empty:
            self._cuts.solve(guess, exactness)
        for _ in range(MAX_SOLVED):
            multiplier = self._within_reach(self._model_maximum(before, step, tolerance), before)
            gap = self.upper / self._best() - 1.0
            if gap <= tolerance or (exactness == least and self._is_reached(tolerance)):
                break
            exactness = min(max(SOLVING_SHARE * gap, least), FIRST_TOLERANCE)
            self._cuts.solve(multiplier, exactness)
            step = abs(multiplier - before) / max(before, np.finfo(float).tiny)
            before, step = multiplier, min(max(step, LEAST_STEP), FIRST_STEP)
        return self.upper

    def _best(self) -> float:
        return float(self._cuts.bounds(np.array([self._target])).max())

    def _is_reached(self, tolerance: float) -> bool:
        """Whether decisions at the last multiplier are as good as the upper bound."""
        reached = self._cuts.lines(np.array([self._target]))[-1]
        return bool(self.upper - reached <= tolerance * abs(reached))

    def _model_maximum(self, guess: float, step: float, tolerance: float) -> float:
        """Where the known splits' maximum is; lowers the upper bound to it.

        Args:
            guess: A multiplier near it [s/J].
            step: How near, relative.
            tolerance: Relative distance to which it is found at least.
        """
        negligible = NEGLIGIBLE * self._target
        ascent = Ascent(guess, step, self._scale, self._greatest, negligible)
        highest, multiplier, best = -np.inf, guess, self._best()
        for _ in range(MAX_MODEL_STEPS):
            point = ascent.point
            priced = self._cuts.known.price(point)
            energy = float(priced.energy.mean())
            value = float(priced.value.mean()) - point * self._target
            if value > highest:
                highest, multiplier = value, point
            ascent.tell(value, energy - self._target)
            enough = max(PASSING_SHARE * tolerance * highest, MODEL_SHARE * (ascent.upper - best))
            if ascent.is_spent or ascent.upper - highest <= enough < np.inf:
                break
        self.upper = min(self.upper, ascent.upper)
        return multiplier

    def _within_reach(self, multiplier: float, before: float) -> float:
        """A multiplier not too far from the last one, since known splits tell little far away."""
        low, high = before / FARTHEST, max(before * FARTHEST, LEAST_REACHED * self._scale)
        return min(max(multiplier, low if low > LEAST_REACHED * self._scale else 0.0), high)
