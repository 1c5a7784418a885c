"""An episode's luck laid bare: the draws that its rates and clocks are made of."""

from typing import NamedTuple

import numpy as np
from scipy.special import ndtr

from asl_gym.arrays import Array, Keys
from asl_gym.traces.luck import BLOCK_FADING, LINK, LuckConstants
from asl_gym.traces.luck_filling import (
    blocks_of,
    fill_factors,
    fill_rounds,
    lanes_of,
    spread_over,
)

__all__ = ["Draws", "draws", "filled", "plain_luck", "uniforms"]


class Draws(NamedTuple):
    """What rates, clocks and factors are made of, shape (T, B, N) each."""

    shadowing: Array
    uplink_gain: Array
    downlink_gain: Array
    clock: Array
    flops: Array
    capacitance: Array


def plain_luck(kind: int, devices: int, shadowing_std: float = 0.0) -> LuckConstants:
    """Luck that shows its draws: rates ln(1 + gain), or the uniforms themselves over a link."""
    means = np.full(devices, 0.5 if kind == LINK else 1.0)
    clocks = np.ones(devices), 0.0
    radio = (shadowing_std, 0.0, shadowing_std, 1.0, 0.0, np.inf)
    return LuckConstants(kind, means, means, *clocks, *radio, variation=1.0)


def filled(
    keys: Keys, luck: LuckConstants, windows: list[int], shadowing: Array | None = None
) -> tuple[Array, Array, Array]:
    """Rates and clocks (T, B, N) of windows of so many rounds in a row."""
    shape = (sum(windows), len(keys), len(luck.uplink))
    up, down, clock = (np.empty(shape) for _ in range(3))
    state = np.full(shape[1:], np.nan) if shadowing is None else shadowing
    first = 0
    for rounds in windows:
        window = slice(first, first + rounds)
        _fill(keys, first, luck, state, (up[window], down[window], clock[window]))
        first += rounds
    return up, down, clock


def _fill(
    keys: Keys,
    first: int,
    luck: LuckConstants,
    shadowing: Array,
    arrays: tuple[Array, Array, Array],
) -> None:
    """Fills a window of rounds, shape (R, B, N), C-ordered."""
    rounds, rows, devices = arrays[0].shape
    blocks = blocks_of(rows, devices, rounds)
    lanes, spread = lanes_of(keys, devices, blocks.rounds), spread_over(luck, blocks.rows)
    up, down, clock = (each.reshape(-1) for each in arrays)
    fill_rounds(lanes, first, spread, shadowing.reshape(-1), (up, down, clock))


def draws(keys: Keys, rounds: int, devices: int) -> Draws:
    """All draws of some episodes, shadowing as independent standard normal ones."""
    fading = filled(keys, plain_luck(BLOCK_FADING, devices), [rounds])
    shape = (rounds, len(keys), devices)
    shadowing = np.zeros(shape)
    luck = plain_luck(LINK, devices, shadowing_std=1.0)
    unused = np.empty((1, *shape[1:]))
    for t in range(rounds):
        _fill(keys, t, luck, shadowing[t], (unused, unused, unused))
    factors = np.empty(shape), np.empty(shape)
    fill_factors(lanes_of(keys, devices, 1), 0, 1.0, *factors)
    gains = np.expm1(fading[0]), np.expm1(fading[1])
    return Draws(shadowing, *gains, fading[2], np.log(factors[0]), np.log(factors[1]))


def uniforms(drawn: Draws) -> dict[str, Array]:
    """Each draw by its distribution function, uniform if it has that distribution."""
    return {
        "shadowing": ndtr(drawn.shadowing),
        "uplink gain": -np.expm1(-drawn.uplink_gain),
        "downlink gain": -np.expm1(-drawn.downlink_gain),
        "clock": drawn.clock,
        "FLOPs per cycle": (drawn.flops + 1.0) / 2.0,
        "capacitance": (drawn.capacitance + 1.0) / 2.0,
    }
