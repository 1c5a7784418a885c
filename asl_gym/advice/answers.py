"""Which cut is best for a device, what it saves, and how that changes with the link's rate."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from asl_gym.advice.cut_costs import CutCosts
from asl_gym.arrays import Array, Indices, Mask
from asl_gym.model import limits
from asl_gym.validation.checks import FieldError, number

__all__ = ["Answer", "RateRange", "answer", "best_over_rates", "lower_envelope"]

ABOVE_LEAST = 1.05
"""Least multiple of the least energy that stands for a budget."""

MARGIN = 1e-6
"""Relative precision with which it is told whether a budget can be kept."""


@dataclass(frozen=True)
class RateRange:
    """A range of the link's rates in which one cut is fastest.

    Attributes:
        low: Least rate, as a multiple of the link's; 0 for any however low.
        high: Greatest rate, as a multiple of the link's; infinite for any however high.
        place: Index of the cut.
    """

    low: float
    high: float
    place: int


@dataclass(frozen=True)
class Answer:
    """The best cuts of a kind of device, as indices into its costs.

    Attributes:
        costs: What every cut costs.
        admitted: Which cuts may be chosen, shape (L,).
        fastest: The cut of least delay.
        thriftiest: The cut of least device energy.
        budget_j: The budget of a device's energy a round [J].
        within_budget: The cut of least delay whose device energy keeps the budget.
        device_only: The cut at which the device computes everything; ``None`` if there is none.
        server_only: The cut at which the raw data is sent; likewise.
        over_rates: The fastest cuts over the link's rates, from the lowest rate on.
    """

    costs: CutCosts
    admitted: Mask
    fastest: int
    thriftiest: int
    budget_j: float
    within_budget: int
    device_only: int | None
    server_only: int | None
    over_rates: tuple[RateRange, ...]

    @property
    def one_cut(self) -> bool:
        """Whether one cut is fastest and thriftiest, at every rate of the link."""
        return self.fastest == self.thriftiest and len(self.over_rates) == 1

    @property
    def raw_data_is_faster(self) -> bool:
        """Whether sending the raw data, where it may not be chosen, would take less time."""
        return self._raw_data_beats(self.fastest, self.costs.delay)

    @property
    def raw_data_is_thriftier(self) -> bool:
        """Whether sending the raw data, where it may not be chosen, would take less energy."""
        return self._raw_data_beats(self.thriftiest, self.costs.device_energy)

    def _raw_data_beats(self, place: int, cost: Array) -> bool:
        if self.server_only is None or self.admitted[self.server_only]:
            return False
        return bool(cost[self.server_only] < cost[place])

    def saved(self, place: int, other: int | None) -> tuple[float, float] | None:
        """Shares of another cut's delay and device energy that a cut saves; negative if it costs.

        Returns:
            Delay and energy, or ``None`` if there is no other cut or it costs nothing.
        """
        if other is None:
            return None
        delay, energy = self.costs.delay, self.costs.device_energy
        if delay[other] == 0 or energy[other] == 0:
            return None
        return float(1 - delay[place] / delay[other]), float(1 - energy[place] / energy[other])


def answer(costs: CutCosts, raw_data: bool, budget_j: float | None, least_j: float) -> Answer:
    """The best cuts of a kind of device.

    Args:
        costs: What every cut costs, split point 0 among them where its cost is known.
        raw_data: Whether split point 0 may be chosen.
        budget_j: Budget of a device's energy a round [J]; ``None`` stands for halfway between the
            energies of the thriftiest and the fastest cut, but more than the least.
        least_j: The least mean energy that the device can spend [J].

    Raises:
        FieldError: If the budget isn't more than the least that any cut spends.
    """
    admitted = (costs.splits > 0) | raw_data
    delay = np.where(admitted, costs.delay, np.inf)
    energy = np.where(admitted, costs.device_energy, np.inf)
    fastest = _least(delay, energy)
    thriftiest = _least(energy, delay)
    least = max(float(energy[thriftiest]), least_j)
    halfway = max(0.5 * (float(energy[fastest]) + least), ABOVE_LEAST * least)
    budget = halfway if budget_j is None else number("budget", budget_j, limits.BUDGET_ENERGY)
    if budget <= least * (1.0 + MARGIN):
        allowed = f"more than {least:.6g} J, the least that a {costs.kind} can spend in a round"
        raise FieldError("budget", budget, allowed)
    within = _least(np.where(energy <= budget, delay, np.inf), energy)
    ends = {int(split): place for place, split in enumerate(costs.splits)}
    over_rates = best_over_rates(costs, admitted)
    return Answer(
        costs,
        np.asarray(admitted, dtype=np.uint8),
        fastest,
        thriftiest,
        float(budget),
        within,
        ends.get(costs.num_layers),
        ends.get(0),
        over_rates,
    )


def _least(values: Array, ties: Array) -> int:
    """The index of the least value; of equal ones that with the least tie-breaker, then first."""
    return int(np.where(values == values.min(), ties, np.inf).argmin())


def best_over_rates(costs: CutCosts, admitted: NDArray[np.bool_]) -> tuple[RateRange, ...]:
    """The fastest cut at every multiple of the link's rates, both directions alike.

    At m times the rates a cut takes computing + transfer/m: a line over 1/m, of which the least is
    their lower envelope.
    """
    places = np.flatnonzero(admitted)
    chosen, starts = lower_envelope(costs.transfer[places], costs.computing[places])
    # Starts are values of 1/m, rising; the rates they stand for fall.
    lows = np.append(1.0 / starts[1:], 0.0)
    highs = np.concatenate([[np.inf], lows[:-1]])
    ranges = zip(lows, highs, places[chosen], strict=True)
    return tuple(RateRange(float(a), float(b), int(p)) for a, b, p in ranges)[::-1]


def lower_envelope(slopes: Array, intercepts: Array) -> tuple[Indices, Array]:
    """The lines that are lowest somewhere over x ≥ 0.

    Args:
        slopes: Shape (L,).
        intercepts: Shape (L,).

    Returns:
        Indices of the lines from x = 0 on, and the x from which each is the lowest.
    """
    current = int(np.lexsort((np.arange(len(slopes)), slopes, intercepts))[0])
    x, lines, starts = 0.0, [current], [0.0]
    while (flatter := np.flatnonzero(slopes < slopes[current])).size:
        gained = slopes[current] - slopes[flatter]
        crossings = (intercepts[flatter] - intercepts[current]) / gained
        x = max(x, float(crossings.min()))
        first = flatter[crossings <= x]
        current = int(first[np.argmin(slopes[first])])
        lines.append(current)
        starts.append(x)
    return np.array(lines), np.array(starts)
