"""Branch and bound over the deadline and the devices' options.

A node is an interval of deadlines and a set of options for each device. Its bound is that of
:mod:`asl_gym.solvers.parallel.relaxation`; the splits that the relaxation picks, with the exact
upper layer, give decisions. The node with the least bound is split next: in two intervals where the
width of its own is what keeps its bound low, else by a device that the relaxation leaves
undecided, into its options of less and of more load.
"""

import numpy as np

from asl_gym.arrays import Array, Indices, Mask
from asl_gym.compiling import compiled
from asl_gym.solvers.parallel.incumbents import begin, best_at, consider
from asl_gym.solvers.parallel.nodes import (
    FIRST_CAPACITY,
    divide,
    options_left,
    place_of_cut,
    put,
    room_for_nodes,
    take,
    with_more_room,
)
from asl_gym.solvers.parallel.problem import (
    ROUNDING,
    Incumbent,
    Problem,
    Workspace,
    copy_into,
    copy_mask,
    make_workspace,
)
from asl_gym.solvers.parallel.relaxation import (
    Ends,
    exact_minus_tangent,
    maximise,
    remove_options,
    underestimate,
)

__all__ = ["search"]

WIDTH_SHARE = 0.5
"""An interval is cut where its width costs this share of what a branch on a device may gain."""

ENDS_SHARE = 0.25
"""Share of the distance between the bounds at both ends that counts as the width's cost."""

OPEN, CLOSED, ROOT = -1, -2, -3
"""What became of a node: to be cut (or the number of the device to branch on), or done with; the
root has yet to be looked at."""


@compiled
def interval_of_interest(problem: Problem, mask: Mask, value: float) -> tuple[float, float]:
    """The deadlines [s] between which a decision better than ``value`` must lie."""
    clock = problem.clock
    start = base = 0.0
    for n in range(mask.shape[0]):
        soonest = cheapest = np.inf
        for o in range(mask.shape[1]):
            if mask[n, o] != 0:
                work = problem.w[n, o]
                soonest = min(soonest, problem.a[n, o] + work / clock.greatest)
                cost = problem.c[n, o] + problem.price * work * clock.least * clock.least
                cheapest = min(cheapest, cost)
        start, base = max(start, soonest), base + cheapest
    return start, max((value - base) / problem.V, start) * (1.0 + ROUNDING)


@compiled
def try_decisions(
    problem: Problem,
    mask: Mask,
    middle: float,
    mu: float,
    incumbent: Incumbent,
    work: Workspace,
) -> None:
    """Prices what the relaxation picks on both sides of μ, and what is best in the middle.

    The latter only where the search had no good decision to start from.
    """
    devices = work.counts.size
    for n in range(devices):
        work.trial[n] = work.active[n, work.under[n]]
    consider(problem, incumbent, work)
    for n in range(devices):
        work.trial[n] = work.active[n, work.over[n]]
    consider(problem, incumbent, work)
    if work.expected[0] < 0.0:
        best_at(middle, mu, problem, mask, work.trial)
        consider(problem, incumbent, work)


@compiled
def device_to_branch_on(
    problem: Problem,
    mask: Mask,
    start: float,
    end: float,
    lacking: float,
    mu: float,
    over_end: int,
    under_end: int,
    distance: float,
    work: Workspace,
) -> int:
    """The device that the relaxation is most torn about; OPEN where the interval should be cut."""
    device, most, torn = OPEN, 0.0, 0.0
    for n in range(work.counts.size):
        load = work.load[under_end, n]
        difference = abs(load[work.over[n]] - load[work.under[n]])
        torn += mu * difference
        if difference > most and options_left(mask[n]) > 1:
            device, most = n, difference
    if end - start <= ROUNDING * end:
        # Too narrow to be cut.
        for n in range(work.counts.size):
            if device == OPEN and options_left(mask[n]) > 1:
                device = n
        return device
    if device == OPEN:
        return device
    at_under = start if under_end == 0 else end
    at_over = start if over_end == 0 else end
    lost = exact_minus_tangent(problem, at_under, mu, under_end, work, work.under)
    lost += exact_minus_tangent(problem, at_over, mu, over_end, work, work.over)
    width_costs = 0.5 * lost + ENDS_SHARE * distance
    return OPEN if width_costs > WIDTH_SHARE * min(lacking, torn) else device


@compiled
def fewest_and_most(mask: Mask, last: Indices) -> tuple[int, int]:
    """How many options the devices have left at least and at most; fills in the last of each."""
    fewest, most = mask.shape[1], 0
    for n in range(mask.shape[0]):
        left = options_left(mask[n])
        fewest, most = min(fewest, left), max(most, left)
        for o in range(mask.shape[1]):
            if mask[n, o] != 0:
                last[n] = o
    return fewest, most


@compiled
def explore(
    problem: Problem,
    mask: Mask,
    start: float,
    end: float,
    guess: float,
    scale: float,
    tolerance: float,
    incumbent: Incumbent,
    work: Workspace,
) -> tuple[int, float, float, float]:
    """Bounds a node, tries the decisions that it suggests and says how to go on.

    Args:
        problem: The round.
        mask: The node's options; too dear ones are taken out, and those of a device to branch on
            parted.
        start: Start of the node's interval [s].
        end: Its end [s].
        guess: Multiplier to start from.
        scale: A multiplier of the problem's order.
        tolerance: Relative gap that suffices.
        incumbent: The best decision so far.
        work: Scratch memory.

    Returns:
        The device to branch on, OPEN or CLOSED; the node's bound and its multiplier; and the least
        bound of what was taken out.
    """
    if not underestimate(problem, mask, start, end, work):
        return CLOSED, np.inf, guess, np.inf
    cutoff = incumbent.figures[0] * (1.0 - tolerance)
    ends = Ends(problem.V * start, problem.V * end, problem.clock.greatest)
    bound, mu, over_end, under_end, distance = maximise(guess, scale, cutoff, ends, work)
    if bound >= cutoff:
        return CLOSED, bound, mu, bound
    try_decisions(problem, mask, 0.5 * (start + end), mu, incumbent, work)
    cutoff = incumbent.figures[0] * (1.0 - tolerance)
    if bound >= cutoff:
        return CLOSED, bound, mu, bound
    removed = remove_options(mu, cutoff, ends, mask, work)
    least, most = fewest_and_most(mask, work.trial)
    if least == 0:
        return CLOSED, bound, mu, removed
    if most == 1:
        # Nothing is left to decide: the upper layer is exact.
        return CLOSED, bound, mu, min(removed, consider(problem, incumbent, work))
    lacking = incumbent.figures[0] - bound
    device = device_to_branch_on(
        problem, mask, start, end, lacking, mu, over_end, under_end, distance, work
    )
    if device >= 0:
        divide(mask, device, under_end, work)
    return device, bound, mu, removed


@compiled
def keep_branch(mask: Mask, device: int, branch: int) -> None:
    """Leaves a device the options of one branch, and all options in one again."""
    for o in range(mask.shape[1]):
        mask[device, o] = 1 if mask[device, o] == branch else 0


@compiled
def least_of(values: Array, count: int) -> int:
    """Place of the least of the first values."""
    best = 0
    for i in range(1, count):
        if values[i] < values[best]:
            best = i
    return best


@compiled
def search(
    problem: Problem, mask: Mask, tolerance: float, max_nodes: int, splits: Indices
) -> tuple[float, float, float]:
    """Minimises the round's objective to a relative tolerance.

    Args:
        problem: The round.
        mask: Options to consider, shape (N, L).
        tolerance: Relative gap at which the search ends.
        max_nodes: Nodes after which it ends at the latest.
        splits: Holds a decision to start from, or NOTHING_KNOWN; where the deadline is fixed it
            must hold one that keeps it. Filled with the best decision, shape (N,).

    Returns:
        The objective, a proven lower bound and the deadline [s].
    """
    devices, options = mask.shape
    work = make_workspace(devices, options)
    incumbent = Incumbent(splits, np.empty(2))
    incumbent.figures[0], incumbent.figures[1] = np.inf, problem.fixed
    start = end = problem.fixed
    if problem.fixed >= 0.0:
        copy_into(work.trial, splits)
        if consider(problem, incumbent, work) == np.inf:
            # Rounding may have it that the deadline is a hair too early for its own decision.
            return np.inf, 0.0, problem.fixed
        scale = incumbent.figures[0] / problem.clock.greatest
    else:
        begin(problem, mask, incumbent, work)
        start, end = interval_of_interest(problem, mask, incumbent.figures[0])
        scale = problem.V * end / problem.clock.greatest
    nodes = room_for_nodes(FIRST_CAPACITY, devices, options)
    parent, child_mask = np.empty_like(mask), np.empty_like(mask)
    # The root is one node; all others come in pairs.
    nodes.bounds[0], nodes.multipliers[0], nodes.devices[0] = 0.0, scale, ROOT
    nodes.intervals[0, 0], nodes.intervals[0, 1], nodes.intervals[0, 2] = start, end, end
    copy_mask(nodes.masks[0], mask)
    explored, waiting, proven = 0, 1, np.inf
    while waiting > 0:
        best = least_of(nodes.bounds, waiting)
        cutoff = incumbent.figures[0] * (1.0 - tolerance)
        if nodes.bounds[best] >= cutoff or explored >= max_nodes:
            proven = min(proven, nodes.bounds[best])
            break
        start, cut, end = (
            nodes.intervals[best, 0],
            nodes.intervals[best, 1],
            nodes.intervals[best, 2],
        )
        branched, guess = nodes.devices[best], nodes.multipliers[best]
        take(nodes, best, waiting, parent)
        waiting -= 1
        for child in range(1 if branched == ROOT else 2):
            copy_mask(child_mask, parent)
            first, last = start, end
            if branched >= 0:
                keep_branch(child_mask, branched, child + 1)
            elif child == 0:
                last = cut
            else:
                first = cut
            device, bound, mu, removed = explore(
                problem, child_mask, first, last, guess, scale, tolerance, incumbent, work
            )
            explored, proven = explored + 1, min(proven, removed)
            if device == CLOSED:
                continue
            if waiting == nodes.bounds.size:
                nodes = with_more_room(nodes)
            put(nodes, waiting, bound, mu, device, child_mask)
            nodes.intervals[waiting, 0], nodes.intervals[waiting, 2] = first, last
            cut_point = place_of_cut(first, last, problem, child_mask, work)
            nodes.intervals[waiting, 1] = cut_point
            waiting += 1
    value = incumbent.figures[0]
    lower = min(proven, value) - ROUNDING * abs(value)
    return value, max(lower, 0.0), incumbent.figures[1]
