"""Policies that are trained with one set of weights and play with their running average."""

import copy
from typing import Any, ClassVar, Generic, TypeVar

import torch
from stable_baselines3.common.policies import BasePolicy
from stable_baselines3.common.type_aliases import PyTorchObs, Schedule
from torch import nn

__all__ = ["AveragedPolicy"]

Network = TypeVar("Network", bound=nn.Module)


class AveragedPolicy(BasePolicy, Generic[Network]):
    """A policy with a ``network``, which is trained, and its ``average``, which plays.

    What it is given are features that an agent's memory makes of observations, so that it plays by
    its algorithm's ``policy_for(env)`` alone. A subclass sets ``network`` and then calls
    :meth:`_begin_average`.
    """

    ONLY_FOR_TRAINING: ClassVar[frozenset[str]] = frozenset({"network"})
    """Modules that acting does not need, see :mod:`agents.pretrained.weights`."""

    MADE_WITH: ClassVar[tuple[str, ...]] = ("width", "hidden", "averaging")
    """Arguments beside spaces and learning rate, each kept as an attribute."""

    network: Network
    average: Network
    averaging: float

    def _begin_average(self, averaging: float, lr_schedule: Schedule) -> None:
        """Begins the average, and the network's optimiser.

        Args:
            averaging: Share of the new weights that a gradient step adds to the average.
            lr_schedule: Learning rate over the progress that remains.
        """
        self.averaging = averaging
        self.average = copy.deepcopy(self.network).requires_grad_(False)
        self.optimizer = self.optimizer_class(self.network.parameters(), lr=lr_schedule(1.0))  # type: ignore[call-arg]

    @torch.no_grad()
    def follow(self) -> None:
        """Moves the average towards the network."""
        for slow, fast in zip(self.average.parameters(), self.network.parameters(), strict=True):
            slow.lerp_(fast, self.averaging)

    def begin_from_average(self) -> None:
        """Lets training go on from weights of which the average alone is known."""
        self.network.load_state_dict(self.average.state_dict())

    def _predict(self, observation: PyTorchObs, deterministic: bool = False) -> torch.Tensor:
        name = type(self).__name__
        raise TypeError(f"{name} plays by its algorithm's policy_for(env), which remembers")

    def _get_constructor_parameters(self) -> dict[str, Any]:
        own = {name: getattr(self, name) for name in self.MADE_WITH}
        return super()._get_constructor_parameters() | {"lr_schedule": self._dummy_schedule} | own
