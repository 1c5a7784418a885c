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
from asl_gym.envs.kernel import (
    DEVICE_DELAY,
    DEVICE_ENERGY,
    FREQUENCY,
    SPLIT,
    SPLIT_INDEX,
    Outcome,
)
from asl_gym.envs.memory import kernel_constants, kernel_sizes
from asl_gym.envs.preparing import AS_TOLD, COSTS
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

    Args:
        scenario: The scenario.
        num_rows: Environments B.
        reward: Which reward.
        traces: Where traces come from.
        codec: The observation's codec.
        keeps_rounds: Whether the last round is kept, for renderers.

    Attributes:
        scenario: The scenario.
        codec: The observation's codec.
        traces: Where traces come from.
        queue: Virtual queues [J], shape (B, K).
        round_index: Rounds played in this episode.
        last: The last round played, where rounds are kept; ``None`` at the start of an episode.
        totals: Sums of delay [s] and energy [J] over the episode, shape (2, B).
        started: Whether there has been a reset.
    """

    def __init__(
        self,
        scenario: Scenario,
        num_rows: int,
        reward: Reward,
        traces: TraceSource,
        codec: Codec,
        keeps_rounds: bool = False,
    ) -> None:
        self.scenario, self.traces, self.codec = scenario, traces, codec
        self._num_rows, self._shape = num_rows, (num_rows, scenario.num_devices)
        self._horizon, self._last_round = scenario.horizon, scenario.horizon - 1
        self._shows_costs, self._keeps_rounds = codec.shows_costs, keeps_rounds
        self.splits = scenario.split_points
        self.started = False
        self._trace: Trace | None = None
        self._drawn: Trace | None = None
        self._window = Window(scenario, num_rows, codec)
        self._sizes = kernel_sizes(scenario, num_rows, reward, codec.by_device)
        self._constants = kernel_constants(scenario)
        self._nothing_played = np.zeros((3, num_rows, scenario.num_devices))
        self._begin()

    def _begin(self) -> None:
        self.queue = self._initial_queue()
        self.round_index = 0
        self.last: Outcome | None = None
        self.totals = np.zeros((2, self._num_rows))

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
        if trace is None and isinstance(self.traces, SyntheticTraces):
            self._keys, self._trace = episode_keys(generators), None
            self._window.draw(self._keys, self.traces.luck)
        else:
            self._trace = self._draw(generators) if trace is None else trace
            self._window.play(self._trace)
        self._begin()
        self.started = True

    def _draw(self, generators: Sequence[np.random.Generator]) -> Trace:
        shape = (self._num_rows, self._rounds, self.scenario.num_devices)
        drawn = self.traces.draw(generators, self._rounds, self._drawn)
        if drawn.uplink_bps.shape != shape:
            raise ValueError(
                f"traces = {self.traces!r} drew shape {drawn.uplink_bps.shape}: expected {shape}, "
                "(environments, rounds, devices) of this scenario"
            )
        self.codec.check_showable(drawn)
        self._drawn = drawn
        return impose(self.scenario.knowledge, drawn, episode_keys(generators))

    @property
    def _rounds(self) -> int:
        """Rounds that a source has to draw."""
        return self.scenario.horizon + self.scenario.knowledge.csi_delay_rounds

    @property
    def trace(self) -> Trace:
        """The episode's luck, shape (B, T, N); where it is drawn from keys, made on demand."""
        if not self.started:
            raise RuntimeError("reset() has to come before there is a trace")
        if self._trace is None:
            assert isinstance(self.traces, SyntheticTraces)
            drawn = self.traces.of_keys(self._keys, self._rounds)
            self._trace = impose(self.scenario.knowledge, drawn, self._keys)
        return self._trace

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
        """Observations at the start of an episode, shape (B, ...)."""
        return self._observe(self._nothing_played, False)

    def _observe(self, played: Array, any_played: bool) -> Float32:
        # After the last round its channels are shown again.
        place = self._place(min(self.round_index, self._last_round))
        result = self.codec.empty(self._num_rows)
        observe(self._scene(), place, self.queue, played, self._how_shown(any_played), result)
        return self.codec.shaped(result)

    def _place(self, round_index: int) -> int:
        if not self.started:
            raise RuntimeError("reset() has to come first")
        return self._window.place(round_index)

    def _scene(self) -> Scene:
        return self._sizes, self._constants, self._window.rounds

    def _how_shown(self, any_played: bool) -> Shown:
        left = 1.0 - self.round_index / self._horizon
        return (left, *self.codec.scale) if self._shows_costs and any_played else (left, 0.0, 0.0)

    def unit_costs(self) -> UnitCosts:
        """What a bit and a unit of work cost in the round that is shown, arrays of shape (B, N)."""
        return self._unit_costs(0)

    def shown_unit_costs(self) -> UnitCosts:
        """What they cost in it as the controller is told."""
        return self._unit_costs(AS_TOLD if self._window.differs else 0)

    def _unit_costs(self, first: int) -> UnitCosts:
        prepared = self._window.rounds[self._place(min(self.round_index, self._last_round))]
        return self.scenario.cost_model.unit_costs_of(*prepared[first : first + COSTS].copy())

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
        now = self._place(self.round_index)
        rows, devices = self._shape
        chosen = np.empty((2, rows, devices), np.int64)
        played = np.empty((3, rows, devices)), np.empty((4, rows)), chosen
        compiled = view.compiled_step(action, rows)
        if compiled is not None:
            observations = self._step(now, *compiled, played)
            if observations is not None:
                return observations
        splits, frequencies = view.decode(action, self.queue, self.shown_unit_costs)
        chosen[SPLIT_INDEX], played[0][FREQUENCY] = splits, frequencies
        observations = self._step(now, step_decided, (), played)
        assert observations is not None
        return observations

    def _step(
        self, now: int, step: Callable[..., bool], own: tuple[Any, ...], played: Outcome
    ) -> Float32 | None:
        """A compiled step; ``None``, with nothing changed, if it refuses the action."""
        self.round_index += 1
        following = self._window.place_if_near(min(self.round_index, self._last_round))
        shown, result = self._how_shown(True), self.codec.empty(self._num_rows)
        state = self.queue, self.totals
        if not step(self._scene(), (now, following), *own, state, played, shown, result):
            self.round_index -= 1
            return None
        self._outcome = played
        if self._keeps_rounds:
            self.last = played[0].copy(), played[1].copy(), played[2].copy()
        return self.codec.shaped(result) if following >= 0 else self._observe(played[0], True)

    def info(self) -> tuple[Array, dict[str, Any]]:
        """Rewards and info of the round just played, arrays with a leading axis of B rows.

        It is asked for once a round: its arrays are the caller's to keep.
        """
        of_devices, of_rows, chosen = self._outcome
        reward, delay, energy, server_energy = of_rows
        device_delay, device_energy, frequency = of_devices
        split, split_index = chosen
        return reward, {
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

    def info_of_first(self) -> tuple[float, dict[str, Any]]:
        """Reward and info of the first row alone: floats, and arrays without the axis of rows."""
        of_devices, of_rows, chosen = self._outcome
        reward, delay, energy, server_energy = of_rows.ravel().tolist()
        queue = self.queue
        return reward, {
            "delay": delay,
            "energy": energy,
            "cost": energy,
            "device_delay": of_devices[DEVICE_DELAY, 0],
            "device_energy": of_devices[DEVICE_ENERGY, 0],
            "server_energy": server_energy,
            "split": chosen[SPLIT, 0],
            "split_index": chosen[SPLIT_INDEX, 0],
            "server_frequency": of_devices[FREQUENCY, 0],
            "queue": queue.item() if queue.size == 1 else queue[0].copy(),
        }
