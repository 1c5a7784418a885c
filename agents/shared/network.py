"""The network that all devices share, as a stable-baselines3 policy."""

from typing import Any, ClassVar

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.policies import BasePolicy
from stable_baselines3.common.type_aliases import PyTorchObs, Schedule
from torch import nn

from agents.averaged import Averaged
from asl_gym.arrays import Float32

__all__ = ["SharedNetwork", "SharedPolicy"]


class SharedNetwork(nn.Module):
    """From a row of features a device, and one of the system, to logits of the split points.

    Each device's row is encoded by the same layers; the mean of the codes and the code of the
    system's row are the context that every device's head sees. So the parameters do not depend on
    the number of devices, nor the result on their order.

    Args:
        width: Features of a row.
        hidden: Width of all hidden layers.
        num_splits: Number of admissible split points L.
    """

    def __init__(self, width: int, hidden: int, num_splits: int) -> None:
        super().__init__()
        self.system = nn.Sequential(nn.Linear(width, hidden), nn.ReLU())
        self.device = nn.Sequential(
            nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU()
        )
        self.head = nn.Sequential(
            nn.Linear(2 * hidden, hidden), nn.ReLU(), nn.Linear(hidden, num_splits)
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Logits of shape (B, N, L) for features of shape (B, N + 1, width)."""
        logits: torch.Tensor = self.head(self.encode(features))
        return logits

    def encode(self, features: torch.Tensor) -> torch.Tensor:
        """What heads see of each device: its code and the context, shape (B, N, 2·hidden)."""
        codes = self.device(features[:, :-1])
        context = codes.mean(dim=1, keepdim=True) + self.system(features[:, -1:])
        return torch.cat([codes, context.expand_as(codes)], dim=-1)


class SharedPolicy(Averaged[SharedNetwork], BasePolicy):
    """The shared network, and the running average of its weights that plays.

    The policy's spaces are those of the fleet that it was trained on; what it is given are the
    features that :class:`agents.shared.memory.Memory` makes of observations.

    Args:
        observation_space: The ``devices`` observation.
        action_space: The view ``split``.
        lr_schedule: Learning rate over the progress that remains.
        width: Features of a row.
        hidden: Width of the hidden layers.
        averaging: Share of the new weights that a gradient step adds to the average.
    """

    ONLY_FOR_TRAINING: ClassVar[frozenset[str]] = frozenset({"network"})
    """Modules that acting does not need, see :mod:`agents.pretrained.weights`."""

    def __init__(
        self,
        observation_space: spaces.Space[Any],
        action_space: spaces.Space[Any],
        lr_schedule: Schedule,
        width: int,
        hidden: int = 64,
        averaging: float = 0.01,
    ) -> None:
        super().__init__(observation_space, action_space)
        if not (
            isinstance(action_space, spaces.MultiDiscrete)
            and (action_space.nvec == action_space.nvec[0]).all()
        ):
            raise ValueError(
                f"action_space = {action_space}: expected action_view='split', with as many "
                "choices for each device"
            )
        self.width, self.hidden = width, hidden
        self.num_splits = int(action_space.nvec[0])
        self.network = SharedNetwork(width, hidden, self.num_splits)
        self._begin_average(averaging)
        self.optimizer = self.optimizer_class(self.network.parameters(), lr=lr_schedule(1.0))  # type: ignore[call-arg]

    @torch.no_grad()
    def decide(self, features: Float32) -> NDArray[np.int64]:
        """The average's first choice of every device, shape (B, N)."""
        choice: torch.Tensor = self.average(torch.as_tensor(features)).argmax(dim=-1)
        return choice.numpy()

    def _predict(self, observation: PyTorchObs, deterministic: bool = False) -> torch.Tensor:
        raise TypeError("the shared network plays by Shared.policy_for(env), which remembers")

    def _get_constructor_parameters(self) -> dict[str, Any]:
        return super()._get_constructor_parameters() | {
            "lr_schedule": self._dummy_schedule,
            "width": self.width,
            "hidden": self.hidden,
            "averaging": self.averaging,
        }
