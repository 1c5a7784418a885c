"""What the compiled round knows of batteries beside :mod:`asl_gym.envs.memory`, in one array."""

from typing import NamedTuple

import numpy as np

from asl_gym.arrays import Array
from asl_gym.compiling import inlined
from asl_gym.envs.memory import Sizes
from asl_gym.envs.rewards import EXCESS_DELAY, Reward
from asl_gym.scenario.scenario import Scenario

__all__ = ["Store", "battery_memory", "charges_in", "store_of"]

HEADER = 5


class Store(NamedTuple):
    """Constants of batteries and what an episode carries of them.

    Attributes:
        trickle_power: The backup charger's power ϖ [W].
        horizon: Rounds of an episode.
        day: Rounds of a day.
        over_least: 1 where the reward counts from the least delay, else 0.
        cloud_shown: 1 where clouds are observed, else 0.
        capacities: C [J], shape (N,).
        initial: B(0) [J], shape (N,).
        energies: Ê [J], shape (N,).
        units: What a second is worth as a reward, shape (N,).
        sines: Sine of the time of day of each of its rounds, shape (day,).
        cosines: Cosine, likewise.
        charges: What batteries hold [J], shape (B·N,), those of a row one after another.
    """

    trickle_power: float
    horizon: float
    day: int
    over_least: float
    cloud_shown: float
    capacities: Array
    initial: Array
    energies: Array
    units: Array
    sines: Array
    cosines: Array
    charges: Array


def battery_memory(scenario: Scenario, num_rows: int, reward: Reward) -> Array:
    """The numbers of a :class:`Store` one after another, for full batteries at the start.

    Args:
        scenario: A scenario with batteries.
        num_rows: Environments B.
        reward: Which reward.
    """
    batteries, energies = scenario.batteries, scenario.fastest_energies
    assert batteries is not None
    day, over_least = batteries.rounds_per_day, reward == EXCESS_DELAY
    initial, trickle = batteries.initial_charges(energies), batteries.trickle_power_w
    per_second = trickle / energies if over_least else np.full_like(energies, 1.0)
    units = -per_second if over_least else -per_second / scenario.reference_delay
    angle = 2.0 * np.pi * (np.arange(day) + 0.5) / day
    header = trickle, scenario.horizon, day, over_least, batteries.cloud_shown
    constants = batteries.capacities(energies), initial, energies, units, np.sin(angle)
    parts = (header, *constants, np.cos(angle), np.tile(initial, num_rows))
    return np.concatenate([np.asarray(part, dtype=float) for part in parts])


def charges_in(memory: Array, lanes: int) -> Array:
    """What batteries hold [J], a view of the memory, shape (B·N,)."""
    return memory[memory.size - lanes :]


@inlined
def store_of(memory: Array, z: Sizes) -> Store:
    """The store by name, views of the one array."""
    n, day = z.devices, int(memory[2])
    of_devices = memory[HEADER : HEADER + 4 * n].reshape(4, n)
    start = HEADER + 4 * n
    return Store(
        memory[0],
        memory[1],
        day,
        memory[3],
        memory[4],
        of_devices[0],
        of_devices[1],
        of_devices[2],
        of_devices[3],
        memory[start : start + day],
        memory[start + day : start + 2 * day],
        memory[start + 2 * day :],
    )
