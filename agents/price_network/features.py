"""What the price network sees of each device, in units in which devices of any fleet are alike."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from asl_gym.arrays import Array, Float32, Indices
from asl_gym.policies.harvest.known import batteries_of, option_costs
from asl_gym.scenario.scenario import Scenario
from asl_gym.traces.channel import median_rates

__all__ = ["Averages", "Features", "ShownLuck"]

HARMONICS = 2
"""Waves of the day that the time of day is told by."""

NEAR_ENDS = (12.0, 3.0, 1.0)
"""The rounds left are told by exp(−x·days left) too, so that the end stands out."""

PRICES = (0.0, 0.005, 0.01, 0.02, 0.04, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0)
"""Prices of a joule, in 1/ϖ, by whose cheapest options a round's options are told.

So networks of any number of split points are told by as many numbers.
"""

GREATEST_EXCESS, GREATEST_ENERGY = 3.0, 6.0
"""Where an option's delay beyond the fastest, in Ê/ϖ, and its energy, in Ê, are cut off."""


class ShownLuck(NamedTuple):
    """What a round shows that no decision changes; leading axes are rounds and environments.

    Attributes:
        uplink_bps: Uplink rates [bit/s], shape (..., N).
        downlink_bps: Downlink rates [bit/s], shape (..., N).
        clock_hz: Device clocks [Hz], shape (..., N).
        harvest: Harvests [J], shape (..., N).
        cloud: 1 under a clear sky, 0 under clouds and ½ where it is not shown, shape (..., N).
    """

    uplink_bps: Array
    downlink_bps: Array
    clock_hz: Array
    harvest: Array
    cloud: Array


class Averages(NamedTuple):
    """Running averages of an episode's logarithms of rates over medians, of B environments.

    Attributes:
        totals: Weighted sums for D memories, shape (B, N, 2, D).
        weights: Sums of their weights, shape (B, D).
    """

    totals: Array
    weights: Array


class Features:
    """Makes features of what is shown.

    Args:
        scenario: A scenario with batteries.
        decays: Share of the old weight that each of D running averages keeps a round, in [0, 1).

    Attributes:
        width: Features of a device.
    """

    def __init__(self, scenario: Scenario, decays: tuple[float, ...]) -> None:
        self.scenario, self._decays = scenario, np.asarray(decays, dtype=float)
        batteries, self._mean = batteries_of(scenario), scenario.fastest_energies
        self._day, self._unit = batteries.rounds_per_day, self._mean / batteries.trickle_power_w
        self._clock = np.asarray(scenario.fleet.clock_hz)
        self._medians = median_rates(scenario.fleet, scenario.device_radio)
        self._typical = self._at_prices(*option_costs(scenario, *self._medians, self._clock))
        hours, rates = 2 * HARMONICS + 1 + len(NEAR_ENDS), 2 * (1 + len(decays))
        self.width = hours + 2 + rates + 2 + 4 * len(PRICES)

    def empty(self, batch: int) -> Averages:
        """The averages of episodes that have not begun."""
        averages, devices = len(self._decays), self.scenario.num_devices
        return Averages(np.zeros((batch, devices, 2, averages)), np.zeros((batch, averages)))

    def remember(self, luck: ShownLuck, averages: Averages, starts: NDArray[np.bool_]) -> Averages:
        """Takes a round into the averages.

        Args:
            luck: The round, shape (B, N).
            averages: Those up to the round before; forgotten where an episode starts.
            starts: Which environments start an episode, shape (B,).
        """
        totals = np.where(starts[:, None, None, None], 0.0, averages.totals)
        weights = np.where(starts[:, None], 0.0, averages.weights)
        rates = self._log_rates(luck)[..., None]
        return Averages(totals * self._decays + rates, weights * self._decays + 1.0)

    def of_round(self, luck: ShownLuck, averages: Averages, round_index: Indices) -> Float32:
        """Features of a round.

        Args:
            luck: The round, shape (B, N).
            averages: Those with the round.
            round_index: Rounds since the start t, shape (B,) or ().

        Returns:
            Shape (B, N, width).
        """
        means = averages.totals / averages.weights[:, None, None, :]
        return self._features(luck, means, np.broadcast_to(round_index, len(luck.clock_hz)))

    def of_episodes(self, luck: ShownLuck) -> Float32:
        """Features of whole episodes, shape (T, B, N, width), of luck of shape (T, B, N)."""
        rounds, batch, _ = luck.clock_hz.shape
        averages, means = self.empty(batch), []
        for t in range(rounds):
            now = ShownLuck(*(each[t] for each in luck))
            averages = self.remember(now, averages, np.full(batch, t == 0))
            means.append(averages.totals / averages.weights[:, None, None, :])
        round_index = np.broadcast_to(np.arange(rounds)[:, None], (rounds, batch))
        return self._features(luck, np.stack(means), round_index)

    def _features(self, luck: ShownLuck, means: Array, round_index: Indices) -> Float32:
        """Features of rounds, shape (..., N, width).

        Args:
            luck: The rounds, shape (..., N).
            means: Running averages, shape (..., N, 2, D).
            round_index: Rounds since the start, shape (...).
        """
        result = np.empty((*luck.clock_hz.shape, self.width), dtype=np.float32)
        hours = self._hours(round_index)
        at = hours.shape[-1]
        result[..., :at] = hours[..., None, :]
        rates = self._log_rates(luck)[..., None]
        histories = np.concatenate([rates, means], axis=-1)
        columns = [
            2.0 * luck.cloud - 1.0,
            luck.harvest / (4.0 * self._mean),
            *np.moveaxis(histories.reshape(*histories.shape[:-2], -1), -1, 0),
            4.0 * luck.clock_hz / self._clock - 3.0,
            np.broadcast_to(np.log(self._unit / 100.0), luck.clock_hz.shape),
        ]
        result[..., at : at + len(columns)] = np.stack(columns, axis=-1)
        at += len(columns)
        told = 2 * len(PRICES)
        result[..., at : at + told] = self._typical
        costs = option_costs(self.scenario, luck.uplink_bps, luck.downlink_bps, luck.clock_hz)
        result[..., at + told :] = self._at_prices(*costs)
        return result

    def _hours(self, round_index: Indices) -> Array:
        """What the time of day and the rounds left are told by, shape (..., columns)."""
        angle = 2.0 * np.pi * (round_index[..., None] + 0.5) / self._day
        angles = angle * np.arange(1, HARMONICS + 1)
        left = (self.scenario.horizon - 1 - round_index[..., None]) / self._day
        # An end that is far off is as if there were none.
        ends = np.exp(-left * np.asarray(NEAR_ENDS))
        whole = 1.0 - 2.0 / (1.0 + left)
        return np.concatenate([np.sin(angles), np.cos(angles), whole, ends], axis=-1)

    def _log_rates(self, luck: ShownLuck) -> Array:
        """Logarithms of rates over their medians, shape (..., N, 2)."""
        up, down = self._medians
        return np.log(np.stack([luck.uplink_bps / up, luck.downlink_bps / down], axis=-1))

    def _at_prices(self, delay: Array, energy: Array) -> Array:
        """Delay beyond the fastest in Ê/ϖ and energy in Ê of the cheapest option at each price.

        Args:
            delay: Delays of options without waiting [s], shape (..., N, L).
            energy: Their energies [J], likewise.

        Returns:
            Shape (..., N, 2 len(PRICES)).
        """
        excess = (delay - delay.min(axis=-1, keepdims=True)) / self._unit[:, None]
        share = energy / self._mean[:, None]
        cheapest = [np.argmin(excess + price * share, axis=-1, keepdims=True) for price in PRICES]
        parts = [
            np.minimum(np.take_along_axis(values, option, axis=-1), greatest)
            for values, greatest in ((excess, GREATEST_EXCESS), (share, GREATEST_ENERGY))
            for option in cheapest
        ]
        return np.asarray(np.concatenate(parts, axis=-1) - np.repeat([0.0, 1.0], len(PRICES)))
