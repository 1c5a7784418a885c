"""μLinUCB: a linear bandit for each device on the delay of what lies behind the cut."""

import math
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from asl_gym.arrays import Array, Splits
from asl_gym.envs.codec import Observation
from asl_gym.model.components import Schedule
from asl_gym.policies.cuts import server_clocks
from asl_gym.policies.knobs import BOTH, Knob
from asl_gym.policies.realised import PlayedRound, check_costs_are_known, realised_costs
from asl_gym.policies.remembering import RememberingPolicy
from asl_gym.traces.channel import median_rates
from asl_gym.validation.checks import Bounds, number

__all__ = ["MuLinUCB"]

FEATURES = 3
"""Server work, bits, and 1."""

DELTA, NOISE, NORM, KEY_WEIGHT = 0.1, 0.05, 1.0, 0.8
"""The authors' δ, C_noise, C_θ and L of key frames, which decide α."""

FORCED_EXPONENT = 0.25
"""μ: every ⌈T^μ⌉ rounds a device may not train all by itself."""

WEIGHT = Bounds(0, 1, open_high=True)


class _Learned(NamedTuple):
    """What the bandits know.

    Attributes:
        gram: A, shape (B, N, 3, 3).
        moments: b, shape (B, N, 3).
        played: The round that is being played.
        rounds: How many came before it in the episode, shape (B,).
    """

    gram: Array
    moments: Array
    played: PlayedRound
    rounds: NDArray[np.int64]


class MuLinUCB(RememberingPolicy):
    """Argmin_ℓ front(ℓ) + xᵀθ̂ − α√((1−L) xᵀA⁻¹x), θ̂ = A⁻¹b, for each device.

    front is the device's own computing time, known; the rest of its delay is taken for linear in
    x = (w, bits, 1) with an unknown θ, learned from the delays that it realises. Every ⌈T^¼⌉ rounds
    it may not train all by itself, from which there is little to learn. Zhang, Chen and Xu,
    "Autodidactic Neurosurgeon", WWW 2021, arXiv 2102.02638, grade A (the authors' code:
    α = (C_θ + C_noise √(3 ln((1 + T C_x²)/δ)))/(1 − 0.8) with C_x the greatest ‖x‖², δ = 0.1,
    C_noise = 0.05, C_θ = 1; L is 0.8 for key frames and 0.2 for others).

    What it measures is the device's delay of the last round. The environment shows it where device
    parameters are not known; elsewhere it follows from the decision and the rates and clock of its
    round (:mod:`asl_gym.policies.realised`): what a stopwatch would have shown. The rates of the
    round to come it does not use, though the scenario may show them; it is told the clock.

    Reconstructed: x with every entry over the greatest of the device's options and delays over its
    least at median rates and full clocks, since the authors' constants suppose numbers of order 1;
    A starts at the identity (theirs is drawn); rounds without a cut teach, too, since parameters
    still move; training has no key frames, so that L is the knob. The server's clock is full, and
    where devices share it, divided so that the round ends soonest.

    Args:
        env: The environment or scenario.
        weight: L in [0, 1); the greater, the less is tried out.

    Raises:
        FieldError: If the last round's delays cannot be told, because rates lag behind by more
            than a round.
    """

    KNOB: ClassVar[Knob] = Knob(
        "weight", (0.0, 0.2, 0.5, 0.8, 0.95, 0.999), "weight against trying out"
    )
    SCHEDULES: ClassVar[tuple[Schedule, ...]] = BOTH

    def __init__(self, env: Any, weight: float = 0.2) -> None:
        super().__init__(env)
        scenario, model = self.scenario, self.scenario.cost_model
        check_costs_are_known(scenario)
        self.weight = number("weight", weight, WEIGHT)
        points, tables = scenario.split_points, model.tables
        shape = scenario.num_devices, points.most
        both_ways = tables.uplink_bits + tables.downlink_bits
        raw = (np.broadcast_to(each, shape) for each in (tables.server_work, both_ways))
        scaled = [each / np.maximum(each.max(axis=-1, keepdims=True), 1e-300) for each in raw]
        self.features = np.stack([*scaled, np.ones(shape)], axis=-1)
        rates = median_rates(scenario.fleet, scenario.device_radio)
        options = model.all_options(model.unit_costs(*rates, np.asarray(scenario.fleet.clock_hz)))
        fastest = options.fixed_delay + options.server_work / scenario.server.clock_max_hz
        self._unit_delay: Array = fastest.min(axis=-1)
        self._last = np.arange(points.most) >= points.counts[:, None] - 1
        self.alpha = self._confidence()
        self.period = math.ceil(scenario.horizon**FORCED_EXPONENT)

    def _confidence(self) -> float:
        greatest = float((self.features**2).sum(axis=-1).max())
        chance = math.log((1.0 + self.scenario.horizon * greatest**2) / DELTA)
        return (NORM + NOISE * math.sqrt(FEATURES * chance)) / (1.0 - KEY_WEIGHT)

    def remember_and_decide(
        self, seen: Observation, memory: Any, starts: NDArray[np.bool_]
    ) -> tuple[Splits, Array, Any]:
        """Learns from the last round, then decides."""
        gram, moments, rounds = self._learned(seen, memory, starts)
        splits = self._bounds(seen, gram, moments, rounds).argmin(axis=-1)
        frequency = server_clocks(self.scenario, "max", splits, seen)
        played = PlayedRound(seen, splits, np.array(frequency))
        return splits, frequency, _Learned(gram, moments, played, rounds)

    def _learned(
        self, seen: Observation, memory: _Learned | None, starts: NDArray[np.bool_]
    ) -> tuple[Array, Array, NDArray[np.int64]]:
        """A, b and the round's number, with what the last round taught."""
        leading = seen.clock_hz.shape
        gram = np.broadcast_to(np.eye(FEATURES), (*leading, FEATURES, FEATURES))
        moments, rounds = np.zeros((*leading, FEATURES)), np.zeros(len(starts), dtype=np.int64)
        if memory is None:
            return gram, moments, rounds
        played = memory.played
        delay = realised_costs(self.scenario, played, seen).device_delay
        front = np.take_along_axis(self._front(played.seen), played.split_index[..., None], -1)
        behind = delay / self._unit_delay - front[..., 0]
        x = self.features[np.arange(leading[-1]), played.split_index]
        learned = memory.gram + x[..., :, None] * x[..., None, :]
        gram = np.where(starts[:, None, None, None], gram, learned)
        moments = np.where(starts[:, None, None], 0.0, memory.moments + x * behind[..., None])
        return gram, moments, np.where(starts, 0, memory.rounds + 1)

    def _front(self, seen: Observation) -> Array:
        """The device's computing time of every option in its unit, shape (..., N, L)."""
        model = self.scenario.cost_model
        work, unit = model.tables.device_work, seen.unit_costs(model)
        return np.asarray(work * (unit.device_delay / self._unit_delay)[..., None])

    def _bounds(
        self, seen: Observation, gram: Array, moments: Array, rounds: NDArray[np.int64]
    ) -> Array:
        """Lower confidence bounds of every option's delay; infinite where it may not be chosen."""
        inverse, x = np.linalg.inv(gram), self.features
        estimate = (inverse * moments[..., None, :]).sum(axis=-1)
        behind = (x * estimate[..., None, :]).sum(axis=-1)
        spread = (inverse[..., None, :, :] * x[..., :, None] * x[..., None, :]).sum(axis=(-2, -1))
        width = self.alpha * np.sqrt((1.0 - self.weight) * spread)
        forced = (rounds % self.period == 0)[:, None, None] & self._last
        forced &= ~self._last.all(axis=-1, keepdims=True)
        return np.asarray(np.where(forced, np.inf, self._front(seen) + behind - width))
