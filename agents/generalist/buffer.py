"""Past rounds of each scenario with the regrets of all options, for gradient steps."""

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from asl_gym.arrays import Float32

__all__ = ["OptionBuffer", "OptionSamples"]


class OptionSamples(NamedTuple):
    """A round of the B environments of one scenario.

    Attributes:
        features: Shape (B, N, L, W).
        regret: Shape (B, N, L).
    """

    features: torch.Tensor
    regret: torch.Tensor


class OptionBuffer:
    """Keeps the last rounds of each scenario.

    Args:
        rounds: Rounds that are kept.
        scenarios: Number of scenarios.
    """

    def __init__(self, rounds: int, scenarios: int) -> None:
        self.rounds, self._added = rounds, 0
        self._kept: list[list[tuple[NDArray[Any], NDArray[Any]]]] = [[] for _ in range(scenarios)]

    @property
    def size(self) -> tuple[int, int]:
        """Rounds that are kept, and number of scenarios."""
        return self.rounds, len(self._kept)

    def add(self, rounds: list[tuple[Float32, NDArray[np.float32]]]) -> None:
        """Adds a round, features and regrets of each scenario, in the place of the oldest."""
        for kept, new in zip(self._kept, rounds, strict=True):
            if len(kept) < self.rounds:
                kept.append(new)
            else:
                kept[self._added % self.rounds] = new
        self._added += 1

    def sample(self, rng: np.random.Generator) -> OptionSamples:
        """Draws a round of a scenario."""
        kept = self._kept[rng.integers(len(self._kept))]
        return OptionSamples(*map(torch.as_tensor, kept[rng.integers(len(kept))]))
