"""An episode's luck as a function of its key: rates and clocks of any round, by themselves.

Round t's luck of device n comes from Philox's words at the counter (t, n, block, 0) under the
episode's key of 64 bits, so that it depends on no other device, round or row. Blocks:

| block | words |
|---|---|
| 0 | shadowing, standard normal · clock, uniform · uplink, downlink: fading, exponential |
| 1 | factors on FLOPs per cycle and on capacitance, log-uniform · two unused |
| 2 | clouds, uniform · three unused (:mod:`asl_gym.traces.weather`) |
| 3 | first day, uniform · three unused (:mod:`asl_gym.traces.measured_harvest`) |

Over a link the rates themselves are uniform. Only shadowing carries over from one round to the
next. It is kept as the natural logarithm of its gain; the first round draws it from its stationary
distribution.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from asl_gym.arrays import Array, Keys
from asl_gym.compiling import inlined
from asl_gym.model.components import Fleet
from asl_gym.model.radio import Channel, Radio
from asl_gym.traces.channel import GREATEST_SNR, LEAST_SNR, LN10_OVER_10, mean_snr, median_rates
from asl_gym.traces.elementary import exp, log1p
from asl_gym.traces.philox import philox, unit
from asl_gym.traces.variates import scaled_exponential_integral

__all__ = [
    "BLOCK_FADING",
    "ERGODIC_FADING",
    "HARVEST",
    "LINK",
    "NO_FADING",
    "WEATHER",
    "LuckConstants",
    "clock",
    "episode_keys",
    "ergodic_rate",
    "factor",
    "link_rate",
    "luck_constants",
    "shadowing_step",
    "shannon_rate",
    "uniforms",
]

ROUND, FACTORS, WEATHER, HARVEST = np.uint64(0), np.uint64(1), np.uint64(2), np.uint64(3)
"""Blocks."""

ZERO = np.uint64(0)

BLOCK_FADING, ERGODIC_FADING, NO_FADING, LINK = 0, 1, 2, 3
"""Kinds of channel."""

KINDS = {"block": BLOCK_FADING, "ergodic": ERGODIC_FADING, "none": NO_FADING}

LN2 = math.log(2.0)


class LuckConstants(NamedTuple):
    """What a fleet and its channel make of an episode's words.

    Attributes:
        kind: One of the kinds of channel above.
        uplink: Mean uplink SNR, linear, or a link's mean rate [bit/s], shape (N,).
        downlink: The downlink's, likewise.
        clock_hz: Full clocks, shape (N,).
        least_fraction: Least share of the clock that is available.
        shadowing_std: Standard deviation of shadowing's ln gain.
        correlation: Of shadowing from one round to the next.
        innovation_std: Standard deviation of what a round adds to it.
        hz_per_nat: Bandwidth over ln 2: the rate of ln(1 + SNR) = 1.
        floor_bps: Least rate.
        cap_bps: Greatest rate.
        variation: Greatest deviation of a link's rate, as a share of its mean.
    """

    kind: int
    uplink: Array
    downlink: Array
    clock_hz: Array
    least_fraction: float
    shadowing_std: float
    correlation: float
    innovation_std: float
    hz_per_nat: float
    floor_bps: float
    cap_bps: float
    variation: float


def luck_constants(fleet: Fleet, channel: Channel) -> LuckConstants:
    """The constants of a fleet's luck over a channel."""
    clocks = np.array(fleet.clock_hz, dtype=float), float(fleet.min_clock_fraction)
    if not isinstance(channel, Radio):
        rates, variation = median_rates(fleet, channel), float(channel.variation)
        unused = (0.0,) * 6
        return LuckConstants(LINK, *rates, *clocks, *unused, variation)
    std, correlation = channel.shadowing_std_db * LN10_OVER_10, channel.shadowing_correlation
    return LuckConstants(
        KINDS[channel.fading],
        *mean_snr(fleet, channel),
        *clocks,
        shadowing_std=std,
        correlation=float(correlation),
        innovation_std=std * math.sqrt(1.0 - correlation**2),
        hz_per_nat=channel.bandwidth_hz / LN2,
        floor_bps=float(channel.rate_floor_bps),
        cap_bps=float(channel.rate_cap_bps),
        variation=0.0,
    )


def episode_keys(generators: Sequence[np.random.Generator]) -> Keys:
    """Draws one key a generator, shape (B,)."""
    return np.array([_key(each) for each in generators], dtype=np.uint64)


def _key(generator: np.random.Generator) -> int:
    bits = generator.bit_generator
    if isinstance(bits, np.random.PCG64):
        # Its next word is what integers() makes of it, nine times as fast.
        return int(bits.random_raw())
    return int(generator.integers(0, 2**64, dtype=np.uint64))


@inlined
def uniforms(
    low: np.uint64, high: np.uint64, round_index: np.uint64, device: np.uint64, block: np.uint64
) -> tuple[float, float, float, float]:
    """The four uniform numbers in (0, 1) of a block, under the key of words (low, high)."""
    w0, w1, w2, w3 = philox(round_index, device, block, ZERO, low, high)
    return unit(w0), unit(w1), unit(w2), unit(w3)


@inlined
def shadowing_step(previous: float, normal: float, first: bool, luck: LuckConstants) -> float:
    """Shadowing's ln gain in a round, from the last round's and a standard normal draw."""
    drawn = luck.shadowing_std * normal
    return drawn if first else luck.correlation * previous + luck.innovation_std * normal


@inlined
def shannon_rate(snr: float, luck: LuckConstants) -> float:
    """B·log₂(1 + snr) [bit/s] between floor and cap."""
    return _between(luck.hz_per_nat * log1p(snr), luck)


@inlined
def ergodic_rate(snr: float, luck: LuckConstants) -> float:
    """The mean of B·log₂(1 + snr·X) [bit/s] over X ~ Exp(1), between floor and cap."""
    mean = scaled_exponential_integral(1.0 / min(max(snr, LEAST_SNR), GREATEST_SNR))
    return _between(luck.hz_per_nat * mean, luck)


@inlined
def _between(rate: float, luck: LuckConstants) -> float:
    return min(max(rate, luck.floor_bps), luck.cap_bps)


@inlined
def link_rate(mean: float, u: float, luck: LuckConstants) -> float:
    """A link's rate [bit/s], uniform around its mean, from u in (0, 1)."""
    return mean * (1.0 + luck.variation * (2.0 * u - 1.0))


@inlined
def clock(full_hz: float, least_fraction: float, u: float) -> float:
    """A device's available clock [Hz], from u in (0, 1)."""
    return full_hz * (least_fraction + (1.0 - least_fraction) * u)


@inlined
def factor(ln_error: float, u: float) -> float:
    """A factor that is log-uniform within the error, from u in (0, 1)."""
    return exp(ln_error * (2.0 * u - 1.0))
