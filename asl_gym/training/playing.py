"""The environment and the policy beside a training: decisions, clock and meter of each round."""

from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import numpy as np

from asl_gym.envs.actions import action_view
from asl_gym.policies.base import Policy, scenario_of
from asl_gym.scenario.scenario import Scenario
from asl_gym.scoring.fitting import PolicyFactory, build_policy, view_of
from asl_gym.validation.checks import FieldError

__all__ = ["Play", "scenario_to_train"]


class Play:
    """An episode of the environment, a round at a time.

    Args:
        env: The environment, in the view that the policy acts in.
        policy: The policy, or what builds it from the environment.
        seed: The episode's seed.

    Raises:
        FieldError: If the environment has another view than the policy's.
    """

    def __init__(self, env: gym.Env[Any, Any], policy: Policy | PolicyFactory, seed: int) -> None:
        self._env: Any = env.unwrapped
        self.scenario = scenario_to_train(self._env)
        self._policy: Any = build_policy(policy, self._env)
        view = view_of(self._policy, self.scenario)
        if action_view(view, self.scenario).space != self._env.action_space:
            allowed = f"action_view={view!r}, in which the policy acts"
            raise FieldError("env.action_space", self._env.action_space, allowed)
        if hasattr(self._policy, "begin_episode"):
            self._policy.begin_episode(seed)
        self._observation, _ = self._env.reset(seed=seed)
        self._state: Any = None
        self.round_index = 0

    def next_round(self) -> Mapping[str, Any]:
        """Plays a round.

        Returns:
            The environment's info: split points, delay, energy and so on.
        """
        start = np.array([self.round_index == 0])
        action, self._state = self._policy.predict(
            self._observation, state=self._state, episode_start=start, deterministic=True
        )
        self._observation, _, _, _, info = self._env.step(action)
        self.round_index += 1
        return dict(info)


def scenario_to_train(env: Any) -> Scenario:
    """The scenario of an environment, in which all devices train the same network.

    Raises:
        FieldError: If kinds of devices have networks of their own.
    """
    scenario = scenario_of(env)
    for group in scenario.groups:
        if group.workload != scenario.workload:
            allowed = "no kinds with networks of their own: one network is trained by all devices"
            raise FieldError("scenario.per_kind", group.workload.profile.name, allowed)
    return scenario
