"""Rounds that devices take in turn, solved as they are shown: many in one compiled call."""

import numpy as np

from asl_gym.arrays import Array, Indices, Splits
from asl_gym.compiling import compiled
from asl_gym.envs.codec import Observation
from asl_gym.envs.memory import constants_of, kernel_memory, kernel_sizes, sizes_of, stride_of
from asl_gym.model.option_costs import BitCosts, OptionFigures, fixed_costs, work_costs
from asl_gym.scenario.scenario import Scenario
from asl_gym.solvers.decision import Decision
from asl_gym.solvers.sequential_rows import Weights, best_frequency, cheapest, option_share

__all__ = ["Factors", "ShownRounds"]

Factors = tuple[Array | None, Array | None]
"""See :meth:`asl_gym.envs.codec.Observation.unit_costs`."""

NO_FACTORS = np.empty((2, 0, 0))

UPLINK, DOWNLINK, CLOCK = range(3)
"""What is shown of a round: rates [bit/s] and clocks [Hz]."""

Found = tuple[Splits, Array, Array]
"""Split indices and server frequencies [Hz], shape (B, N), and objectives, shape (B,)."""


class ShownRounds:
    """Solves rounds of a scenario whose devices train in turn, by what is shown of them.

    Decisions are those of :func:`asl_gym.solvers.sequential.solve`, without arrays of the options'
    size.

    Args:
        scenario: Gives the costs.
    """

    def __init__(self, scenario: Scenario) -> None:
        self._devices = scenario.num_devices
        self._scene = kernel_sizes(scenario, 1), kernel_memory(scenario, 1)

    def solve(
        self, seen: Observation, V: float, weights: Array, factors: Factors = (None, None)
    ) -> Decision:
        """Minimises V·D + Σ_k weights_k·E_k exactly.

        Args:
            seen: The observation in physical units.
            V: Weight on delay.
            weights: Weight on each budget's energy, shape (..., K) or (..., 1).
            factors: See :meth:`asl_gym.envs.codec.Observation.unit_costs`.

        Raises:
            ValueError: If there are weights for another number of budgets.
        """
        budgets = weights.shape[-1]
        if budgets not in (1, self._devices + 1):
            expected = f"(..., 1) or (..., {self._devices + 1})"
            raise ValueError(f"weights has shape {weights.shape}: expected {expected}")
        shape = _common_shape(seen, (*weights.shape[:-1], self._devices))
        shown = np.empty((3, *shape))
        shown[UPLINK], shown[DOWNLINK] = seen.uplink_bps, seen.downlink_bps
        shown[CLOCK] = seen.clock_hz
        shown = shown.reshape(3, -1, self._devices)
        rows = shown.shape[1:]
        by_budget = np.empty((*shape[:-1], budgets))
        by_budget[...] = weights
        prices = float(V), by_budget.reshape(rows[0], budgets)
        found = np.empty(rows, dtype=np.int64), np.empty(rows), np.empty(rows[0])
        solve_rows(self._scene, shown, _known(factors, shape), prices, found)
        objective = found[2].reshape(shape[:-1])
        return Decision(found[0].reshape(shape), found[1].reshape(shape), objective, objective)


def _common_shape(seen: Observation, of_weights: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that all broadcast to; most often they have it, and NumPy is slow to find out."""
    uplink, downlink, clock = seen.uplink_bps.shape, seen.downlink_bps.shape, seen.clock_hz.shape
    if uplink == downlink == clock == of_weights:
        return clock
    return np.broadcast_shapes(uplink, downlink, clock, of_weights)


def _known(factors: Factors, shape: tuple[int, ...]) -> Array:
    """The factors on FLOPs per cycle and capacitance, shape (2, B, N); (2, 0, 0) without any."""
    if factors[0] is None and factors[1] is None:
        return NO_FACTORS
    known = np.ones((2, *shape))
    for values, factor in zip(known, factors, strict=True):
        if factor is not None:
            values[...] = factor
    return known.reshape(2, -1, shape[-1])


@compiled
def solve_rows(
    scene: tuple[Indices, Array],
    shown: Array,
    factors: Array,
    prices: tuple[float, Array],
    found: Found,
) -> None:
    """Solves B rounds.

    Args:
        scene: Sizes and constants (:mod:`asl_gym.envs.memory`).
        shown: What is shown, shape (3, B, N).
        factors: Shape (2, B, N), or (2, 0, 0) where they are all 1.
        prices: V, and the weight on each budget's energy, shape (B, K) or (B, 1).
        found: Filled.
    """
    z = sizes_of(scene[0])
    k = constants_of(scene[1], z)
    (V, weights), (splits, frequencies, objectives) = prices, found
    share, spent, last = np.empty(z.options), np.empty(z.options), weights.shape[1] - 1
    # All in one function, since handing arrays to another takes as long as pricing three options.
    for b in range(objectives.size):
        f = best_frequency(V, weights[b, last], k.capacitance, k.least_clock, k.full_clock)
        objective = 0.0
        for n in range(z.devices):
            up, down = 1.0 / shown[UPLINK, b, n], 1.0 / shown[DOWNLINK, b, n]
            delay, energy = work_costs(k.cycles[n], k.energy[n], shown[CLOCK, b, n], z.powered > 0)
            if factors.size > 0:
                delay /= factors[0, b, n]
                energy = energy / factors[0, b, n] * factors[1, b, n]
            powers = BitCosts(k.sending[n], k.receiving[n], k.base_station_power, k.server_power)
            q = Weights(V, weights[b, n if last > 0 else 0], weights[b, last])
            first = n * stride_of(z)
            for o in range(z.options):
                i = first + o
                figures = OptionFigures(k.up[i], k.down[i], k.work[i], k.server_seconds[i])
                fixed = fixed_costs(figures, powers, up, down, delay, energy)
                share[o], spent[o] = option_share(fixed, k.server_work[i], f, k.capacitance, q)
            best = cheapest(share, spent)
            splits[b, n], frequencies[b, n] = best, f
            objective += share[best]
        objectives[b] = objective
