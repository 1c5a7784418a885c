"""Arrays of luck: windows of rounds of many episodes at once.

Every loop runs over lanes, the devices of all rows, has little to do and holds no branch, so that
it is vectorised; as each lane's arithmetic is the same whatever stands beside it, the number of
rows, devices or rounds changes no bit.
"""

import numpy as np

from asl_gym.arrays import Array, Keys
from asl_gym.compiling import compiled
from asl_gym.traces import luck as laws
from asl_gym.traces.elementary import exp
from asl_gym.traces.luck import FACTORS, ROUND, LuckConstants
from asl_gym.traces.philox import key_words
from asl_gym.traces.variates import exponential, normal

__all__ = [
    "draw_round",
    "fill_clocks",
    "fill_factors",
    "fill_rounds",
    "lanes_of",
    "spread_over",
]


@compiled
def fill_rounds(
    keys: Keys,
    first_round: int,
    luck: LuckConstants,
    shadowing: Array,
    rates_and_clock: tuple[Array, Array, Array],
) -> None:
    """Fills a window of rounds of every row.

    Args:
        keys: The episodes' keys, shape (B,).
        first_round: The window's first round, from 0.
        luck: The fleet's and channel's constants.
        shadowing: Ln gain of the round before, shape (B, N), C-ordered; becomes that of the last
            round. What it holds before round 0 doesn't matter.
        rates_and_clock: Uplink and downlink rates [bit/s] and clocks [Hz] to fill, round-major,
            shape (R, B, N) each, C-ordered.
    """
    uplinks, downlinks, clocks = rates_and_clock
    of_lanes = lanes_of(keys, shadowing.shape[1])
    spread, state = spread_over(luck, len(keys)), shadowing.reshape(-1)
    for r in range(len(clocks)):
        filled = uplinks[r].reshape(-1), downlinks[r].reshape(-1), clocks[r].reshape(-1)
        draw_round(of_lanes, first_round + r, spread, state, filled)


@compiled
def lanes_of(keys: Keys, num_devices: int) -> tuple[Keys, Keys]:
    """The key and the device of each lane, shape (B·N,) each."""
    size = len(keys) * num_devices
    key, device = np.empty(size, np.uint64), np.empty(size, np.uint64)
    for row in range(len(keys)):
        for n in range(num_devices):
            lane = row * num_devices + n
            key[lane], device[lane] = keys[row], np.uint64(n)
    return key, device


@compiled
def spread_over(luck: LuckConstants, rows: int) -> LuckConstants:
    """Constants whose arrays are those of so many rows of devices one after another."""
    return LuckConstants(
        luck.kind,
        _tiled(luck.uplink, rows),
        _tiled(luck.downlink, rows),
        _tiled(luck.clock_hz, rows),
        luck.least_fraction,
        luck.shadowing_std,
        luck.correlation,
        luck.innovation_std,
        luck.hz_per_nat,
        luck.floor_bps,
        luck.cap_bps,
        luck.variation,
    )


@compiled
def _tiled(values: Array, rows: int) -> Array:
    tiled = np.empty((rows, len(values)))
    for row in range(rows):
        tiled[row] = values
    return tiled.reshape(-1)


@compiled
def draw_round(
    lanes: tuple[Keys, Keys],
    round_index: int,
    luck: LuckConstants,
    shadowing: Array,
    filled: tuple[Array, Array, Array],
) -> None:
    """Draws a round of some lanes.

    Args:
        lanes: Their keys and devices, at least as many as lanes.
        round_index: The round, from 0.
        luck: Constants of at least as many lanes.
        shadowing: Ln gain of the round before, one a lane; becomes that of this round.
        filled: Uplink and downlink rates [bit/s] and clocks [Hz] to fill, one a lane.
    """
    t, gain, (uplink, downlink, clock) = np.uint64(round_index), np.empty_like(shadowing), filled
    key, device = lanes
    for i in range(gain.size):
        low, high = key_words(key[i])
        gain[i], clock[i], uplink[i], downlink[i] = laws.uniforms(low, high, t, device[i], ROUND)
    for i in range(gain.size):
        normal_draw = normal(gain[i])
        shadowing[i] = laws.shadowing_step(shadowing[i], normal_draw, round_index == 0, luck)
    for i in range(gain.size):
        gain[i] = exp(shadowing[i])
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
def fill_clocks(
    keys: Keys, first_round: int, full_hz: Array, least_fraction: float, clocks: Array
) -> None:
    """Fills the clocks that :func:`fill_rounds` fills, alone.

    Args:
        keys: The episodes' keys, shape (B,).
        first_round: The window's first round, from 0.
        full_hz: Full clocks, shape (N,).
        least_fraction: Least share of the clock that is available.
        clocks: Clocks [Hz] to fill, round-major, shape (R, B, N), C-ordered.
    """
    key, devices = lanes_of(keys, clocks.shape[2])
    full = _tiled(full_hz, len(keys))
    for r in range(len(clocks)):
        t = np.uint64(first_round + r)
        clock = clocks[r].reshape(-1)
        for i in range(clock.size):
            low, high = key_words(key[i])
            u = laws.uniforms(low, high, t, devices[i], ROUND)[1]
            clock[i] = laws.clock(full[i], least_fraction, u)


@compiled
def fill_factors(
    keys: Keys, first_round: int, ln_error: float, flops: Array, capacitance: Array
) -> None:
    """Fills factors on FLOPs per cycle and on capacitance, log-uniform within the error.

    Args:
        keys: The episodes' keys, shape (B,).
        first_round: The first round, from 0; factors of an episode are those of round 0.
        ln_error: Logarithm of the greatest factor.
        flops: Factors to fill, round-major, shape (R, B, N), C-ordered.
        capacitance: The same.
    """
    key, devices = lanes_of(keys, flops.shape[2])
    for r in range(len(flops)):
        t = np.uint64(first_round + r)
        of_flops, of_capacitance = flops[r].reshape(-1), capacitance[r].reshape(-1)
        for i in range(of_flops.size):
            low, high = key_words(key[i])
            u, v, _, _ = laws.uniforms(low, high, t, devices[i], FACTORS)
            of_flops[i], of_capacitance[i] = laws.factor(ln_error, u), laws.factor(ln_error, v)
