"""The native vector environment as a stable-baselines3 ``VecEnv``."""

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices

from asl_gym import ASLVectorEnv, Trace

__all__ = ["BatchedVecEnv", "NativeVecEnv", "make_vec_env"]

INFO_KEYS = ("delay", "energy", "cost", "queue", "battery")
"""Entries of the vector env's info that each environment's info dictionary carries, where it has
them."""


class BatchedVecEnv(VecEnv):
    """A ``VecEnv`` whose environments are rows of a batch: what rows cannot do alone is refused."""

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        """Refused: the environments of a batch share their attributes."""
        raise AttributeError(f"cannot set {attr_name!r}: the environments of a batch share it")

    def env_method(
        self, method_name: str, *args: Any, indices: VecEnvIndices = None, **kwargs: Any
    ) -> list[Any]:
        """Refused: the environments of a batch have no methods of their own."""
        raise AttributeError(f"cannot call {method_name!r} on single environments of a batch")

    def env_is_wrapped(
        self, wrapper_class: type[gym.Wrapper[Any, Any, Any, Any]], indices: VecEnvIndices = None
    ) -> list[bool]:
        """The batched environments are never wrapped."""
        return [False] * len(list(self._get_indices(indices)))


class NativeVecEnv(BatchedVecEnv):
    """Hands stable-baselines3 the batched environment, without a Python loop over environments.

    Args:
        envs: The vector environment, with ``AutoresetMode.SAME_STEP``, which is how
            stable-baselines3 expects environments to reset.

    Attributes:
        played: The info of the last round in arrays, an entry or a row an environment.

    Raises:
        ValueError: If it resets in another mode.
    """

    def __init__(self, envs: ASLVectorEnv) -> None:
        mode = envs.metadata["autoreset_mode"]
        if mode != AutoresetMode.SAME_STEP:
            raise ValueError(f"autoreset_mode = {mode}: expected AutoresetMode.SAME_STEP")
        self.envs = envs
        self._actions: NDArray[Any] | None = None
        self.played: dict[str, Any] = {}
        super().__init__(envs.num_envs, envs.single_observation_space, envs.single_action_space)
        self.render_mode = envs.render_mode

    def reset(self) -> NDArray[np.float32]:
        """Resets all environments, with the seeds and options given before.

        Raises:
            ValueError: If some environments have a trace to play and others none.
        """
        seeds = self._seeds if any(seed is not None for seed in self._seeds) else None
        observations, info = self.envs.reset(seed=seeds, options=self._common_options())
        self.reset_infos = _by_row(info)
        self._reset_seeds()
        self._reset_options()
        return observations

    def _common_options(self) -> dict[str, Any]:
        """The options of all environments as those of the batch."""
        names = {name for options in self._options for name in options}
        if not names:
            return {}
        for options in self._options:
            if set(options) != names:
                raise ValueError(f"options = {options!r}: expected {sorted(names)} as in others")
        if names != {"trace"}:
            return self._options[0]  # The environment names what it does not know.
        return {"trace": Trace.stack([options["trace"] for options in self._options])}

    def get_images(self) -> Sequence[NDArray[np.uint8] | None]:
        """The environments' pictures, with ``render_mode="rgb_array"``.

        Raises:
            ValueError: If they were made with another mode.
        """
        if self.envs.render_mode != "rgb_array":
            raise ValueError(
                f"render_mode = {self.envs.render_mode!r}: expected 'rgb_array' for pictures"
            )
        return self.envs.render() or ()

    def step_async(self, actions: NDArray[Any]) -> None:
        """Keeps the actions for :meth:`step_wait`."""
        self._actions = actions

    def step_wait(
        self,
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_], list[dict[str, Any]]]:
        """Plays the round."""
        observations, rewards, _, truncated, info = self.envs.step(self._actions)
        self.played = info.get("final_info", info)
        infos = _by_row(self.played)
        for i in np.flatnonzero(truncated):
            infos[i]["terminal_observation"] = info["final_obs"][i]
            infos[i]["TimeLimit.truncated"] = True
        return observations, rewards.astype(np.float32), truncated, infos

    def close(self) -> None:
        """Closes the vector environment."""
        self.envs.close()

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """The vector environment's attribute, once an environment."""
        return [getattr(self.envs, attr_name) for _ in self._get_indices(indices)]


def _by_row(info: dict[str, Any]) -> list[dict[str, Any]]:
    """An info dictionary an environment, of :data:`INFO_KEYS`."""
    keys = [key for key in INFO_KEYS if key in info]
    columns = [info[key].tolist() for key in keys]
    return [dict(zip(keys, values, strict=True)) for values in zip(*columns, strict=True)]


def make_vec_env(env_id: str, num_envs: int, **env_kwargs: Any) -> NativeVecEnv:
    """Builds ``num_envs`` environments of that id as one batch for stable-baselines3."""
    envs = gym.make_vec(
        env_id, num_envs, autoreset_mode=AutoresetMode.SAME_STEP.value, **env_kwargs
    )
    return NativeVecEnv(envs)  # type: ignore[arg-type]
