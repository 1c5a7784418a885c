"""Decisions to beat: what splits cost with the best frequencies, and splits worth trying."""

import numpy as np

from asl_gym.arrays import Indices, Mask
from asl_gym.compiling import compiled
from asl_gym.solvers.parallel.allocation import (
    cheapest_frequency,
    equal_share_deadline,
    optimal_deadline,
    server_cost,
)
from asl_gym.solvers.parallel.problem import (
    ROUNDING,
    Incumbent,
    Problem,
    Workspace,
    copy_into,
)

__all__ = ["NOTHING_KNOWN", "begin", "best_at", "consider", "first_decisions"]

NOTHING_KNOWN = -1
"""Stands for a split where a search starts from scratch."""

FIRST_TRIALS = 6
LATER, CHEAPER = 1.3, 0.3
"""What the first trials that fail change deadline and multiplier by."""


@compiled
def best_at(deadline: float, mu: float, problem: Problem, mask: Mask, splits: Indices) -> None:
    """Fills in the option of each device with the least h + μ f at a deadline.

    Where no option of a device is in time, it is the soonest one.
    """
    for n in range(problem.a.shape[0]):
        best, soonest = np.inf, np.inf
        for o in range(problem.a.shape[1]):
            if mask[n, o] == 0:
                continue
            work, time = problem.w[n, o], deadline - problem.a[n, o]
            if time < 0.0 or time * problem.clock.greatest < work:
                start = problem.a[n, o] + work / problem.clock.greatest
                if best == np.inf and start < soonest:
                    soonest, splits[n] = start, o
                continue
            f = cheapest_frequency(problem.a[n, o], work, deadline, problem.clock)
            value = problem.c[n, o] + problem.price * work * f * f + mu * f
            if value < best:
                best, splits[n] = value, o


@compiled
def is_the_best(incumbent: Incumbent, work: Workspace) -> bool:
    """Whether the trial decision is the best one so far."""
    same = 0
    for n in range(work.trial.size):
        same += 1 if work.trial[n] == incumbent.splits[n] else 0
    return same == work.trial.size


@compiled
def consider(problem: Problem, incumbent: Incumbent, work: Workspace) -> float:
    """Prices the trial decision with the best frequencies and keeps it if it is the best.

    The best one so far isn't priced again.

    Returns:
        Its objective; infinity where it can't keep a fixed deadline.
    """
    total: float = incumbent.figures[0]
    if total < np.inf and is_the_best(incumbent, work):
        return total
    total = 0.0
    for n in range(work.trial.size):
        o = work.trial[n]
        work.delays[n], work.works[n] = problem.a[n, o], problem.w[n, o]
        total += problem.c[n, o]
    a, w, clock = work.delays, work.works, problem.clock
    deadline = problem.fixed
    if deadline >= 0.0:
        loads = 0.0
        for n in range(a.size):
            time = deadline - a[n]
            if time < 0.0 or time * clock.greatest < w[n] * (1.0 - ROUNDING):
                return np.inf
            if w[n] > 0.0:
                loads += max(clock.least, w[n] / time)
        if loads > clock.greatest * (1.0 + ROUNDING):
            return np.inf
    else:
        deadline = optimal_deadline(a, w, problem.V, problem.price, clock)
        total += problem.V * deadline
    total += server_cost(a, w, deadline, problem.price, clock)
    if total < incumbent.figures[0]:
        incumbent.figures[0], incumbent.figures[1] = total, deadline
        copy_into(incumbent.splits, work.trial)
    return total


@compiled
def price_of_clock(problem: Problem, work: Workspace, deadline: float) -> float:
    """What a later deadline would bring the trial decision, for each hertz that it frees."""
    saving = freed = 0.0
    for n in range(work.works.size):
        w = work.works[n]
        if w > 0.0:
            f = cheapest_frequency(work.delays[n], w, deadline, problem.clock)
            saving += 2.0 * problem.price * f * f * f
            freed += f * f / w
    return max(problem.V - saving, 0.0) / freed if freed > 0.0 else 0.0


@compiled
def first_decisions(problem: Problem, mask: Mask, incumbent: Incumbent, work: Workspace) -> None:
    """Finds a decision to start from by fixing deadline and splits in turn."""
    deadline = equal_share_deadline(problem.a, problem.w, mask, problem.clock, work.trial)
    mu = problem.V * deadline / problem.clock.greatest
    for _ in range(FIRST_TRIALS):
        best_at(deadline, mu, problem, mask, work.trial)
        before = incumbent.figures[0]
        consider(problem, incumbent, work)
        deadline = incumbent.figures[1]
        if incumbent.figures[0] < before:
            mu = price_of_clock(problem, work, deadline)
        else:
            mu, deadline = CHEAPER * mu, LATER * deadline


@compiled
def begin(problem: Problem, mask: Mask, incumbent: Incumbent, work: Workspace) -> None:
    """Prices the decision that the incumbent's splits hold, or finds one to start from."""
    if incumbent.splits[0] == NOTHING_KNOWN:
        first_decisions(problem, mask, incumbent, work)
    else:
        copy_into(work.trial, incumbent.splits)
        consider(problem, incumbent, work)
        work.expected[0] = incumbent.figures[1]
