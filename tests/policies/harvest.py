"""What tests of policies on batteries share: scenarios, and episodes played to their end."""

from collections.abc import Callable, Sequence
from typing import Any

import gymnasium as gym
import numpy as np

from asl_gym import Scenario, preset
from asl_gym.arrays import Array
from asl_gym.model.batteries import Batteries
from asl_gym.scoring.fitting import view_of


def short_scenario(**changes: Any) -> Scenario:
    """The preset with three devices and two days of 24 rounds, and other batteries."""
    batteries = Batteries(**{"rounds_per_day": 24, "capacity": 16.0} | changes)
    return preset("harvest").with_num_devices(3).replace(batteries=batteries, horizon=48)


def played(
    build: Callable[[Any], Any], scenario: Scenario, seeds: Sequence[int]
) -> tuple[Array, list[Array]]:
    """Plays a policy in the environment.

    Returns:
        Each device's total delay [s], shape (S, N), and the split indices of each round.
    """
    policy = build(scenario)
    view = view_of(policy, scenario)
    env: Any = gym.make_vec(
        "ASLHarvest-v0", num_envs=len(seeds), scenario=scenario, action_view=view
    )
    observations, _ = env.reset(seed=[int(seed) for seed in seeds])
    total, splits, state = np.zeros((len(seeds), scenario.num_devices)), [], None
    for t in range(scenario.horizon):
        starts = np.full(len(seeds), t == 0)
        action, state = policy.predict(observations, state, starts)
        observations, _, _, _, info = env.step(action)
        total += info["device_delay"]
        splits.append(np.array(info["split_index"]))
    env.close()
    return total, splits
