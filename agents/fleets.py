"""Environments of several fleets of one size as one ``VecEnv``, for agents that must generalise."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices

from agents.vec_env import BatchedVecEnv, NativeVecEnv, make_vec_env
from asl_gym.policies.base import scenario_of

__all__ = ["FIRST_FLEET_SEED", "FleetsVecEnv", "make_fleets_vec_env"]

FIRST_FLEET_SEED = 10_000
"""Seed of the first fleet drawn for training; fleets for evaluation have smaller seeds."""


class FleetsVecEnv(BatchedVecEnv):
    """Several batches of environments, one a fleet, put end to end.

    Args:
        parts: The batches, with equal spaces.
    """

    def __init__(self, parts: Sequence[NativeVecEnv]) -> None:
        self.parts = list(parts)
        self._ends = np.cumsum([part.num_envs for part in self.parts])
        first = self.parts[0]
        for part in self.parts:
            shapes = [each.observation_space.shape for each in (part, first)]
            if shapes[0] != shapes[1] or part.action_space != first.action_space:
                raise ValueError(f"spaces differ: {part.action_space}, {first.action_space}")
        super().__init__(int(self._ends[-1]), first.observation_space, first.action_space)

    def split(self, values: NDArray[Any]) -> list[NDArray[Any]]:
        """Cuts what has an entry an environment into what belongs to each fleet."""
        return np.split(values, self._ends[:-1])

    def _together(self, observations: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """The fleets' observations as one array."""
        return np.concatenate(observations)

    def reset(self) -> NDArray[np.float32]:
        """Resets all environments, with the seeds given to ``seed`` before."""
        for part, own in zip(self.parts, self.split(np.arange(self.num_envs)), strict=True):
            part._seeds = [self._seeds[i] for i in own]
            part._options = [self._options[i] for i in own]
        observations = self._together([part.reset() for part in self.parts])
        self.reset_infos = [info for part in self.parts for info in part.reset_infos]
        self._reset_seeds()
        self._reset_options()
        return observations

    def step_async(self, actions: NDArray[Any]) -> None:
        """Keeps the actions for :meth:`step_wait`."""
        for part, own in zip(self.parts, self.split(actions), strict=True):
            part.step_async(own)

    def step_wait(
        self,
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_], list[dict[str, Any]]]:
        """Plays the round."""
        steps = [part.step_wait() for part in self.parts]
        rewards, dones = (np.concatenate([s[i] for s in steps]) for i in (1, 2))
        observations = self._together([s[0] for s in steps])
        return observations, rewards, dones, [info for step in steps for info in step[3]]

    def played(self, name: str) -> NDArray[Any]:
        """An entry of the last round's info, of all environments."""
        return np.concatenate([part.played[name] for part in self.parts])

    def close(self) -> None:
        """Closes the batches."""
        for part in self.parts:
            part.close()

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """The batches' attribute, once an environment."""
        values = [value for part in self.parts for value in part.get_attr(attr_name)]
        return [values[i] for i in self._get_indices(indices)]


def make_fleets_vec_env(env_id: str, num_envs: int, fleets: int, **env_kwargs: Any) -> VecEnv:
    """Builds environments that are spread evenly over fleets.

    Args:
        env_id: The environments' id.
        num_envs: Their number.
        fleets: Number of fleets: the scenario's own, and others of its size drawn by the law of
            :meth:`asl_gym.Scenario.with_num_devices` from :data:`FIRST_FLEET_SEED` on.
        **env_kwargs: The environments' keyword arguments.

    Raises:
        ValueError: If the environments cannot be spread evenly.
    """
    if fleets < 1 or num_envs % fleets:
        raise ValueError(f"fleets = {fleets}: expected a divisor of num_envs = {num_envs}")
    own = make_vec_env(env_id, num_envs // fleets, **env_kwargs)
    scenario = scenario_of(own.envs)
    parts = [own]
    for seed in range(FIRST_FLEET_SEED, FIRST_FLEET_SEED + fleets - 1):
        drawn = scenario.with_num_devices(scenario.num_devices, seed=seed)
        arguments = {**env_kwargs, "scenario": drawn}
        parts.append(make_vec_env(env_id, own.num_envs, **arguments))
    return FleetsVecEnv(parts)
