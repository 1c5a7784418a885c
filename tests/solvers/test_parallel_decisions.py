"""Decisions of the parallel search: those it starts from, prices, and makes by one aim alone."""

import itertools

import numpy as np
import pytest

from asl_gym.arrays import Splits
from asl_gym.solvers.parallel.allocation import optimal_deadline
from asl_gym.solvers.parallel.incumbents import (
    best_at,
    consider,
    first_decisions,
    price_of_clock,
)
from asl_gym.solvers.parallel.problem import (
    Problem,
    Workspace,
)
from asl_gym.solvers.parallel.rows import (
    fastest_deadline,
    least_cost_splits,
    lightest_splits,
    pick,
)
from tests.solvers.parallel_instances import (
    every_choice,
    frequency_of,
    nothing_yet,
    small_problem,
    some_options,
    soonest_of,
)

NUMBERS = range(30)


def cost_at(problem: Problem, splits: Splits, deadline: float) -> float:
    """What splits cost at a deadline, without the delay."""
    rows = np.arange(len(splits))
    a, w, c = (values[rows, splits] for values in (problem.a, problem.w, problem.c))
    f = frequency_of(a, w, deadline, problem.clock)
    return float((c + problem.price * w * f**2).sum())


# Decisions


@pytest.mark.parametrize("number", NUMBERS)
def test_the_best_at_a_deadline_is_the_cheapest_in_time_or_the_soonest(number: int) -> None:
    rng, problem = np.random.default_rng(number), small_problem(number)
    mask = some_options(problem, number)
    soonest = soonest_of(problem, mask)
    near = rng.choice(soonest[mask > 0], 5) * np.exp(rng.uniform(-0.1, 1.0, 5))
    # Options without work are in time at their very delay.
    for deadline in [*near, *problem.a[(mask > 0) & (problem.w == 0)][:3]]:
        mu = float(np.exp(rng.uniform(-30, 0)))
        splits = np.full(len(mask), -1)
        best_at(deadline, mu, problem, mask, splits)
        f = frequency_of(problem.a, problem.w, deadline, problem.clock)
        value = problem.c + problem.price * problem.w * f**2 + mu * f
        value = np.where(soonest <= deadline, value, np.inf)
        expected = np.where(
            np.isfinite(value).any(axis=1), value.argmin(axis=1), soonest.argmin(axis=1)
        )
        np.testing.assert_array_equal(splits, expected)


@pytest.mark.parametrize("number", NUMBERS)
def test_only_better_decisions_are_kept(number: int) -> None:
    rng, problem = np.random.default_rng(number), small_problem(number)
    incumbent, work = nothing_yet(problem)
    best = np.inf
    for _ in range(10):
        work.trial[:] = rng.integers(problem.a.shape[1], size=len(problem.a))
        rows = np.arange(len(work.trial))
        a, w = problem.a[rows, work.trial], problem.w[rows, work.trial]
        deadline = optimal_deadline(a, w, problem.V, problem.price, problem.clock)
        expected = problem.V * deadline + cost_at(problem, work.trial, deadline)
        found = consider(problem, incumbent, work)
        assert found == pytest.approx(expected, rel=1e-12)
        if found < best:
            best = found
            assert incumbent.figures[1] == deadline
            np.testing.assert_array_equal(incumbent.splits, work.trial)
        assert incumbent.figures[0] == best


@pytest.mark.parametrize("number", NUMBERS)
def test_a_decision_that_misses_a_fixed_deadline_has_no_price(number: int) -> None:
    free = small_problem(number)
    splits = np.random.default_rng(number).integers(free.a.shape[1], size=len(free.a))
    rows = np.arange(len(splits))
    a, w = free.a[rows, splits], free.w[rows, splits]
    earliest = optimal_deadline(a, w, 1.0, 0.0, free.clock)
    for share, kept in ((1 - 1e-9, False), (1.0, True), (2.0, True)):
        problem = free._replace(fixed=share * earliest, V=0.0)
        incumbent, work = nothing_yet(problem)
        work.trial[:] = splits
        found = consider(problem, incumbent, work)
        expected = cost_at(problem, splits, problem.fixed) if kept else np.inf
        assert found == pytest.approx(expected, rel=1e-9)
        assert incumbent.figures[1] == problem.fixed
    late = int(np.argmax(a + 1e99 * (w > 0)))
    if w[late] > 0:
        problem = free._replace(fixed=float(a[late]), V=0.0)
        assert consider(problem, nothing_yet(problem)[0], tried(problem, splits)) == np.inf


def tried(problem: Problem, splits: Splits) -> Workspace:
    """Scratch memory with a decision to be priced."""
    _, work = nothing_yet(problem)
    work.trial[:] = splits
    return work


@pytest.mark.parametrize("number", NUMBERS)
def test_the_price_of_the_clock_is_what_its_last_hertz_brings(number: int) -> None:
    problem = small_problem(number)._replace(price=0.0 if number % 2 else 1e-28)
    incumbent, work = nothing_yet(problem)
    work.trial[:] = 0
    consider(problem, incumbent, work)
    deadline = float((work.delays + work.works / problem.clock.greatest).max()) * 1.5
    found = price_of_clock(problem, work, deadline)
    later = deadline * (1 + 1e-6)

    def of(time: float) -> tuple[float, float]:
        f = frequency_of(work.delays, work.works, time, problem.clock)
        assert ((f > problem.clock.least) | (work.works == 0)).all()
        return problem.V * time + float((problem.price * work.works * f**2).sum()), float(f.sum())

    (now, load), (then, less) = of(deadline), of(later)
    if load == 0.0:
        assert found == 0.0
    else:
        assert found == pytest.approx(max(then - now, 0.0) / (load - less), rel=1e-4)


def test_the_first_decisions_are_near_the_best() -> None:
    excess = []
    for number in range(100):
        problem = small_problem(number, 4, 5)
        incumbent, work = nothing_yet(problem)
        first_decisions(problem, np.ones(problem.a.shape, dtype=np.uint8), incumbent, work)
        found = incumbent.figures[0]
        for choice in every_choice(problem.a.shape):
            work.trial[:] = choice
            consider(problem, incumbent, work)
        excess.append(found / incumbent.figures[0] - 1.0)
    assert np.mean(np.array(excess) <= 1e-9) >= 0.8


# Delay or energy alone


@pytest.mark.parametrize("number", NUMBERS)
def test_the_fastest_deadline_is_that_of_the_best_splits(number: int) -> None:
    problem = small_problem(number, 4, 4)
    mask, tie = some_options(problem, number), problem.c
    splits = np.zeros(len(mask), dtype=np.int64)
    found, spare = fastest_deadline(problem.a, problem.w, tie, mask, problem.clock, splits)
    choices = [c for c in every_choice(mask.shape) if all(mask[n, o] for n, o in enumerate(c))]
    rows = np.arange(len(mask))
    every = [
        optimal_deadline(problem.a[rows, c], problem.w[rows, c], 1.0, 0.0, problem.clock)
        for c in choices
    ]
    assert found == pytest.approx(min(every), rel=1e-12)
    loads = [
        frequency_of(problem.a[rows, c], problem.w[rows, c], found, problem.clock).sum()
        for c, deadline in zip(choices, every, strict=True)
        if deadline <= found * (1 + 1e-12)
    ]
    assert problem.clock.greatest - spare == pytest.approx(min(loads), rel=1e-9)


@pytest.mark.parametrize("number", NUMBERS)
def test_the_lightest_splits_that_keep_a_deadline(number: int) -> None:
    rng, problem = np.random.default_rng(number), small_problem(number)
    mask = some_options(problem, number)
    tie = rng.integers(3, size=mask.shape).astype(float)
    soonest, devices = soonest_of(problem, mask), np.arange(len(mask))
    for before, deadline in itertools.product((True, False), rng.choice(soonest[mask > 0], 4)):
        splits = np.zeros(len(mask), dtype=np.int64)
        total = lightest_splits(
            problem.a, problem.w, tie, mask, deadline, before, problem.clock, splits
        )
        f = frequency_of(problem.a, problem.w, deadline, problem.clock)
        in_time = soonest < deadline if before else soonest <= deadline
        loads = np.where(in_time, f, np.inf)
        assert total == pytest.approx(loads.min(axis=1).sum(), rel=1e-12)
        if np.isfinite(total):
            same = loads == loads.min(axis=1, keepdims=True)
            expected = np.where(same, tie, np.inf).argmin(axis=1)
            np.testing.assert_array_equal(tie[devices, splits], tie[devices, expected])
            assert same[devices, splits].all()


@pytest.mark.parametrize("number", NUMBERS)
def test_the_cheapest_splits_at_the_least_clock(number: int) -> None:
    rng, problem = np.random.default_rng(number), small_problem(number)
    c, w = rng.integers(3, size=(2, *problem.a.shape)).astype(float)
    tie = rng.integers(3, size=c.shape).astype(float)
    splits = np.zeros(len(c), dtype=np.int64)
    total = least_cost_splits(c, w, tie, 0.25, 2.0, splits)
    cost = c + w
    assert total == cost.min(axis=1).sum()
    ties = np.where(cost == cost.min(axis=1, keepdims=True), tie, np.inf)
    np.testing.assert_array_equal(splits, ties.argmin(axis=1))
    np.testing.assert_array_equal(pick(c, splits), c[np.arange(len(c)), splits])
