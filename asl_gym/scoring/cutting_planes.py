"""The frontier's dual with any budgets, by cutting planes and linear programs."""

import numpy as np

from asl_gym.arrays import Array
from asl_gym.scoring.cuts import Box, Cuts

__all__ = ["CuttingPlanes"]

MAX_CUTS = 1_000

FIRST_RADIUS, LEAST_RADIUS = 0.5, 1e-9
"""How far the moving box reaches from the best multipliers, in units of their scale."""


class CuttingPlanes:
    """The dual at given energies.

    Args:
        cuts: Cuts to start from, the first at λ = 0; those that are needed are added.
        target: The energies E [J], shape (K,).
        box: The multipliers to search.
    """

    def __init__(self, cuts: Cuts, target: Array, box: Box) -> None:
        self._cuts, self._target, self._box = cuts, target, box
        # The greatest multipliers in units of their scale, in which all are alike.
        self._top = box.greatest / box.scale

    def maximise(self, tolerance: float) -> float:
        """Adds cuts by Kelley's method, in turn everywhere and near the best multipliers so far.

        Args:
            tolerance: Relative distance from the maximum at which the search ends.

        Returns:
            An upper bound on the maximum.
        """
        cuts, scale, upper, radius = self._cuts, self._box.scale, np.inf, FIRST_RADIUS
        for _ in range(MAX_CUTS):
            bounds = cuts.lines(self._target)
            centre = cuts.lambdas[int(bounds.argmax())] / scale
            ceiling, highest = self._model_maximum(np.zeros_like(centre), self._top)
            upper = min(upper, ceiling)
            if upper - bounds.max() <= tolerance * abs(upper):
                break
            cuts.add(np.minimum(highest * scale, self._box.greatest))
            low = np.maximum(centre - radius, 0.0)
            promise, point = self._model_maximum(low, np.minimum(centre + radius, self._top))
            cuts.add(np.minimum(point * scale, self._box.greatest))
            gain = cuts.lines(self._target)[-2:].max() - bounds.max()
            radius *= 1.5 if gain > 0.5 * (promise - bounds.max()) else 0.7
            radius = min(max(radius, LEAST_RADIUS), float(self._top.max()))
        return float(upper)

    def _model_maximum(self, low: Array, high: Array) -> tuple[float, Array]:
        """Maximum of the cuts' lower envelope over a box of scaled multipliers."""
        # Here because it takes long to load and only this needs it.
        from scipy.optimize import linprog

        cuts, scale = self._cuts, self._box.scale
        slopes = (np.asarray(cuts.energies) - self._target) * scale
        lambdas = np.asarray(cuts.lambdas) / scale
        constants = cuts.lines(self._target) - (slopes * lambdas).sum(axis=1)
        rows = np.hstack([-slopes, np.ones((len(constants), 1))])
        limits = [*zip(low, high, strict=True), (None, None)]
        cost = np.zeros(low.size + 1)
        cost[-1] = -1.0
        # The solver's tolerances are absolute: in units of the least delay they are relative.
        unit = cuts.values[0]
        rows[:, :-1] /= unit
        solution = linprog(cost, rows, constants / unit, bounds=limits)
        if not solution.success:
            raise RuntimeError(f"the frontier's linear program failed: {solution.message}")
        return -float(solution.fun) * unit, solution.x[:-1]
