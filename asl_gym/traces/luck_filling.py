"""Arrays of luck: windows of rounds of many episodes at once.

Every loop runs over lanes, the devices of all rows and of some rounds, has little to do and holds
no branch, so that it is vectorised; as each lane's arithmetic is the same whatever stands beside
it, the number of rows, devices or rounds changes no bit.
"""

from typing import NamedTuple

import numpy as np

from asl_gym.arrays import Array, Keys
from asl_gym.compiling import compiled
from asl_gym.traces import luck as laws
from asl_gym.traces.elementary import exp
from asl_gym.traces.luck import FACTORS, ROUND, LuckConstants
from asl_gym.traces.philox import key_words
from asl_gym.traces.variates import exponential, normal

__all__ = [
    "BLOCK_SIZE",
    "Blocks",
    "Lanes",
    "blocks_of",
    "fill_clocks",
    "fill_factors",
    "fill_rounds",
    "lanes_of",
    "spread_over",
]

BLOCK_SIZE = 512
"""Lanes, about, that are worked on together, so that they stay in the cache."""


class Blocks(NamedTuple):
    """How lanes are worked on together: some rounds of all rows, or one round of some rows.

    Attributes:
        rounds: Rounds of a block.
        rows: Times that a block holds all devices.
    """

    rounds: int
    rows: int


def blocks_of(num_rows: int, num_devices: int, rounds: int) -> Blocks:
    """Blocks of about :data:`BLOCK_SIZE` lanes of so many rows, devices and rounds."""
    together = max(1, min(BLOCK_SIZE // (num_rows * num_devices), rounds))
    return Blocks(together, together * min(num_rows, max(1, BLOCK_SIZE // num_devices)))


Lanes = tuple[Keys, Keys, Keys]
"""The key of each lane, its device, and its round counted from the first of its block."""


def lanes_of(keys: Keys, num_devices: int, rounds: int) -> Lanes:
    """The lanes of some rounds, shape (rounds·B·N,) each."""
    devices = np.tile(np.arange(num_devices, dtype=np.uint64), rounds * len(keys))
    offsets = np.repeat(np.arange(rounds, dtype=np.uint64), len(keys) * num_devices)
    return np.tile(np.repeat(keys, num_devices), rounds), devices, offsets


def spread_over(luck: LuckConstants, rows: int) -> LuckConstants:
    """Constants whose arrays are those of so many rows of devices one after another."""
    return luck._replace(
        uplink=np.tile(luck.uplink, rows),
        downlink=np.tile(luck.downlink, rows),
        clock_hz=np.tile(luck.clock_hz, rows),
    )


@compiled
def _fill_block(
    lanes: Lanes,
    first_round: int,
    luck: LuckConstants,
    shadowing: Array,
    filled: tuple[Array, Array, Array],
) -> None:
    """Fills a block of lanes.

    Args:
        lanes: At least as many as are filled.
        first_round: The first round, from 0.
        luck: Constants of at least as many lanes.
        shadowing: Ln gain of the round before, shape (B·N,); becomes that of the last round.
        filled: Uplink and downlink rates [bit/s] and clocks [Hz] to fill, shape (rounds·B·N,).
    """
    (key, device, offset), (uplink, downlink, clock) = lanes, filled
    gain, first, size = np.empty_like(clock), np.uint64(first_round), shadowing.size
    for i in range(gain.size):
        (low, high), t = key_words(key[i]), first + offset[i]
        gain[i], clock[i], uplink[i], downlink[i] = laws.uniforms(low, high, t, device[i], ROUND)
    for i in range(gain.size):
        gain[i] = normal(gain[i])
    for r in range(gain.size // size):
        start, begins = r * size, first_round + r == 0
        for i in range(size):
            shadowing[i] = laws.shadowing_step(shadowing[i], gain[start + i], begins, luck)
            gain[start + i] = shadowing[i]
    for i in range(gain.size):
        gain[i] = exp(gain[i])
    for i in range(gain.size):
        clock[i] = laws.clock(luck.clock_hz[i], luck.least_fraction, clock[i])
    _rates(luck, luck.uplink, gain, uplink)
    _rates(luck, luck.downlink, gain, downlink)


@compiled
def _rates(luck: LuckConstants, mean: Array, gain: Array, rate: Array) -> None:
    """From uniform numbers to rates of a direction, in place."""
    if luck.kind == laws.LINK:
        for i in range(rate.size):
            rate[i] = laws.link_rate(mean[i], rate[i], luck)
    elif luck.kind == laws.ERGODIC_FADING:
        for i in range(rate.size):
            rate[i] = laws.ergodic_rate(gain[i] * mean[i], luck)
    else:
        faded = luck.kind == laws.BLOCK_FADING
        for i in range(rate.size):
            rate[i] = gain[i] * mean[i] * (exponential(rate[i]) if faded else 1.0)
        for i in range(rate.size):
            rate[i] = laws.shannon_rate(rate[i], luck)


@compiled
def fill_rounds(
    lanes: Lanes,
    first_round: int,
    luck: LuckConstants,
    shadowing: Array,
    filled: tuple[Array, Array, Array],
) -> None:
    """Fills a window of rounds of every row.

    Args:
        lanes: Those of a block's rounds of all rows, from :func:`lanes_of`.
        first_round: The window's first round, from 0.
        luck: Constants of a block of lanes, from :func:`spread_over`.
        shadowing: Ln gain of the round before, shape (B·N,); becomes that of the last round. What
            it holds before round 0 doesn't matter.
        filled: Uplink and downlink rates [bit/s] and clocks [Hz] to fill, round-major, shape
            (R·B·N,) each.
    """
    (key, device, offset), (uplink, downlink, clock) = lanes, filled
    all_lanes, block = shadowing.size, luck.uplink.size
    rounds, together = clock.size // all_lanes, key.size // all_lanes
    for r in range(0, rounds, together):
        count = min(together, rounds - r)
        for a in range(0, all_lanes, block):
            b = min(a + block, all_lanes)
            size, start = count * (b - a), r * all_lanes + a
            of_block = key[a : a + size], device[a : a + size], offset[a : a + size]
            end = start + size
            to = uplink[start:end], downlink[start:end], clock[start:end]
            _fill_block(of_block, first_round + r, luck, shadowing[a:b], to)


@compiled
def fill_clocks(
    lanes: Lanes, first_round: int, full_hz: Array, least_fraction: float, clocks: Array
) -> None:
    """Fills the clocks that :func:`fill_rounds` fills, alone.

    Args:
        lanes: Those of one round.
        first_round: The window's first round, from 0.
        full_hz: Full clocks of all rows one after another, shape (B·N,).
        least_fraction: Least share of the clock that is available.
        clocks: Clocks [Hz] to fill, round-major, shape (R, B, N), C-ordered.
    """
    key, devices, _ = lanes
    for r in range(len(clocks)):
        t = np.uint64(first_round + r)
        clock = clocks[r].reshape(-1)
        for i in range(clock.size):
            low, high = key_words(key[i])
            u = laws.uniforms(low, high, t, devices[i], ROUND)[1]
            clock[i] = laws.clock(full_hz[i], least_fraction, u)


@compiled
def fill_factors(
    lanes: Lanes, first_round: int, ln_error: float, flops: Array, capacitance: Array
) -> None:
    """Fills factors on FLOPs per cycle and on capacitance, log-uniform within the error.

    Args:
        lanes: Those of one round.
        first_round: The first round, from 0; factors of an episode are those of round 0.
        ln_error: Logarithm of the greatest factor.
        flops: Factors to fill, round-major, shape (R, B, N), C-ordered.
        capacitance: The same.
    """
    key, devices, _ = lanes
    for r in range(len(flops)):
        t = np.uint64(first_round + r)
        of_flops, of_capacitance = flops[r].reshape(-1), capacitance[r].reshape(-1)
        for i in range(of_flops.size):
            low, high = key_words(key[i])
            u, v, _, _ = laws.uniforms(low, high, t, devices[i], FACTORS)
            of_flops[i], of_capacitance[i] = laws.factor(ln_error, u), laws.factor(ln_error, v)
