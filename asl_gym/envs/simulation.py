"""The rounds of B environments at once: traces, queues, costs, rewards and observations.

Both the scalar and the vector environment run this code, the scalar one with a single row. All
rows have the same horizon and start together, so that one round counter serves them all.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from asl_gym.arrays import Array, Float32
from asl_gym.envs.actions import ActionView
from asl_gym.envs.codec import Codec
from asl_gym.envs.kernel import Played
from asl_gym.envs.memory import kernel_constants, kernel_sizes
from asl_gym.envs.rewards import Reward
from asl_gym.envs.steps import Scene, Shown, observe, step_decided
from asl_gym.envs.window import Window
from asl_gym.model.costs import UnitCosts
from asl_gym.scenario.scenario import Scenario
from asl_gym.traces.imperfect import impose
from asl_gym.traces.luck import episode_keys
from asl_gym.traces.synthetic import SyntheticTraces, TraceSource
from asl_gym.traces.trace import Trace

__all__ = ["Simulation"]


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
        self.scenario, self.traces, self.codec = scenario, traces, codec
        self._num_rows, self._shape = num_rows, (num_rows, scenario.num_devices)
        self._horizon, self._last_round = scenario.horizon, scenario.horizon - 1
        self._shows_costs = codec.shows_costs
        self.splits = scenario.split_points
        self.queue = self._initial_queue()
        self.round_index = 0
        self.trace: Trace | None = None
        self._drawn: Trace | None = None
        self.last: Played | None = None
        self.totals = np.zeros((2, num_rows))
        self._window = Window(scenario, num_rows, codec)
        self._sizes = kernel_sizes(scenario, num_rows, reward, codec.by_device)
        self._constants = kernel_constants(scenario)
        self._nothing_played = np.zeros((3, num_rows, scenario.num_devices))

    def _initial_queue(self) -> Array:
        shape = (self._num_rows, self.scenario.num_budgets)
        return np.full(shape, self.scenario.initial_queue_j)

    def shown_queue(self) -> Array:
        """A copy of the queues as people are shown them [J]: shape (B,), or (B, K) of several."""
        return np.array(self.queue[:, 0] if self.queue.shape[1] == 1 else self.queue)

    @property
    def finished(self) -> bool:
        """Whether the episode has reached its horizon."""
        return self.round_index >= self._horizon

    def start(self, generators: Sequence[np.random.Generator], trace: Trace | None = None) -> None:
        """Starts an episode in every row.

        Args:
            generators: One random generator a row.
            trace: Traces to play in place of drawn ones, from :meth:`fitted`.
        """
        if trace is None:
            trace = self._draw(generators)
        self.trace = trace
        self._window.forget()
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

    def observe(self) -> Float32:
        """Observations, shape (B, ...); after the last round its channels are shown again."""
        place = self._window.place(self._episode(), min(self.round_index, self._last_round))
        result = self.codec.empty(self._num_rows)
        last = self._nothing_played if self.last is None else self.last.of_devices
        observe(self._scene(), place, self.queue, last, self._how_shown(), result)
        return self.codec.shaped(result)

    def _scene(self) -> Scene:
        return self._sizes, self._constants, self._window.rounds

    def _how_shown(self) -> Shown:
        left = 1.0 - self.round_index / self._horizon
        return (
            (left, *self.codec.scale)
            if self._shows_costs and self.round_index
            else (left, 0.0, 0.0)
        )

    def unit_costs(self, round_index: int) -> UnitCosts:
        """What a bit and a unit of work cost in a round, arrays of shape (B, N)."""
        trace, rounds = self._episode(), slice(round_index, round_index + 1)
        arrays = (*trace.real(rounds), *trace.factors(rounds))
        of_round = (None if each is None else each[:, 0] for each in arrays)
        return self.scenario.cost_model.unit_costs(*of_round)  # type: ignore[arg-type]

    def shown_unit_costs(self) -> UnitCosts:
        """What they cost as the controller is told, in the round that is shown."""
        t, trace = min(self.round_index, self.scenario.horizon - 1), self._episode()
        shown = trace.shown_uplink_bps, trace.shown_downlink_bps, trace.clock_hz
        return self.scenario.cost_model.unit_costs(*(values[:, t] for values in shown))

    def _episode(self) -> Trace:
        if self.trace is None:
            raise RuntimeError("reset() has to come first")
        return self.trace

    def step(self, action: Any, view: ActionView) -> Float32:
        """Plays a round in every row.

        Args:
            action: Actions of B environments, in the batched form of the view's space.
            view: How they are written.

        Returns:
            Observations of the next round.

        Raises:
            ValueError: If an action lies outside its space; nothing has changed then.
        """
        trace = self._episode()
        now = self._window.place(trace, self.round_index)
        truth = trace.shows_truth and trace.flops_per_cycle_factor is None
        compiled = view.compiled_step(action, self._num_rows, truth)
        if compiled is not None:
            observations = self._step(now, *compiled)
            if observations is not None:
                return observations
        splits, frequencies = view.decode(action, self.queue, self.shown_unit_costs)
        spread = np.array(np.broadcast_to(frequencies, splits.shape), dtype=float)
        observations = self._step(now, step_decided, (np.ascontiguousarray(splits), spread))
        assert observations is not None
        return observations

    def _step(self, now: int, step: Callable[..., bool], own: tuple[Any, ...]) -> Float32 | None:
        """A compiled step; ``None``, with nothing changed, if it refuses the action."""
        rows, devices = self._shape
        chosen = np.empty((2, rows, devices), np.int64)
        played = np.empty((3, rows, devices)), np.empty((4, rows)), chosen
        state = self.queue.copy(), self.totals
        self.round_index += 1
        places = now, self._window.place_if_near(min(self.round_index, self._last_round))
        shown, result = self._how_shown(), self.codec.empty(rows)
        if not step(self._scene(), places, *own, state, played, shown, result):
            self.round_index -= 1
            return None
        self.queue, self.last = state[0], Played(*played)
        return self.codec.shaped(result) if places[1] >= 0 else self.observe()

    def info(self, record: Played) -> dict[str, Any]:
        """The info of a round, arrays with a leading axis of B rows that the caller may keep."""
        _, delay, energy, server_energy = record.of_rows.copy()
        device_delay, device_energy, frequency = record.of_devices.copy()
        split, split_index = record.chosen.copy()
        return {
            "delay": delay,
            "energy": energy,
            "cost": energy.copy(),
            "device_delay": device_delay,
            "device_energy": device_energy,
            "server_energy": server_energy,
            "split": split,
            "split_index": split_index,
            "server_frequency": frequency,
            "queue": self.shown_queue(),
        }

    def info_of_first(self, record: Played) -> tuple[float, dict[str, Any]]:
        """Reward and info of the first row alone: floats, and arrays without the axis of rows."""
        reward, delay, energy, server_energy = record.of_rows[:, 0].tolist()
        device_delay, device_energy, frequency = record.of_devices[:, 0].copy()
        split, split_index = record.chosen[:, 0].copy()
        queue = self.queue[0]
        return reward, {
            "delay": delay,
            "energy": energy,
            "cost": energy,
            "device_delay": device_delay,
            "device_energy": device_energy,
            "server_energy": server_energy,
            "split": split,
            "split_index": split_index,
            "server_frequency": frequency,
            "queue": queue.item() if queue.size == 1 else queue.copy(),
        }
