"""Arrays of luck: windows of rounds of many episodes at once.

Every loop runs over lanes, the devices of all rows, and holds no branch, so that it is vectorised;
as each lane's arithmetic is the same whatever stands beside it, the number of rows, devices
or rounds changes no bit.
"""

from typing import NamedTuple

import numpy as np

from asl_gym.arrays import Array, Keys
from asl_gym.compiling import compiled, inlined
from asl_gym.traces import luck as laws
from asl_gym.traces.elementary import exp
from asl_gym.traces.luck import FACTORS, FADING, SHADOWING_AND_CLOCK, LuckConstants
from asl_gym.traces.philox import key_words
from asl_gym.traces.variates import exponential, normal

__all__ = ["fill_clocks", "fill_factors", "fill_rounds"]


class Lanes(NamedTuple):
    """Key words and indices of the devices of all rows, shape (B·N,) each."""

    low: Keys
    high: Keys
    device: Keys


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
    lanes = _lanes(keys, shadowing.shape[1])
    state, gain = shadowing.reshape(-1), np.empty(shadowing.size)
    means = _tiled(luck.uplink, len(keys)), _tiled(luck.downlink, len(keys))
    full = _tiled(luck.clock_hz, len(keys))
    for r in range(len(clocks)):
        t = np.uint64(first_round + r)
        uplink, downlink = uplinks[r].reshape(-1), downlinks[r].reshape(-1)
        _shadow(lanes, t, luck, (state, gain, full, clocks[r].reshape(-1)))
        if luck.kind == laws.BLOCK_FADING:
            _block_fading(lanes, t, luck, gain, (*means, uplink, downlink))
        elif luck.kind == laws.LINK:
            _link(lanes, t, luck, (*means, uplink, downlink))
        elif luck.kind == laws.ERGODIC_FADING:
            _ergodic(luck, gain, (*means, uplink, downlink))
        else:
            _no_fading(luck, gain, (*means, uplink, downlink))


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
    lanes = _lanes(keys, clocks.shape[2])
    full = _tiled(full_hz, len(keys))
    for r in range(len(clocks)):
        t = np.uint64(first_round + r)
        clock = clocks[r].reshape(-1)
        for i in range(clock.size):
            low, high, device = lanes.low[i], lanes.high[i], lanes.device[i]
            u = laws.uniforms(low, high, t, device, SHADOWING_AND_CLOCK)[1]
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
    lanes = _lanes(keys, flops.shape[2])
    for r in range(len(flops)):
        t = np.uint64(first_round + r)
        of_flops, of_capacitance = flops[r].reshape(-1), capacitance[r].reshape(-1)
        for i in range(of_flops.size):
            u, v = laws.uniforms(lanes.low[i], lanes.high[i], t, lanes.device[i], FACTORS)
            of_flops[i], of_capacitance[i] = laws.factor(ln_error, u), laws.factor(ln_error, v)


@compiled
def _lanes(keys: Keys, num_devices: int) -> Lanes:
    size = len(keys) * num_devices
    low, high, device = (
        np.empty(size, np.uint64),
        np.empty(size, np.uint64),
        np.empty(size, np.uint64),
    )
    for row, key in enumerate(keys):
        words = key_words(key)
        for n in range(num_devices):
            i = row * num_devices + n
            low[i], high[i], device[i] = words[0], words[1], np.uint64(n)
    return Lanes(low, high, device)


@compiled
def _tiled(values: Array, rows: int) -> Array:
    tiled = np.empty((rows, len(values)))
    for row in range(rows):
        tiled[row] = values
    return tiled.reshape(-1)


@inlined
def _shadow(lanes: Lanes, t: np.uint64, luck: LuckConstants, arrays: tuple[Array, ...]) -> None:
    state, gain, full, clock = arrays
    first = t == np.uint64(0)
    for i in range(state.size):
        low, high, device = lanes.low[i], lanes.high[i], lanes.device[i]
        u, v = laws.uniforms(low, high, t, device, SHADOWING_AND_CLOCK)
        shadowing = laws.shadowing_step(state[i], normal(u), first, luck)
        state[i], gain[i] = shadowing, exp(shadowing)
        clock[i] = laws.clock(full[i], luck.least_fraction, v)


@inlined
def _block_fading(
    lanes: Lanes, t: np.uint64, luck: LuckConstants, gain: Array, rates: tuple[Array, ...]
) -> None:
    uplink_snr, downlink_snr, uplink, downlink = rates
    for i in range(gain.size):
        u, v = laws.uniforms(lanes.low[i], lanes.high[i], t, lanes.device[i], FADING)
        uplink[i] = laws.shannon_rate(gain[i] * uplink_snr[i] * exponential(u), luck)
        downlink[i] = laws.shannon_rate(gain[i] * downlink_snr[i] * exponential(v), luck)


@inlined
def _link(lanes: Lanes, t: np.uint64, luck: LuckConstants, rates: tuple[Array, ...]) -> None:
    mean_uplink, mean_downlink, uplink, downlink = rates
    for i in range(uplink.size):
        u, v = laws.uniforms(lanes.low[i], lanes.high[i], t, lanes.device[i], FADING)
        uplink[i] = laws.link_rate(mean_uplink[i], u, luck)
        downlink[i] = laws.link_rate(mean_downlink[i], v, luck)


@inlined
def _ergodic(luck: LuckConstants, gain: Array, rates: tuple[Array, ...]) -> None:
    uplink_snr, downlink_snr, uplink, downlink = rates
    for i in range(gain.size):
        uplink[i] = laws.ergodic_rate(gain[i] * uplink_snr[i], luck)
        downlink[i] = laws.ergodic_rate(gain[i] * downlink_snr[i], luck)


@inlined
def _no_fading(luck: LuckConstants, gain: Array, rates: tuple[Array, ...]) -> None:
    uplink_snr, downlink_snr, uplink, downlink = rates
    for i in range(gain.size):
        uplink[i] = laws.shannon_rate(gain[i] * uplink_snr[i], luck)
        downlink[i] = laws.shannon_rate(gain[i] * downlink_snr[i], luck)
