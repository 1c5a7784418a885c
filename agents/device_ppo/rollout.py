"""Rounds of a rollout by device, and the returns that realised rewards come to."""

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from asl_gym.arrays import Array, Float32

__all__ = ["Decided", "Played", "Samples", "samples_of"]


class Decided(NamedTuple):
    """A decision for B environments.

    Attributes:
        features: Upon what it was made, shape (B, N + 1, width).
        action: What was decided, split indices or positions of prices, shape (B, N).
        log_probability: How likely that was, shape (B, N).
        value: The return that was expected of each device, shape (B, N).
    """

    features: Float32
    action: NDArray[Any]
    log_probability: Float32
    value: Float32


class Played(NamedTuple):
    """A round of B environments.

    Attributes:
        decided: The decision.
        reward: Each device's, shape (B, N).
        ended: Whether the episode ended with it, shape (B,).
    """

    decided: Decided
    reward: Array
    ended: NDArray[np.bool_]


class Samples(NamedTuple):
    """Rounds to learn from, S of them.

    Attributes:
        features: Shape (S, N + 1, width).
        action: Shape (S, N).
        log_probability: Shape (S, N).
        returns: Shape (S, N).
    """

    features: torch.Tensor
    action: torch.Tensor
    log_probability: torch.Tensor
    returns: torch.Tensor


def samples_of(
    rounds: list[Played], following: Float32, gamma: float, gae_lambda: float
) -> Samples:
    """A rollout's rounds with the returns of each device, by TD(λ).

    An episode ends for good with its last round, whose number devices are shown.

    Args:
        rounds: The rounds, in order.
        following: The return that is expected after the last of them, shape (B, N).
        gamma: The discount γ.
        gae_lambda: λ of the generalised advantages (Schulman et al., 2016).
    """
    later: Array = following.astype(float)
    advantage, returns = np.zeros_like(later), []
    for played in reversed(rounds):
        goes_on = 1.0 - np.asarray(played.ended, dtype=float)[:, None]
        error = played.reward + gamma * goes_on * later - played.decided.value
        advantage = error + gamma * gae_lambda * goes_on * advantage
        returns.append((advantage + played.decided.value).astype(np.float32))
        later = played.decided.value.astype(float)
    stacked = [np.concatenate(each) for each in zip(*(r.decided[:3] for r in rounds), strict=True)]
    return Samples(*map(torch.as_tensor, (*stacked, np.concatenate(returns[::-1]))))
