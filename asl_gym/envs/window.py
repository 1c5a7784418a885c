"""Prepared rounds of an episode, a window at a time."""

import math
from typing import Any

import numpy as np

from asl_gym.arrays import Array
from asl_gym.envs import preparing
from asl_gym.envs.codec import Codec
from asl_gym.scenario.scenario import Scenario
from asl_gym.traces.trace import Trace

__all__ = ["Window"]

WINDOW_SIZE = 10_240
"""Numbers that an array holds in a window of rounds prepared together: long enough to spread the
cost of calls, short enough to stay in the cache."""


class Window:
    """What a trace alone decides, for some rounds around the one that is played.

    Args:
        scenario: The scenario.
        num_rows: Environments B.
        codec: The view of the observation.

    """

    def __init__(self, scenario: Scenario, num_rows: int, codec: Codec) -> None:
        self._shape, devices = (num_rows, scenario.num_devices), scenario.cost_model.devices
        self._powered, self._log_clock = devices.powered, codec.log_clock
        row = math.prod(self._shape)
        self._length = min(scenario.horizon, max(1, WINDOW_SIZE // row))
        self._luck = np.empty((self._length, preparing.LUCK, row))
        self._prepared = np.empty((self._length, preparing.PREPARED, row))
        self.rounds = self._by_round()
        constants = devices.cycles, devices.energy, *codec.column_factors()
        self._spread = np.array([np.tile(values, num_rows) for values in constants])
        self._start = -1

    def _by_round(self) -> Array:
        return self._prepared.reshape(self._length, preparing.PREPARED, *self._shape)

    def __setstate__(self, state: dict[str, Any]) -> None:
        # A view that is kept beside its array would be an array of its own in a copy.
        self.__dict__.update(state)
        self.rounds = self._by_round()

    def forget(self) -> None:
        """Forgets what is prepared: another episode begins."""
        self._start = -1

    def place(self, trace: Trace, round_index: int) -> int:
        """Where a round is, after those around it were prepared where need be."""
        place = round_index % self._length
        if round_index - place != self._start:
            self._prepare(trace, round_index - place)
        return place

    def place_if_near(self, round_index: int) -> int:
        """Where a round is; -1 if it isn't in the window."""
        place = round_index - self._start
        return place if 0 <= place < self._length else -1

    def _prepare(self, trace: Trace, start: int) -> None:
        rounds = slice(start, start + self._length)
        factors, told = trace.factors(rounds), not trace.shows_truth
        arrays: list[Array | None] = [*trace.real(rounds), None, None, *factors]
        if told:
            arrays[preparing.SHOWN_UPLINK] = trace.shown_uplink_bps[:, rounds]
            arrays[preparing.SHOWN_DOWNLINK] = trace.shown_downlink_bps[:, rounds]
        count = trace.clock_hz[:, rounds].shape[1]
        luck = self._luck[:count].reshape(count, preparing.LUCK, *self._shape)
        uncertain = any(each is not None for each in factors)
        for place, values in enumerate(arrays):
            if values is not None:
                luck[:, place] = values.swapaxes(0, 1)
            elif uncertain and place >= preparing.SPEED_FACTOR:
                luck[:, place] = 1.0
        flags = self._powered, self._log_clock, told, uncertain
        preparing.prepare(self._luck[:count], self._spread, *flags, self._prepared[:count])
        self._start = start
