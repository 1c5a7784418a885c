"""What an evaluation takes of a trained model: the model itself, or the policy that it makes."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.vec_env import VecNormalize

from asl_gym.policies.base import Policy
from asl_gym.validation.checks import FieldError

__all__ = ["as_policy", "with_statistics"]


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


def with_statistics(model: BaseAlgorithm, path: str | Path) -> BaseAlgorithm:
    """Gives a model the statistics of the ``VecNormalize`` that it was trained under.

    Args:
        model: The model, loaded from its zip file.
        path: The file that ``VecNormalize.save`` wrote. It is a pickle: loading one runs the code
            in it, so only your own is safe.

    Returns:
        The model, which :func:`asl_gym.evaluate` then shows normalised observations.

    Raises:
        FieldError: If the file holds anything else, or statistics of other observations.
    """
    with Path(path).open("rb") as file:
        statistics = pickle.load(file)
    if not isinstance(statistics, VecNormalize):
        raise FieldError("path", str(path), "a file that VecNormalize.save wrote")
    shape = model.observation_space.shape
    # Where rewards alone were normalised there are no statistics of observations.
    mean: Any = getattr(statistics.obs_rms, "mean", None) if statistics.norm_obs else None
    if statistics.norm_obs and np.shape(mean) != shape:
        allowed = f"statistics of observations of shape {shape}"
        raise FieldError("path", str(path), allowed)
    model._vec_normalize_env = statistics
    return model
