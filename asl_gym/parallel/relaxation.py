"""A lower bound on the round's problem over an interval of deadlines.

An option with deadline τ costs h(τ) = c + q_s κ_s w f(τ)² and takes the load f(τ) = max(f_min,
w/(τ − a)) of the server's clock. Both are convex and fall with τ, so tangents bound them from below
to second order. With a multiplier μ ≥ 0 on the clock the bound separates into devices,

    E(τ; μ) = V·τ − μ·f_max + Σ_n min_o [h_o(τ) + μ f_o(τ)],

and with tangents in place of h and f it is concave in τ, so that its least value over an interval
lies at one of the two ends. That value is concave in μ; its maximum is the bound.
"""

import numpy as np
from numpy.typing import NDArray

from asl_gym.parallel.compiling import compiled

__all__ = ["exact_minus_tangent", "lagrangian", "maximise", "remove_options", "underestimate"]

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
Mask = NDArray[np.uint8]

MAX_STEPS = 60
STEP_FACTOR = 4.0
"""By which the multiplier grows or shrinks until the maximum is between two of them."""

TOUCHING_SHARE = 2.0 / 3.0
"""Least share of the time until an interval's end at which tangents touch."""

NEAR_MAXIMUM = 0.03
"""Share of the distance to the cutoff within which the maximum over μ is found."""

MARGIN = 0.05
"""Share of the bracket that a new multiplier keeps from its ends."""


@compiled
def underestimate(
    a: Array,
    c: Array,
    w: Array,
    mask: Mask,
    price: float,
    least: float,
    greatest: float,
    start: float,
    end: float,
    active: Indices,
    count: Indices,
    cost: Array,
    load: Array,
) -> bool:
    """Fills in tangents of the options that are possible somewhere in [start, end).

    With ``start == end`` the interval is that single deadline, and the values are exact.

    Args:
        a: Fixed delays [s], shape (N, K).
        c: Costs apart from the server's computing, shape (N, K).
        w: Server work [cycles], shape (N, K).
        mask: Options that may be used, shape (N, K).
        price: q_s κ_s.
        least: f_min [Hz].
        greatest: f_max [Hz].
        start: Start of the interval [s].
        end: Its end [s].
        active: Filled with the possible options of each device, shape (N, K).
        count: Filled with their number, shape (N,).
        cost: Filled with bounds of h at both ends, by place in ``active``, shape (2, N, K).
        load: Filled with bounds of f, likewise.

    Returns:
        Whether every device has a possible option.
    """
    middle = 0.5 * (start + end)
    for n in range(a.shape[0]):
        k = 0
        for o in range(a.shape[1]):
            if mask[n, o] == 0:
                continue
            work, delay = w[n, o], a[n, o]
            soonest = delay + work / greatest
            if soonest > start and soonest >= end:
                continue
            # Not so early that the tangents fall below zero at the end.
            point = max(middle, soonest, delay + TOUCHING_SHARE * (end - delay))
            time = point - delay
            f, f_slope, h_slope = least, 0.0, 0.0
            if work <= 0.0:
                f = 0.0
            elif time > 0.0 and time * least < work:
                f = min(work / time, greatest)
                f_slope = -f * f / work
                h_slope = -2.0 * price * f * f * f
            h = c[n, o] + price * work * f * f
            active[n, k] = o
            cost[0, n, k] = h + h_slope * (start - point)
            cost[1, n, k] = h + h_slope * (end - point)
            load[0, n, k] = f + f_slope * (start - point)
            load[1, n, k] = f + f_slope * (end - point)
            k += 1
        if k == 0:
            return False
        count[n] = k
    return True


@compiled
def lagrangian(
    mu: float,
    count: Indices,
    cost: Array,
    load: Array,
    first: float,
    second: float,
    greatest: float,
    choice: Indices,
) -> tuple[float, float, int, float]:
    """The lesser of E(start; μ) and E(end; μ), its slope in μ, which end it is, and their distance.

    Args:
        mu: Multiplier μ on the server's clock.
        count: Number of options of each device, shape (N,).
        cost: Bounds of h at both ends, shape (2, N, K).
        load: Bounds of f, likewise.
        first: V·start.
        second: V·end.
        greatest: f_max [Hz].
        choice: Filled with the place of each device's best option at both ends, shape (2, N).
    """
    value, slope, at, distance = 0.0, 0.0, 0, 0.0
    for i in range(2):
        total = (first if i == 0 else second) - mu * greatest
        loads = -greatest
        for n in range(count.size):
            best, place = np.inf, 0
            for k in range(count[n]):
                candidate = cost[i, n, k] + mu * load[i, n, k]
                if candidate < best:
                    best, place = candidate, k
            choice[i, n] = place
            total += best
            loads += load[i, n, place]
        if i == 1:
            distance = abs(total - value)
        if i == 0 or total < value:
            value, slope, at = total, loads, i
    return value, slope, at, distance


@compiled
def maximise(
    guess: float,
    scale: float,
    cutoff: float,
    count: Indices,
    cost: Array,
    load: Array,
    first: float,
    second: float,
    greatest: float,
    choice: Indices,
    over: Indices,
    under: Indices,
) -> tuple[float, float, int, int, float]:
    """Maximises the bound over μ ≥ 0 by cutting planes, up to where more would not matter.

    Args:
        guess: Multiplier to start from.
        scale: A multiplier of the problem's order.
        cutoff: A bound that suffices to drop the interval.
        count: See :func:`lagrangian`, as are the following up to ``choice``.
        cost: Bounds of h.
        load: Bounds of f.
        first: V·start.
        second: V·end.
        greatest: f_max [Hz].
        choice: Scratch, shape (2, N).
        over: Filled with the choice just below the best μ, which overloads the server, shape (N,).
        under: Filled with the one just above, which does not, shape (N,).

    Returns:
        The bound, its μ, the ends of the interval at which ``over`` and ``under`` are, and the
        distance between the values at both ends.
    """
    left = left_value = left_slope = right = right_value = right_slope = 0.0
    left_end = right_end = -1
    best, best_mu, mu, best_distance = -np.inf, guess, guess, 0.0
    for _ in range(MAX_STEPS):
        value, slope, end, distance = lagrangian(
            mu, count, cost, load, first, second, greatest, choice
        )
        if value > best:
            best, best_mu, best_distance = value, mu, distance
        if slope > 0.0:
            left, left_value, left_slope, left_end = mu, value, slope, end
            over[:] = choice[end]
        else:
            right, right_value, right_slope, right_end = mu, value, slope, end
            under[:] = choice[end]
        if best >= cutoff or (slope <= 0.0 and mu == 0.0):
            break
        if right_end < 0:
            mu = max(STEP_FACTOR * mu, scale)
        elif left_end < 0:
            mu = mu / STEP_FACTOR if mu > 0.01 * scale else 0.0
        else:
            width = right - left
            step = (right_value - left_value - right_slope * width) / (left_slope - right_slope)
            ceiling = left_value + left_slope * step
            if ceiling - best <= NEAR_MAXIMUM * (cutoff - best) or width <= 1e-13 * right:
                break
            mu = left + min(max(step, MARGIN * width), (1.0 - MARGIN) * width)
    if left_end < 0:
        over[:], left_end = under, right_end
    elif right_end < 0:
        under[:], right_end = over, left_end
    return best, best_mu, left_end, right_end, best_distance


@compiled
def remove_options(
    mu: float,
    cutoff: float,
    active: Indices,
    count: Indices,
    cost: Array,
    load: Array,
    first: float,
    second: float,
    greatest: float,
    mask: Mask,
) -> float:
    """Takes options out of ``mask`` that the bound at μ shows to be too dear.

    An option raises the bound by its distance from the device's best. What is not active in the
    interval is taken out as well.

    Returns:
        The least bound of what was taken out, infinity if there is none.
    """
    devices = count.size
    least = np.empty((2, devices))
    totals = np.array([first - mu * greatest, second - mu * greatest])
    for i in range(2):
        for n in range(devices):
            best = np.inf
            for k in range(count[n]):
                best = min(best, cost[i, n, k] + mu * load[i, n, k])
            least[i, n] = best
            totals[i] += best
    removed = np.inf
    for n in range(devices):
        mask[n, :] = 0
        for k in range(count[n]):
            extra_first = cost[0, n, k] + mu * load[0, n, k] - least[0, n]
            extra_second = cost[1, n, k] + mu * load[1, n, k] - least[1, n]
            forced = min(totals[0] + extra_first, totals[1] + extra_second)
            if forced >= cutoff:
                removed = min(removed, forced)
            else:
                mask[n, active[n, k]] = 1
    return removed


@compiled
def exact_minus_tangent(
    a: Array,
    c: Array,
    w: Array,
    price: float,
    least: float,
    greatest: float,
    deadline: float,
    mu: float,
    end: int,
    active: Indices,
    cost: Array,
    load: Array,
    choice: Indices,
) -> float:
    """How far the tangents of the chosen options lie below the truth at one end of the interval."""
    total = 0.0
    for n in range(choice.size):
        k = choice[n]
        o = active[n, k]
        work, time = w[n, o], deadline - a[n, o]
        if time * greatest < work or time < 0.0:
            return np.inf
        f = 0.0
        if work > 0.0:
            f = max(least, work / time) if time > 0.0 else greatest
        h = c[n, o] + price * work * f * f
        total += h + mu * f - cost[end, n, k] - mu * load[end, n, k]
    return total
