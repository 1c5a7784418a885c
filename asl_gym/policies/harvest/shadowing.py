"""Shadowing as a chain of a few levels, and what shown rates say of them.

Shadowing is a first-order autoregression of known deviation and correlation. Its stationary
distribution is cut into levels that are equally wide in deviations, since what a device in a deep
shadow spends depends on how deep it is, however rare that is; from level to level it moves by the
law's probabilities on average over a level. Under block fading a shown rate is a draw from the
level's exponential signal-to-noise ratio; without it the rate says which level it is, but at floor
and cap.
"""

from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri

from asl_gym.arrays import Array
from asl_gym.model.radio import cellular
from asl_gym.scenario.scenario import Scenario
from asl_gym.traces import channel

__all__ = ["LEVELS", "ShadowingChain"]

LEVELS = 13
EXTENT = 3.3
"""Deviations beyond which the outermost levels reach without end."""

POINTS = 400
"""Points of a level over which transitions are averaged."""

EDGE = 1e-9
"""Relative distance within which a rate counts as the floor, the cap or that of a level's end."""


class ShadowingChain:
    """The chain of one scenario's channel.

    Args:
        scenario: Gives fleet and radio.
        levels: Number of levels K, >= 2.

    Attributes:
        ends: Stationary probability below the ends of levels, from 0 to 1, shape (K + 1,).
        probabilities: Stationary probability of each level, shape (K,).
        transitions: Probability of each level, given the last round's, shape (K, K).

    Raises:
        FieldError: If the scenario has a link instead of a radio, which has no shadowing.
    """

    def __init__(self, scenario: Scenario, levels: int = LEVELS) -> None:
        radio = cellular(scenario.device_radio, "a law of shadowing, which this policy is told")
        self.levels, self._radio, self._fleet = levels, radio, scenario.fleet
        self._snr = channel.mean_snr(scenario.fleet, radio)
        inner = ndtr(np.linspace(-EXTENT, EXTENT, levels - 1))
        self.ends = np.concatenate([[0.0], inner, [1.0]])
        self.probabilities = np.diff(self.ends)
        points = self._within(np.arange(levels)[:, None], (np.arange(POINTS) + 0.5) / POINTS)
        self._centres = self._gain(points.mean(axis=1))
        rho = radio.shadowing_correlation
        spread = max(np.sqrt(1.0 - rho**2), 1e-12)
        below = ndtr((ndtri(self.ends) - rho * points[..., None]) / spread)
        self.transitions = np.diff(below, axis=-1).mean(axis=1)

    def _within(self, level: Any, share: Array) -> Array:
        """The deviation below which so much of a level's probability lies; arguments broadcast."""
        return np.asarray(ndtri(self.ends[level] + share * self.probabilities[level]))

    def _gain(self, deviations: Array) -> Array:
        return np.asarray(10.0 ** (self._radio.shadowing_std_db * deviations / 10.0))

    def draw_rates(self, level: int, samples: int, rng: np.random.Generator) -> tuple[Array, Array]:
        """Uplink and downlink rates under a level [bit/s], each spread evenly, shape (M, N)."""
        shape = samples, self._fleet.num_devices
        gain = self._gain(self._within(level, stratified(shape, rng)))
        rates = []
        for snr in self._snr:
            block = self._radio.fading == "block"
            fading = -np.log1p(-stratified(shape, rng)) if block else None
            rates.append(channel.rates(snr, gain, fading, self._radio))
        return rates[0], rates[1]

    def likelihood(self, uplink_bps: Array, downlink_bps: Array) -> Array:
        """How likely shown rates are under each level, up to a factor, shape (..., N, K).

        Args:
            uplink_bps: Shown uplink rates [bit/s], shape (..., N).
            downlink_bps: Shown downlink rates [bit/s], shape (..., N).
        """
        shown = zip((uplink_bps, downlink_bps), self._snr, strict=True)
        if self._radio.fading == "block":
            each = [self._log_density(rate, snr) for rate, snr in shown]
            logarithms = each[0] + each[1]
            return np.asarray(np.exp(logarithms - logarithms.max(axis=-1, keepdims=True)))
        both = [self._holds(rate, snr) for rate, snr in shown]
        return np.asarray(np.minimum(both[0], both[1]))

    def _log_density(self, rate: Array, snr: Array) -> Array:
        """Logarithm of a rate's density under block fading, or probability at floor and cap."""
        radio, mean = self._radio, snr[:, None] * self._centres
        exponent = np.expm1(np.log(2.0) * rate / radio.bandwidth_hz)[..., None] / mean
        density = -exponent - np.log(mean)
        at_cap = rate * (1.0 + EDGE) >= radio.rate_cap_bps
        density = np.where(at_cap[..., None], -exponent, density)
        at_floor = rate <= radio.rate_floor_bps * (1.0 + EDGE)
        return np.asarray(np.where(at_floor[..., None], np.log(-np.expm1(-exponent)), density))

    def _holds(self, rate: Array, snr: Array) -> Array:
        """1 for levels whose rates reach from below a rate to above it, without block fading."""
        gain = self._gain(ndtri(np.clip(self.ends, 1e-12, 1.0 - 1e-12)))[:, None]
        ends = channel.rates(snr, np.repeat(gain, len(snr), axis=1), None, self._radio).T
        shown, slip = rate[..., None], 1.0 + EDGE
        within = (ends[:, :-1] <= shown * slip) & (shown <= ends[:, 1:] * slip)
        return np.asarray(within, dtype=float)


def stratified(shape: tuple[int, int], rng: np.random.Generator) -> Array:
    """Uniform numbers in (0, 1), of which each column has one in each of M equal parts, (M, N)."""
    parts = np.repeat(np.arange(shape[0])[:, None], shape[1], axis=1)
    return np.asarray((rng.permuted(parts, axis=0) + rng.random(shape)) / shape[0])
