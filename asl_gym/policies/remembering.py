"""The base of policies with a memory that aren't versions of OPEN."""

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asl_gym.arrays import Array, Splits
from asl_gym.envs.codec import Observation
from asl_gym.policies.base import ScenarioPolicy
from asl_gym.policies.open import RememberingOPEN

__all__ = ["RememberingPolicy"]


class RememberingPolicy(ScenarioPolicy):
    """A policy with a memory of what it saw: arrays whose first axis are the environments."""

    def predict(
        self,
        observation: NDArray[np.floating],
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[Any, Any]:
        """Decides for one observation or a batch; see :meth:`RememberingOPEN.predict`."""
        own: Any = self
        return RememberingOPEN.predict(own, observation, state, episode_start, deterministic)

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
