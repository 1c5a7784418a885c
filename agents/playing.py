"""What an evaluation takes of a trained model: the model itself, or the policy that it makes."""

from collections.abc import Callable
from typing import Any

from stable_baselines3.common.base_class import BaseAlgorithm

from asl_gym.policies.base import Policy

__all__ = ["as_policy"]


def as_policy(model: BaseAlgorithm) -> Policy | Callable[[Any], Policy]:
    """What :func:`asl_gym.evaluate` plays of a model.

    Args:
        model: A trained model.

    Returns:
        ``model.policy_for``, which builds a policy bound to an environment's scenario, if the
        model has that; else the model, whose ``predict`` is a policy's.
    """
    policy_for: Callable[[Any], Policy] | None = getattr(model, "policy_for", None)
    return model if policy_for is None else policy_for
