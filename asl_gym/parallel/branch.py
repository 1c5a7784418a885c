"""Branch and bound over the deadline and the devices' options.

A node is an interval of deadlines and a set of options for each device. Its bound is that of
:mod:`asl_gym.parallel.relaxation`; the splits that the relaxation picks, with the exact upper
layer, give decisions. The node with the least bound is split next: in two intervals where the
curvature or the start of an option within the interval is what keeps its bound low, else by a
device that the relaxation leaves undecided, into its options of less and of more load.
"""

import numpy as np
from numpy.typing import NDArray

from asl_gym.parallel.allocation import optimal_deadline, server_cost
from asl_gym.parallel.compiling import compiled
from asl_gym.parallel.relaxation import (
    exact_minus_tangent,
    maximise,
    remove_options,
    underestimate,
)

__all__ = ["FIRST_BRANCH", "search"]

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
Mask = NDArray[np.uint8]

FIRST_BRANCH = 1
"""In a node's mask, options of the first branch hold 1 and those of the second 2."""

ROUNDING = 1e-12
"""Relative margin that the bound keeps for rounding, and least relative width of an interval."""

CURVATURE_SHARE = 0.5
"""An interval is halved where tangents lose this share of what its bound lacks."""

SLOPE_FACTOR = 0.25

FIRST_CAPACITY = 64


@compiled
def decision_value(
    splits: Indices,
    a: Array,
    c: Array,
    w: Array,
    V: float,
    price: float,
    least: float,
    greatest: float,
    fixed: float,
    delays: Array,
    works: Array,
) -> tuple[float, float]:
    """The objective of given splits with the best frequencies, and its deadline.

    With ``fixed`` >= 0 that is the deadline, and the objective is infinite where it can't be kept.
    """
    total = 0.0
    for n in range(splits.size):
        o = splits[n]
        delays[n], works[n] = a[n, o], w[n, o]
        total += c[n, o]
    if fixed >= 0.0:
        loads = 0.0
        for n in range(splits.size):
            time = fixed - delays[n]
            if time < 0.0 or time * greatest < works[n] * (1.0 - ROUNDING):
                return np.inf, fixed
            if works[n] > 0.0:
                loads += max(least, works[n] / time)
        if loads > greatest * (1.0 + ROUNDING):
            return np.inf, fixed
        return total + server_cost(delays, works, fixed, price, least, greatest), fixed
    deadline = optimal_deadline(delays, works, V, price, least, greatest)
    total += server_cost(delays, works, deadline, price, least, greatest)
    return V * deadline + total, deadline


@compiled
def best_at(
    deadline: float,
    mu: float,
    a: Array,
    c: Array,
    w: Array,
    mask: Mask,
    price: float,
    least: float,
    greatest: float,
    splits: Indices,
) -> None:
    """Fills in the option of each device with the least h + μ f at a deadline."""
    for n in range(a.shape[0]):
        best, soonest = np.inf, np.inf
        for o in range(a.shape[1]):
            if mask[n, o] == 0:
                continue
            work, time = w[n, o], deadline - a[n, o]
            if time < 0.0 or time * greatest < work:
                # Where no option is in time, the soonest one.
                if best == np.inf and a[n, o] + work / greatest < soonest:
                    soonest = a[n, o] + work / greatest
                    splits[n] = o
                continue
            f = 0.0
            if work > 0.0:
                f = max(least, work / time) if time > 0.0 else greatest
            value = c[n, o] + price * work * f * f + mu * f
            if value < best:
                best, splits[n] = value, o


@compiled
def first_decision(
    a: Array,
    c: Array,
    w: Array,
    mask: Mask,
    V: float,
    price: float,
    least: float,
    greatest: float,
    splits: Indices,
) -> tuple[float, float]:
    """A decision to start from: the best of a few rounds of fixing deadline and splits in turn."""
    devices = a.shape[0]
    trial = np.empty(devices, dtype=np.int64)
    delays, works = np.empty(devices), np.empty(devices)
    share = greatest / devices
    # A deadline that every device could keep with an equal share of the clock.
    deadline = 0.0
    for n in range(devices):
        soonest = np.inf
        for o in range(a.shape[1]):
            if mask[n, o] != 0:
                soonest = min(soonest, a[n, o] + w[n, o] / share)
        deadline = max(deadline, soonest)
    value, found = np.inf, deadline
    mu = V * deadline / greatest
    for _ in range(6):
        best_at(deadline, mu, a, c, w, mask, price, least, greatest, trial)
        new, kept = decision_value(
            trial, a, c, w, V, price, least, greatest, -1.0, delays, works
        )
        if new >= value:
            mu = 0.3 * mu
            deadline = 1.3 * found
            continue
        value, found = new, kept
        splits[:] = trial
        deadline = kept
        # What a later deadline would save, as a price of the clock that it frees.
        saving = freed = 0.0
        for n in range(devices):
            if works[n] > 0.0:
                f = max(least, works[n] / max(kept - delays[n], works[n] / greatest))
                saving += 2.0 * price * f * f * f
                freed += f * f / works[n]
        mu = max(V - saving, 0.0) / freed if freed > 0.0 else 0.0
    return value, found


@compiled
def options_left(options: Mask) -> int:
    """How many options of a device may be used."""
    left = 0
    for o in range(options.size):
        left += 1 if options[o] != 0 else 0
    return left


@compiled
def undecided(over: Indices, under: Indices, end: int, load: Array, mask: Mask) -> int:
    """The device whose option the relaxation is most torn about; −1 if there is none."""
    device, most = -1, 0.0
    for n in range(over.size):
        if over[n] == under[n]:
            continue
        difference = abs(load[end, n, over[n]] - load[end, n, under[n]])
        if difference > most and options_left(mask[n]) > 1:
            device, most = n, difference
    return device


@compiled
def first_undecided(mask: Mask) -> int:
    """The first device with more than one option left; −1 if there is none."""
    for n in range(mask.shape[0]):
        if options_left(mask[n]) > 1:
            return n
    return -1


@compiled
def isolate(options: Mask) -> None:
    """Branches on a device's first option against its others."""
    branch = FIRST_BRANCH
    for o in range(options.size):
        if options[o] != 0:
            options[o] = branch
            branch = FIRST_BRANCH + 1


@compiled
def halving_point(start: float, end: float, a: Array, w: Array, mask: Mask) -> float:
    """Where to cut an interval: the start of a workless option nearest to its middle, or there."""
    middle = 0.5 * (start + end)
    point, distance = middle, np.inf
    for n in range(a.shape[0]):
        for o in range(a.shape[1]):
            kink = mask[n, o] != 0 and w[n, o] <= 0.0 and start < a[n, o] < end
            if kink and abs(a[n, o] - middle) < distance:
                point, distance = a[n, o], abs(a[n, o] - middle)
    return point


@compiled
def search(
    a: Array,
    c: Array,
    w: Array,
    mask: Mask,
    V: float,
    price: float,
    least: float,
    greatest: float,
    fixed: float,
    tolerance: float,
    max_nodes: int,
    splits: Indices,
) -> tuple[float, float, float, int]:
    """Minimises the round's objective to a relative tolerance.

    Args:
        a: Fixed delays [s], shape (N, L).
        c: Costs apart from the server's computing, shape (N, L).
        w: Server work [cycles], shape (N, L).
        mask: Options to consider, shape (N, L).
        V: Weight on delay.
        price: q_s κ_s.
        least: f_min [Hz].
        greatest: f_max [Hz].
        fixed: The deadline [s], if it is given, and ``V`` 0 then; negative otherwise.
        tolerance: Relative gap at which the search ends.
        max_nodes: Nodes after which it ends at the latest.
        splits: Holds a decision that keeps the fixed deadline if there is one; filled with the best
            decision, shape (N,).

    Returns:
        The objective, a proven lower bound, the deadline and the number of nodes.
    """
    devices, options = a.shape
    active = np.empty((devices, options), dtype=np.int64)
    count = np.empty(devices, dtype=np.int64)
    cost, load = np.empty((2, devices, options)), np.empty((2, devices, options))
    choice = np.empty((2, devices), dtype=np.int64)
    over, under = np.empty(devices, dtype=np.int64), np.empty(devices, dtype=np.int64)
    trial = np.empty(devices, dtype=np.int64)
    delays, works = np.empty(devices), np.empty(devices)
    # The decision to beat, and the interval that a better one must lie in.
    if fixed >= 0.0:
        value, deadline = decision_value(
            splits, a, c, w, V, price, least, greatest, fixed, delays, works
        )
        start = end = fixed
        if value == np.inf:
            # Rounding may have it that the deadline is a hair too early for its own decision.
            return value, 0.0, fixed, 0
    else:
        value, deadline = first_decision(a, c, w, mask, V, price, least, greatest, splits)
        base = start = 0.0
        for n in range(devices):
            soonest = cheapest = np.inf
            for o in range(options):
                if mask[n, o] != 0:
                    soonest = min(soonest, a[n, o] + w[n, o] / greatest)
                    cheapest = min(cheapest, c[n, o] + price * w[n, o] * least * least)
            start, base = max(start, soonest), base + cheapest
        end = max((value - base) / V, start) * (1.0 + ROUNDING)
    bounds = np.empty(FIRST_CAPACITY)
    multipliers = np.empty(FIRST_CAPACITY)
    # Start, cut and end; a cut below the start stands for a branch on a device.
    intervals = np.empty((FIRST_CAPACITY, 3))
    branched = np.empty(FIRST_CAPACITY, dtype=np.int64)
    masks = np.empty((FIRST_CAPACITY, devices, options), dtype=np.uint8)
    waiting, nodes, proven = 0, 0, np.inf
    scale = V * end / greatest if fixed < 0.0 else value / greatest
    parent_mask, parent_device = mask.copy(), -1
    parent_start, parent_cut, parent_end, parent_mu = start, start, end, scale
    children = 1
    node_mask = np.empty((devices, options), dtype=np.uint8)
    while True:
        for child in range(children):
            node_mask[:] = parent_mask
            begin, finish = parent_start, parent_end
            if children == 2 and parent_device < 0:
                begin, finish = (
                    (parent_start, parent_cut) if child == 0 else (parent_cut, parent_end)
                )
            elif children == 2:
                for o in range(options):
                    node_mask[parent_device, o] = (
                        1 if parent_mask[parent_device, o] == child + FIRST_BRANCH else 0
                    )
            nodes += 1
            possible = underestimate(
                a, c, w, node_mask, price, least, greatest, begin, finish,
                active, count, cost, load,
            )  # fmt: skip
            if not possible:
                continue
            cutoff = value * (1.0 - tolerance)
            first, second = V * begin, V * finish
            bound, mu, over_end, under_end, distance = maximise(
                parent_mu, scale, cutoff, count, cost, load, first, second, greatest,
                choice, over, under,
            )  # fmt: skip
            if bound >= cutoff:
                proven = min(proven, bound)
                continue
            for which in range(3):
                if which < 2:
                    place = under if which == 0 else over
                    for n in range(devices):
                        trial[n] = active[n, place[n]]
                else:
                    middle = 0.5 * (begin + finish)
                    best_at(middle, mu, a, c, w, node_mask, price, least, greatest, trial)
                new, kept = decision_value(
                    trial, a, c, w, V, price, least, greatest, fixed, delays, works
                )
                if new < value:
                    value, deadline = new, kept
                    splits[:] = trial
            cutoff = value * (1.0 - tolerance)
            if bound >= cutoff:
                proven = min(proven, bound)
                continue
            removed = remove_options(
                mu, cutoff, active, count, cost, load, first, second, greatest, node_mask
            )
            proven = min(proven, removed)
            most = 0
            for n in range(devices):
                left = options_left(node_mask[n])
                most = max(most, left) if left > 0 and most >= 0 else -1
            if most < 0:
                continue
            if most == 1:
                for n in range(devices):
                    for o in range(options):
                        if node_mask[n, o] != 0:
                            trial[n] = o
                new, kept = decision_value(
                    trial, a, c, w, V, price, least, greatest, fixed, delays, works
                )
                proven = min(proven, new)
                if new < value:
                    value, deadline = new, kept
                    splits[:] = trial
                continue
            device = undecided(over, under, under_end, load, node_mask)
            narrow = finish - begin <= ROUNDING * finish
            if device >= 0 and not narrow:
                lost = 2.0 * SLOPE_FACTOR * distance
                torn = 0.0
                for n in range(devices):
                    torn += mu * abs(
                        load[under_end, n, over[n]] - load[under_end, n, under[n]]
                    )
                for which in range(2):
                    at = under_end if which == 0 else over_end
                    lost += exact_minus_tangent(
                        a, c, w, price, least, greatest, begin if at == 0 else finish, mu, at,
                        active, cost, load, under if which == 0 else over,
                    )  # fmt: skip
                if 0.5 * lost > CURVATURE_SHARE * min(value - bound, torn):
                    device = -1
            if narrow and device < 0:
                device = first_undecided(node_mask)
            cut = -1.0
            if device < 0:
                cut = halving_point(begin, finish, a, w, node_mask)
            else:
                # Two branches by load, between the two options it is torn between.
                one = load[under_end, device, over[device]]
                other = load[under_end, device, under[device]]
                between = 0.5 * (one + other)
                kept_first = kept_second = 0
                for k in range(count[device]):
                    o = active[device, k]
                    if node_mask[device, o] == 0:
                        continue
                    if load[under_end, device, k] <= between:
                        node_mask[device, o] = FIRST_BRANCH
                        kept_first += 1
                    else:
                        node_mask[device, o] = FIRST_BRANCH + 1
                        kept_second += 1
                if kept_first == 0 or kept_second == 0:
                    isolate(node_mask[device])
            if waiting == bounds.size:
                size = 2 * waiting
                bounds = np.concatenate((bounds, np.empty(waiting)))
                multipliers = np.concatenate((multipliers, np.empty(waiting)))
                intervals = np.concatenate((intervals, np.empty((waiting, 3))))
                branched = np.concatenate((branched, np.empty(waiting, dtype=np.int64)))
                more = np.empty((size, devices, options), dtype=np.uint8)
                more[:waiting] = masks
                masks = more
            bounds[waiting], multipliers[waiting], branched[waiting] = bound, mu, device
            intervals[waiting, 0], intervals[waiting, 1] = begin, cut
            intervals[waiting, 2] = finish
            masks[waiting] = node_mask
            waiting += 1
        if waiting == 0:
            break
        best = 0
        for i in range(1, waiting):
            if bounds[i] < bounds[best]:
                best = i
        if bounds[best] >= value * (1.0 - tolerance) or nodes >= max_nodes:
            proven = min(proven, bounds[best])
            break
        parent_mask[:] = masks[best]
        parent_device, parent_mu = branched[best], multipliers[best]
        parent_start, parent_cut = intervals[best, 0], intervals[best, 1]
        parent_end = intervals[best, 2]
        waiting -= 1
        bounds[best], multipliers[best] = bounds[waiting], multipliers[waiting]
        branched[best], intervals[best] = branched[waiting], intervals[waiting]
        masks[best] = masks[waiting]
        children = 2
    lower = min(proven, value) - ROUNDING * abs(value)
    return value, max(lower, 0.0), deadline, nodes
