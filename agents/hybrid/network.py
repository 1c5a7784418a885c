"""The proposing network, as a stable-baselines3 policy."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.policies import BasePolicy
from stable_baselines3.common.torch_layers import create_mlp
from stable_baselines3.common.type_aliases import PyTorchObs, Schedule
from torch import nn

__all__ = ["ACTIVATIONS", "ProposalPolicy"]

ACTIVATIONS: dict[type[nn.Module], Callable[[NDArray[np.float32]], NDArray[np.float32]]] = {
    nn.ReLU: lambda values: np.maximum(values, 0.0),
    nn.Tanh: np.tanh,
}
"""The activations that a network may have, as functions of arrays."""


class ProposalPolicy(BasePolicy):
    """A multilayer perceptron from the flat observation to a logit per device and split point.

    As a policy of its own it takes every device's first choice, without pricing.

    Args:
        observation_space: The flat observation.
        action_space: The view ``split``, ``MultiDiscrete`` with L choices for each of N devices.
        lr_schedule: Learning rate over the progress that remains.
        net_arch: Widths of the hidden layers.
        activation_fn: Their activation, one of :data:`ACTIVATIONS`.

    Attributes:
        num_devices: Number of devices N.
        num_splits: Number of admissible split points L.
        size: Entries of an observation.

    Raises:
        ValueError: If the action space is not that of the view ``split``, or the activation is
            none of :data:`ACTIVATIONS`.
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
        if activation_fn not in ACTIVATIONS:
            names = ", ".join(kind.__name__ for kind in ACTIVATIONS)
            raise ValueError(f"activation_fn = {activation_fn!r}: expected one of {names}")
        self.net_arch, self.activation_fn, self._lr_schedule = net_arch, activation_fn, lr_schedule
        self.num_devices, self.num_splits = len(action_space.nvec), int(action_space.nvec[0])
        outputs = self.num_devices * self.num_splits
        self.size = observation_space.shape[0]
        self.network = nn.Sequential(*create_mlp(self.size, outputs, net_arch, activation_fn))
        self.optimizer = self.optimizer_class(self.parameters(), lr=lr_schedule(1.0))  # type: ignore[call-arg]

    def forward(self, observation: torch.Tensor) -> torch.Tensor:
        """Logits of shape (B, N, L) for observations of shape (B, size)."""
        logits: torch.Tensor = self.network(observation)
        return logits.reshape(-1, self.num_devices, self.num_splits)

    def logits(self, observation: NDArray[np.floating]) -> NDArray[np.float32]:
        """Logits of shape (..., N, L) for observations of shape (..., size), as arrays.

        For one observation PyTorch's overhead per call would be most of a decision's time.
        """
        values = np.asarray(observation, dtype=np.float32)
        for layer in self.network:
            if isinstance(layer, nn.Linear):
                values = values @ _array(layer.weight).T + _array(layer.bias)
            else:
                values = ACTIVATIONS[type(layer)](values)
        return values.reshape(*values.shape[:-1], self.num_devices, self.num_splits)

    def _predict(self, observation: PyTorchObs, deterministic: bool = False) -> torch.Tensor:
        assert isinstance(observation, torch.Tensor)
        logits = self(observation)
        if deterministic:
            return torch.as_tensor(logits.argmax(dim=-1))
        draws = torch.multinomial(logits.softmax(dim=-1).flatten(0, 1), 1)
        return draws.reshape(-1, self.num_devices)

    def _get_constructor_parameters(self) -> dict[str, Any]:
        return super()._get_constructor_parameters() | {
            "lr_schedule": self._dummy_schedule,
            "net_arch": self.net_arch,
            "activation_fn": self.activation_fn,
        }


def _array(tensor: torch.Tensor) -> NDArray[np.float32]:
    """A tensor's values, on the CPU without a copy."""
    return tensor.detach().cpu().numpy()
