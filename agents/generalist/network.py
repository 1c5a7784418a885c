"""The generalist's network, as a stable-baselines3 policy."""

from typing import Any, ClassVar

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.type_aliases import Schedule
from torch import nn

from agents.averaged import AveragedPolicy
from asl_gym.arrays import Float32

__all__ = ["GeneralistPolicy", "OptionNetwork"]


class OptionNetwork(nn.Module):
    """From features of a device's options to logits of them.

    Each option is encoded by the same layers; the mean of the codes is the context that every
    option's head sees. The costs by each belief also go straight to the logit, so that the network
    begins as a weighted vote of the beliefs. The parameters depend neither on the number of options
    nor on that of devices.

    Args:
        width: Features of an option W.
        beliefs: How many of them, the first, are costs.
        hidden: Width of all hidden layers.
    """

    def __init__(self, width: int, beliefs: int, hidden: int) -> None:
        super().__init__()
        self.beliefs = beliefs
        self.option = nn.Sequential(
            nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU()
        )
        self.head = nn.Sequential(nn.Linear(2 * hidden, hidden), nn.ReLU(), nn.Linear(hidden, 1))
        self.vote = nn.Linear(beliefs, 1, bias=False)
        nn.init.constant_(self.vote.weight, 1.0 / beliefs)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Logits of shape (B, N, L) for features of shape (B, N, L, W)."""
        codes = self.option(features)
        context = codes.mean(dim=-2, keepdim=True).expand_as(codes)
        corrected = self.head(torch.cat([codes, context], dim=-1))
        logits: torch.Tensor = (corrected - self.vote(features[..., : self.beliefs])).squeeze(-1)
        return logits


class GeneralistPolicy(AveragedPolicy[OptionNetwork]):
    """The network, and the running average of its weights that plays.

    The policy's spaces are those of what it was trained on; what it is given are the features that
    :class:`agents.generalist.memory.OptionMemory` makes of observations.

    Args:
        observation_space: The ``devices`` observation.
        action_space: The view ``split``.
        lr_schedule: Learning rate over the progress that remains.
        width: Features of an option.
        beliefs: How many of them are costs.
        hidden: Width of the hidden layers.
        averaging: Share of the new weights that a gradient step adds to the average.
    """

    MADE_WITH: ClassVar[tuple[str, ...]] = ("width", "beliefs", "hidden", "averaging")

    def __init__(
        self,
        observation_space: spaces.Space[Any],
        action_space: spaces.Space[Any],
        lr_schedule: Schedule,
        width: int,
        beliefs: int,
        hidden: int = 64,
        averaging: float = 0.01,
    ) -> None:
        super().__init__(observation_space, action_space)
        self.width, self.beliefs, self.hidden = width, beliefs, hidden
        self.network = OptionNetwork(width, beliefs, hidden)
        self._begin_average(averaging, lr_schedule)

    def best(self, logits: torch.Tensor) -> torch.Tensor:
        """What is played of logits of shape (B, N, L): the first choices, shape (B, N)."""
        return logits.argmax(dim=-1)

    @torch.no_grad()
    def decide(self, features: Float32) -> NDArray[np.int64]:
        """The average's first choice of every device, shape (B, N)."""
        choice: NDArray[np.int64] = self.best(self.average(torch.as_tensor(features))).numpy()
        return choice
