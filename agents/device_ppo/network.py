"""The shared network with a critic that says what a device's reward will be, and how far off."""

from typing import Any, ClassVar

import torch
from gymnasium import spaces
from stable_baselines3.common.type_aliases import Schedule
from torch import nn
from torch.nn.functional import softplus

from agents.shared.network import SharedPolicy

__all__ = ["DevicePolicy"]

LEAST_SPREAD = 1e-3
"""Least expected distance of a return from its mean, in units of a device's mean reward."""


class DevicePolicy(SharedPolicy):
    """The shared network as an actor, and a critic's head on the same codes.

    Args:
        observation_space: The ``devices`` observation.
        action_space: The view ``split``.
        lr_schedule: Learning rate over the progress that remains.
        width: Features of a row.
        hidden: Width of the hidden layers.
        averaging: Share of the new weights that a gradient step adds to the average that plays.
    """

    ONLY_FOR_TRAINING: ClassVar[frozenset[str]] = frozenset({"network", "critic"})

    def __init__(
        self,
        observation_space: spaces.Space[Any],
        action_space: spaces.Space[Any],
        lr_schedule: Schedule,
        width: int,
        hidden: int = 64,
        averaging: float = 0.01,
    ) -> None:
        super().__init__(observation_space, action_space, lr_schedule, width, hidden, averaging)
        self.critic = nn.Sequential(nn.Linear(2 * hidden, hidden), nn.ReLU(), nn.Linear(hidden, 2))
        learned = [*self.network.parameters(), *self.critic.parameters()]
        self.optimizer = self.optimizer_class(learned, lr=lr_schedule(1.0))  # type: ignore[call-arg]

    def evaluate(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """What the actor and the critic say.

        Args:
            features: Shape (B, N + 1, width).

        Returns:
            Logarithms of the probabilities of split points, shape (B, N, L); the expected return
            of each device, and its expected distance from it, shape (B, N).
        """
        codes = self.network.encode(features)
        mean, spread = self.critic(codes).unbind(dim=-1)
        logits: torch.Tensor = self.network.head(codes)
        return logits.log_softmax(dim=-1), mean, softplus(spread) + LEAST_SPREAD
