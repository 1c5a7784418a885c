"""What the shared agent remembers of an episode, as columns beside the observation's.

Of the rates, running averages with several memories, for a controller that is shown old ones. Of
realised costs, how they compare with what the nominal device parameters say, for a controller that
does not know the devices. Both are plain statistics of what was observed and played.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from asl_gym import Scenario
from asl_gym.arrays import Array, Float32
from asl_gym.envs.observations import observation_codec

__all__ = ["Memory", "MemoryState"]

RATE_COLUMNS = slice(2, 4)
"""Logarithms of the shown uplink and downlink rate in a device's row."""

COST_COLUMNS = 4


class MemoryState(NamedTuple):
    """The memory of a batch of B environments.

    Attributes:
        totals: Weighted sums of log r and 1/r, up and down, for D memories, shape (B, N, D, 4).
        weights: Sums of their weights, shape (B, D).
        nominal: What the last round should have cost each device: delay, computing delay, energy,
            computing energy, shape (B, N, 4).
        sums: Sums over the episode of the same four and of realised delay and energy,
            shape (B, N, 6).
    """

    totals: Array
    weights: Array
    nominal: Array
    sums: Array


class Memory:
    """Turns observations into features and keeps what they need.

    Args:
        scenario: The scenario that is played.
        decays: Share of the old weight that each of D running averages keeps a round, in [0, 1).

    Attributes:
        codec: The codec of the scenario's ``devices`` observation.
        width: Columns of a row of features.
    """

    def __init__(self, scenario: Scenario, decays: tuple[float, ...]) -> None:
        self._scenario, self._decays = scenario, np.asarray(decays, dtype=float)
        self.codec = observation_codec("devices", scenario)
        columns = self.codec.space.shape[1]
        self._rates = slice(columns, columns + 5 * len(decays))
        self._costs = slice(self._rates.stop, self._rates.stop + COST_COLUMNS)
        self.width = self._costs.stop if self.codec.shows_costs else self._rates.stop

    def empty(self, batch: int) -> MemoryState:
        """The memory of episodes that have not begun."""
        n, averages = self._scenario.num_devices, len(self._decays)
        return MemoryState(
            np.zeros((batch, n, averages, 4)),
            np.zeros((batch, averages)),
            np.zeros((batch, n, 4)),
            np.zeros((batch, n, 6)),
        )

    def see(
        self, observation: Float32, state: MemoryState, starts: NDArray[np.bool_]
    ) -> tuple[Float32, MemoryState]:
        """Takes in an observation.

        Args:
            observation: Shape (B, N + 1, F).
            state: The memory; forgotten where an episode starts.
            starts: Which environments start an episode, shape (B,).

        Returns:
            Features, shape (B, N + 1, width), and the memory with the observation.
        """
        state = MemoryState(*(np.where(_like(starts, part), 0.0, part) for part in state))
        features = np.zeros((*observation.shape[:-1], self.width), dtype=np.float32)
        features[..., : observation.shape[-1]] = observation
        if self._decays.size:
            logarithms = observation[:, :-1, RATE_COLUMNS].astype(float)
            new = np.concatenate([logarithms, 10.0**-logarithms], axis=-1)
            totals = state.totals * self._decays[:, None] + new[:, :, None, :]
            weights = state.weights * self._decays + 1.0
            state = state._replace(totals=totals, weights=weights)
            self._write_averages(features[..., self._rates], totals, weights)
        if self.codec.shows_costs:
            state = self._with_realised(observation, state)
            self._write_costs(features[:, :-1, self._costs], state.sums)
        return features, state

    def _write_averages(self, columns: Float32, totals: Array, weights: Array) -> None:
        averages = totals / weights[:, None, :, None]
        averages[..., 2:] = np.log10(averages[..., 2:])
        count = len(self._decays)
        columns[:, :-1, : 4 * count] = averages.reshape(*averages.shape[:2], 4 * count)
        columns[..., 4 * count :] = np.log(weights)[:, None, :]

    def _with_realised(self, observation: Float32, state: MemoryState) -> MemoryState:
        """Adds the last round's realised costs; before the first round all are 0."""
        seen = self.codec.decode(observation)
        assert seen.device_delay is not None
        assert seen.device_energy is not None
        realised = np.stack([seen.device_delay, seen.device_energy], axis=-1)
        return state._replace(sums=state.sums + np.concatenate([state.nominal, realised], axis=-1))

    @staticmethod
    def _write_costs(columns: Float32, sums: Array) -> None:
        """Realised over nominal, as logarithms, and how much of the nominal is computing."""
        played = sums[..., :1] > 0
        safe = np.where(played, sums, 1.0)
        delay, computing_delay, energy, computing_energy, real_delay, real_energy = np.moveaxis(
            safe, -1, 0
        )
        entries = (
            np.log(real_delay / delay),
            np.log(real_energy / energy),
            computing_delay / delay,
            computing_energy / energy,
        )
        columns[...] = np.where(played, np.stack(entries, axis=-1), 0.0)

    def decided(
        self, observation: Float32, splits: NDArray[np.int64], state: MemoryState
    ) -> MemoryState:
        """Remembers what the round that is decided should cost by the nominal parameters.

        Args:
            observation: Shape (B, N + 1, F).
            splits: Indices into the admissible split points, shape (B, N).
            state: The memory with the observation.
        """
        if not self.codec.shows_costs:
            return state
        scenario, seen = self._scenario, self.codec.decode(observation)
        model = scenario.cost_model
        unit = seen.unit_costs(model)
        frequency = scenario.open_frequency(seen.queue)[:, None]
        parts = model.delay_parts(splits, frequency, unit)
        energy = model.chosen_options(splits, unit).device_energy
        flops = parts["device_delay"] / unit.device_delay
        nominal = (sum(parts.values()), parts["device_delay"], energy, flops * unit.device_energy)
        return state._replace(nominal=np.stack(nominal, axis=-1))


def _like(starts: NDArray[np.bool_], part: Array) -> NDArray[np.bool_]:
    return starts.reshape(-1, *[1] * (part.ndim - 1))
