"""Observations as a model of stable-baselines3 was trained on them, where that was normalised.

``VecNormalize`` and Gymnasium's ``NormalizeObservation`` stand between environment and model in
training; a model that is fed raw observations afterwards plays far below itself, without a word.
Their statistics are applied where the model still has them, and it is refused where it lacks them.
"""

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.wrappers import NormalizeObservation

from asl_gym.policies.base import Policy

__all__ = ["as_trained"]

WAYS_OUT = (
    "give the model its statistics, model = PPO.load(zip, env=VecNormalize.load(pkl, envs)) or "
    "agents.playing.with_statistics(model, pkl), or a policy whose predict() normalises"
)


class _Normalising:
    """A policy behind the normalisation of observations."""

    def __init__(self, policy: Policy, normalise: Callable[[Any], Any]) -> None:
        self._policy, self._normalise = policy, normalise

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[Any, Any]:
        seen = self._normalise(observation)
        return self._policy.predict(seen, state, episode_start, deterministic)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._policy, name)


def as_trained(policy: Policy) -> Policy:
    """The policy, behind the normalisation of observations that it was trained with.

    Raises:
        ValueError: If it was trained on normalised observations and lacks the statistics.
    """
    if not hasattr(policy, "get_vec_normalize_env"):
        return policy
    vec_normalize = policy.get_vec_normalize_env()
    if vec_normalize is not None:
        return (
            _Normalising(policy, vec_normalize.normalize_obs) if vec_normalize.norm_obs else policy
        )
    wrappers = list(_wrappers(policy))
    if len(wrappers) == 1:
        return _Normalising(policy, _frozen(wrappers[0]))
    if len(wrappers) > 1:
        raise ValueError(
            f"policy = {policy!r} was trained in {len(wrappers)} environments with "
            "NormalizeObservation, each with statistics of its own: expected one, or VecNormalize"
        )
    _check_raw(policy)
    return policy


def _check_raw(policy: Any) -> None:
    """Refuses a model that saw other observations than the environment's."""
    space = policy.observation_space
    if isinstance(space, gym.spaces.Box) and not space.is_bounded("both"):
        wrapper = "NormalizeObservation or another wrapper whose observations have no bounds"
        raise ValueError(f"policy = {policy!r} was trained behind {wrapper}: {WAYS_OUT}")
    raw, last = (getattr(policy, name, None) for name in ("_last_original_obs", "_last_obs"))
    if raw is None or last is None:
        return
    told = f"policy = {policy!r} was trained under VecNormalize, whose statistics are saved apart"
    if not all(space.contains(each) for each in np.asarray(last)):
        raise ValueError(f"{told}: {WAYS_OUT}")
    # On-policy algorithms keep raw observations under VecNormalize alone. It may have normalised
    # rewards only, since the last observations are within the environment's bounds.
    if not hasattr(policy, "replay_buffer"):
        warnings.warn(f"{told}; if it normalised observations, {WAYS_OUT}", stacklevel=2)


def _wrappers(policy: Any) -> Iterator[NormalizeObservation[Any, Any, Any]]:
    """Gymnasium's wrappers around the environments of the model, where it has them."""
    layer = policy.get_env()
    while hasattr(layer, "venv"):
        layer = layer.venv
    envs = getattr(layer, "envs", None)
    for env in envs if isinstance(envs, list) else ():
        while isinstance(env, gym.Wrapper):
            if isinstance(env, NormalizeObservation):
                yield env
            env = env.env


def _frozen(wrapper: NormalizeObservation[Any, Any, Any]) -> Callable[[Any], Any]:
    """What the wrapper does to an observation, without learning from it."""
    statistics, epsilon = wrapper.obs_rms, wrapper.epsilon

    def normalise(observation: Any) -> Any:
        return np.float32((observation - statistics.mean) / np.sqrt(statistics.var + epsilon))

    return normalise
