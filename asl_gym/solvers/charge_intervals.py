"""Prices of a joule on intervals of a battery's charge, and what temporal differences say of them.

A battery of capacity C is cut at C·(j/M)², j = 0…M, more finely where it is nearly empty. With a
price p_j on each interval, in units of 1/ϖ, the value of the charge B is −∫ p dB/ϖ over what lies
above the least charge; so prices are slopes of a value function that falls by at most 1/ϖ a joule
(:mod:`asl_gym.scoring.hindsight` has the proof that true ones do).

For a known episode the target of the prices before a round is the slope of what the round and the
rest come to, with the option that the prices in that round choose,

    U_t(B) = d + wait + (1 − λ) W_t(B′) + λ U_{t+1}(B′),      U_T(B) = (B(0) − B)⁺/ϖ

at all cuts B at once: no decision changes what the sun and the channel do, so that no charge has to
be visited to learn of it. W_t is the value by the prices shown in round t.
"""

import math

import numpy as np

from asl_gym.arrays import Array, Indices
from asl_gym.compiling import compiled, inlined
from asl_gym.model.batteries import lane_charge_after, lane_end_charge, lane_wait
from asl_gym.solvers.charge_levels import Battery

__all__ = ["fill_targets", "interval_widths", "values_after", "values_of_prices"]


def interval_widths(intervals: int) -> Array:
    """Widths of M intervals as shares of the capacity, shape (M,)."""
    return np.diff((np.arange(intervals + 1) / intervals) ** 2)


def values_of_prices(prices: Array) -> Array:
    """Values at the cuts, in units of C/ϖ, 0 at a full battery.

    Args:
        prices: In units of 1/ϖ, shape (..., M).

    Returns:
        Shape (..., M + 1), falling.
    """
    parts = prices * interval_widths(prices.shape[-1])
    above = np.cumsum(parts[..., ::-1], axis=-1)[..., ::-1]
    return np.concatenate([above, np.zeros_like(above[..., :1])], axis=-1)


def values_after(values: Array, share: Array) -> Array:
    """Values of charges, linear between cuts.

    Args:
        values: At the cuts, shape (..., M + 1).
        share: Charges as shares of the capacity, shape (..., L).
    """
    intervals = values.shape[-1] - 1
    root = np.sqrt(share) * intervals
    place: Indices = np.minimum(root.astype(np.int64), intervals - 1)
    within = (share * intervals**2 - place**2) / (2 * place + 1)
    low, high = (np.take_along_axis(values, place + above, axis=-1) for above in (0, 1))
    return np.asarray((1.0 - within) * low + within * high)


@inlined
def _place(share: float, intervals: int) -> tuple[int, float]:
    """The interval of a charge, and how far in it that lies, as :func:`values_after` has them."""
    place = min(int(math.sqrt(share) * intervals), intervals - 1)
    return place, (share * intervals**2 - place**2) / (2 * place + 1)


@compiled
def _fill_values(prices: Array, unit: float, values: Array) -> None:
    """Writes values at the cuts, ``unit`` times those of :func:`values_of_prices`."""
    intervals = len(prices)
    values[intervals] = 0.0
    for j in range(intervals - 1, -1, -1):
        values[j] = values[j + 1] + prices[j] * (2 * j + 1) / intervals**2 * unit


@compiled
def _step_back(
    delay: Array,
    energy: Array,
    harvest: float,
    battery: Battery,
    trace_decay: float,
    values: Array,
    later: Array,
    now: Array,
) -> None:
    """Writes U of a round at the cuts.

    Args:
        delay: Delay of each option without waiting [s], shape (L,).
        energy: Energy of each [J], shape (L,).
        harvest: What is harvested [J].
        battery: The battery.
        trace_decay: λ.
        values: W of the round at the cuts [s], shape (M + 1,).
        later: U of the next round, likewise.
        now: Filled, likewise.
    """
    intervals, trickle = len(values) - 1, battery.trickle_power_w
    for j in range(intervals + 1):
        charge = battery.capacity * (j / intervals) ** 2
        least, cost, best, within = np.inf, 0.0, 0, 0.0
        for option in range(len(delay)):
            spent = energy[option]
            after = lane_charge_after(charge, spent, harvest, battery.capacity)
            played = delay[option] + lane_wait(spent, charge, trickle)
            place, part = _place(after / battery.capacity, intervals)
            ahead = (1.0 - part) * values[place] + part * values[place + 1]
            if played + ahead < least:
                least, cost, best, within = played + ahead, played, place, part
        real = (1.0 - within) * later[best] + within * later[best + 1]
        now[j] = cost + (1.0 - trace_decay) * (least - cost) + trace_decay * real


@compiled
def fill_targets(
    delay: Array,
    energy: Array,
    harvest: Array,
    prices: Array,
    battery: Battery,
    trace_decay: float,
    targets: Array,
) -> None:
    """Writes the targets of one device's prices in an episode.

    Args:
        delay: Delay of each option without waiting [s], shape (T, L).
        energy: Energy of each [J], shape (T, L).
        harvest: Harvest of each round [J], shape (T,).
        prices: Prices by which rounds are played, of charges after them, shape (T, M).
        battery: The battery.
        trace_decay: λ, the weight of what really followed against what prices say of it.
        targets: Filled: targets of the same prices, shape (T, M), within 0…1.
    """
    rounds, intervals = prices.shape
    unit = battery.capacity / battery.trickle_power_w
    values, later, now = np.empty((3, intervals + 1))
    for j in range(intervals + 1):
        charge = battery.capacity * (j / intervals) ** 2
        later[j] = lane_end_charge(battery.start, charge, battery.trickle_power_w)
    for t in range(rounds - 1, -1, -1):
        for j in range(intervals):
            slope = (later[j] - later[j + 1]) * intervals**2 / ((2 * j + 1) * unit)
            targets[t, j] = min(max(slope, 0.0), 1.0)
        _fill_values(prices[t], unit, values)
        _step_back(delay[t], energy[t], harvest[t], battery, trace_decay, values, later, now)
        later[:] = now
