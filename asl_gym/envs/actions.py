"""Views of the action: spaces for the same decision, split points and server frequencies.

What a view is, is in :mod:`asl_gym.envs.action_view`.
"""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from asl_gym.arrays import Array, Splits
from asl_gym.envs.action_view import ActionView, CompiledStep, ShownCosts, is_plain
from asl_gym.envs.batteries.views import BatteryDictView, BatterySplitView, PriceView
from asl_gym.envs.server_share import equal_share, total_share
from asl_gym.envs.steps import (
    step_levels,
    step_positions,
    step_splits,
    step_splits_at_once,
)
from asl_gym.model import lyapunov
from asl_gym.scenario.scenario import Scenario
from asl_gym.solvers.round_problem import best_frequencies
from asl_gym.validation.checks import one_of

__all__ = [
    "ACTION_VIEWS",
    "DEFAULT_VIEW",
    "ActionViewName",
    "action_view",
    "views_of",
]

ActionViewName = Literal["box", "multi_discrete", "dict", "split", "price"]

DEFAULT_VIEW: ActionViewName = "split"
"""The view where none is named: plain PPO trains in it best."""

NUM_FREQUENCY_LEVELS = 16
"""Levels of the shared server frequency in the ``multi_discrete`` view, log-spaced."""


class BoxView(ActionView):
    """``Box(−1, 1)`` of length 2N: split points in equal bins, then frequencies on a log scale.

    Where devices share the server and ask for more than it has, the part of each frequency above
    the least is scaled down.
    """

    def __init__(self, scenario: Scenario) -> None:
        super().__init__(scenario)
        self.space = spaces.Box(-1.0, 1.0, (2 * self.num_devices,), np.float32)

    def decode(
        self, action: Any, queue: Array, shown: ShownCosts | None = None
    ) -> tuple[Splits, Array]:
        """See :meth:`ActionView.decode`."""
        n = self.num_devices
        checked = self._checked(action, action, (len(queue), 2 * n), (-1, 1))
        position = 0.5 * (checked.astype(float) + 1.0)
        split_index = (position[:, :n] * self.num_splits).astype(np.int64)
        np.minimum(split_index, self.num_splits - 1, out=split_index)
        return split_index, self._granted(split_index, self.server.clock_at(position[:, n:]))

    def compiled_step(self, action: Any, batch: tuple[int, ...]) -> CompiledStep | None:
        """See :meth:`ActionView.compiled_step`."""
        if self._in_turn and is_plain(action, "f", (*batch, 2 * self.num_devices)):
            return step_positions, (action.astype(np.float64, copy=False).reshape(-1),)
        return None

    def encode(self, split_index: Splits, server_frequency_hz: Array) -> NDArray[np.float32]:
        """See :meth:`ActionView.encode`; split points at the middle of their bins."""
        splits = (np.asarray(split_index) + 0.5) / self.num_splits
        position = np.concatenate([splits, self.server.position_of(server_frequency_hz)], axis=-1)
        return np.asarray(np.clip(2.0 * position - 1.0, -1.0, 1.0), dtype=np.float32)


class MultiDiscreteView(ActionView):
    """``MultiDiscrete``: N split indices and one of 16 log-spaced levels of the frequency.

    The level is the frequency of all devices; where they share the server, it is the part of the
    server's clock that is divided equally among the devices with server work.
    """

    def __init__(self, scenario: Scenario) -> None:
        super().__init__(scenario)
        sizes = np.append(self.num_splits, NUM_FREQUENCY_LEVELS)
        self.space = spaces.MultiDiscrete(sizes)
        self._greatest = sizes - 1
        self._shared = scenario.shares_server
        if self._shared:
            least = self.num_devices * self.server.clock_min_hz
            self._levels_of = self.server.derived(clock_min_hz=least)
        else:
            self._levels_of = self.server
        levels = np.linspace(0.0, 1.0, NUM_FREQUENCY_LEVELS)
        self.frequency_levels_hz = self._levels_of.clock_at(levels)

    def decode(
        self, action: Any, queue: Array, shown: ShownCosts | None = None
    ) -> tuple[Splits, Array]:
        """See :meth:`ActionView.decode`."""
        indices = self._checked_indices(action, action, len(queue), self._greatest)
        splits = np.ascontiguousarray(indices[:, :-1])
        level = self.frequency_levels_hz[indices[:, -1:]]
        if self._shared:
            work = self._scenario.cost_model.server_work(splits)
            return splits, equal_share(level, work, self.server)
        return splits, level

    def compiled_step(self, action: Any, batch: tuple[int, ...]) -> CompiledStep | None:
        """See :meth:`ActionView.compiled_step`."""
        if self._in_turn and is_plain(action, "i", (*batch, self.num_devices + 1)):
            return step_levels, (action.reshape(-1), self.frequency_levels_hz)
        return None

    def encode(self, split_index: Splits, server_frequency_hz: Array) -> NDArray[np.int64]:
        """See :meth:`ActionView.encode`; the level nearest to the mean on the log scale."""
        if self._shared:
            work = self._scenario.cost_model.server_work(split_index)
            total = total_share(server_frequency_hz, work, self.server)
            mean = np.clip(self._levels_of.position_of(total), 0.0, 1.0)
        else:
            mean = self.server.position_of(server_frequency_hz).mean(axis=-1, keepdims=True)
        level = np.rint(mean * (NUM_FREQUENCY_LEVELS - 1)).astype(np.int64)
        return np.concatenate([split_index, level], axis=-1)


class DictView(ActionView):
    """``Dict``: ``split`` (N split indices) and ``server_frequency`` (a column of N in Hz).

    The frequencies have shape (N, 1) because Gymnasium's checker takes a one-dimensional box for
    an action that should be normalised, and these are physical. Where devices share the server and
    ask for more than it has, the part of each frequency above the least is scaled down.
    """

    def __init__(self, scenario: Scenario) -> None:
        super().__init__(scenario)
        low, high = self.server.clock_min_hz, self.server.clock_max_hz
        self.space = spaces.Dict(
            split=spaces.MultiDiscrete(self.num_splits.copy()),
            server_frequency=spaces.Box(low, high, (self.num_devices, 1), np.float64),
        )

    def decode(
        self, action: Any, queue: Array, shown: ShownCosts | None = None
    ) -> tuple[Splits, Array]:
        """See :meth:`ActionView.decode`."""
        if not isinstance(action, Mapping) or set(action) != {"split", "server_frequency"}:
            raise self._reject(action, "is no mapping of split and server_frequency")
        splits = self._checked_indices(action, action["split"], len(queue), self.num_splits - 1)
        shape = len(queue), self.num_devices, 1
        bounds = self.server.clock_min_hz, self.server.clock_max_hz
        frequency = self._checked(action, action["server_frequency"], shape, bounds)
        return splits, self._granted(splits, frequency[..., 0].astype(float))

    def encode(self, split_index: Splits, server_frequency_hz: Array) -> dict[str, NDArray[Any]]:
        """See :meth:`ActionView.encode`."""
        frequency = np.array(server_frequency_hz, dtype=float)[..., None]
        return {"split": np.array(split_index, dtype=np.int64), "server_frequency": frequency}


class SplitView(ActionView):
    """``MultiDiscrete`` of N split indices; the solver's upper layer gives the frequencies.

    Where devices share the server, the best frequencies depend on the channels: those that the
    controller is shown, not those that decide the costs.
    """

    def __init__(self, scenario: Scenario) -> None:
        super().__init__(scenario)
        self.space = spaces.MultiDiscrete(self.num_splits.copy())

    def decode(
        self, action: Any, queue: Array, shown: ShownCosts | None = None
    ) -> tuple[Splits, Array]:
        """See :meth:`ActionView.decode`."""
        splits = self._checked_indices(action, action, len(queue), self.num_splits - 1)
        scenario = self._scenario
        if not scenario.shares_server:
            return splits, scenario.open_frequency(queue)[:, None]
        if shown is None:
            raise ValueError(
                "shown = None: expected the shown costs, since devices share the server"
            )
        chosen = scenario.cost_model.chosen_options(splits, shown())
        weight = lyapunov.server_weight(scenario.weights(queue))
        return splits, best_frequencies(scenario, chosen, scenario.V, weight)

    def compiled_step(self, action: Any, batch: tuple[int, ...]) -> CompiledStep | None:
        """See :meth:`ActionView.compiled_step`."""
        if is_plain(action, "i", (*batch, self.num_devices)):
            return step_splits if self._in_turn else step_splits_at_once, (action.reshape(-1),)
        return None

    def encode(self, split_index: Splits, server_frequency_hz: Array) -> NDArray[np.int64]:
        """See :meth:`ActionView.encode`; the frequency is left to the solver."""
        return np.array(split_index, dtype=np.int64)


ACTION_VIEWS: dict[str, type[ActionView]] = {
    "box": BoxView,
    "multi_discrete": MultiDiscreteView,
    "dict": DictView,
    "split": SplitView,
}
"""The views by the name that ``action_view=`` takes, where there is an energy budget."""

ON_BATTERIES: dict[str, type[ActionView]] = {
    "split": BatterySplitView,
    "price": PriceView,
    "dict": BatteryDictView,
}
"""Those of devices on batteries, which decide split points alone."""


def views_of(scenario: Scenario) -> dict[str, type[ActionView]]:
    """The views that a scenario's environments have, by name."""
    return ACTION_VIEWS if scenario.batteries is None else ON_BATTERIES


def action_view(name: str, scenario: Scenario) -> ActionView:
    """Builds the view of that name.

    Raises:
        FieldError: If the scenario's environments have none.
    """
    views = views_of(scenario)
    return views[one_of("action_view", name, tuple(views))](scenario)
