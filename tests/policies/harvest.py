"""What tests of policies on batteries share: scenarios, and episodes played to their end."""

from collections.abc import Callable, Sequence
from typing import Any

import gymnasium as gym
import numpy as np

from asl_gym import Scenario, preset
from asl_gym.arrays import Array
from asl_gym.model.batteries import Batteries
from asl_gym.scoring.fitting import view_of
from tests.strategies import Maker


def short_scenario(**changes: Any) -> Scenario:
    """The preset with three devices and two days of 24 rounds, and other batteries."""
    batteries = Batteries(**{"rounds_per_day": 24, "capacity": 16.0} | changes)
    return preset("harvest").with_num_devices(3).replace(batteries=batteries, horizon=48)


def made_scenario(number: int) -> Scenario:
    """A small made-up scenario on batteries."""
    made = Maker(number)
    cloudy = made.or_else(made.rng.uniform(0.0, 1.0), 0.0)
    batteries = Batteries(
        trickle_power_w=made.log(1e-3, 1.0),
        capacity=made.log(0.5, 20.0),
        initial_charge=made.pick(0.0, 1.0, made.rng.uniform(0.0, 1.0)),
        mean_harvest=made.or_else(made.log(0.1, 4.0), 0.0),
        sun_share=made.rng.uniform(0.0, 1.0),
        floor_share=made.or_else(made.rng.uniform(0.0, 1.0), 0.0),
        rounds_per_day=int(made.rng.integers(1, 9)),
        cloud_factors=(cloudy, cloudy + made.rng.uniform(0.0, 2.0)),
        cloud_persistence=made.rng.uniform(0.0, 1.0),
        cloud_shown=bool(made.rng.integers(2)),
    )
    return Scenario(
        fleet=made.fleet(3),
        server=made.server(),
        radio=made.radio(),
        workload=made.workload(4, payload=True),
        batteries=batteries,
        horizon=int(made.rng.integers(1, 13)),
    )


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
