"""The network that all devices share, as a stable-baselines3 policy."""

from typing import Any

import torch
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.type_aliases import Schedule
from torch import nn

from agents.averaged import AveragedPolicy
from asl_gym.arrays import Float32
from asl_gym.envs.actions import ActionViewName

__all__ = ["SharedNetwork", "SharedPolicy"]


class SharedNetwork(nn.Module):
    """From a row of features a device, and one of the system, to outputs of each device.

    Each device's row is encoded by the same layers; the mean of the codes and the code of the
    system's row are the context that every device's head sees. So the parameters do not depend on
    the number of devices, nor the result on their order.

    Args:
        width: Features of a row.
        hidden: Width of all hidden layers.
        outputs: Outputs of a device K, such as a logit for each split point.

    Attributes:
        inputs: What features go through first, a module; nothing unless a policy sets one.
    """

    def __init__(self, width: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.inputs: nn.Module = nn.Identity()
        self.system = nn.Sequential(nn.Linear(width, hidden), nn.ReLU())
        self.device = nn.Sequential(
            nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU()
        )
        self.head = nn.Sequential(
            nn.Linear(2 * hidden, hidden), nn.ReLU(), nn.Linear(hidden, outputs)
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Outputs of shape (B, N, K) for features of shape (B, N + 1, width)."""
        outputs: torch.Tensor = self.head(self.encode(features))
        return outputs

    def encode(self, features: torch.Tensor) -> torch.Tensor:
        """What heads see of each device: its code and the context, shape (B, N, 2·hidden)."""
        features = self.inputs(features)
        codes = self.device(features[:, :-1])
        context = codes.mean(dim=1, keepdim=True) + self.system(features[:, -1:])
        return torch.cat([codes, context.expand_as(codes)], dim=-1)


class SharedPolicy(AveragedPolicy[SharedNetwork]):
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
        self.width, self.hidden = width, hidden
        self._outputs = self._outputs_of_a_device()
        self.network = SharedNetwork(width, hidden, self._outputs)
        self._begin_average(averaging, lr_schedule)

    def _outputs_of_a_device(self) -> int:
        """How many outputs the action space takes of each device.

        Raises:
            ValueError: If it is not that of a view that the policy acts in.
        """
        space = self.action_space
        if isinstance(space, spaces.MultiDiscrete) and (space.nvec == space.nvec[0]).all():
            return int(space.nvec[0])
        raise ValueError(
            f"action_space = {space}: expected action_view='split', with as many choices for each "
            "device"
        )

    @property
    def action_view(self) -> ActionViewName:
        """The view of the action that it decides in."""
        return "split"

    @property
    def num_splits(self) -> int:
        """Number of admissible split points L, where it decides those."""
        return self._outputs

    def best(self, outputs: torch.Tensor) -> torch.Tensor:
        """What is played of outputs of shape (B, N, K): the first choices, shape (B, N)."""
        return outputs.argmax(dim=-1)

    @torch.no_grad()
    def decide(self, features: Float32) -> NDArray[Any]:
        """What the average decides for every device, shape (B, N)."""
        decided: NDArray[Any] = self.best(self.average(torch.as_tensor(features))).numpy()
        return decided
