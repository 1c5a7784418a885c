"""Past rounds with the regrets of all their options, for the shared network's gradient steps."""

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from asl_gym.arrays import Float32

__all__ = ["RegretBuffer", "RegretSamples"]


class RegretSamples(NamedTuple):
    """A batch of B rounds.

    Attributes:
        features: Shape (B, N + 1, width).
        regret: Shape (B, N, L).
        best: Best split points in hindsight, shape (B, N).
    """

    features: torch.Tensor
    regret: torch.Tensor
    best: torch.Tensor


class RegretBuffer:
    """Keeps the last rounds of each environment.

    Args:
        rounds: Rounds that are kept.
        num_envs: Number of environments.
    """

    def __init__(self, rounds: int, num_envs: int) -> None:
        self._rounds, self._num_envs, self._added = rounds, num_envs, 0
        self._arrays: tuple[NDArray[Any], ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """Rounds that are kept, and number of environments."""
        return self._rounds, self._num_envs

    def add(self, features: Float32, regret: Float32, best: NDArray[np.int64]) -> None:
        """Adds a round of all environments, in the place of the oldest where there is no room."""
        values: tuple[NDArray[Any], ...] = features, regret, best
        if not self._arrays:
            self._arrays = tuple(np.zeros((self._rounds, *v.shape), v.dtype) for v in values)
        for array, value in zip(self._arrays, values, strict=True):
            array[self._added % self._rounds] = value
        self._added += 1

    def sample(self, size: int, rng: np.random.Generator) -> RegretSamples:
        """Draws rounds with replacement."""
        rounds = rng.integers(min(self._added, self._rounds), size=size)
        envs = rng.integers(self._num_envs, size=size)
        return RegretSamples(*(torch.as_tensor(array[rounds, envs]) for array in self._arrays))
