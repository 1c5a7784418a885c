"""Policies that are trained with one set of weights and play with their running average."""

import copy
from typing import Generic, TypeVar

import torch
from torch import nn

__all__ = ["Averaged"]

Network = TypeVar("Network", bound=nn.Module)


class Averaged(Generic[Network]):
    """What a policy gains: ``network``, which is trained, and ``average``, which plays."""

    network: Network
    average: Network
    averaging: float

    def _begin_average(self, averaging: float) -> None:
        """Begins the average; ``averaging`` is the share of new weights that a step adds."""
        self.averaging = averaging
        self.average = copy.deepcopy(self.network).requires_grad_(False)

    @torch.no_grad()
    def follow(self) -> None:
        """Moves the average towards the network."""
        for slow, fast in zip(self.average.parameters(), self.network.parameters(), strict=True):
            slow.lerp_(fast, self.averaging)

    def begin_from_average(self) -> None:
        """Lets training go on from weights of which the average alone is known."""
        self.network.load_state_dict(self.average.state_dict())
