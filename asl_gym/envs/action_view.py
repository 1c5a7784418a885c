"""What a view of the action is: one way to write a round's decision.

A view decodes an action of its space to indices into the admissible split points and frequencies
in Hz, and encodes them back, for one environment or a batch. Actions are checked by value and
shape, not by dtype.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from asl_gym.arrays import Array, Splits
from asl_gym.envs.server_share import fitted_to_server
from asl_gym.envs.steps import step_decided
from asl_gym.model.costs import UnitCosts
from asl_gym.scenario.scenario import Scenario

__all__ = ["ActionView", "CompiledStep", "ShownCosts", "is_plain"]

ShownCosts = Callable[[], UnitCosts]
CompiledStep = tuple[Callable[..., bool], tuple[Any, ...]]


class ActionView(ABC):
    """One way to write a round's decision.

    Attributes:
        space: The action space of one environment.
        num_splits: How many admissible split points each device has, shape (N,).
    """

    space: spaces.Space[Any]

    def __init__(self, scenario: Scenario) -> None:
        self.num_devices, self.num_splits = scenario.num_devices, scenario.split_points.counts
        self.server = scenario.device_server
        self._scenario, self._in_turn = scenario, not scenario.shares_server

    @abstractmethod
    def decode(
        self, action: Any, queue: Array, shown: ShownCosts | None = None
    ) -> tuple[Splits, Array]:
        """Reads a batch of actions.

        Args:
            action: Actions of B environments, in the batched form of ``space``.
            queue: Virtual queues before the round [J], shape (B, K).
            shown: Gives what a bit and a FLOP cost by what the controller is shown, arrays of
                shape (B, N); needed where the frequencies that a view leaves to the solver depend
                on it.

        Returns:
            Split indices, shape (B, N), and server frequencies [Hz], shape (B, N), or (B, 1)
            where the devices share one.

        Raises:
            ValueError: If a value or the shape lies outside the space.
        """

    def compiled_step(self, action: Any, batch: tuple[int, ...]) -> CompiledStep | None:
        """The compiled step that takes such an action as it is, and its own arguments.

        ``None`` where there is none; the action is to be decoded then, which also tells what may
        be wrong with it.

        Args:
            action: An action, or a batch of them.
            batch: (), or (B,).
        """
        return None

    def observing_step(self, num_rows: int) -> CompiledStep:
        """A compiled step that can observe: the one that is compiled anyway, with any action."""
        compiled = None
        if self.space.shape is not None:
            action = np.zeros((num_rows, *self.space.shape), self.space.dtype)
            compiled = self.compiled_step(action, (num_rows,))
        return (step_decided, ()) if compiled is None else compiled

    @abstractmethod
    def encode(self, split_index: Splits, server_frequency_hz: Array) -> Any:
        """Writes decisions of shape (..., N) as actions of this view."""

    def _granted(self, split_index: Splits, frequency_hz: Array) -> Array:
        """What devices get of what they ask for: less, where the server's clock is not enough."""
        if not self._scenario.shares_server:
            return frequency_hz
        work = self._scenario.cost_model.server_work(split_index)
        return fitted_to_server(frequency_hz, work, self.server)

    def batch_space(self, num_envs: int) -> spaces.Space[Any]:
        """The space of a batch of actions."""
        return batch_space(self.space, num_envs)

    def _reject(self, action: Any, reason: str) -> ValueError:
        return ValueError(f"action {action!r} {reason}: expected {self.space} (per environment)")

    def _checked(
        self, action: Any, values: Any, shape: tuple[int, ...], bounds: tuple[float, Any]
    ) -> NDArray[Any]:
        """Returns an array of that shape, the batch in front, within the bounds."""
        try:
            array = _as_array(values)
        except (TypeError, ValueError, RuntimeError) as error:
            raise self._reject(action, f"is no array of numbers ({error})") from None
        if array.dtype.kind not in "iufb":
            raise self._reject(action, f"holds values of type {array.dtype}")
        if array.shape != shape:
            reason = f"has shape {array.shape} with the batch in front, not {shape}"
            raise self._reject(action, reason)
        if array.dtype.kind == "f":
            # Bounds would be cast to the action's own precision, in which they may be infinite.
            with np.errstate(over="ignore"):
                array = array.astype(np.float64)
        low, high = bounds
        # Written so that NaN fails.
        within = array.max() <= high if isinstance(high, int | float) else (array <= high).all()
        if not (within and array.min() >= low):
            raise self._reject(action, "lies outside the space or holds NaN")
        return array

    def _checked_indices(
        self, action: Any, values: Any, batch: int, high: NDArray[np.int64]
    ) -> Splits:
        array = self._checked(action, values, (batch, high.size), (0, high))
        indices = array.astype(np.int64)
        if array.dtype.kind == "f" and (indices != array).any():
            raise self._reject(action, "holds fractions where whole numbers belong")
        return indices


def is_plain(action: Any, kind: str, shape: tuple[int, ...]) -> bool:
    """Whether an action is an array that compiled code takes as it is: most are."""
    return (
        type(action) is np.ndarray
        and action.shape == shape
        and (action.dtype == np.int64 if kind == "i" else action.dtype.kind == kind)
        and bool(action.flags.c_contiguous)
    )


def _as_array(values: Any) -> NDArray[Any]:
    """Values of any library as an array.

    Raises:
        TypeError: If they are masked, whose mask NumPy would drop without a word.
    """
    parts = values if isinstance(values, list) else [values]
    if any(isinstance(part, np.ma.MaskedArray) for part in parts):
        raise TypeError("a masked array")
    # One by one, since a list of tensors is read number by number otherwise.
    return np.asarray([np.asarray(part) for part in values] if parts is values else values)
