"""The rounds of B environments at once: traces, queues, costs, rewards and observations.

Both the scalar and the vector environment run this code, the scalar one with a single row. All
rows have the same horizon and start together, so that one round counter serves them all.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from asl_gym.arrays import Array
from asl_gym.envs.codec import Codec
from asl_gym.envs.rewards import PlayedQueues, Reward, rewards
from asl_gym.model import lyapunov
from asl_gym.model.costs import RoundCosts, UnitCosts
from asl_gym.scenario.scenario import Scenario
from asl_gym.traces.imperfect import impose
from asl_gym.traces.luck import episode_keys
from asl_gym.traces.synthetic import SyntheticTraces, TraceSource
from asl_gym.traces.trace import Trace

__all__ = ["RoundRecord", "Simulation"]

WINDOW_SIZE = 10_240
"""Numbers that an array holds in a window of rounds prepared together."""


class RoundRecord(NamedTuple):
    """A round that was played, with a leading axis of B rows.

    Attributes:
        reward: Reward, shape (B,).
        delay: Round delay [s], shape (B,).
        costs: Delays and energies, arrays of shape (B,) and (B, N).
        split_index: Indices into the admissible split points, shape (B, N).
        server_frequency: Server frequency each device was given [Hz], shape (B, N), or (B, 1)
            where they shared one.
        queue: Virtual queues after the round [J], shape (B, K).
    """

    reward: Array
    delay: Array
    costs: RoundCosts
    split_index: NDArray[np.int64]
    server_frequency: Array
    queue: Array


class Simulation:
    """State and dynamics of B environments.

    Attributes:
        scenario: The scenario.
        codec: The observation's codec.
        traces: Where traces come from.
        queue: Virtual queues [J], shape (B, K).
        round_index: Rounds played in this episode.
        trace: The episode's luck, shape (B, T, N); ``None`` before the first reset.
        last: The last round played; ``None`` at the start of an episode.
    """

    def __init__(
        self, scenario: Scenario, num_rows: int, reward: Reward, traces: TraceSource, codec: Codec
    ) -> None:
        self.scenario, self.traces, self._reward, self.codec = scenario, traces, reward, codec
        self._budgets = scenario.energy_budgets
        self._num_rows = num_rows
        self.splits = scenario.split_points
        self.queue = self._initial_queue()
        self.round_index = 0
        self.trace: Trace | None = None
        self._drawn: Trace | None = None
        self.last: RoundRecord | None = None
        self.totals = np.zeros((2, num_rows))
        row_size = num_rows * scenario.num_devices
        self._window = min(scenario.horizon, max(1, WINDOW_SIZE // row_size))
        self._window_start = -1

    def _initial_queue(self) -> Array:
        shape = (self._num_rows, self.scenario.num_budgets)
        return np.full(shape, self.scenario.initial_queue_j)

    def shown_queue(self) -> Array:
        """A copy of the queues as people are shown them [J]: shape (B,), or (B, K) of several."""
        return np.array(self.queue[:, 0] if self.queue.shape[1] == 1 else self.queue)

    @property
    def finished(self) -> bool:
        """Whether the episode has reached its horizon."""
        return self.round_index >= self.scenario.horizon

    def start(self, generators: Sequence[np.random.Generator], trace: Trace | None = None) -> None:
        """Starts an episode in every row.

        Args:
            generators: One random generator a row.
            trace: Traces to play in place of drawn ones, from :meth:`fitted`.
        """
        if trace is None:
            trace = self._draw(generators)
        self.trace = trace
        self._window_start = -1
        self.queue = self._initial_queue()
        self.round_index, self.last = 0, None
        self.totals = np.zeros((2, self._num_rows))

    def _draw(self, generators: Sequence[np.random.Generator]) -> Trace:
        knowledge = self.scenario.knowledge
        rounds = self.scenario.horizon + knowledge.csi_delay_rounds
        shape = (self._num_rows, rounds, self.scenario.num_devices)
        if isinstance(self.traces, SyntheticTraces):
            keys = episode_keys(generators)
            drawn = self.traces.of_keys(keys, rounds, self._drawn)
        else:
            drawn = self.traces.draw(generators, rounds, self._drawn)
            keys = episode_keys(generators)
        if drawn.uplink_bps.shape != shape:
            raise ValueError(
                f"traces = {self.traces!r} drew shape {drawn.uplink_bps.shape}: expected {shape}, "
                "(environments, rounds, devices) of this scenario"
            )
        if not isinstance(self.traces, SyntheticTraces):
            self.codec.check_showable(drawn)
        self._drawn = drawn
        return impose(knowledge, drawn, keys)

    def fitted(self, trace: Any) -> Trace | None:
        """Gives a trace that a caller wants played the rows and rounds of the episode.

        Args:
            trace: Shape (T, N) or (B, T, N); or ``None``, which is returned.

        Raises:
            ValueError: If it is no trace or does not fit the scenario.
        """
        if trace is None:
            return None
        if not isinstance(trace, Trace):
            raise ValueError(f"options['trace'] = {trace!r}: expected an asl_gym.Trace")
        rows, rounds, devices = self._num_rows, self.scenario.horizon, self.scenario.num_devices
        shape = trace.uplink_bps.shape
        batches = ((), (rows,))
        if shape[:-2] not in batches or shape[-2] < rounds or shape[-1] != devices:
            raise ValueError(
                f"options['trace'] has shape {shape}: expected (T, N) or ({rows}, T, N) with "
                f"T >= horizon = {rounds} rounds and N = {devices} devices"
            )
        full = (rows, rounds, devices)
        own = trace.mapped(lambda values: np.broadcast_to(values[..., :rounds, :].copy(), full))
        self.codec.check_showable(own)
        return own

    def observe(self) -> NDArray[np.float32]:
        """Observations, shape (B, size); after the last round its channels are shown again."""
        shown_round = min(self.round_index, self.scenario.horizon - 1)
        rounds_left = np.asarray(1.0 - self.round_index / self.scenario.horizon)
        place = self._place_in_window(shown_round)
        realised = None if self.last is None else self.last.costs[:2]
        return self.codec.assemble(self.queue, rounds_left, self._channel[place], realised)

    def unit_costs(self, round_index: int) -> UnitCosts:
        """What a bit and a FLOP cost in a round, arrays of shape (B, N)."""
        return self._unit_costs.at(self._place_in_window(round_index))

    def shown_unit_costs(self) -> UnitCosts:
        """What a bit and a FLOP cost as the controller is told, in the round that is shown."""
        if self.trace is None:
            raise RuntimeError("reset() has to come first")
        t = min(self.round_index, self.scenario.horizon - 1)
        trace = self.trace
        shown = trace.shown_uplink_bps, trace.shown_downlink_bps, trace.clock_hz
        return self.scenario.cost_model.unit_costs(*(values[:, t] for values in shown))

    def _place_in_window(self, round_index: int) -> int:
        """Prepares the rounds around this one where need be; returns its place among them.

        What depends on the trace alone is computed for a window of rounds at a time: long enough
        to spread the cost of many small array operations, short enough to stay in the cache.
        """
        place = round_index % self._window
        if round_index - place != self._window_start:
            self._prepare(round_index - place)
        return place

    def _prepare(self, start: int) -> None:
        if self.trace is None:
            raise RuntimeError("reset() has to come first")
        trace, rounds = self.trace, slice(start, start + self._window)

        def in_window(values: Array) -> Array:
            return np.ascontiguousarray(values.swapaxes(0, 1))

        uplink, downlink, clock = map(in_window, trace.real(rounds))
        factors = (None if each is None else in_window(each) for each in trace.factors(rounds))
        shown = uplink, downlink
        if not trace.shows_truth:
            both = trace.shown_uplink_bps, trace.shown_downlink_bps
            shown = in_window(both[0][:, rounds]), in_window(both[1][:, rounds])
        model = self.scenario.cost_model
        self._unit_costs = model.unit_costs(uplink, downlink, clock, *factors)
        self._channel = self.codec.encode_channel(*shown, clock)
        self._window_start = start

    def play(self, split_index: NDArray[np.int64], server_frequency_hz: Array) -> RoundRecord:
        """Plays one round in every row.

        Args:
            split_index: Indices into the admissible split points, shape (B, N).
            server_frequency_hz: Server frequencies [Hz], shape (B, N) or (B, 1).
        """
        model = self.scenario.cost_model
        options = model.chosen_options(split_index, self.unit_costs(self.round_index))
        costs = model.round_costs(options, server_frequency_hz)
        delay = self.scenario.round_delay(costs.device_delay)
        energies = costs.of_budgets(self.scenario.num_budgets)
        after = lyapunov.next_queue(self.queue, energies, self._budgets)
        queues = PlayedQueues(self.queue, energies, after)
        reward = rewards(self._reward, self.scenario, delay, queues)
        self.queue = after
        self.round_index += 1
        self.totals[0] += delay
        self.totals[1] += costs.energy
        self.last = RoundRecord(reward, delay, costs, split_index, server_frequency_hz, self.queue)
        return self.last

    def info(self, record: RoundRecord) -> dict[str, Any]:
        """The info of a round, arrays with a leading axis of B rows that the caller may keep."""
        costs = record.costs
        server_frequency = np.empty(record.split_index.shape)
        server_frequency[...] = record.server_frequency
        return {
            "delay": record.delay.copy(),
            "energy": costs.energy.copy(),
            "cost": costs.energy.copy(),
            "device_delay": costs.device_delay,
            "device_energy": costs.device_energy.copy(),
            "server_energy": costs.server_energy.copy(),
            "split": self.splits.chosen(record.split_index),
            "split_index": record.split_index.copy(),
            "server_frequency": server_frequency,
            "queue": self.shown_queue(),
        }
