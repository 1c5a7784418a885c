"""The shared network with a critic that says what a device's reward will be, and how far off."""

from typing import Any, ClassVar

import torch
from gymnasium import spaces
from stable_baselines3.common.type_aliases import Schedule
from torch import nn
from torch.nn.functional import softplus

from agents.device_ppo.actions import actions_in
from agents.device_ppo.standardised import Standardised
from agents.shared.network import SharedPolicy
from asl_gym.envs.actions import ActionViewName

__all__ = ["DevicePolicy"]

LEAST_SPREAD = 1e-3
"""Least expected distance of a return from its mean, in units of a device's mean reward."""


class DevicePolicy(SharedPolicy):
    """The shared network as an actor, and a critic's head on the same codes.

    Args:
        observation_space: The ``devices`` observation.
        action_space: The view ``split`` or ``price``.
        lr_schedule: Learning rate over the progress that remains.
        width: Features of a row.
        hidden: Width of the hidden layers.
        averaging: Share of the new weights that a gradient step adds to the average that plays.
        standardises: Whether the network sees standardised features, by means and deviations that
            are taken from the training's first rollout.
    """

    ONLY_FOR_TRAINING: ClassVar[frozenset[str]] = frozenset({"network", "critic", "standardised"})

    def __init__(
        self,
        observation_space: spaces.Space[Any],
        action_space: spaces.Space[Any],
        lr_schedule: Schedule,
        width: int,
        hidden: int = 64,
        averaging: float = 0.01,
        standardises: bool = False,
    ) -> None:
        super().__init__(observation_space, action_space, lr_schedule, width, hidden, averaging)
        self.standardised = Standardised(width) if standardises else None
        if self.standardised is not None:
            self.network.inputs = self.average.inputs = self.standardised
        self.critic = nn.Sequential(nn.Linear(2 * hidden, hidden), nn.ReLU(), nn.Linear(hidden, 2))
        learned = [*self.network.parameters(), *self.critic.parameters()]
        self.optimizer = self.optimizer_class(learned, lr=lr_schedule(1.0))  # type: ignore[call-arg]

    def _outputs_of_a_device(self) -> int:
        assert self.observation_space.shape is not None
        devices = self.observation_space.shape[0] - 1
        self.actions, outputs = actions_in(self.action_space, devices)
        return outputs

    @property
    def action_view(self) -> ActionViewName:
        """See :attr:`SharedPolicy.action_view`."""
        return self.actions.view

    def best(self, outputs: torch.Tensor) -> torch.Tensor:
        """See :meth:`SharedPolicy.best`; prices are played as they are expected."""
        return self.actions.best(outputs)

    def _get_constructor_parameters(self) -> dict[str, Any]:
        return super()._get_constructor_parameters() | {
            "standardises": self.standardised is not None
        }

    def evaluate(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """What the actor and the critic say.

        Args:
            features: Shape (B, N + 1, width).

        Returns:
            What says the distribution of decisions, see :mod:`agents.device_ppo.actions`, shape
            (B, N, K); the expected return of each device, and its expected distance from it, shape
            (B, N).
        """
        codes = self.network.encode(features)
        mean, spread = self.critic(codes).unbind(dim=-1)
        said = self.actions.distribution(self.network.head(codes))
        return said, mean, softplus(spread) + LEAST_SPREAD
