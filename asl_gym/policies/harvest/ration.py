"""Rationing: from the afternoon on a device spends what lasts to the next sunrise."""

from typing import Any

import numpy as np

from asl_gym.arrays import Array, Splits
from asl_gym.policies.harvest.base import HarvestRule
from asl_gym.policies.harvest.shown import BatteryRound
from asl_gym.solvers.sequential import cheapest_options
from asl_gym.validation.checks import SHARE, number

__all__ = ["RationToSunrise"]

AFTERNOON = 0.375
"""Part of the day from dawn to dawn after which devices ration: midway between noon and dusk, the
best of 0, ¼, ⅜, 7/16 and ½ on the seeds that prices are tuned on."""


class RationToSunrise(HarvestRule):
    """Plays the fastest option that an even share of what lasts to the next sunrise allows.

    What lasts is the charge and what the sun brings on average until then, at most what the battery
    holds. The average is that of the weather's law, or of the file's days where harvests were
    measured. If no option is as cheap as that, the cheapest is played. Before the afternoon the
    fastest option is.

    Args:
        env: The environment or scenario.
        afternoon: Part of the day after which devices ration, from one dawn, 0, to the next, 1.
    """

    def __init__(self, env: Any, afternoon: float = AFTERNOON) -> None:
        super().__init__(env)
        self.afternoon = number("afternoon", afternoon, SHARE)
        batteries, measured = self.batteries, self.harvest
        days = measured.day_factors(batteries) if measured else batteries.harvest_factors()
        mean = days.mean(axis=0)
        to_sunrise = np.cumsum(mean[::-1])[::-1]
        self._expected = to_sunrise[:, None] * self.scenario.fastest_energies

    def cuts(self, shown: BatteryRound) -> Splits:
        """See :meth:`HarvestRule.cuts`."""
        ration = self.ration(shown)[..., None]
        delay = shown.total_delay(self.batteries)
        fits = shown.energy <= np.maximum(ration, shown.energy.min(axis=-1, keepdims=True))
        return cheapest_options(np.where(fits, delay, np.inf), shown.energy)

    def ration(self, shown: BatteryRound) -> Array:
        """What each device may spend in the round [J], shape (..., N); without end before noon."""
        day = self.batteries.rounds_per_day
        hour = np.asarray(shown.round_index) % day
        lasts = np.minimum(shown.charge + self._expected[hour], self.capacity)
        ration = lasts / (day - hour)[..., None]
        early = shown.part_of_day(self.batteries) <= self.afternoon
        return np.where(early[..., None], np.inf, ration)
