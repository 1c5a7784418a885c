"""What the generalist sees of each option, and what it remembers for that.

An option is a split point of a device. It is described by what it would add to the round's drift
plus penalty, by several beliefs about the rates: those that are shown, and running averages of
1/r with several memories, since delay and energy are linear in 1/r. Where devices are not what they
are said to be, they are calibrated online. Beside the options' costs stands how sure the beliefs
are. So nothing depends on how many devices or options there are, nor on what network they are of.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.shared.signal import spread_of
from asl_gym import Scenario
from asl_gym.arrays import Array, Float32, Splits
from asl_gym.envs.codec import Observation
from asl_gym.envs.observations import DevicesCodec
from asl_gym.policies.base import shown_problem
from asl_gym.policies.mismatch import Calibration, CalibrationState
from asl_gym.solvers.sequential import option_shares
from asl_gym.validation.checks import FieldError

__all__ = ["OptionMemory", "OptionState", "num_beliefs", "width_of"]

MOST_SPREADS = 50.0
"""Above the cheapest option by so many times the options' spread, all are alike."""

SHARPNESS = 4.0
"""Above one over this many spreads, costs count by their logarithm."""

LAG_UNIT = 5.0
"""Rounds by which rates are shown late, as a feature of 1."""

KNOWN_OF_DEVICE = 4
"""Features beside those of the averages: lag, parameter error, and which parameters are known."""


def num_beliefs(decays: tuple[float, ...]) -> int:
    """Beliefs about the rates: the shown ones, and an average for each memory."""
    return 1 + len(decays)


def width_of(decays: tuple[float, ...]) -> int:
    """Features of an option: a cost for each belief, and how sure these are."""
    return num_beliefs(decays) + 2 * len(decays) + KNOWN_OF_DEVICE


class OptionState(NamedTuple):
    """The memory of a batch of B environments.

    Attributes:
        totals: Weighted sums of 1/r, up and down, for D memories, shape (B, N, D, 2).
        weights: Sums of their weights, shape (B, D).
        sums: What calibration sums over the episode's rounds, shape (4, B, N).
        spread: How far a device's options lie apart by the slowest average, shape (B, N, 1).
        played: The last round, for calibration; ``None`` before the first, and where devices are
            known.
    """

    totals: Array
    weights: Array
    sums: Array
    spread: Array
    played: CalibrationState | None


class OptionMemory:
    """Turns observations into features of options and keeps what they need.

    Args:
        scenario: The scenario that is played.
        decays: Share of the old weight that each of D running averages keeps a round, in [0, 1).

    Attributes:
        codec: The codec of the scenario's ``devices`` observation.
        width: Features of an option W.

    Raises:
        FieldError: If devices train at once, so that costs do not come apart by device, or the
            scenario has late rates and unknown devices both.
    """

    def __init__(self, scenario: Scenario, decays: tuple[float, ...]) -> None:
        if scenario.schedule != "sequential":
            raise FieldError("schedule", scenario.schedule, "'sequential'")
        self._scenario, self._decays = scenario, np.asarray(decays, dtype=float)
        self.codec = DevicesCodec(scenario)
        self.width = width_of(decays)
        knowledge = scenario.knowledge
        self._calibration = Calibration(scenario) if knowledge.shows_costs else None
        self._lag = knowledge.csi_delay_rounds / LAG_UNIT
        self._error = math.log(knowledge.parameter_error)

    def empty(self, batch: int) -> OptionState:
        """The memory of episodes that have not begun."""
        n, averages = self._scenario.num_devices, len(self._decays)
        return OptionState(
            np.zeros((batch, n, averages, 2)),
            np.zeros((batch, averages)),
            np.zeros((4, batch, n)),
            np.ones((batch, n, 1)),
            None,
        )

    def see(
        self, observation: Float32, state: OptionState, starts: NDArray[np.bool_]
    ) -> tuple[Float32, OptionState]:
        """Takes in an observation.

        Args:
            observation: Shape (B, N + 1, F).
            state: The memory; forgotten where an episode starts.
            starts: Which environments start an episode, shape (B,).

        Returns:
            Features, shape (B, N, L, W), and the memory with the observation.
        """
        seen = self.codec.decode(observation)
        totals = np.where(starts[:, None, None, None], 0.0, state.totals) * self._decays[:, None]
        weights = np.where(starts[:, None], 0.0, state.weights) * self._decays + 1.0
        totals = totals + 1.0 / np.stack([seen.uplink_bps, seen.downlink_bps], axis=-1)[:, :, None]
        sums = state.sums
        if self._calibration is not None:
            sums = self._calibration.sums(seen, state.played, starts)
        state = OptionState(totals, weights, sums, state.spread, None)
        costs = np.stack([self._shares(each, sums) for each in self._beliefs(seen, state)], axis=-1)
        state = state._replace(spread=spread_of(costs[..., -1]))
        return self._features(costs, seen, state), state

    def _beliefs(self, seen: Observation, state: OptionState) -> list[Observation]:
        """What is shown, and the same at each average of the rates."""
        rates = state.weights[:, None, :, None] / state.totals
        averaged = [
            seen._replace(uplink_bps=rates[:, :, i, 0], downlink_bps=rates[:, :, i, 1])
            for i in range(len(self._decays))
        ]
        return [seen, *averaged]

    def _shares(self, believed: Observation, sums: Array) -> Array:
        """What each option adds to drift plus penalty by a belief, shape (B, N, L)."""
        scenario = self._scenario
        factors = (None, None) if self._calibration is None else self._calibration.factors(sums)
        weights = scenario.weights(believed.queue)
        return option_shares(shown_problem(scenario, believed, scenario.V, weights, factors)).share

    def _features(self, costs: Array, seen: Observation, state: OptionState) -> Float32:
        beliefs = costs.shape[-1]
        above = (costs - costs.min(axis=-2, keepdims=True)) / state.spread[..., None]
        features = np.empty((*costs.shape[:-1], self.width), dtype=np.float32)
        features[..., :beliefs] = np.log1p(SHARPNESS * np.minimum(above, MOST_SPREADS))
        features[..., beliefs:] = self._sureness(seen, state)[:, :, None, :]
        return features

    def _sureness(self, seen: Observation, state: OptionState) -> Array:
        """How far what is shown is from each average, and how much is known, (B, N, …)."""
        averages = len(self._decays)
        columns = np.zeros((*seen.clock_hz.shape, 2 * averages + KNOWN_OF_DEVICE))
        inverse = state.totals[..., 0] / state.weights[:, None, :]
        columns[..., :averages] = np.log(seen.uplink_bps[..., None] * inverse)
        columns[..., averages : 2 * averages] = np.log(state.weights)[:, None, :]
        columns[..., -4], columns[..., -3] = self._lag, self._error
        unknown = self._calibration is not None
        columns[..., -2] = state.sums[0] > 0 if unknown else 1.0
        columns[..., -1] = state.sums[2] > 0 if unknown else 1.0
        return columns

    def decided(self, observation: Float32, splits: Splits, state: OptionState) -> OptionState:
        """Remembers what calibration needs of the round that is decided.

        Args:
            observation: Shape (B, N + 1, F).
            splits: Indices into the admissible split points, shape (B, N).
            state: The memory with the observation.
        """
        if self._calibration is None:
            return state
        seen = self.codec.decode(observation)
        frequency = self._scenario.open_frequency(seen.queue)[:, None]
        frequency = np.broadcast_to(frequency, splits.shape)
        return state._replace(played=CalibrationState(seen, splits, frequency, state.sums))
