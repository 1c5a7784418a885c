"""The hindsight frontier: a lower bound on the delay of every policy at the energy it spends.

For a known trace and multipliers λ ≥ 0,

    g(λ; E) = mean_t min_x [D_t(x) + λ·E_t(x)] − λ·E

is at most the mean delay of any policy whose mean energies are at most E (weak duality), and
D*(E) = max_λ g(λ; E) is tight up to O(budgets/T). The maximum is found by cutting planes: each
λ that was tried gives a line above g, so the search ends with a certificate of how far it is from
the maximum, and whatever it returns is a valid bound. Where a budget a device or devices at once
make that slow, the structure of the dual is used (:mod:`asl_gym.scoring.per_device`,
:mod:`asl_gym.scoring.at_once`).
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from asl_gym.arrays import Array
from asl_gym.scenario.scenario import Scenario
from asl_gym.scoring.at_once import AtOnceDual, SplitCuts
from asl_gym.scoring.cuts import Box, Cuts
from asl_gym.scoring.cutting_planes import CuttingPlanes
from asl_gym.scoring.per_device import DeviceDual
from asl_gym.solvers.trace_solver import TraceSolver
from asl_gym.traces.trace import Trace

__all__ = ["FrontierPoint", "HindsightFrontier", "Status", "hindsight_frontier"]

Status = Literal["ok", "at minimum energy"]

MAX_MULTIPLIER = 1e4
"""λ is searched up to this many D_ref/Ē_k."""

TOLERANCE = 1e-10
"""Relative distance from the maximum at which the search for one budget ends."""

AT_ONCE_TOLERANCE = 1e-8
IN_TURN_TOLERANCE = 1e-9
CUTTING_PLANES_TOLERANCE = 1e-6
"""The same where devices train at once, and with a budget a device: where they train in turn, and
where they train at once."""

MAX_CUTS = 1_000

FIRST_CUTS = 2
"""Every search starts with the cuts at λ = 0 and at the greatest λ, in this order."""

CURVE_SEARCHES = 17
CURVE_TOLERANCE = 1e-4
"""Searches for a curve along several budgets, and where each ends, relative to the maximum."""

SCALE_STEP = 0.01
"""How closely the beginning of such a curve is found, relative."""


@dataclass(frozen=True)
class FrontierPoint:
    """The frontier at one energy.

    Attributes:
        energies: The mean energies E that it was asked at [J], shape (K,).
        delay: D*(E), the greatest lower bound found [s].
        multipliers: The λ that gives it [s/J], shape (K,).
        status: ``"at minimum energy"`` where no policy can spend E or less: there the maximum
            over λ is infinite and ``delay`` is the bound at the greatest λ searched.
        slack: How far ``delay`` may be below the maximum at most, relative.
    """

    energies: Array
    delay: float
    multipliers: Array
    status: Status
    slack: float


class HindsightFrontier:
    """The frontier of one trace.

    Every answer follows from the trace and the energies asked for alone: the search for an energy
    starts with the cuts that the one at the budgets needed, whatever was asked before.

    Args:
        scenario: The scenario.
        trace: One trace, shape (T, N).

    Attributes:
        scenario: The scenario.
        trace: The trace.
    """

    def __init__(self, scenario: Scenario, trace: Trace) -> None:
        self.scenario, self.trace = scenario, trace
        self._solver = TraceSolver(scenario, trace, scenario.num_budgets)
        self._scale = scenario.reference_delay / scenario.energy_budgets
        self._max = MAX_MULTIPLIER * self._scale

    @property
    def minimum_energy(self) -> float:
        """Least mean energy of the system that any policy can spend [J]."""
        return float(self._solver.mean_costs(0.0, np.ones(1)).energies.sum())

    @cached_property
    def _at_budget(self) -> tuple[Cuts, FrontierPoint]:
        """The frontier at the budgets, and the cuts that it needed."""
        at_once, several = self.scenario.shares_server, self._scale.size > 1
        cuts = SplitCuts(self._solver) if at_once and not several else Cuts(self._solver)
        # Cutting planes need a few more to begin with, common multipliers.
        factors = np.geomspace(1e-3, 1e3, 13 if at_once and several else 0)
        for multipliers in (0 * self._max, self._max, *(each * self._scale for each in factors)):
            cuts.add(multipliers)
        return cuts, self._maximised(cuts, self.scenario.energy_budgets)

    def at_budget(self) -> FrontierPoint:
        """The frontier at the scenario's budgets: the least delay that respects them."""
        return self._at_budget[1]

    def at(self, energies: ArrayLike) -> FrontierPoint:
        """The frontier at mean energies E.

        Args:
            energies: The system's mean energy per round [J], or one for each budget.

        Raises:
            ValueError: If the number of energies is not K, or one is not finite and >= 0.
        """
        target = np.atleast_1d(np.asarray(energies, dtype=float))
        if target.shape != self._scale.shape or not (np.isfinite(target) & (target >= 0)).all():
            raise ValueError(
                f"energies = {energies!r}: expected {self._scale.size} finite numbers >= 0"
            )
        return self._maximised(self._at_budget[0].copy(), target)

    def _maximised(self, cuts: Cuts, target: Array, tolerance: float = 0.0) -> FrontierPoint:
        """The frontier at E; adds the cuts that it needs.

        Args:
            cuts: At least those at λ = 0 and at the greatest λ, which come first.
            target: The energies E.
            tolerance: Relative distance from the maximum at which the search may end, if it is
                above the usual one.
        """
        upper = self._search(cuts, target, tolerance)
        bounds = cuts.bounds(target)
        best = int(bounds.argmax())
        if target.size == 1 and cuts.energies[0][0] > target[0] <= cuts.energies[1][0]:
            # At the minimum energy the dual is flat beyond its last kink and rounding would pick.
            best = 1
        multipliers, delay = cuts.lambdas[best], float(bounds[best])
        status: Status = "ok"
        if (multipliers >= self._max).any():
            status = "at minimum energy"
        slack = max(upper - delay, 0.0) / max(abs(delay), np.finfo(float).tiny)
        return FrontierPoint(target, delay, multipliers.copy(), status, slack)

    def _search(self, cuts: Cuts, target: Array, tolerance: float) -> float:
        """Adds cuts until the maximum is certain; returns an upper bound on it."""
        best, box = int(cuts.bounds(target).argmax()), Box(self._scale, self._max)
        guess = cuts.lambdas[best] if best >= FIRST_CUTS else self._scale
        if target.size == 1:
            slopes = np.concatenate(cuts.energies[:FIRST_CUTS]) - target
            if slopes[0] <= 0 or slopes[1] >= 0:
                return float(cuts.lines(target)[0 if slopes[0] <= 0 else 1])
            if isinstance(cuts, SplitCuts):
                dual = AtOnceDual(cuts, float(target[0]), box)
                return dual.maximise(float(guess[0]), max(tolerance, AT_ONCE_TOLERANCE))
            return self._maximise_one(cuts, target)
        if self.scenario.shares_server:
            planes = CuttingPlanes(cuts, target, box)
            return planes.maximise(max(tolerance, CUTTING_PLANES_TOLERANCE))
        return DeviceDual(cuts, target, box).maximise(guess, max(tolerance, IN_TURN_TOLERANCE))

    def _maximise_one(self, cuts: Cuts, target: Array) -> float:
        """Adds cuts until the maximum is certain; returns an upper bound on it."""
        upper = np.inf
        for _ in range(MAX_CUTS):
            order = np.argsort([float(m[0]) for m in cuts.lambdas])
            bounds = cuts.lines(target)[order]
            slopes = np.asarray(cuts.energies)[order, 0] - target[0]
            lambdas = np.asarray(cuts.lambdas)[order, 0]
            left = int(np.flatnonzero(slopes > 0)[-1])
            right = left + 1
            width = lambdas[right] - lambdas[left]
            step = (bounds[right] - bounds[left] - slopes[right] * width) / (
                slopes[left] - slopes[right]
            )
            upper = float(bounds[left] + slopes[left] * step)
            if upper - bounds.max() <= TOLERANCE * abs(upper):
                break
            # The crossing of the two cuts may creep along one side: keep off the ends.
            step = min(max(step, 0.05 * width), 0.95 * width) if width > 0 else step
            cuts.add(np.array([lambdas[left] + step]))
        return upper

    def along_budgets(self, points: int) -> tuple[Array, Array]:
        """The frontier where all budgets are multiplied by a common scale, for plotting.

        A policy whose mean energies are at most c times their budgets, each of them, is never
        faster than the curve at c. The search is exact to :data:`CURVE_TOLERANCE` at
        :data:`CURVE_SEARCHES` of the points; what its cuts prove bounds the others.

        Args:
            points: Points of the curve, at least 2.

        Returns:
            Scales c, from the least (but for :data:`SCALE_STEP`) that any policy can keep to the
            one from which on the fastest policy keeps all budgets; and mean delays D*(c·Ē) [s].
        """
        cuts = self._at_budget[0].copy()
        fastest = float((cuts.energies[0] / self.scenario.energy_budgets).max())
        scales = np.geomspace(self._least_scale(cuts, fastest), fastest, points)
        searched = np.linspace(0, points - 1, min(CURVE_SEARCHES, points)).astype(int)
        for scale in scales[searched]:
            self._maximised(cuts, scale * self.scenario.energy_budgets, CURVE_TOLERANCE)
        targets = scales[:, None] * self.scenario.energy_budgets
        return scales, np.array([cuts.bounds(target).max() for target in targets])

    def _least_scale(self, cuts: Cuts, high: float) -> float:
        """A scale of the budgets that can be kept, at most SCALE_STEP above one that cannot."""
        low = 0.0
        while high - low > SCALE_STEP * high:
            middle = (low + high) / 2
            target = middle * self.scenario.energy_budgets
            found = self._maximised(cuts, target, CURVE_TOLERANCE)
            low, high = (low, middle) if found.status == "ok" else (middle, high)
        return high

    def curve(self, multipliers: ArrayLike) -> tuple[Array, Array]:
        """Points of the frontier for plotting, one budget only.

        Args:
            multipliers: λ values [s/J], any number of them, > 0.

        Returns:
            Mean energies [J] and mean delays [s] of the optimal decisions at each λ; these are
            achievable points on the frontier.
        """
        if self._scale.size > 1:
            raise ValueError(
                f"the scenario has {self._scale.size} budgets: expected a single one, or "
                "along_budgets()"
            )
        solved = [
            self._solver.mean_costs(1.0, np.array([m])) for m in np.ravel(np.asarray(multipliers))
        ]
        return np.array([c.energies.sum() for c in solved]), np.array([c.delay for c in solved])


def hindsight_frontier(scenario: Scenario, trace: Trace) -> HindsightFrontier:
    """The hindsight frontier of a trace, see :class:`HindsightFrontier`."""
    return HindsightFrontier(scenario, trace)
