"""Prepared rounds of an episode, a window at a time: drawn from keys, or read from a trace."""

import math
from typing import Any

import numpy as np

from asl_gym.arrays import Array, Keys
from asl_gym.envs import preparing
from asl_gym.envs.codec import Codec
from asl_gym.scenario.scenario import Scenario
from asl_gym.traces.imperfect import draw_factors
from asl_gym.traces.luck import LuckConstants
from asl_gym.traces.luck_filling import lanes_of, spread_over
from asl_gym.traces.trace import Trace

__all__ = ["Window"]

WINDOW_SIZE = 5_120
"""Numbers that an array holds in a window of rounds prepared together: long enough to spread the
cost of calls, short enough to stay in the cache."""

BLOCK_SIZE = 512
"""Lanes, about, that are worked on together."""


class Window:
    """What luck alone decides, for some rounds around the one that is played.

    Args:
        scenario: The scenario.
        num_rows: Environments B.
        codec: The view of the observation.

    Attributes:
        rounds: The prepared rounds, shape (W, 7 or 11, B, N), see :mod:`asl_gym.envs.preparing`.
    """

    def __init__(self, scenario: Scenario, num_rows: int, codec: Codec) -> None:
        self._shape, self._devices = (num_rows, scenario.num_devices), scenario.cost_model.devices
        self._knowledge, self._horizon = scenario.knowledge, scenario.horizon
        self._log_clock, self._lanes = codec.log_clock, math.prod(self._shape)
        self._length = min(scenario.horizon, max(1, WINDOW_SIZE // self._lanes))
        self._block_rows = min(num_rows, max(1, BLOCK_SIZE // scenario.num_devices))
        constants = self._devices.cycles, self._devices.energy, *codec.column_factors()
        self._spread = np.array([np.tile(values, self._block_rows) for values in constants])
        self._room(False)
        self._trace: Trace | None = None
        self._start = -1

    def _room(self, differs: bool) -> None:
        """Makes room for prepared rounds, in which what is told may differ from what is real."""
        arrays = preparing.PREPARED + preparing.COSTS * differs
        self._prepared = np.empty((self._length, arrays, self._lanes))
        self.rounds = self._by_round()

    @property
    def differs(self) -> bool:
        """Whether what the controller is told differs from what is real."""
        return self._prepared.shape[1] > preparing.PREPARED

    def _by_round(self) -> Array:
        return self._prepared.reshape(*self._prepared.shape[:2], *self._shape)

    def __setstate__(self, state: dict[str, Any]) -> None:
        # A view that is kept beside its array would be an array of its own in a copy.
        self.__dict__.update(state)
        self.rounds = self._by_round()

    def play(self, trace: Trace) -> None:
        """Goes to the start of an episode whose trace is known, shape (B, T, N)."""
        told, uncertain = not trace.shows_truth, any(each is not None for each in trace.factors())
        self._trace = trace
        self._begin(told, uncertain)

    def draw(self, keys: Keys, luck: LuckConstants) -> None:
        """Goes to the start of episodes that are drawn from their keys, shape (B,)."""
        late, uncertain = self._knowledge.csi_delay_rounds, self._knowledge.shows_costs
        self._trace = None
        self._of_lanes = lanes_of(keys, self._shape[1])
        self._luck = spread_over(luck, self._block_rows)
        factors = np.empty((2, 0))
        if uncertain:
            drawn = draw_factors(self._knowledge, keys, (self._shape[0], 1, self._shape[1]))
            factors = np.array([each.reshape(-1) for each in drawn])
        self._carried = np.zeros(self._lanes), np.empty((late, 2, self._lanes)), factors
        self._begin(late > 0, uncertain)

    def _begin(self, told: bool, uncertain: bool) -> None:
        self._rules = self._devices.powered, self._log_clock, told, uncertain
        if (told or uncertain) != self.differs:
            self._room(told or uncertain)
        self._start = -1

    def place(self, round_index: int) -> int:
        """Where a round is, after those around it were prepared where need be."""
        place = round_index % self._length
        start = round_index - place
        if start != self._start:
            if self._trace is not None:
                self._read(self._trace, start)
            else:
                # One window after another; an earlier one has to be drawn from the first again.
                following = self._start + self._length if 0 <= self._start < start else 0
                for first in range(following, start + 1, self._length):
                    self._draw(first)
            self._start = start
        return place

    def place_if_near(self, round_index: int) -> int:
        """Where a round is; -1 if it isn't in the window."""
        place = round_index - self._start
        return place if 0 <= place < self._length else -1

    def _draw(self, start: int) -> None:
        rounds = start, min(start + self._length, self._horizon)
        constants = self._luck, self._spread, self._rules
        preparing.draw_and_prepare(
            self._of_lanes, rounds, *constants, self._carried, self._prepared
        )

    def _read(self, trace: Trace, start: int) -> None:
        rounds = slice(start, min(start + self._length, self._horizon))
        shown: tuple[Array | None, ...] = (None, None)
        if not trace.shows_truth:
            shown = trace.shown_uplink_bps[:, rounds], trace.shown_downlink_bps[:, rounds]
        arrays = *trace.real(rounds), *shown, *trace.factors(rounds)
        luck = np.ones((rounds.stop - start, preparing.LUCK, *self._shape))
        for place, values in enumerate(arrays):
            if values is not None:
                luck[:, place] = values.swapaxes(0, 1)
        flat = luck.reshape(*luck.shape[:2], self._lanes)
        preparing.prepare_luck(flat, self._spread, self._rules, self._prepared)
