"""Prepared rounds of an episode, a window at a time: drawn from keys, or read from a trace."""

import math
from collections.abc import Sequence

import numpy as np

from asl_gym.arrays import Array, Keys
from asl_gym.envs import preparing
from asl_gym.envs.codec import Codec
from asl_gym.scenario.scenario import Scenario
from asl_gym.traces.imperfect import draw_factors
from asl_gym.traces.luck import LuckConstants
from asl_gym.traces.luck_filling import blocks_of, fill_rounds, lanes_of, spread_over
from asl_gym.traces.trace import Trace

__all__ = ["Window"]

WINDOW_SIZE = 5_120
"""Numbers that an array holds of rounds prepared together: long enough to spread the cost of calls,
short enough to stay in the cache."""


class Window:
    """What luck alone decides, for some rounds around the one that is played.

    Rounds are prepared a part at a time, in place of the part before the last.

    Args:
        scenario: The scenario.
        num_rows: Environments B.
        codec: The view of the observation.

    Attributes:
        rounds: The prepared rounds, round-major, shape (7 or 11, rounds·B·N), see
            :mod:`asl_gym.envs.preparing`.
    """

    def __init__(self, scenario: Scenario, num_rows: int, codec: Codec) -> None:
        self._shape, self._devices = (num_rows, scenario.num_devices), scenario.cost_model.devices
        self._knowledge, self._horizon = scenario.knowledge, scenario.horizon
        self._log_clock, self._lanes = codec.log_clock, math.prod(self._shape)
        self._part = max(1, min(WINDOW_SIZE // self._lanes, scenario.horizon))
        self._length = min(2 * self._part, scenario.horizon)
        self._blocks = blocks_of(*self._shape, self._part)
        constants = self._devices.cycles, self._devices.energy, *codec.column_factors()
        self._spread = np.array([np.tile(values, self._blocks.rows) for values in constants])
        self._room(False)
        self._trace: Trace | None = None
        self._first = self._end = 0

    def _room(self, differs: bool) -> None:
        """Makes room for prepared rounds, in which what is told may differ from what is real."""
        arrays = preparing.PREPARED + preparing.COSTS * differs
        self.rounds = np.empty((arrays, self._length * self._lanes))

    @property
    def differs(self) -> bool:
        """Whether what the controller is told differs from what is real."""
        return len(self.rounds) > preparing.PREPARED

    def costs(self, place: int, told: bool) -> Array:
        """A copy of what bits and work cost in a round, really or as told, shape (4, B, N)."""
        first, lanes = preparing.AS_TOLD * told, self._lanes_of(place, place + 1)
        found = self.rounds[first : first + preparing.COSTS, lanes]
        return found.reshape(preparing.COSTS, *self._shape).copy()

    def _lanes_of(self, start: int, end: int) -> slice:
        return slice(start * self._lanes, end * self._lanes)

    def play(self, trace: Trace) -> None:
        """Goes to the start of an episode whose trace is known, shape (B, T, N)."""
        told, uncertain = not trace.shows_truth, any(each is not None for each in trace.factors())
        self._trace = trace
        self._begin(told, uncertain)

    def draw(self, keys: Keys, luck: LuckConstants) -> None:
        """Goes to the start of episodes that are drawn from their keys, shape (B,)."""
        self._late, uncertain = self._knowledge.csi_delay_rounds, self._knowledge.shows_costs
        self._trace = None
        self._of_block = lanes_of(keys, self._shape[1], self._blocks.rounds)
        self._luck = spread_over(luck, self._blocks.rows)
        self._factors: Sequence[Array] = ()
        if uncertain:
            drawn = draw_factors(self._knowledge, keys, (self._shape[0], 1, self._shape[1]))
            self._factors = [np.tile(each.reshape(-1), self._part) for each in drawn]
        self._shadowing = np.zeros(self._lanes)
        self._drawn = np.empty((3, (self._late + self._part) * self._lanes))
        self._begin(self._late > 0, uncertain)

    def _begin(self, told: bool, uncertain: bool) -> None:
        self._rules = self._devices.powered, self._log_clock, told, uncertain
        if (told or uncertain) != self.differs:
            self._room(told or uncertain)
        self._first = self._end = 0

    def place(self, round_index: int) -> int:
        """Where a round is, after it was prepared with those that follow, where need be.

        The round before stays where it is.
        """
        if not self._first <= round_index < self._end:
            self._go_to(round_index)
        return round_index % self._length

    def _go_to(self, round_index: int) -> None:
        start = round_index - round_index % self._part
        if start != self._end:
            self._first = start
        end = min(start + self._part, self._horizon)
        luck = self._draw_on(start, end) if self._trace is None else self._read(start, end)
        at, lanes = start % self._length * self._lanes, self._blocks.rounds * self._lanes
        preparing.prepare(luck, self._spread, lanes, self._rules, self.rounds, at)
        self._end = end
        self._first = max(self._first, end - self._length)

    def _draw_on(self, start: int, end: int) -> preparing.Luck:
        """The luck of some rounds after all those before them were drawn, one part at a time."""
        for first in range(self._end if self._end <= start else 0, start, self._part):
            self._draw(first, first + self._part)
        return self._draw(start, end)

    def _draw(self, start: int, end: int) -> preparing.Luck:
        """The luck of some rounds; the part before them was the last that was drawn."""
        late, first = self._late, 0
        if start > 0:
            # Rates of earlier rounds are what is shown now.
            first = late
            last = self._lanes_of(self._part, self._part + late)
            self._drawn[:, self._lanes_of(0, late)] = self._drawn[:, last]
        stop = late + end - start
        up, down, clock = self._drawn[:, self._lanes_of(first, stop)]
        filled = up, down, clock
        fill_rounds(self._of_block, start + first, self._luck, self._shadowing, filled)
        up, down, clock = self._drawn[:, self._lanes_of(late, stop)]
        shown_up, shown_down = self._drawn[:2, self._lanes_of(0, stop - late)]
        speed, energy = self._factors or (up, down)
        return up, down, clock, shown_up, shown_down, speed, energy

    def _read(self, start: int, end: int) -> preparing.Luck:
        """The luck of some rounds of the trace."""
        trace, rounds = self._trace, slice(start, end)
        assert trace is not None
        shown = trace.shown_uplink_bps[:, rounds], trace.shown_downlink_bps[:, rounds]
        one = np.ones((1, 1, 1))
        factors = (one if each is None else each for each in trace.factors(rounds))
        shape = end - start, *self._shape
        up, down, clock, shown_up, shown_down, speed, energy = (
            np.array(np.broadcast_to(each.swapaxes(0, 1), shape), order="C").reshape(-1)
            for each in (*trace.real(rounds), *shown, *factors)
        )
        return up, down, clock, shown_up, shown_down, speed, energy
