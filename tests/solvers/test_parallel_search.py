"""How the parallel search goes on: its intervals, options, branches and nodes."""

import itertools

import numpy as np
import pytest

from asl_gym.arrays import Splits
from asl_gym.solvers.parallel.allocation import earliest_deadline, optimal_deadline
from asl_gym.solvers.parallel.branch import (
    CLOSED,
    OPEN,
    device_to_branch_on,
    explore,
    interval_of_interest,
    search,
    try_decisions,
)
from asl_gym.solvers.parallel.incumbents import (
    best_at,
    consider,
    first_decisions,
)
from asl_gym.solvers.parallel.nodes import halving_point, place_of_cut
from asl_gym.solvers.parallel.problem import (
    Problem,
    make_workspace,
)
from asl_gym.solvers.parallel.relaxation import exact_minus_tangent
from asl_gym.solvers.parallel.solver import solve
from tests.solvers.parallel_instances import (
    every_choice,
    exhaustive,
    frequency_of,
    made_instance,
    made_problem,
    nothing_yet,
    small_problem,
    some_options,
    soonest_of,
)
from tests.solvers.test_parallel_relaxation import nodes, scale_of
from tests.solvers.test_parallel_solver import random_instance

NUMBERS = range(30)


# Intervals


@pytest.mark.parametrize(("expected", "place"), [(1.2, 1.2), (1.0, 2.0), (3.0, 2.0), (-1.0, 2.0)])
def test_an_interval_is_cut_where_the_deadline_is_expected(expected: float, place: float) -> None:
    problem = small_problem(0)
    problem = problem._replace(a=problem.a + 10.0)
    mask, work = np.ones(problem.a.shape, dtype=np.uint8), make_workspace(*problem.a.shape)
    work.expected[0] = expected
    assert place_of_cut(1.0, 3.0, problem, mask, work) == place


@pytest.mark.parametrize("number", NUMBERS)
def test_an_interval_is_cut_at_the_workless_option_nearest_to_its_middle(number: int) -> None:
    rng, problem = np.random.default_rng(number), small_problem(number)
    w = np.where(rng.random(problem.w.shape) < 0.4, 0.0, problem.w + 1e9)
    problem, mask = problem._replace(w=w), some_options(problem, number)
    for _ in range(10):
        start, end = np.sort(rng.choice(problem.a.ravel(), 2))
        if rng.random() < 0.5:
            start, end = 0.9 * start, 1.1 * end
        kinks = problem.a[(mask > 0) & (w == 0) & (start < problem.a) & (problem.a < end)]
        middle = 0.5 * (start + end)
        found = halving_point(start, end, problem, mask)
        if len(kinks):
            assert found in kinks
            assert abs(found - middle) == np.abs(kinks - middle).min()
        else:
            assert found == middle


@pytest.mark.parametrize("number", NUMBERS)
def test_every_better_decision_lies_in_the_interval_of_interest(number: int) -> None:
    problem = small_problem(number, 3, 4)
    mask = some_options(problem, number)
    incumbent, work = nothing_yet(problem)
    found = []
    for choice in every_choice(mask.shape):
        if all(mask[n, o] for n, o in enumerate(choice)):
            rows = np.arange(len(choice))
            a, w = problem.a[rows, choice], problem.w[rows, choice]
            deadline = optimal_deadline(a, w, problem.V, problem.price, problem.clock)
            work.trial[:] = choice
            found.append((consider(problem, incumbent, work), deadline))
    least = problem.c + problem.price * problem.w * problem.clock.least**2
    base = np.where(mask, least, np.inf).min(axis=1).sum()
    for value in np.quantile([value for value, _ in found], [0.0, 0.3, 1.0]):
        start, end = interval_of_interest(problem, mask, value)
        assert start == pytest.approx(soonest_of(problem, mask).min(axis=1).max(), rel=1e-15)
        assert end == pytest.approx(max((value - base) / problem.V, start), rel=1e-11)
        assert end > start * (1 + 1e-13)
        for other, deadline in found:
            assert other > value * (1 + 1e-12) or start <= deadline <= end


# Decisions and promises


def test_what_the_relaxation_picks_is_tried_on_both_sides_and_in_the_middle() -> None:
    for case in nodes():
        mu, rng = 0.3 * scale_of(case), np.random.default_rng(0)
        problem, work, devices = case.problem, case.work, len(case.mask)
        work.over[:] = [rng.integers(k) for k in work.counts]
        work.under[:] = [rng.integers(k) for k in work.counts]
        middle = 0.5 * (case.start + case.end)
        in_the_middle = np.zeros(devices, dtype=np.int64)
        best_at(middle, mu, problem, case.mask, in_the_middle)
        rows, prices = np.arange(devices), []
        for splits in (work.active[rows, work.over], work.active[rows, work.under], in_the_middle):
            work.trial[:] = splits
            prices.append(consider(problem, nothing_yet(problem)[0], work))
        incumbent, _ = nothing_yet(problem)
        try_decisions(problem, case.mask, middle, mu, incumbent, work)
        assert incumbent.figures[0] == min(prices)


def least_in(problem: Problem, splits: Splits, start: float, end: float) -> float:
    """What splits cost at least at the deadlines of an interval."""
    rows = np.arange(len(splits))
    a, w, c = (values[rows, splits] for values in (problem.a, problem.w, problem.c))
    earliest = earliest_deadline(a, w, problem.clock)
    best = optimal_deadline(a, w, problem.V, problem.price, problem.clock)
    deadline = min(max(best, start), end)
    if deadline < earliest:
        return float("inf")
    f = frequency_of(a, w, deadline, problem.clock)
    return float((c + problem.price * w * f**2).sum()) + problem.V * deadline


@pytest.mark.parametrize("tolerance", [0.3, 0.03, 1e-6])
def test_what_is_left_out_of_a_node_costs_as_much_as_is_said(tolerance: float) -> None:
    closed = 0
    for number in range(80):
        rng, problem = np.random.default_rng(number), small_problem(number, 3, 4)
        mask = some_options(problem, number)
        soonest = soonest_of(problem, mask).min(axis=1).max()
        start = float(soonest * np.exp(rng.exponential(0.3)))
        end = start * (1.0 + np.exp(rng.uniform(-9.0, 0.0)))
        incumbent, work = nothing_yet(problem)
        first_decisions(problem, mask, incumbent, work)
        scale, before = problem.V * end / problem.clock.greatest, mask.copy()
        device, bound, _, removed = explore(
            problem, mask, start, end, scale, scale, tolerance, incumbent, work
        )
        for splits in every_choice(mask.shape):
            rows = np.arange(len(splits))
            if before[rows, splits].all():
                left = device != CLOSED and mask[rows, splits].all()
                cost = least_in(problem, splits, start, end)
                assert (bound if left else removed) <= cost * (1 + 1e-12)
        closed += device == CLOSED
    assert closed > 5


@pytest.mark.parametrize("devices", [1, 2, 3])
def test_with_a_deadline_given_few_nodes_find_and_prove_the_cheapest(devices: int) -> None:
    # Each device is the first one at times, and the one to branch on.
    for number, turn in itertools.product(range(40), range(devices)):
        free = made_problem(random_instance(number, (devices, 5)))
        a, c, w = (np.roll(values, turn, axis=0) for values in free[:3])
        free = free._replace(a=a, c=c, w=w)
        mask = np.ones(a.shape, dtype=np.uint8)
        rows, splits = np.arange(devices), np.full(devices, number % 5)
        earliest = earliest_deadline(a[rows, splits], w[rows, splits], free.clock)
        problem = free._replace(fixed=earliest * 1.01, V=0.0)
        best = np.inf
        for choice in every_choice(mask.shape):
            picked = a[rows, choice], w[rows, choice]
            if earliest_deadline(*picked, free.clock) <= problem.fixed:
                f = frequency_of(*picked, problem.fixed, free.clock)
                cost = c[rows, choice] + free.price * picked[1] * f**2
                best = min(best, float(cost.sum()))
        value, bound, deadline = search(problem, mask, 1e-6, 40, splits)
        assert deadline == problem.fixed
        assert best * (1 - 1e-9) <= value <= best * (1 + 1e-5)
        assert value * (1 - 2e-6) <= bound <= best * (1 + 1e-12)


@pytest.mark.parametrize("tolerance", [0.5, 0.1, 0.01])
def test_the_bound_is_true_and_close_at_any_tolerance(tolerance: float) -> None:
    for number in range(60):
        problem = made_instance(number, 4, 5) if number % 2 else random_instance(number)
        best = exhaustive(problem).objective
        decision = solve(problem, tolerance)
        assert float(decision.lower_bound) <= best * (1 + 1e-12)
        assert float(decision.objective) <= best / (1 - tolerance) * (1 + 1e-9)
        assert float(decision.gap) <= tolerance * (1 + 1e-9)


# What to branch on


def test_the_device_that_is_torn_most_is_branched_on() -> None:
    problem = small_problem(0, 3, 4)
    devices, options = 3, 4
    problem = Problem(
        np.zeros((devices, options)), np.zeros((devices, options)), np.ones((devices, options)),
        1.0, 0.0, problem.clock, -1.0,
    )  # fmt: skip
    mask, work = np.ones((devices, options), dtype=np.uint8), make_workspace(devices, options)
    work.active[:], work.counts[:] = np.arange(options), options
    work.load[:] = [[1.0, 2.0, 4.0, 8.0]] * devices
    work.cost[:] = 0.0
    work.over[:], work.under[:] = [3, 3, 2], [2, 0, 0]
    # At one deadline, where nothing is to be cut.
    arguments = (1.0, 1.0, 1.0, 1.0, 0, 0, 0.0, work)
    assert device_to_branch_on(problem, mask, *arguments) == 1
    mask[1] = [0, 0, 1, 0]
    assert device_to_branch_on(problem, mask, *arguments) == 0
    mask[0], mask[1] = mask[1].copy(), 1
    assert device_to_branch_on(problem, mask, *arguments) == 1
    mask[0], mask[1] = 1, mask[0].copy()
    # Where it is torn about nothing, any that has two options left.
    work.over[:] = work.under
    assert device_to_branch_on(problem, mask, *arguments) == 0
    mask[0], mask[2] = mask[1], [1, 0, 0, 1]
    assert device_to_branch_on(problem, mask, *arguments) == 2
    mask[2] = mask[1]
    assert device_to_branch_on(problem, mask, *arguments) == OPEN
    assert device_to_branch_on(problem, mask, 1.0, 2.0, *arguments[2:]) == OPEN


def test_an_interval_is_cut_where_its_width_costs_more_than_a_branch_may_gain() -> None:
    cut = branched = 0
    for case in nodes():
        mu, work = 0.3 * scale_of(case), case.work
        for over_end, under_end in itertools.product((0, 1), repeat=2):
            differences = []
            for n in range(len(case.mask)):
                _, cost, load = case.lines(n)
                work.over[n] = (cost[over_end] + 0.1 * mu * load[over_end]).argmin()
                work.under[n] = (cost[under_end] + 10.0 * mu * load[under_end]).argmin()
                differences.append(
                    abs(load[under_end, work.over[n]] - load[under_end, work.under[n]])
                )
            torn = mu * sum(differences)
            ends = (over_end, work.over), (under_end, work.under)
            lost = sum(
                exact_minus_tangent(
                    case.problem, (case.start, case.end)[end], mu, end, work, choice
                )
                for end, choice in ends
            )
            for lacking, distance in itertools.product((0.1 * torn, 10.0 * torn), (0.0, torn)):
                found = device_to_branch_on(
                    case.problem, case.mask, case.start, case.end, lacking, mu,
                    over_end, under_end, distance, work,
                )  # fmt: skip
                costs = 0.5 * lost + 0.25 * distance
                wide = not torn or costs > 0.5 * min(lacking, torn)
                assert found == (OPEN if wide else np.argmax(differences))
                cut, branched = cut + wide, branched + (not wide)
    assert min(cut, branched) > 20
