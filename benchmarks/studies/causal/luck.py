"""The luck of an episode that policies are not shown, and what may follow on it by its law."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri
from scipy.stats import qmc

from asl_gym.arrays import Array
from asl_gym.model.radio import cellular
from asl_gym.policies.harvest.known import option_costs
from asl_gym.scenario.scenario import Scenario
from asl_gym.traces import channel
from asl_gym.traces.luck import episode_keys, luck_constants
from asl_gym.traces.luck_filling import fill_rounds, lanes_of

__all__ = ["Draws", "deviations_of", "draws_after"]

TOGETHER = 32
"""Rounds that are drawn at a time, so that they need little memory."""

LEAST = 1e-16
"""Least probability of what is drawn."""


class Draws(NamedTuple):
    """Draws of what may follow on each of R rounds.

    Attributes:
        deviation: Shadowing of the next round in standard deviations, shape (R, M, N).
        delay: Delay of options in it without waiting [s], shape (R, M, N, L).
        energy: Their energies [J], likewise.
    """

    deviation: Array
    delay: Array
    energy: Array


def deviations_of(scenario: Scenario, seed: int) -> Array:
    """The true shadowing of an environment's episode in standard deviations, shape (T, N).

    Args:
        scenario: Gives fleet and radio.
        seed: The episode's seed.

    Raises:
        FieldError: If the scenario has a link instead of a radio, which has no shadowing.
    """
    cellular(scenario.device_radio, "a law of shadowing")
    luck = luck_constants(scenario.fleet, scenario.device_radio)
    devices = scenario.num_devices
    lanes = lanes_of(episode_keys([np.random.default_rng(seed)]), devices, 1)
    shadowing, found = np.zeros(devices), np.zeros((scenario.horizon, devices))
    unused = np.empty(devices), np.empty(devices), np.empty(devices)
    for t in range(scenario.horizon):
        fill_rounds(lanes, t, luck, shadowing, unused)
        found[t] = shadowing
    return found / luck.shadowing_std if luck.shadowing_std > 0.0 else found


def draws_after(
    scenario: Scenario, deviations: Array, samples: int, rng: np.random.Generator
) -> Iterator[tuple[int, Draws]]:
    """Draws the rounds after the given ones by the law, given their shadowing.

    The draws of one device and round are Sobol' points that are moved by a random shift of their
    own (R. Cranley and T. N. L. Patterson, SIAM J. Numer. Anal. 13(6), 1976): each alone follows
    the law, so that means over them are right on average, and nothing else depends on them.

    Args:
        scenario: The scenario.
        deviations: Shadowing of the given rounds, shape (R, N).
        samples: Draws M of each, a power of two.
        rng: Gives the shifts.

    Yields:
        The first of some of the rounds, and their draws.
    """
    points = qmc.Sobol(4, scramble=False).random(samples)
    for first in range(0, len(deviations), TOGETHER):
        given = deviations[first : first + TOGETHER, None]
        shifts = rng.random((len(given), 1, scenario.num_devices, 4))
        yield first, _draws(scenario, given, (points[:, None] + shifts) % 1.0)


def _draws(scenario: Scenario, given: Array, share: Array) -> Draws:
    """What follows on given shadowing, from uniform numbers, shape (R, M, N, 4)."""
    radio, fleet = cellular(scenario.device_radio, "a law of shadowing"), scenario.fleet
    rho = radio.shadowing_correlation
    normal = ndtri(np.clip(share[..., 0], LEAST, 1.0 - LEAST))
    deviation = rho * given + np.sqrt(1.0 - rho**2) * normal
    gain = np.exp(channel.LN10_OVER_10 * radio.shadowing_std_db * deviation)
    fading = -np.log1p(-share[..., 1:3]) if radio.fading == "block" else None
    rates = [
        channel.rates(snr, gain, None if fading is None else fading[..., direction], radio)
        for direction, snr in enumerate(channel.mean_snr(fleet, radio))
    ]
    least = fleet.min_clock_fraction
    clocks = np.asarray(fleet.clock_hz) * (least + (1.0 - least) * share[..., 3])
    return Draws(deviation, *option_costs(scenario, rates[0], rates[1], clocks))
