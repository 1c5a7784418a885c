"""The base of policies with a memory."""

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asl_gym.arrays import Array, Splits
from asl_gym.envs.codec import Observation
from asl_gym.policies.base import ScenarioPolicy

__all__ = ["RememberingPolicy"]


class RememberingPolicy(ScenarioPolicy):
    """A policy with a memory of what it saw: arrays whose first axis are a batch's environments.

    ``predict`` hands the memory back as the state, and starts anew where ``episode_start`` says so.
    """

    def predict(
        self,
        observation: NDArray[np.floating],
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[Any, Any]:
        """Decides for one observation or a batch.

        Args:
            observation: Shape (size,) or (B, size).
            state: The memory that the last call returned; ``None`` starts anew.
            episode_start: Which environments start an episode, shape (B,) or a bool.
            deterministic: Ignored.

        Returns:
            The action in the form of ``action_view``, and the memory.
        """
        batch = np.atleast_2d(np.asarray(observation))
        seen = self._codec.decode(batch)
        starts = np.ones(len(batch), dtype=bool)
        if state is not None:
            none = False if episode_start is None else episode_start
            starts = np.broadcast_to(np.asarray(none, dtype=bool), starts.shape)
        split_index, frequency, memory = self.remember_and_decide(seen, state, starts)
        if np.ndim(observation) == 1:
            split_index, frequency = split_index[0], frequency[0]
        return self._view.encode(split_index, frequency), memory

    def decide(self, seen: Observation) -> tuple[Splits, Array]:
        """Decides as in the first round of an episode; leading axes () or (B,)."""
        alone = seen.rounds_left.ndim == 0
        parts = (None if each is None else np.asarray(each)[None] for each in seen)
        batch = Observation(*parts) if alone else seen  # type: ignore[arg-type]
        starts = np.ones(len(batch.rounds_left), dtype=bool)
        splits, frequencies, _ = self.remember_and_decide(batch, None, starts)
        return (splits[0], frequencies[0]) if alone else (splits, frequencies)

    @abstractmethod
    def remember_and_decide(
        self, seen: Observation, memory: Any, starts: NDArray[np.bool_]
    ) -> tuple[Splits, Array, Any]:
        """Decides for a batch; the memory is meaningless where an episode starts."""
