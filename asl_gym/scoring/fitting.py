"""Fitting a policy to an environment: building it, and the views that it acts in and sees."""

from collections.abc import Callable
from typing import Any

import gymnasium as gym

from asl_gym.envs.actions import DEFAULT_VIEW, action_view, views_of
from asl_gym.envs.observations import OBSERVATION_VIEWS, observation_codec
from asl_gym.policies.base import Policy
from asl_gym.scenario.scenario import Scenario
from asl_gym.validation.checks import one_of

__all__ = ["PolicyFactory", "build_policy", "observation_view_of", "view_of"]

PolicyFactory = Callable[[Any], Policy]


def build_policy(policy: Policy | PolicyFactory, env: gym.Env[Any, Any]) -> Policy:
    """Returns a policy that is given as itself or as what builds it from an environment.

    Raises:
        TypeError: If the result has no ``predict``.
    """
    built = policy
    if callable(policy) and (isinstance(policy, type) or not hasattr(policy, "predict")):
        built = policy(env)
    if not isinstance(built, Policy):
        raise TypeError(f"{built!r} has no predict(): expected a policy or what builds one")
    return built


def view_of(policy: Any, scenario: Scenario) -> str:
    """The action view that a policy acts in.

    Its ``action_view`` if it has one; else the view whose space is its ``action_space`` (which
    stable-baselines3's models have); else ``"split"``.

    Raises:
        ValueError: If its ``action_space`` is that of no view in this scenario.
    """
    if hasattr(policy, "action_view"):
        return one_of("action_view", policy.action_view, tuple(views_of(scenario)))
    space = getattr(policy, "action_space", None)
    if space is None:
        return DEFAULT_VIEW
    for name in views_of(scenario):
        if action_view(name, scenario).space == space:
            return name
    names = ", ".join(views_of(scenario))
    raise ValueError(
        f"the policy acts in {space}, which is no view of {scenario.num_devices} devices with "
        f"{scenario.split_points.most} split points: expected one of {names}"
    )


def observation_view_of(policy: Any, scenario: Scenario) -> str:
    """The observation view that a policy sees.

    Its ``observation_view`` if it has one; else the view whose space has the shape of its
    ``observation_space`` (which stable-baselines3's models have); else ``"flat"``.

    Raises:
        ValueError: If its ``observation_space`` has the shape of no view in this scenario.
    """
    if hasattr(policy, "observation_view"):
        return one_of("observation_view", policy.observation_view, tuple(OBSERVATION_VIEWS))
    space = getattr(policy, "observation_space", None)
    if space is None:
        return "flat"
    shapes = {name: observation_codec(name, scenario).space.shape for name in OBSERVATION_VIEWS}
    for name, shape in shapes.items():
        if space.shape == shape:
            return name
    raise ValueError(
        f"the policy was made for observations of shape {space.shape}: expected one of "
        + ", ".join(f"{shape} ({name})" for name, shape in shapes.items())
    )
