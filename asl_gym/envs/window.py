"""Prepared rounds of an episode, a window at a time: drawn from keys, or read from a trace."""

import math

import numpy as np

from asl_gym.arrays import Array, Keys
from asl_gym.envs import preparing
from asl_gym.envs.codec import Codec
from asl_gym.scenario.scenario import Scenario
from asl_gym.traces.imperfect import draw_factors
from asl_gym.traces.luck import LuckConstants
from asl_gym.traces.luck_filling import BLOCK_SIZE, lanes_of, rounds_together, spread_over
from asl_gym.traces.trace import Trace

__all__ = ["Window"]

WINDOW_SIZE = 5_120
"""Numbers that an array holds in a window of rounds prepared together: long enough to spread the
cost of calls, short enough to stay in the cache."""


class Window:
    """What luck alone decides, for some rounds around the one that is played.

    Args:
        scenario: The scenario.
        num_rows: Environments B.
        codec: The view of the observation.

    Attributes:
        rounds: The prepared rounds, shape (pages, 7 or 11, rounds of a page·B·N), see
            :mod:`asl_gym.envs.preparing`.
    """

    def __init__(self, scenario: Scenario, num_rows: int, codec: Codec) -> None:
        self._shape, self._devices = (num_rows, scenario.num_devices), scenario.cost_model.devices
        self._knowledge, self._horizon = scenario.knowledge, scenario.horizon
        self._log_clock, self._lanes = codec.log_clock, math.prod(self._shape)
        self._together = min(rounds_together(self._lanes), scenario.horizon)
        self._pages = 1 if self._together > 1 else max(1, WINDOW_SIZE // self._lanes)
        self._length = self._pages * self._together
        rows = min(num_rows, max(1, BLOCK_SIZE // scenario.num_devices))
        self._block_rows = rows * self._together
        constants = self._devices.cycles, self._devices.energy, *codec.column_factors()
        self._spread = np.array([np.tile(values, self._block_rows) for values in constants])
        self._room(False)
        self._trace: Trace | None = None
        self._start = -self._length

    def _room(self, differs: bool) -> None:
        """Makes room for prepared rounds, in which what is told may differ from what is real."""
        arrays = preparing.PREPARED + preparing.COSTS * differs
        self.rounds = np.empty((self._pages, arrays, self._together * self._lanes))

    @property
    def differs(self) -> bool:
        """Whether what the controller is told differs from what is real."""
        return self.rounds.shape[1] > preparing.PREPARED

    def costs(self, place: int, told: bool) -> Array:
        """A copy of what bits and work cost in a round, really or as told, shape (4, B, N)."""
        page, at = divmod(place, self._together)
        first, lanes = preparing.AS_TOLD * told, slice(at * self._lanes, (at + 1) * self._lanes)
        found = self.rounds[page, first : first + preparing.COSTS, lanes]
        return found.reshape(preparing.COSTS, *self._shape).copy()

    def play(self, trace: Trace) -> None:
        """Goes to the start of an episode whose trace is known, shape (B, T, N)."""
        told, uncertain = not trace.shows_truth, any(each is not None for each in trace.factors())
        self._trace = trace
        self._begin(told, uncertain)

    def draw(self, keys: Keys, luck: LuckConstants) -> None:
        """Goes to the start of episodes that are drawn from their keys, shape (B,)."""
        late, uncertain = self._knowledge.csi_delay_rounds, self._knowledge.shows_costs
        self._trace = None
        self._of_page = lanes_of(keys, self._shape[1], self._together)
        self._luck = spread_over(luck, self._block_rows)
        factors = np.empty((2, 0))
        if uncertain:
            drawn = draw_factors(self._knowledge, keys, (self._shape[0], 1, self._shape[1]))
            factors = np.array([np.tile(each.reshape(-1), self._together) for each in drawn])
        self._carried = np.zeros(self._lanes), np.empty((late, 2, self._lanes)), factors
        self._begin(late > 0, uncertain)

    def _begin(self, told: bool, uncertain: bool) -> None:
        self._rules = self._devices.powered, self._log_clock, told, uncertain
        if (told or uncertain) != self.differs:
            self._room(told or uncertain)
        self._start = -self._length

    def place(self, round_index: int) -> int:
        """Where a round is, after those around it were prepared where need be."""
        place = round_index - self._start
        return place if 0 <= place < self._length else self._go_to(round_index)

    def place_if_near(self, round_index: int) -> int:
        """Where a round is; -1 if it isn't in the window."""
        place = round_index - self._start
        return place if 0 <= place < self._length else -1

    def _go_to(self, round_index: int) -> int:
        place = round_index % self._length
        start = round_index - place
        if self._trace is not None:
            self._read(self._trace, start)
        else:
            # One window after another; an earlier one has to be drawn from the first again.
            following = self._start + self._length if self._start < start else 0
            for first in range(following, start + 1, self._length):
                self._draw(first)
        self._start = start
        return place

    def _draw(self, start: int) -> None:
        rounds = start, min(start + self._length, self._horizon)
        constants = self._luck, self._spread, self._rules
        preparing.draw_and_prepare(self._of_page, rounds, *constants, self._carried, self.rounds)

    def _read(self, trace: Trace, start: int) -> None:
        rounds = slice(start, min(start + self._length, self._horizon))
        shown: tuple[Array | None, ...] = (None, None)
        if not trace.shows_truth:
            shown = trace.shown_uplink_bps[:, rounds], trace.shown_downlink_bps[:, rounds]
        arrays = *trace.real(rounds), *shown, *trace.factors(rounds)
        luck = np.ones((self._pages, preparing.LUCK, self._together, *self._shape))
        by_round = luck[0].swapaxes(0, 1) if self._pages == 1 else luck[:, :, 0]
        for place, values in enumerate(arrays):
            if values is not None:
                by_round[: rounds.stop - start, place] = values.swapaxes(0, 1)
        flat = luck.reshape(self._pages, preparing.LUCK, -1)
        preparing.prepare_luck(flat, self._spread, self._rules, self.rounds)
