"""The price network as a stable-baselines3 policy."""

from typing import Any, ClassVar

import torch
from gymnasium import spaces
from stable_baselines3.common.type_aliases import Schedule
from torch import nn

from agents.averaged import AveragedPolicy
from asl_gym.arrays import Array, Float32

__all__ = ["PriceLayers", "PricePolicy"]


class PriceLayers(nn.Module):
    """From a device's features to the prices of a joule on its battery's intervals.

    Prices lie within 0…1, in units of 1/ϖ: an empty battery's wait is the most that a joule saves.

    Args:
        width: Features of a device.
        hidden: Width of both hidden layers.
        intervals: Intervals of a battery M.
    """

    def __init__(self, width: int, hidden: int, intervals: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(width, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, intervals),
            nn.Sigmoid(),
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Prices of shape (..., M) for features of shape (..., width)."""
        prices: torch.Tensor = self.layers(features)
        return prices


class PricePolicy(AveragedPolicy[PriceLayers]):
    """The price network, and the running average of its weights, which plays and sets targets.

    Args:
        observation_space: That of the environment it is trained in.
        action_space: The view ``split``.
        lr_schedule: Learning rate over the progress that remains.
        width: Features of a device.
        hidden: Width of both hidden layers.
        intervals: Intervals of a battery.
        averaging: Share of the new weights that a gradient step adds to the average.
    """

    MADE_WITH: ClassVar[tuple[str, ...]] = ("width", "hidden", "intervals", "averaging")

    def __init__(
        self,
        observation_space: spaces.Space[Any],
        action_space: spaces.Space[Any],
        lr_schedule: Schedule,
        width: int,
        hidden: int = 64,
        intervals: int = 24,
        averaging: float = 0.02,
    ) -> None:
        super().__init__(observation_space, action_space)
        self.width, self.hidden, self.intervals = width, hidden, intervals
        self.network = PriceLayers(width, hidden, intervals)
        self._begin_average(averaging, lr_schedule)

    @torch.no_grad()
    def prices(self, features: Float32) -> Array:
        """The average's prices in units of 1/ϖ, shape (..., M), of features (..., width)."""
        prices: torch.Tensor = self.average(torch.as_tensor(features))
        return prices.numpy().astype(float)
