"""The proposing network, as a stable-baselines3 policy."""

from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.policies import BasePolicy
from stable_baselines3.common.torch_layers import create_mlp
from stable_baselines3.common.type_aliases import PyTorchObs, Schedule
from torch import nn

__all__ = ["ProposalPolicy"]


class ProposalPolicy(BasePolicy):
    """A multilayer perceptron from the flat observation to a logit per device and split point.

    As a policy of its own it takes every device's first choice, without pricing.

    Args:
        observation_space: The flat observation.
        action_space: The view ``split``, ``MultiDiscrete`` with L choices for each of N devices.
        lr_schedule: Learning rate over the progress that remains.
        net_arch: Widths of the hidden layers.
        activation_fn: Their activation.

    Attributes:
        num_devices: Number of devices N.
        num_splits: Number of admissible split points L.

    Raises:
        ValueError: If the action space is not that of the view ``split``.
    """

    def __init__(
        self,
        observation_space: spaces.Space[Any],
        action_space: spaces.Space[Any],
        lr_schedule: Schedule,
        net_arch: list[int],
        activation_fn: type[nn.Module] = nn.ReLU,
    ) -> None:
        super().__init__(observation_space, action_space)
        if not (
            isinstance(observation_space, spaces.Box)
            and isinstance(action_space, spaces.MultiDiscrete)
            and (action_space.nvec == action_space.nvec[0]).all()
        ):
            raise ValueError(
                f"spaces = {observation_space}, {action_space}: expected the flat observation and "
                "action_view='split', MultiDiscrete with as many choices for each device"
            )
        self.net_arch, self.activation_fn, self._lr_schedule = net_arch, activation_fn, lr_schedule
        self.num_devices, self.num_splits = len(action_space.nvec), int(action_space.nvec[0])
        outputs = self.num_devices * self.num_splits
        size = observation_space.shape[0]
        self.network = nn.Sequential(*create_mlp(size, outputs, net_arch, activation_fn))
        self.optimizer = self.optimizer_class(self.parameters(), lr=lr_schedule(1.0))  # type: ignore[call-arg]

    def forward(self, observation: torch.Tensor) -> torch.Tensor:
        """Logits of shape (B, N, L) for observations of shape (B, size)."""
        logits: torch.Tensor = self.network(observation)
        return logits.unflatten(-1, (self.num_devices, self.num_splits))

    def logits(self, observation: NDArray[np.floating]) -> NDArray[np.float32]:
        """Logits of shape (..., N, L) for observations of shape (..., size), as arrays."""
        with torch.inference_mode():
            values = np.asarray(observation, dtype=np.float32)
            return np.asarray(self(torch.as_tensor(values, device=self.device)).cpu().numpy())

    def _predict(self, observation: PyTorchObs, deterministic: bool = False) -> torch.Tensor:
        assert isinstance(observation, torch.Tensor)
        logits = self(observation)
        if deterministic:
            return torch.as_tensor(logits.argmax(dim=-1))
        return torch.distributions.Categorical(logits=logits).sample()

    def _get_constructor_parameters(self) -> dict[str, Any]:
        return super()._get_constructor_parameters() | {
            "lr_schedule": self._dummy_schedule,
            "net_arch": self.net_arch,
            "activation_fn": self.activation_fn,
        }
