"""A lower bound on the round's problem over an interval of deadlines.

An option with deadline τ costs h(τ) = c + q_s κ_s w f(τ)² and takes the load f(τ) = max(f_min,
w/(τ − a)) of the server's clock. Both are convex and fall with τ, so tangents bound them from below
to second order. With a multiplier μ ≥ 0 on the clock the bound separates into devices,

    E(τ; μ) = V·τ − μ·f_max + Σ_n min_o [h_o(τ) + μ f_o(τ)],

and with tangents in place of h and f it is concave in τ, so that its least value over an interval
lies at one of the two ends. That value is concave in μ; its maximum is the bound.
"""

from typing import NamedTuple

import numpy as np

from asl_gym.arrays import Indices, Mask
from asl_gym.compiling import compiled
from asl_gym.solvers.parallel.allocation import cheapest_frequency
from asl_gym.solvers.parallel.problem import Problem, Workspace, copy_into

__all__ = [
    "Ends",
    "exact_minus_tangent",
    "lagrangian",
    "maximise",
    "remove_options",
    "underestimate",
]

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
def underestimate(problem: Problem, mask: Mask, start: float, end: float, work: Workspace) -> bool:
    """Fills in tangents of the options that are possible somewhere in [start, end).

    With ``start == end`` the interval is that single deadline, and the values are exact.

    Args:
        problem: The round.
        mask: Options that may be used, shape (N, L).
        start: Start of the interval [s].
        end: Its end [s].
        work: Its ``active``, ``counts``, ``cost`` and ``load`` are filled in. The tangents touch as
            near to its ``expected`` deadline as can be, or in the interval's middle.

    Returns:
        Whether every device has a possible option.
    """
    a, c, w = problem.a, problem.c, problem.w
    price, (least, greatest) = problem.price, problem.clock
    active, count, cost, load = work.active, work.counts, work.cost, work.load
    near = 0.5 * (start + end)
    if work.expected[0] >= 0.0:
        near = min(max(work.expected[0], start), end)
    for n in range(a.shape[0]):
        k = 0
        for o in range(a.shape[1]):
            if mask[n, o] == 0:
                continue
            cycles, delay = w[n, o], a[n, o]
            soonest = delay + cycles / greatest
            if soonest > start and soonest >= end:
                continue
            # Not so early that the tangents fall below zero at the end.
            point = max(near, soonest, delay + TOUCHING_SHARE * (end - delay))
            time = point - delay
            f, f_slope, h_slope = least, 0.0, 0.0
            if cycles <= 0.0:
                f = 0.0
            elif time > 0.0 and time * least < cycles:
                f = min(cycles / time, greatest)
                f_slope = -f * f / cycles
                h_slope = -2.0 * price * f * f * f
            h = c[n, o] + price * cycles * f * f
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


class Ends(NamedTuple):
    """An interval of deadlines as the bound sees it.

    Attributes:
        first: V·start.
        second: V·end.
        greatest: f_max [Hz].
    """

    first: float
    second: float
    greatest: float


@compiled
def lagrangian(mu: float, ends: Ends, work: Workspace) -> tuple[float, float, int, float]:
    """The lesser of E(start; μ) and E(end; μ), its slope in μ, which end it is, and their distance.

    Args:
        mu: Multiplier μ on the server's clock.
        ends: The interval.
        work: Holds the tangents; its ``choice`` is filled in.
    """
    count, cost, load, choice = work.counts, work.cost, work.load, work.choice
    value, slope, at, distance = 0.0, 0.0, 0, 0.0
    for i in range(2):
        total = (ends.first if i == 0 else ends.second) - mu * ends.greatest
        loads = -ends.greatest
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
    ends: Ends,
    work: Workspace,
) -> tuple[float, float, int, int, float]:
    """Maximises the bound over μ ≥ 0 by cutting planes, up to where more would not matter.

    Args:
        guess: Multiplier to start from.
        scale: A multiplier of the problem's order.
        cutoff: A bound that suffices to drop the interval.
        ends: The interval.
        work: Holds the tangents; its ``over`` is filled with the choice just below the best μ,
            which overloads the server, and its ``under`` with the one just above, which does not.

    Returns:
        The bound, its μ, the ends of the interval at which ``over`` and ``under`` are, and the
        distance between the values at both ends.
    """
    choice, over, under = work.choice, work.over, work.under
    left = left_value = left_slope = right = right_value = right_slope = 0.0
    left_end = right_end = -1
    best, best_mu, mu, best_distance = -np.inf, guess, guess, 0.0
    for _ in range(MAX_STEPS):
        value, slope, end, distance = lagrangian(mu, ends, work)
        if value > best:
            best, best_mu, best_distance = value, mu, distance
        if slope > 0.0:
            left, left_value, left_slope, left_end = mu, value, slope, end
            copy_into(over, choice[end])
        else:
            right, right_value, right_slope, right_end = mu, value, slope, end
            copy_into(under, choice[end])
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
        copy_into(over, under)
        left_end = right_end
    elif right_end < 0:
        copy_into(under, over)
        right_end = left_end
    return best, best_mu, left_end, right_end, best_distance


@compiled
def remove_options(
    mu: float,
    cutoff: float,
    ends: Ends,
    mask: Mask,
    work: Workspace,
) -> float:
    """Takes options out of ``mask`` that the bound at μ shows to be too dear.

    An option raises the bound by its distance from the device's best. What is not possible in the
    interval is taken out as well.

    Returns:
        The least bound of what was too dear, infinity if there is none.
    """
    active, count, cost, load = work.active, work.counts, work.cost, work.load
    devices = count.size
    least = np.empty((2, devices))
    totals = np.empty(2)
    for i in range(2):
        totals[i] = (ends.first if i == 0 else ends.second) - mu * ends.greatest
        for n in range(devices):
            best = np.inf
            for k in range(count[n]):
                best = min(best, cost[i, n, k] + mu * load[i, n, k])
            least[i, n] = best
            totals[i] += best
    removed = np.inf
    for n in range(devices):
        for o in range(mask.shape[1]):
            mask[n, o] = 0
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
    problem: Problem, deadline: float, mu: float, end: int, work: Workspace, choice: Indices
) -> float:
    """How far the tangents of the chosen options lie below the truth at one end of the interval."""
    total = 0.0
    for n in range(choice.size):
        k = choice[n]
        o = work.active[n, k]
        cycles, time = problem.w[n, o], deadline - problem.a[n, o]
        if time * problem.clock.greatest < cycles or time < 0.0:
            return np.inf
        f = cheapest_frequency(problem.a[n, o], cycles, deadline, problem.clock)
        h = problem.c[n, o] + problem.price * cycles * f * f
        total += h + mu * f - work.cost[end, n, k] - mu * work.load[end, n, k]
    return total
