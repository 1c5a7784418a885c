"""The upper layer of the parallel schedule: deadline and server frequencies for given splits.

For given splits the problem is convex in the deadline τ alone, since the cheapest frequency with
which a device keeps it is f(τ) = max(f_min, w/(τ − a)):

    min V·τ + Σ_n q_s κ_s w_n f_n(τ)²    subject to    Σ_n f_n(τ) ≤ f_max,  τ ≥ a_n

The optimum is the later of two deadlines: the one at which the frequencies fill the server, and the
one at which V equals the saving that a later deadline brings, Σ 2 q_s κ_s f_n³ over the devices
above f_min. Both are roots in τ: 1/Σf and (Σf³)^(-1/3) are concave there (power means of
linear functions), so that Newton's method climbs to the root from the left without overshooting.
"""

from typing import NamedTuple

import numpy as np

from asl_gym.arrays import Array, Indices, Mask
from asl_gym.compiling import compiled

__all__ = [
    "Clock",
    "cheapest_frequency",
    "earliest_deadline",
    "equal_share_deadline",
    "optimal_deadline",
    "server_cost",
    "share_clock",
]

PRECISION = 4e-16
"""Relative step of a deadline at which a root is found."""

MAX_STEPS = 200


class Clock(NamedTuple):
    """What the server can give: f_min to one device and f_max to all together [Hz]."""

    least: float
    greatest: float


@compiled
def cheapest_frequency(delay: float, work: float, deadline: float, clock: Clock) -> float:
    """The least frequency [Hz] that ends ``work`` cycles by the deadline; 0 without work."""
    if work <= 0.0:
        return 0.0
    time = deadline - delay
    if time * clock.greatest <= work:
        return clock.greatest
    return max(clock.least, work / time)


@compiled
def earliest_deadline(a: Array, w: Array, clock: Clock) -> float:
    """The deadline [s] at which the devices' frequencies just fill the server.

    Args:
        a: Fixed delays [s], shape (N,).
        w: Server work [cycles], shape (N,).
        clock: The server's.
    """
    deadline = together = 0.0
    soonest = np.inf
    for n in range(a.size):
        if w[n] > 0.0:
            soonest = min(soonest, a[n])
            together += w[n] / clock.greatest
        deadline = max(deadline, a[n] + w[n] / clock.greatest)
    if together > 0.0:
        # As if all devices could begin as soon as the first.
        deadline = max(deadline, soonest + together)
    for _ in range(MAX_STEPS):
        total = slope = 0.0
        for n in range(a.size):
            if w[n] > 0.0:
                per_second = 1.0 / (deadline - a[n])
                f = min(w[n] * per_second, clock.greatest)
                if f > clock.least:
                    slope += f * per_second
                total += max(f, clock.least)
        if total <= clock.greatest or slope <= 0.0:
            break
        later = deadline + total * (total - clock.greatest) / (clock.greatest * slope)
        if later - deadline <= PRECISION * later:
            break
        deadline = later
    return deadline


@compiled
def equal_share_deadline(a: Array, w: Array, mask: Mask, clock: Clock, splits: Indices) -> float:
    """The earliest deadline [s] that equal shares of the clock can keep; fills in splits for it.

    Args:
        a: Fixed delays [s], shape (N, L).
        w: Server work [cycles], shape (N, L).
        mask: Options to consider, shape (N, L).
        clock: The server's.
        splits: Filled, shape (N,).
    """
    devices, deadline = splits.size, 0.0
    for n in range(devices):
        soonest = np.inf
        for o in range(a.shape[1]):
            if mask[n, o] != 0 and a[n, o] + w[n, o] * devices / clock.greatest < soonest:
                soonest, splits[n] = a[n, o] + w[n, o] * devices / clock.greatest, o
        deadline = max(deadline, soonest)
    return deadline


@compiled
def cubes_of(a: Array, w: Array, deadline: float, clock: Clock) -> tuple[float, float]:
    """Σ f³ of the devices above f_min at a deadline, and a third of what it falls by a second."""
    cubes = slope = 0.0
    for n in range(a.size):
        if w[n] > 0.0:
            per_second = 1.0 / (deadline - a[n])
            f = min(w[n] * per_second, clock.greatest)
            if f > clock.least:
                cubes += f * f * f
                slope += f * f * f * per_second
    return cubes, slope


@compiled
def optimal_deadline(a: Array, w: Array, V: float, price: float, clock: Clock) -> float:
    """The deadline [s] that minimises V·τ + Σ price·w·f(τ)² within the server's clock.

    Args:
        a: Fixed delays [s], shape (N,).
        w: Server work [cycles], shape (N,).
        V: Weight on delay, > 0.
        price: Weight on the server's energy times its capacitance, q_s κ_s.
        clock: The server's.
    """
    low, high = earliest_deadline(a, w, clock), np.inf
    if price <= 0.0:
        return low
    target = V / (2.0 * price)
    deadline = low
    for _ in range(MAX_STEPS):
        cubes, slope = cubes_of(a, w, deadline, clock)
        if cubes <= target:
            # Past the optimum, which happens where a device has reached f_min on the way.
            high = deadline
        else:
            low = deadline
            deadline = low + cubes * (np.cbrt(cubes / target) - 1.0) / slope
        if high <= low or (cubes > target and deadline - low <= PRECISION * deadline):
            break
        if high < np.inf:
            if high - low <= PRECISION * high:
                break
            if not low < deadline < high:
                deadline = 0.5 * (low + high)
    return min(deadline, high)


@compiled
def server_cost(a: Array, w: Array, deadline: float, price: float, clock: Clock) -> float:
    """Σ price·w·f(τ)² at a deadline."""
    cost = 0.0
    for n in range(a.size):
        f = cheapest_frequency(a[n], w[n], deadline, clock)
        cost += price * w[n] * f * f
    return cost


@compiled
def share_clock(a: Array, w: Array, deadline: float, clock: Clock, frequency: Array) -> None:
    """Fills in what each device needs to keep a deadline [Hz]; f_min where there is no work.

    Where a deadline's rounding makes that more than f_max, the part above f_min is scaled down.
    """
    floor = above = 0.0
    for n in range(a.size):
        f = cheapest_frequency(a[n], w[n], deadline, clock)
        frequency[n] = max(f, clock.least)
        if w[n] > 0.0:
            floor += clock.least
            above += frequency[n] - clock.least
    if floor + above > clock.greatest:
        scale = (clock.greatest - floor) / above
        for n in range(a.size):
            frequency[n] = clock.least + scale * (frequency[n] - clock.least)
