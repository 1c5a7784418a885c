"""Devices on batteries that the sun charges: what they hold, wait for and harvest.

A round that takes more energy e than the battery holds, B, waits until a backup charger of power ϖ
has brought the rest; what is harvested in a round comes in at its end:

    wait     (e − B)⁺/ϖ                                               [s]
    battery  B(t+1) = min(C, (B(t) − e)⁺ + H(t))                      [J]
    harvest  H(t) = mean·Ê (sun·π max(0, sin(2π(t + ½)/day)) g(t) + floor)  [J]

Ê is the mean energy of the device's fastest split, in which batteries and harvests are measured, so
that each device has as much of them for its kind. The sun's shape has the mean 1 over a day. Its
clouds g are a Markov chain with two states, each kept with the same probability, that starts from
its stationary distribution. At the end of an episode what a battery holds less than at its start is
charged at ϖ, (B(0) − B(T))⁺/ϖ, so that nobody wins by draining it. Harvest is credited a round,
however long the round really is: else what one device does would change what others harvest.
Where harvests were measured (:class:`asl_gym.MeasuredHarvest`), H(t) = mean·Ê·m(t), a measured m
that has the mean 1, and the other fields of the sun and the sky have no part in it.

The model is this project's own, in the field's standard form: S. Ulukus et al., "Energy Harvesting
Wireless Communications: A Review of Recent Advances", IEEE JSAC 33(3), 2015, whose batteries are
finite and whose harvest arrives in slots.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from asl_gym.arrays import Array
from asl_gym.compiling import inlined
from asl_gym.model import limits
from asl_gym.validation.checks import SHARE, FieldError, numbers_tuple
from asl_gym.validation.fields import Declared, count, declared, instance, quantity

__all__ = [
    "CLOUDY",
    "Batteries",
    "charge_after",
    "end_charge",
    "lane_charge_after",
    "lane_end_charge",
    "lane_priced_delay",
    "lane_wait",
    "priced_delay",
    "wait",
]

CLOUDY, CLEAR = 0, 1
"""States of the sky, indices into the cloud factors."""


def wait(energy: Any, charge: Any, trickle_power_w: Any) -> Any:
    """(e − B)⁺/ϖ: how long a device waits for what its battery lacks [s]; arguments broadcast.

    Args:
        energy: What the device spends in the round [J].
        charge: What its battery holds before it [J].
        trickle_power_w: Power of the backup charger ϖ [W].
    """
    return np.maximum(energy - charge, 0.0) / trickle_power_w


def charge_after(charge: Any, energy: Any, harvest: Any, capacity: Any) -> Any:
    """min(C, (B − e)⁺ + H): what a battery holds after a round [J]; arguments broadcast.

    Args:
        charge: What it holds before the round [J].
        energy: What the device spends in it [J].
        harvest: What is harvested in it [J].
        capacity: What the battery can hold [J].
    """
    return np.minimum(np.maximum(charge - energy, 0.0) + harvest, capacity)


def end_charge(start: Any, end: Any, trickle_power_w: Any) -> Any:
    """(B(0) − B(T))⁺/ϖ: how long it takes to charge what an episode drained [s].

    Args:
        start: What the battery held before the first round [J].
        end: What it holds after the last [J].
        trickle_power_w: Power of the backup charger ϖ [W].
    """
    return np.maximum(start - end, 0.0) / trickle_power_w


def priced_delay(wait_delay: Any, charge_kept: Any, price: Any) -> Any:
    """D − price·B′: what an option costs at a price of what its battery holds afterwards [s].

    What a full battery could not have kept costs nothing then.

    Args:
        wait_delay: Delay with its wait D [s].
        charge_kept: What the battery holds after the round B′ [J], see :func:`charge_after`.
        price: What a joule is worth [s/J], from 0 to 1/ϖ, above which waiting is cheaper.
    """
    return wait_delay - price * charge_kept


lane_wait, lane_charge_after = inlined(wait), inlined(charge_after)
lane_end_charge, lane_priced_delay = inlined(end_charge), inlined(priced_delay)
"""The same for compiled loops, number by number."""


def _factors(field: str, values: Any) -> tuple[float, ...]:
    factors = numbers_tuple(field, values, 2, limits.HARVEST)
    if factors[CLOUDY] > factors[CLEAR]:
        raise FieldError(field, factors, "the factor under clouds, then one that is no less")
    return factors


@dataclass(frozen=True)
class Batteries(Declared):
    """The devices' batteries, what charges them, and what of it the controller is shown.

    Attributes:
        trickle_power_w: Power of the backup charger ϖ [W].
        capacity: What a battery can hold, in multiples of Ê.
        initial_charge: What it holds before the first round, as a share of its capacity.
        mean_harvest: Mean harvest of a round, in multiples of Ê, where the mean of clouds is 1.
        sun_share: Share of the mean harvest that follows the sun.
        floor_share: Share that comes in every round, by night too.
        rounds_per_day: Rounds from one dawn, with which episodes begin, to the next.
        cloud_factors: What the sun's part is multiplied by under clouds and under a clear sky.
        cloud_persistence: Probability that the sky stays as it is from one round to the next.
        cloud_shown: Whether the controller is shown the sky over each device.
    """

    trickle_power_w: float = quantity(limits.POWER, default=0.02)
    capacity: float = quantity(limits.CAPACITY, default=64.0)
    initial_charge: float = quantity(SHARE, default=0.1)
    mean_harvest: float = quantity(limits.HARVEST, default=2.0)
    sun_share: float = quantity(SHARE, default=0.95)
    floor_share: float = quantity(SHARE, default=0.05)
    rounds_per_day: int = count(1, limits.MAX_ROUNDS, default=96)
    cloud_factors: tuple[float, float] = declared(_factors, default=(0.3, 1.7))
    cloud_persistence: float = quantity(SHARE, default=0.9)
    cloud_shown: bool = instance(bool, default=True)

    PREFIX = "batteries."

    def capacities(self, fastest_energies: Array) -> Array:
        """What batteries can hold C [J], shape (N,).

        Args:
            fastest_energies: Ê, the mean energy of each device's fastest split [J], shape (N,).
        """
        return np.asarray(self.capacity * fastest_energies)

    def initial_charges(self, fastest_energies: Array) -> Array:
        """What they hold before the first round B(0) [J], shape (N,)."""
        return np.asarray(self.initial_charge * self.capacities(fastest_energies))

    def sunshine(self) -> Array:
        """π max(0, sin(2π(t + ½)/day)) of each round of a day, shape (day,)."""
        angle = 2.0 * np.pi * (np.arange(self.rounds_per_day) + 0.5) / self.rounds_per_day
        return np.asarray(np.pi * np.maximum(np.sin(angle), 0.0))

    def harvest_factors(self) -> Array:
        """H/Ê under clouds and under a clear sky, of each round of a day, shape (2, day)."""
        sun = self.sun_share * self.sunshine() * np.asarray(self.cloud_factors)[:, None]
        return np.asarray(self.mean_harvest * (sun + self.floor_share))
