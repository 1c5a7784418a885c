"""The rounds of B environments at once: traces, queues, costs, rewards and observations.

Both the scalar and the vector environment run this code, the scalar one with a single row. All
rows have the same horizon and start together, so that one round counter serves them all.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from asl_gym.arrays import Array, Float32, Indices, Keys
from asl_gym.envs.action_view import ActionView, CompiledStep
from asl_gym.envs.codec import Codec
from asl_gym.envs.kernel import FREQUENCY, OF_DEVICES, OF_ROWS, SPLIT_INDEX
from asl_gym.envs.memory import carried_start, kernel_memory, kernel_sizes, sizes_of
from asl_gym.envs.rewards import Reward
from asl_gym.envs.steps import step_decided
from asl_gym.envs.window import Window
from asl_gym.model.costs import UnitCosts
from asl_gym.scenario.scenario import Scenario
from asl_gym.traces.imperfect import impose
from asl_gym.traces.luck import episode_keys
from asl_gym.traces.measured_harvest import MeasuredHarvest
from asl_gym.traces.synthetic import SyntheticTraces, TraceSource
from asl_gym.traces.trace import Trace

__all__ = ["Outcome", "Simulation"]

Outcome = tuple[Array, Indices]
"""A played round, flat, as :func:`asl_gym.envs.kernel.played_of` divides it."""


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
        round_index: Rounds played in this episode.
        last: The last round played, where rounds are kept; ``None`` at the start of an episode.
        started: Whether there has been a reset.
        harvest: Measured harvests, where they are played.
    """

    harvest: MeasuredHarvest | None = None

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
        self._keeps_rounds, self._one_queue = keeps_rounds, scenario.num_budgets == 1
        self.splits = scenario.split_points
        self.started = False
        self._trace: Trace | None = None
        self._drawn: Trace | None = None
        self._window = self._made_window()
        self._sizes = kernel_sizes(scenario, num_rows, reward, codec.by_device)
        self._memory = kernel_memory(scenario, num_rows, codec.scale)
        self._carried = carried_start(sizes_of(self._sizes))
        lanes = num_rows * scenario.num_devices
        self._num_figures, self._num_chosen = OF_DEVICES * lanes + OF_ROWS * num_rows, 2 * lanes
        self._begin()

    def _made_window(self) -> Window:
        return Window(self.scenario, self._num_rows, self.codec)

    def _begin(self) -> None:
        self._memory[self._carried :] = 0.0
        self.queue[...] = self.scenario.initial_queue_j
        self.round_index = 0
        self.last: Outcome | None = None

    @property
    def queue(self) -> Array:
        """Virtual queues [J], shape (B, K), which steps change."""
        size = self._num_rows * self.scenario.num_budgets
        queues = self._memory[self._carried : self._carried + size]
        return queues.reshape(self._num_rows, -1)

    @property
    def battery(self) -> Array:
        """What batteries hold [J], shape (B, N).

        Raises:
            AttributeError: If devices have none.
        """
        raise AttributeError("battery: the scenario has an energy budget, see queue")

    @property
    def totals(self) -> Array:
        """Sums of delay [s] and energy [J] over the episode, shape (2, B)."""
        return self._memory[-2 * self._num_rows :].reshape(2, -1)

    def shown_queue(self) -> Array:
        """A copy of the queues as people are shown them [J]: shape (B,), or (B, K) of several."""
        queue = self.queue
        return np.array(queue[:, 0] if queue.shape[1] == 1 else queue)

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
        return self._imposed(drawn, episode_keys(generators))

    def _imposed(self, drawn: Trace, keys: Keys) -> Trace:
        """Adds to traces what else the scenario draws from episodes' keys."""
        return impose(self.scenario.knowledge, drawn, keys)

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
            self._trace = self._imposed(drawn, self._keys)
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

    def observe(self, view: ActionView) -> Float32:
        """Observations at the start of an episode, shape (B, ...).

        Args:
            view: How actions are written; its compiled step observes too.
        """
        place, result = self._place_of_shown(), self.codec.empty(self._num_rows)
        nothing = np.zeros(self._num_figures), np.empty(self._num_chosen, np.int64)
        scene = self._sizes, self._memory, self._window.rounds
        step, own = self._observing_step(view)
        step(*scene, -1, place, 1.0 - self.round_index / self._horizon, *nothing, result, *own)
        return result.reshape(self._num_rows, *self.codec.space.shape)

    def _observing_step(self, view: ActionView) -> CompiledStep:
        return view.observing_step(self._num_rows)

    def check(self, action: Any, view: ActionView) -> None:
        """Checks actions as :meth:`step` does, which are not to be played.

        Raises:
            ValueError: If an action lies outside its space.
        """
        view.decode(action, self.queue, self.shown_unit_costs)

    def _place_of_shown(self) -> int:
        if not self.started:
            raise RuntimeError("reset() has to come first")
        return self._window.place(min(self.round_index, self._last_round))

    def unit_costs(self) -> UnitCosts:
        """What a bit and a unit of work cost in the round that is shown, arrays of shape (B, N)."""
        return self._unit_costs(told=False)

    def shown_unit_costs(self) -> UnitCosts:
        """What they cost in it as the controller is told."""
        return self._unit_costs(told=self._window.differs)

    def _unit_costs(self, told: bool) -> UnitCosts:
        costs = self._window.costs(self._place_of_shown(), told)
        return self.scenario.cost_model.unit_costs_of(*costs)

    def step(self, action: Any, view: ActionView) -> Float32:
        """Plays a round in every row.

        Args:
            action: Actions of B environments, in the batched form of the view's space.
            view: How they are written.

        Returns:
            Observations of the next round, shape (B, ...).

        Raises:
            ValueError: If an action lies outside its space; nothing has changed then.
        """
        observations = self._compiled_step(view.compiled_step(action, (self._num_rows,)))
        if observations is None:
            observations = self._decoded_step(action, view)
        return observations.reshape(self._num_rows, *self.codec.space.shape)

    def step_alone(self, action: Any, view: ActionView) -> Float32 | None:
        """Plays a round of the only environment there is, if compiled code takes its action.

        Returns:
            The next observation; ``None``, with nothing changed, where :meth:`step` has to look at
            the action.
        """
        observation = self._compiled_step(view.compiled_step(action, ()))
        if observation is None or not self.codec.by_device:
            return observation
        return observation.reshape(self.codec.space.shape)

    def _decoded_step(self, action: Any, view: ActionView) -> Float32:
        splits, frequencies = view.decode(action, self.queue, self.shown_unit_costs)
        figures, chosen = np.empty(self._num_figures), np.empty(self._num_chosen, np.int64)
        chosen.reshape(2, *self._shape)[SPLIT_INDEX] = splits
        lanes = figures[: OF_DEVICES * splits.size].reshape(OF_DEVICES, *self._shape)
        lanes[FREQUENCY] = frequencies
        observations = self._step((step_decided, ()), figures, chosen)
        assert observations is not None
        return observations

    def _compiled_step(self, compiled: CompiledStep | None) -> Float32 | None:
        if compiled is None:
            return None
        figures, chosen = np.empty(self._num_figures), np.empty(self._num_chosen, np.int64)
        return self._step(compiled, figures, chosen)

    def _step(self, compiled: CompiledStep, figures: Array, chosen: Indices) -> Float32 | None:
        """A compiled step; ``None``, with nothing changed, if it refuses the action.

        After the last round, its channels are observed once more.
        """
        (step, own), window, played = compiled, self._window, self.round_index + 1
        now = window.place(self.round_index)
        following = window.place(min(played, self._last_round))
        left, result = 1.0 - played / self._horizon, self.codec.empty(self._num_rows)
        scene = self._sizes, self._memory, window.rounds
        if not step(*scene, now, following, left, figures, chosen, result, *own):
            return None
        self.round_index, self._outcome = played, (figures, chosen)
        if self._keeps_rounds:
            self.last = figures.copy(), chosen.copy()
        return result

    def parts_of(self, outcome: Outcome) -> tuple[Array, Array, Indices]:
        """A played round's figures of devices, shape (4, B, N), of environments, shape (4, B).

        The third are split points and their indices, shape (2, B, N).
        """
        figures, chosen = outcome
        end = figures.size - OF_ROWS * self._num_rows
        of_devices = figures[:end].reshape(OF_DEVICES, *self._shape)
        return of_devices, figures[end:].reshape(OF_ROWS, -1), chosen.reshape(2, *self._shape)

    def start_info(self) -> dict[str, Any]:
        """Info of the start of an episode, arrays with a leading axis of B rows."""
        return {"queue": self.shown_queue()}

    def shown_charging(self, row: int) -> dict[str, Array]:
        """What renderers show beside of the last round of a row: nothing without batteries."""
        return {}

    def info(self) -> tuple[Array, dict[str, Any]]:
        """Rewards and info of the round just played, arrays with a leading axis of B rows.

        It is asked for once a round: its arrays are the caller's to keep.
        """
        of_devices, of_rows, chosen = self.parts_of(self._outcome)
        reward, delay, energy, server_energy = of_rows
        device_delay, device_energy, frequency, device_reward = of_devices
        split, split_index = chosen
        return reward, {
            "delay": delay,
            "energy": energy,
            "cost": energy.copy(),
            "device_delay": device_delay,
            "device_energy": device_energy,
            "device_reward": device_reward,
            "server_energy": server_energy,
            "split": split,
            "split_index": split_index,
            "server_frequency": frequency,
            "queue": self.shown_queue(),
        }

    def info_alone(self) -> tuple[float, dict[str, Any]]:
        """Reward and info of the only row: floats, and arrays without the axis of rows."""
        (figures, chosen), n = self._outcome, self._shape[1]
        reward, delay, energy, server_energy = figures[-OF_ROWS:].tolist()
        return reward, {
            "delay": delay,
            "energy": energy,
            "cost": energy,
            "device_delay": figures[:n],
            "device_energy": figures[n : 2 * n],
            "device_reward": figures[3 * n : 4 * n],
            "server_energy": server_energy,
            "split": chosen[:n],
            "split_index": chosen[n:],
            "server_frequency": figures[2 * n : 3 * n],
            "queue": self._memory.item(self._carried) if self._one_queue else self.queue[0].copy(),
        }
