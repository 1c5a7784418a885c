"""Environments of different scenarios as one ``VecEnv``."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv

from agents.fleets import FleetsVecEnv
from agents.generalist.scenarios import drawn_scenario
from agents.vec_env import BatchedVecEnv, NativeVecEnv, make_vec_env
from asl_gym.validation.checks import FieldError

__all__ = ["ScenariosVecEnv", "make_scenarios_vec_env"]

FIRST_SCENARIO_SEED = 1
"""Seed of the generator that all training scenarios are drawn from, one after another."""


class ScenariosVecEnv(FleetsVecEnv):
    """Several batches of environments, one a scenario, put end to end.

    Observations are padded with zeros, and actions with what is cut off again, to the most devices,
    columns and split points that a scenario has.

    Args:
        parts: The batches, with ``observation="devices"`` and ``action_view="split"``.
    """

    def __init__(self, parts: Sequence[NativeVecEnv]) -> None:
        self.parts = list(parts)
        self._ends = np.cumsum([part.num_envs for part in self.parts])
        shapes = np.array([part.observation_space.shape for part in self.parts])
        choices = max(int(part.action_space.nvec.max()) for part in self.parts)  # type: ignore[attr-defined]
        self._shape = tuple(map(int, shapes.max(axis=0)))
        observed = spaces.Box(-np.inf, np.inf, self._shape, np.float32)
        acts = spaces.MultiDiscrete([choices] * (self._shape[0] - 1))
        BatchedVecEnv.__init__(self, int(self._ends[-1]), observed, acts)

    def shown(self, observations: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """What each scenario's environments show, without what was padded."""
        shapes = (part.observation_space.shape for part in self.parts)
        return [
            own[:, : shape[0], : shape[1]]  # type: ignore[index]
            for own, shape in zip(self.split(observations), shapes, strict=True)
        ]

    def joined(self, actions: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
        """The scenarios' actions as one array, padded."""
        return self._padded(actions, self._shape[:1], np.int64, less=1)

    def _padded(
        self, arrays: Sequence[NDArray[Any]], shape: tuple[int, ...], dtype: Any, less: int = 0
    ) -> NDArray[Any]:
        padded = np.zeros((self.num_envs, *(size - less for size in shape)), dtype=dtype)
        for own, array in zip(self.split(padded), arrays, strict=True):
            own[tuple(slice(size) for size in array.shape)] = array
        return padded

    def _together(self, observations: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        return self._padded(observations, self._shape, np.float32)

    def step_async(self, actions: NDArray[Any]) -> None:
        """Keeps the actions for :meth:`step_wait`."""
        for part, own in zip(self.parts, self.split(actions), strict=True):
            part.step_async(own[:, : part.envs.scenario.num_devices])


def make_scenarios_vec_env(env_id: str, num_envs: int, scenarios: int, **env_kwargs: Any) -> VecEnv:
    """Builds environments that are spread evenly over random scenarios, always the same ones.

    Args:
        env_id: The environments' id.
        num_envs: Their number.
        scenarios: Number of scenarios, see :func:`agents.generalist.scenarios.drawn_scenario`.
        **env_kwargs: The environments' keyword arguments but the scenario.

    Raises:
        FieldError: (a ValueError) If the environments cannot be spread evenly.
    """
    if num_envs % scenarios:
        raise FieldError("scenarios", scenarios, f"a divisor of num_envs = {num_envs}")
    rng = np.random.default_rng(FIRST_SCENARIO_SEED)
    return ScenariosVecEnv(
        [
            make_vec_env(
                env_id, num_envs // scenarios, **{**env_kwargs, "scenario": drawn_scenario(rng)}
            )
            for _ in range(scenarios)
        ]
    )
