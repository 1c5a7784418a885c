"""What the network of all devices may decide: split points, or a price for each device.

The network says a distribution for each device. A decision is drawn from it by noise that is drawn
apart, so that one draw of noise can serve several rounds: each decision still has the distribution
that the network says, and those of a device's rounds err to the same side.
"""

import math
from typing import Any, ClassVar, Protocol

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray

from asl_gym.arrays import Array, Float32
from asl_gym.envs.actions import ActionViewName

__all__ = ["DeviceActions", "Prices", "SplitPoints", "actions_in"]


class DeviceActions(Protocol):
    """A kind of decision of B environments of N devices, from outputs of shape (B, N, K)."""

    view: ClassVar[ActionViewName]

    @staticmethod
    def noise(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """Noise to draw decisions by.

        Args:
            shape: That of the outputs.
            rng: The generator.
        """
        ...

    @staticmethod
    def distribution(outputs: torch.Tensor) -> torch.Tensor:
        """What says the distribution, of the same shape as the network's outputs."""
        ...

    @staticmethod
    def draw(said: Float32, noise: Array, deviation: float) -> NDArray[Any]:
        """Decisions, shape (B, N).

        Args:
            said: From :meth:`distribution`.
            noise: From :meth:`noise`.
            deviation: Standard deviation of what is drawn, where that has one.
        """
        ...

    @staticmethod
    def log_probability(said: torch.Tensor, action: torch.Tensor, deviation: float) -> torch.Tensor:
        """How likely decisions of shape (B, N) are, shape (B, N)."""
        ...

    @staticmethod
    def entropy(said: torch.Tensor, deviation: float) -> torch.Tensor:
        """The distributions' mean entropy, shape ()."""
        ...

    @staticmethod
    def best(outputs: torch.Tensor) -> torch.Tensor:
        """What is played once training has ended, shape (B, N)."""
        ...


class SplitPoints:
    """One of K split points, by the softmax of K outputs; the likeliest is played."""

    view: ClassVar[ActionViewName] = "split"

    @staticmethod
    def noise(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """See :meth:`DeviceActions.noise`."""
        return rng.gumbel(size=shape)

    @staticmethod
    def distribution(outputs: torch.Tensor) -> torch.Tensor:
        """Logarithms of the split points' probabilities."""
        return outputs.log_softmax(dim=-1)

    @staticmethod
    def draw(said: Float32, noise: Array, deviation: float) -> NDArray[np.int64]:
        """See :meth:`DeviceActions.draw`."""
        # The greatest of logits with Gumbel noise is a draw from their softmax.
        return np.asarray((said + noise).argmax(axis=-1))

    @staticmethod
    def log_probability(said: torch.Tensor, action: torch.Tensor, deviation: float) -> torch.Tensor:
        """See :meth:`DeviceActions.log_probability`."""
        return said.gather(-1, action[..., None])[..., 0]

    @staticmethod
    def entropy(said: torch.Tensor, deviation: float) -> torch.Tensor:
        """See :meth:`DeviceActions.entropy`."""
        return -(said.exp() * said).sum(dim=-1).mean()

    @staticmethod
    def best(outputs: torch.Tensor) -> torch.Tensor:
        """See :meth:`DeviceActions.best`."""
        return outputs.argmax(dim=-1)


class Prices:
    """Where a price lies on the view's log scale, normal round the one output, which is played.

    What lies beyond an end of the scale is played as that end.
    """

    view: ClassVar[ActionViewName] = "price"

    @staticmethod
    def noise(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """See :meth:`DeviceActions.noise`."""
        return rng.standard_normal(shape)

    @staticmethod
    def distribution(outputs: torch.Tensor) -> torch.Tensor:
        """The means."""
        return outputs

    @staticmethod
    def draw(said: Float32, noise: Array, deviation: float) -> Float32:
        """See :meth:`DeviceActions.draw`."""
        return np.asarray((said + deviation * noise)[..., 0], dtype=np.float32)

    @staticmethod
    def log_probability(said: torch.Tensor, action: torch.Tensor, deviation: float) -> torch.Tensor:
        """See :meth:`DeviceActions.log_probability`."""
        away = (action - said[..., 0]) / deviation
        return -0.5 * away.square() - math.log(deviation * math.sqrt(2.0 * math.pi))

    @staticmethod
    def entropy(said: torch.Tensor, deviation: float) -> torch.Tensor:
        """See :meth:`DeviceActions.entropy`."""
        return torch.tensor(0.5 + math.log(deviation * math.sqrt(2.0 * math.pi)))

    @staticmethod
    def best(outputs: torch.Tensor) -> torch.Tensor:
        """See :meth:`DeviceActions.best`."""
        return outputs[..., 0].clamp(-1.0, 1.0)


def actions_in(space: spaces.Space[Any], devices: int) -> tuple[DeviceActions, int]:
    """The kind of decision in an action space of N devices, and how many outputs it takes of each.

    Args:
        space: The action space.
        devices: Number of devices N.

    Raises:
        ValueError: If the space is that of another view than ``split`` and ``price``, or devices
            have different numbers of choices.
    """
    if isinstance(space, spaces.MultiDiscrete) and (space.nvec == space.nvec[0]).all():
        return SplitPoints(), int(space.nvec[0])
    if isinstance(space, spaces.Box) and space.shape == (devices,):
        return Prices(), 1
    raise ValueError(
        f"action_space = {space}: expected that of action_view='price', or of action_view='split' "
        "with as many choices for each device"
    )
